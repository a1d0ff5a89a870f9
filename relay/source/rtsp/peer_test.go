package rtsp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/rtsp"
)

// sharedDir is the folder with test videos and the camera, outside the
// repository; SIGHTLINE_SHARED names it, ../shared beside the repository is
// the default.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "tools", "rtsp-camera")); err != nil {
		t.Skipf("needs the test camera %s/tools/rtsp-camera (set SIGHTLINE_SHARED)", dir)
	}
	return dir
}

// camera runs GStreamer's RTSP server on the car clip and returns its host and
// port.
func camera(t *testing.T, args ...string) string {
	t.Helper()
	addr, _ := cameraProcess(t, args...)
	return addr
}

// cameraProcess is camera with the process, to freeze or kill it.
func cameraProcess(t *testing.T, args ...string) (string, *os.Process) {
	t.Helper()
	dir := sharedDir(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	cmd := exec.Command("/usr/bin/python3", append([]string{filepath.Join(dir, "tools", "rtsp-camera"),
		"--file", filepath.Join(dir, "testdata", "video", "car-detection.mp4"),
		"--port", fmt.Sprint(addr.Port), "--seconds", "120"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("needs /usr/bin/python3: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Process.Signal(syscall.SIGCONT) // in case a test froze it
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "READY") {
			return addr.String(), cmd.Process
		}
	}
	t.Fatal("the test camera ended before it was ready")
	return "", nil
}

// recorder is a sink that keeps what it gets and ends the run after enough.
type recorder struct {
	mu      sync.Mutex
	tracks  []media.Track
	units   []media.AccessUnit
	counts  media.Counts
	notices []health.Condition
	enough  func(r *recorder) bool
	stop    context.CancelFunc
}

func (r *recorder) Track(t media.Track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks = append(r.tracks, t)
}

func (r *recorder) AccessUnit(au media.AccessUnit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tracks) == 0 {
		panic("access unit before the track")
	}
	r.units = append(r.units, au)
	if r.enough != nil && r.enough(r) {
		r.stop()
	}
}

func (r *recorder) Count(c media.Counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Packets += c.Packets
	r.counts.Bytes += c.Bytes
	r.counts.Lost += c.Lost
}

func (r *recorder) Notice(c health.Condition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, c)
}

// record runs a source until enough, for a minute at most.
func record(t *testing.T, src *rtsp.Source, enough func(r *recorder) bool) (*recorder, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := &recorder{enough: enough, stop: cancel}
	before := runtime.NumGoroutine()
	err := src.Run(ctx, r)
	// Goroutines of the test's own camera and net poller may still be ending.
	for range 100 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before the run, %d after:\n%s", before, n, buf[:runtime.Stack(buf, true)])
	}
	return r, err
}

// some is enough when the sequence of units shows that the stream runs.
func some(r *recorder) bool { return len(r.units) >= 20 && r.counts.Packets > 0 }

// twoGOPs is enough when a second key frame has come.
func twoGOPs(r *recorder) bool {
	keys := 0
	for _, au := range r.units {
		if au.Key {
			keys++
		}
	}
	return keys >= 2 && r.counts.Packets > 0
}

func check(t *testing.T, r *recorder, err error, transport string) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Run returned %v, want context.Canceled", err)
	}
	if len(r.tracks) != 1 {
		t.Fatalf("%d tracks announced, want 1", len(r.tracks))
	}
	tr := r.tracks[0]
	if tr.Codec != media.H264 || media.NALUType(tr.SPS) != 7 || media.NALUType(tr.PPS) != 8 || tr.Transport != transport {
		t.Errorf("track %+v", tr)
	}
	if tr.Width != 768 || tr.Height != 432 {
		t.Errorf("track is %dx%d, want 768x432", tr.Width, tr.Height)
	}
	if r.counts.Lost != 0 {
		t.Errorf("%d packets lost on loopback", r.counts.Lost)
	}
	seenKey := false
	var last media.AccessUnit
	for i, au := range r.units {
		if au.Key {
			if !seenKey && media.NALUType(au.NALUs[0]) != 7 {
				t.Errorf("unit %d: key frame begins with NAL unit type %d, want an SPS", i, media.NALUType(au.NALUs[0]))
			}
			seenKey = true
		}
		if seenKey == au.Damaged {
			t.Errorf("unit %d: damaged %v, key seen %v", i, au.Damaged, seenKey)
		}
		if i > 0 {
			// The clip has 12.5 frames a second, 7200 ticks apart.
			if d := au.PTS - last.PTS; d < 7000 || d > 7400 {
				t.Errorf("unit %d: PTS step %d ticks", i, d)
			}
		}
		last = au
	}
	if last.Captured.IsZero() && len(r.units) < 60 {
		t.Log("too short for a sender report")
	} else if last.Captured.IsZero() {
		t.Error("no capture time by the end: no sender report was used")
	} else if d := last.Received.Sub(last.Captured).Abs(); d > time.Minute {
		t.Errorf("capture time is %v from the receive time", d)
	}
	t.Logf("%d units, %d packets, %s %dx%d at %.2f/s", len(r.units), r.counts.Packets, tr.Profile, tr.Width, tr.Height, tr.FrameRate)
}

func TestCameraTCP(t *testing.T) {
	addr := camera(t)
	r, err := record(t, &rtsp.Source{URL: "rtsp://" + addr + "/cam", Transport: rtsp.TCP}, twoGOPs)
	check(t, r, err, "tcp")
}

func TestCameraUDP(t *testing.T) {
	addr := camera(t)
	r, err := record(t, &rtsp.Source{URL: "rtsp://" + addr + "/cam", Transport: rtsp.UDP}, twoGOPs)
	check(t, r, err, "udp")
}

func TestCameraAutoPrefersUDP(t *testing.T) {
	addr := camera(t)
	r, err := record(t, &rtsp.Source{URL: "rtsp://" + addr + "/cam"}, some)
	check(t, r, err, "udp")
	if len(r.notices) != 0 {
		t.Errorf("notices %v", r.notices)
	}
}

func TestCameraAutoFallsBackOn461(t *testing.T) {
	addr := camera(t, "--transport", "tcp")
	r, err := record(t, &rtsp.Source{URL: "rtsp://" + addr + "/cam"}, some)
	check(t, r, err, "tcp")
	if len(r.notices) != 1 || r.notices[0].Code != health.SourceUDPSilent {
		t.Errorf("notices %v, want one of %s", r.notices, health.SourceUDPSilent)
	}
}

func TestCameraAuth(t *testing.T) {
	addr := camera(t, "--auth", "operator:p@ss#w/rd:1")
	r, err := record(t, &rtsp.Source{URL: "rtsp://operator:p@ss#w/rd:1@" + addr + "/cam", Transport: rtsp.TCP}, some)
	check(t, r, err, "tcp")

	for name, src := range map[string]*rtsp.Source{
		"wrong password": {URL: "rtsp://" + addr + "/cam", User: "operator", Password: "s3cret-wrong"},
		"no password":    {URL: "rtsp://" + addr + "/cam"},
	} {
		_, err := record(t, src, nil)
		f := source.Sorted(err)
		if f.Class != source.NeedsPerson || f.Condition.Code != health.SourceUnauthorized {
			t.Errorf("%s: %v (class %v)", name, err, f.Class)
		}
		if strings.Contains(err.Error()+f.Condition.Text, "s3cret") {
			t.Errorf("%s: the password is in %q", name, err)
		}
		t.Log(f.Condition.Text)
	}
	_, err = record(t, &rtsp.Source{URL: "rtsp://" + addr + "/other", User: "operator", Password: "p@ss#w/rd:1"}, nil)
	if f := source.Sorted(err); f.Condition.Code != health.SourceNotFound {
		t.Errorf("wrong path: %v", err)
	}
}

func TestCameraH265IsNamed(t *testing.T) {
	addr := camera(t, "--codec", "h265")
	_, err := record(t, &rtsp.Source{URL: "rtsp://" + addr + "/cam"}, nil)
	f := source.Sorted(err)
	if f.Class != source.NeedsPerson || f.Condition.Code != health.SourceCodec || !strings.Contains(f.Condition.Text, "H265") {
		t.Errorf("got %v (class %v)", err, f.Class)
	}
}

func TestCameraFrozenAndKilled(t *testing.T) {
	addr, process := cameraProcess(t)
	src := &rtsp.Source{URL: "rtsp://" + addr + "/cam", Transport: rtsp.TCP, SilenceTimeout: 2 * time.Second, ReplyTimeout: 2 * time.Second}
	frozen := false
	_, err := record(t, src, func(r *recorder) bool {
		if len(r.units) >= 10 && !frozen {
			frozen = true
			_ = process.Signal(syscall.SIGSTOP)
		}
		return false
	})
	if f := source.Sorted(err); f.Class != source.Retry || f.Condition.Code != health.SourceSilent {
		t.Errorf("frozen while playing: %v", err)
	}
	_, err = record(t, src, nil)
	if f := source.Sorted(err); f.Class != source.Retry || f.Condition.Code != health.SourceSilent {
		t.Errorf("frozen before: %v", err)
	}
	_ = process.Signal(syscall.SIGCONT)
	_, err = record(t, src, func(r *recorder) bool {
		if len(r.units) == 10 {
			_ = process.Kill()
		}
		return false
	})
	if f := source.Sorted(err); f.Class != source.Retry || f.Condition.Code != health.SourceUnreachable {
		t.Errorf("killed while playing: %v", err)
	}
	for { // until the kernel has closed the dead process's sockets
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		c.Close()
		time.Sleep(10 * time.Millisecond)
	}
	_, err = record(t, src, nil)
	if f := source.Sorted(err); f.Class != source.Retry || f.Condition.Code != health.SourceUnreachable {
		t.Errorf("killed before: %v", err)
	}
	t.Log(err)
}

// richRecorder takes sound too.
type richRecorder struct {
	*recorder
	sound []media.AudioTrack
	audio []media.AudioUnit
}

func (r *richRecorder) AudioTrack(t media.AudioTrack) { r.sound = append(r.sound, t) }
func (r *richRecorder) AudioUnit(u media.AudioUnit) {
	r.audio = append(r.audio, u)
	r.done()
}

func (r *richRecorder) AccessUnit(au media.AccessUnit) {
	r.recorder.AccessUnit(au)
	r.done()
}

func (r *richRecorder) done() {
	if len(r.units) >= 20 && len(r.audio) >= 20 {
		r.stop()
	}
}

// GStreamer's server with H.265 and each codec of sound, over TCP and UDP.
func TestCameraTracks(t *testing.T) {
	for _, c := range []struct {
		video, audio string
		track        media.AudioTrack
	}{
		{"h265", "aac", media.AudioTrack{Codec: media.AAC, ClockRate: 48000, Channels: 2}},
		{"h264", "opus", media.AudioTrack{Codec: media.Opus, ClockRate: 48000, Channels: 2}},
		{"h265", "pcma", media.AudioTrack{Codec: media.PCMA, ClockRate: 8000, Channels: 1}},
		{"h264", "pcmu", media.AudioTrack{Codec: media.PCMU, ClockRate: 8000, Channels: 1}},
	} {
		addr := camera(t, "--codec", c.video, "--audio", c.audio)
		for _, transport := range []rtsp.Transport{rtsp.TCP, rtsp.UDP} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			r := &richRecorder{recorder: &recorder{stop: cancel}}
			err := (&rtsp.Source{URL: "rtsp://" + addr + "/cam", Transport: transport, Codecs: []media.Codec{media.H264, media.H265}}).Run(ctx, r)
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s with %s over %s: %v", c.video, c.audio, transport, err)
			}
			tr := r.tracks[0]
			if tr.Codec != media.Codec(strings.ToUpper(c.video)) || tr.Width != 768 || tr.Height != 432 {
				t.Errorf("%s over %s: track %+v", c.video, transport, tr)
			}
			got := r.sound[0]
			if got.Codec != c.track.Codec || got.ClockRate != c.track.ClockRate || got.Channels != c.track.Channels || (got.Codec == media.AAC) != (got.Config != nil) {
				t.Errorf("%s over %s: sound %+v", c.audio, transport, got)
			}
			for i, u := range r.audio[1:] {
				if u.PTS <= r.audio[i].PTS || u.Lost || len(u.Data) == 0 {
					t.Errorf("%s over %s: unit %d: %d after %d, lost %v, %d bytes", c.audio, transport, i+1, u.PTS, r.audio[i].PTS, u.Lost, len(u.Data))
				}
			}
			key, damaged := false, 0
			for _, au := range r.units {
				key = key || au.Key
				if au.Damaged {
					damaged++
				}
			}
			t.Logf("%s and %s over %s: %d pictures (%d before the first key frame), %d pieces of sound, %s", c.video, c.audio, transport,
				len(r.units), damaged, len(r.audio), tr.Profile)
			if !key && len(r.units) > 60 {
				t.Errorf("%s over %s: no key frame", c.video, transport)
			}
		}
	}
}
