package probe

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/testkit/camera"
)

func clip(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: see scripts/packages-test.txt")
	}
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-f", "lavfi", "-i", "sine", "-t", "6"}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
	return path
}

func look(t *testing.T, value string) *Report {
	t.Helper()
	s, err := config.ParseSource(value)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Source: s, Transport: config.TransportAuto, For: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFiles(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac"}
	for _, c := range []struct {
		name, codec, profile, container string
		args                            []string
		b                               bool
		action                          Action
		why                             string
	}{
		{"a.mp4", "H.264", "Constrained Baseline 1.3", "mov", append(x264, "-bf", "0", "-pix_fmt", "yuv420p"), false, Pass, "as it is"},
		{"b.mkv", "H.264", "Main 1.3", "matroska", append(x264, "-bf", "2", "-pix_fmt", "yuv420p"), true, Transcode, "B-frames"},
		{"c.flv", "H.264", "High 10 1.3", "flv", append(x264, "-ar", "44100", "-bf", "0", "-pix_fmt", "yuv420p10le"), false, Transcode, "10 bits"},
		{"d.ts", "H.265", "Main", "mpegts", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=50:min-keyint=50:scenecut=0:bframes=0", "-pix_fmt", "yuv420p", "-c:a", "aac"}, false, Transcode, "H.265"},
	} {
		r := look(t, clip(t, c.name, c.args...))
		v := r.Video
		if v == nil || v.Codec != c.codec || !strings.HasPrefix(v.Profile, c.profile) || v.Width != 320 || v.Height != 240 || v.BFrames != c.b {
			t.Errorf("%s: %+v", c.name, v)
			continue
		}
		if v.FPS < 24.9 || v.FPS > 25.1 || v.GOP != 50 || v.GOPSeconds < 1.99 || v.GOPSeconds > 2.01 || v.BitsPerS < 10_000 {
			t.Errorf("%s: %+v", c.name, v)
		}
		if r.Action != c.action || !strings.Contains(r.Why, c.why) || r.Container != c.container || r.Transport != "file" {
			t.Errorf("%s: %+v", c.name, r)
		}
		if len(r.Audio) != 1 || !strings.EqualFold(r.Audio[0].Codec, "aac") || r.Audio[0].Rate == 0 {
			t.Errorf("%s: sound %+v", c.name, r.Audio)
		}
	}
}

func TestRefusals(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage.mp4")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("no video "), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	for value, code := range map[string]health.Code{
		garbage:                     health.SourceNotMedia,
		"/nowhere/clip.mp4":         health.SourceFileMissing,
		"rtsp://u:pw@127.0.0.1:1/x": health.SourceUnreachable,
		"http://u:pw@127.0.0.1:1/x": health.SourceUnreachable,
	} {
		r := look(t, value)
		if r.Action != Refuse || r.Video != nil || len(r.Conditions) == 0 || r.Conditions[len(r.Conditions)-1].Code != code {
			t.Errorf("%s: %+v", value, r)
		}
		if strings.Contains(fmt.Sprintf("%+v", r), "pw@") {
			t.Errorf("the password shows in %+v", r)
		}
	}
	for _, value := range []string{"push", "gb28181://1/2", "ffmpeg:gopher://x/y"} {
		s, err := config.ParseSource(value)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := Run(t.Context(), Options{Source: s}); err == nil {
			t.Errorf("%s: %+v", value, r)
		}
	}
}

func TestNetwork(t *testing.T) {
	path := clip(t, "live.flv", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ar", "44100")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	r := look(t, server.URL+"/live.flv")
	if r.Action != Pass || r.Container != "flv" || r.Transport != "tcp" || r.Video.GOP != 50 || r.FirstPictureMS <= 0 {
		t.Errorf("%+v, %+v", r, r.Video)
	}
	cam := camera.Start(t, camera.Video(t, "car-detection.mp4"))
	r = look(t, cam.URL)
	if r.Action != Pass || r.Container != "rtp" || r.Video == nil || r.Video.Width != 768 || r.Video.FPS < 12 || r.Video.FPS > 13 {
		t.Errorf("%+v, %+v", r, r.Video)
	}
}
