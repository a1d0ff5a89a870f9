package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/relay/app"
	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/testkit/camera"
	"sightline/testkit/viewer"
)

// patience bounds every wait of these tests; nothing is measured by it.
const patience = 60 * time.Second

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type relay struct {
	*app.App
	t   *testing.T
	log *logBuffer
}

// start runs a relay with the given streams, as YAML, on free ports.
func start(t *testing.T, streams string) relay {
	t.Helper()
	return startWith(t, streams, app.Options{})
}

// startWith does so with options; the log goes to the test's.
func startWith(t *testing.T, streams string, o app.Options) relay {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf("http: {listen: \"127.0.0.1:0\"}\nwebrtc: {port: 0}\ndata_dir: %s\nstreams:\n%s", dir, streams)
	cfg, err := config.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := app.New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not return")
		}
		if t.Failed() {
			t.Logf("log of the relay:\n%s", log)
		}
	})
	select {
	case <-a.Ready():
	case err := <-done:
		t.Fatalf("Run returned %v", err)
	}
	return relay{a, t, log}
}

func (r relay) info(stream string) (info hub.Info) {
	r.t.Helper()
	resp, err := http.Get(r.URL() + "api/v1/streams/" + stream)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
		r.t.Fatal(err)
	}
	return info
}

// until waits for a stream to be as asked.
func (r relay) until(stream, what string, ok func(hub.Info) bool) hub.Info {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		info := r.info(stream)
		if ok(info) {
			return info
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not %s after %v: %+v", stream, what, patience, info)
		}
	}
}

func (r relay) watch(stream string) *viewer.Viewer {
	r.t.Helper()
	v, err := viewer.Join(r.t.Context(), r.URL()+"whep/"+stream, viewer.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(v.Close)
	return v
}

// next waits for a packet.
func next(t *testing.T, v *viewer.Viewer) viewer.Packet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := v.Next(ctx)
	if err != nil {
		t.Fatalf("no picture: %v", err)
	}
	return p
}

// picture waits for a packet that arrived after now.
func picture(t *testing.T, v *viewer.Viewer) viewer.Packet {
	t.Helper()
	for now := time.Now(); ; {
		if p := next(t, v); p.At.After(now) {
			return p
		}
	}
}

func live(i hub.Info) bool { return i.State == hub.Live }

func TestSources(t *testing.T) {
	clip := camera.Video(t, "car-detection.mp4")
	cam := camera.Start(t, clip)
	r := start(t, fmt.Sprintf("  tcp: {source: %q, transport: tcp}\n  udp: {source: %q, transport: udp}\n  auto: {source: %q}\n"+
		"  file: {source: %q, loop: true}\n  demo: {source: \"demo:?fps=15&size=768x432\"}\n", cam.URL, cam.URL, cam.URL, clip))
	for _, c := range []struct{ stream, transport string }{{"tcp", "tcp"}, {"udp", "udp"}, {"auto", "udp"}, {"file", "file"}, {"demo", "demo"}} {
		t.Run(c.stream, func(t *testing.T) {
			r := r
			r.t = t
			v := r.watch(c.stream)
			last := next(t, v)
			for range 200 {
				p := next(t, v)
				if p.SequenceNumber != last.SequenceNumber+1 {
					t.Fatalf("sequence number %d after %d", p.SequenceNumber, last.SequenceNumber)
				}
				last = p
			}
			info := r.until(c.stream, "live", live)
			if info.Video == nil || info.Video.Width != 768 || info.Video.Height != 432 || info.Video.Transport != c.transport {
				t.Errorf("video %+v", info.Video)
			}
			if info.Received.Lost != 0 || len(info.Conditions) != 0 || info.Viewers != 1 {
				t.Errorf("%+v", info)
			}
			if err := v.Leave(t.Context()); err != nil {
				t.Error(err)
			}
			r.until(c.stream, "without viewers", func(i hub.Info) bool { return i.Viewers == 0 })
		})
	}
}

// A camera that is killed or frozen, twice each, comes back by itself; the
// viewer's session goes on all the while.
func TestCameraComesBack(t *testing.T) {
	for _, transport := range []string{"tcp", "udp"} {
		t.Run(transport, func(t *testing.T) {
			cam := camera.Start(t, camera.Video(t, "car-detection.mp4"))
			r := start(t, fmt.Sprintf("  gate: {source: %q, transport: %s}\n", cam.URL, transport))
			v := r.watch("gate")
			last := picture(t, v)
			fault := func(name string, code health.Code, begin, end func()) {
				begin()
				info := r.until("gate", name, func(i hub.Info) bool { return i.State == hub.Backoff && len(i.Conditions) == 1 })
				if c := info.Conditions[0]; c.Code != code || c.Text == "" || c.Fix == "" {
					t.Errorf("%s: condition %+v", name, c)
				}
				end()
				r.until("gate", "live again after "+name, func(i hub.Info) bool { return live(i) && len(i.Conditions) == 0 })
				p := picture(t, v)
				if int32(p.Timestamp-last.Timestamp) <= 0 {
					t.Errorf("%s: the timestamp went from %d back to %d", name, last.Timestamp, p.Timestamp)
				}
				last = p
				if !v.Connected() {
					t.Errorf("%s: the session is lost", name)
				}
			}
			for range 2 {
				fault("killed", health.SourceUnreachable, cam.Kill, cam.Restart)
				fault("frozen", health.SourceSilent, cam.Freeze, cam.Thaw)
			}
			if i := r.info("gate"); i.Viewers != 1 || i.Restarts < 4 {
				t.Errorf("%+v", i)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	clip := camera.Video(t, "car-detection.mp4")
	const password = "p@ss:w/#rd"
	cam := camera.Start(t, clip, "--auth", "admin:"+password)
	h265 := camera.Start(t, clip, "--codec", "h265")
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.mp4")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("no video "), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	sound := filepath.Join(dir, "sound.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-vn", "-c", "copy", sound).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	t.Setenv("CAMERA_PASSWORD", password)
	t.Setenv("WRONG_PASSWORD", "guess-123")
	r := start(t, fmt.Sprintf(`  right: {source: {url: %q, user: admin, password_env: CAMERA_PASSWORD}}
  inurl: {source: %q}
  wrong: {source: {url: %q, user: admin, password_env: WRONG_PASSWORD}}
  path: {source: {url: "rtsp://127.0.0.1:%d/nothing", user: admin, password_env: CAMERA_PASSWORD}}
  closed: {source: "rtsp://127.0.0.1:%d/cam"}
  host: {source: "rtsp://camera.invalid/cam"}
  garbage: {source: %q}
  missing: {source: %q}
  sound: {source: %q}
  h265: {source: %q}
  bframes: {source: %q}
  lossless: {source: %q}
`, cam.URL, strings.Replace(cam.URL, "//", "//admin:"+password+"@", 1), cam.URL, cam.Port, camera.FreePort(t),
		garbage, filepath.Join(dir, "missing.mp4"), sound, h265.URL, camera.Video(t, "one-by-one-person-detection.mp4"),
		ffmpegClip(t, "lossless.mkv", "-c:v", "ffv1")))
	for _, c := range []struct {
		stream string
		state  hub.State
		code   health.Code
	}{
		{"right", hub.Live, ""},
		{"inurl", hub.Live, ""},
		{"wrong", hub.Failed, health.SourceUnauthorized},
		{"path", hub.Backoff, health.SourceNotFound},
		{"closed", hub.Backoff, health.SourceUnreachable},
		{"host", hub.Backoff, health.SourceHostUnknown},
		{"garbage", hub.Failed, health.SourceNotMedia},
		{"missing", hub.Failed, health.SourceFileMissing},
		{"sound", hub.Failed, health.SourceNoVideo},
		{"h265", hub.Live, health.StreamTranscoded},
		{"bframes", hub.Live, health.StreamTranscoded},
		{"lossless", hub.Failed, health.SourceCodec},
	} {
		t.Run(c.stream, func(t *testing.T) {
			r := r
			r.t = t
			r.watch(c.stream)
			info := r.until(c.stream, string(c.state), func(i hub.Info) bool {
				return (i.State == c.state || c.state != hub.Live && live(i)) && (c.code == "" || len(i.Conditions) > 0)
			})
			if c.code == "" {
				if len(info.Conditions) != 0 {
					t.Errorf("conditions %+v", info.Conditions)
				}
				return
			}
			if len(info.Conditions) != 1 {
				t.Fatalf("%s: %d conditions: %+v", info.State, len(info.Conditions), info.Conditions)
			}
			got := info.Conditions[0]
			if got.Code != c.code || got.Text == "" || got.Fix == "" {
				t.Errorf("condition %+v", got)
			}
			if c.state == hub.Live {
				picture(t, r.watch(c.stream))
				return
			}
			if n := strings.Count(r.log.String(), "stream="+c.stream+" condition.code="+string(c.code)); n != 1 {
				t.Errorf("%d lines of the log at warning name the condition", n)
			}
			t.Logf("%s: %s Fix: %s", got.Title, got.Text, got.Fix)
		})
	}
	all, err := http.Get(r.URL() + "api/v1/streams")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Body.Close()
	var body bytes.Buffer
	_, _ = body.ReadFrom(all.Body)
	metrics, err := http.Get(r.URL() + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer metrics.Body.Close()
	_, _ = body.ReadFrom(metrics.Body)
	for _, secret := range []string{password, "p%40ss", "w/#rd", "guess-123"} {
		if strings.Contains(r.log.String(), secret) || strings.Contains(body.String(), secret) {
			t.Errorf("%q shows in the log, the API or the metrics", secret)
		}
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for key, text := range map[string]string{
		"http.listen": fmt.Sprintf("http: {listen: \"127.0.0.1:%d\"}\nwebrtc: {port: 0}\n", port),
		"webrtc.port": fmt.Sprintf("http: {listen: \"127.0.0.1:0\"}\nwebrtc: {port: %d}\n", port),
	} {
		t.Run(key, func(t *testing.T) {
			cfg, err := config.Parse("test.yaml", []byte(text+"streams: {demo: {source: demo}}\n"))
			if err != nil {
				t.Fatal(err)
			}
			a, err := app.New(cfg, app.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			err = a.Run(t.Context())
			c, ok := err.(health.Condition)
			if !ok || c.Code != health.ListenInUse || !strings.Contains(c.Text, key) || !strings.Contains(c.Text, fmt.Sprint(port)) {
				t.Errorf("Run returned %v", err)
			}
		})
	}
}
