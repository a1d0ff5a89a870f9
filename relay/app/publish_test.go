package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sightline/relay/health"
	"sightline/relay/hub"
)

// ffmpegClip has FFmpeg make a clip of two seconds.
func ffmpegClip(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: see scripts/packages-test.txt")
	}
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "2", "-pix_fmt", "yuv420p"}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
	return path
}

// FFmpeg publishes by HTTP in each container, one after the other, and a viewer
// sees pictures each time.
func TestPush(t *testing.T) {
	clip := ffmpegClip(t, "clip.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25")
	r := start(t, "  gate: {source: push}\n  file: {source: "+clip+", loop: true}\n")
	r.until("gate", "waiting", func(i hub.Info) bool {
		return len(i.Conditions) == 1 && i.Conditions[0].Code == health.SourceNoPublisher
	})
	for _, format := range []string{"mpegts", "flv", "h264"} {
		cmd := exec.Command("ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", format,
			"-method", "POST", r.URL()+"push/gate")
		var out bytes.Buffer
		cmd.Stderr = &out
		frames := r.info("gate").Received.Frames
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		info := r.until("gate", "live with "+format, func(i hub.Info) bool {
			return i.State == hub.Live && i.Received.Frames > frames+20 && len(i.Conditions) == 0
		})
		if info.Video == nil || info.Video.Width != 320 || info.Video.Transport != "tcp" {
			t.Errorf("%s: %+v", format, info.Video)
		}
		picture(t, r.watch("gate"))
		if format == "flv" { // somebody else tries
			status, c := push(t, r, "gate", strings.NewReader("x"))
			if status != http.StatusConflict || c.Code != health.PublisherBusy {
				t.Errorf("a second publisher gets %d %v", status, c)
			}
		}
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("ffmpeg: %s", out.String())
		}
		r.until("gate", "without a publisher", func(i hub.Info) bool {
			return i.State != hub.Live && len(i.Conditions) == 1
		})
	}
	status, c := push(t, r, "file", strings.NewReader("x"))
	if status != http.StatusConflict || c.Code != health.PublishRefused {
		t.Errorf("to a file: %d %v", status, c)
	}
	// More than the bound of other requests.
	status, c = push(t, r, "gate", bytes.NewReader(make([]byte, 4<<20)))
	if status != http.StatusUnsupportedMediaType || c.Code != health.PublishRefused {
		t.Errorf("zeros: %d %v", status, c)
	}
}

func push(t *testing.T, r relay, stream string, body interface{ Read([]byte) (int, error) }) (int, health.Condition) {
	t.Helper()
	resp, err := http.Post(r.URL()+"push/"+stream, "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var c health.Condition
	_ = json.NewDecoder(resp.Body).Decode(&c)
	return resp.StatusCode, c
}
