package infer

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"sightline/models"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/infer/catalog"
	"sightline/relay/media"
	"sightline/testkit/camera"
	"sightline/vision/annot"
)

// pictures encodes a test video anew, without B-frames, and returns its first
// n access units; the distance of two is step ticks.
func pictures(t testing.TB, video string, n int, step int64, args ...string) []media.AccessUnit {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.h264")
	args = append([]string{"-v", "error", "-nostdin", "-i", camera.Video(t, video), "-an", "-frames:v", strconv.Itoa(n)}, args...)
	args = append(args, "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-bf", "0", "-g", "20", "-crf", "20",
		"-x264-params", "aud=1:scenecut=0", "-f", "h264", path)
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	stream, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []media.AccessUnit
	for _, nalu := range bytes.Split(stream, []byte{0, 0, 1}) {
		nalu = bytes.TrimRight(nalu, "\x00")
		switch media.NALUType(nalu) {
		case 0:
		case 9: // an access unit delimiter begins each picture
			out = append(out, media.AccessUnit{PTS: int64(len(out)) * step})
		default:
			au := &out[len(out)-1]
			au.NALUs = append(au.NALUs, nalu)
			au.Key = media.IsKey(au.NALUs)
		}
	}
	if len(out) != n {
		t.Fatalf("%d pictures, want %d", len(out), n)
	}
	return out
}

// feed gives a stream what the test hands to it.
type feed struct{ units chan media.AccessUnit }

func (f feed) Run(ctx context.Context, s *hub.Stream) error {
	s.Status(hub.Connecting, time.Time{}, nil)
	s.Track(media.Track{Codec: media.H264})
	for {
		select {
		case au := <-f.units:
			s.AccessUnit(au)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// put hands a unit over that others may use too.
func (f feed) put(au media.AccessUnit) {
	au.NALUs = append([][]byte(nil), au.NALUs...)
	au.Received = time.Now()
	f.units <- au
}

// listener is a publisher that tests can wait on.
type listener struct {
	mu       sync.Mutex
	messages []annot.Message
	came     chan annot.Detections
}

func newListener() *listener { return &listener{came: make(chan annot.Detections, 4096)} }

func (l *listener) Publish(m annot.Message) {
	l.mu.Lock()
	l.messages = append(l.messages, m)
	l.mu.Unlock()
	if d, ok := m.(annot.Detections); ok {
		l.came <- d
	}
}

func (l *listener) wait(t testing.TB) annot.Detections {
	t.Helper()
	select {
	case d := <-l.came:
		return d
	case <-time.After(time.Minute):
		t.Fatal("no detections for a minute")
		panic("unreachable")
	}
}

// store makes a store of the shared models under their names in the catalogue.
func store(t testing.TB) *catalog.Store {
	t.Helper()
	dir := t.TempDir()
	from := filepath.Join(camera.Shared(t), "testdata", "models")
	for name, file := range map[string]string{"fastestdet": "fastestdet-352.onnx", "ultraface-rfb-320": "ultraface-rfb-320.onnx"} {
		data, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".onnx"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := catalog.Open(dir, models.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stream runs a stream until the test ends.
func stream(t testing.TB, name string) (*hub.Stream, feed) {
	t.Helper()
	f := feed{make(chan media.AccessUnit)}
	s := hub.New(hub.Config{Name: name, Feed: f})
	start(t, s.Run)
	return s, f
}

// start runs something until the test ends.
func start(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// awaitCondition waits until a subject has, or no longer has, a condition.
func awaitCondition(t testing.TB, b *health.Board, subject string, code health.Code, there bool) health.Condition {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for _, c := range b.Of(subject) {
			if c.Code == code && there {
				return c
			}
		}
		if !there {
			found := false
			for _, c := range b.Of(subject) {
				found = found || c.Code == code
			}
			if !found {
				return health.Condition{}
			}
		}
	}
	t.Fatalf("%s: %s is there: %v, for a minute", subject, code, !there)
	return health.Condition{}
}
