package infer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/relay/infer/ort"
	"sightline/testkit/onnxmodel"
	"sightline/vision/detect"
)

// slowModel writes a model whose run takes long, and returns its path and how
// long that is on this machine at least.
func slowModel(t *testing.T) (path string, takes time.Duration) {
	t.Helper()
	const side = 16
	dir := t.TempDir()
	path = filepath.Join(dir, "slow.onnx")
	text := "name: slow\nhead: yolo\nclasses: [a, b]\ninput: {width: 16, height: 16, fit: stretch, mean: [0, 0, 0], scale: [0.02, 0.02, 0.02]}\nthresholds: {score: 0.01, iou: 1}\n"
	data := onnxmodel.Slow(side, side, 6, 3)
	if err := errors.Join(os.WriteFile(path, data, 0o644), os.WriteFile(filepath.Join(dir, "slow.yaml"), []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	r, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fits(side, side); err != nil {
		t.Fatal(err)
	}
	input := make([]float32, 3*side*side)
	for range 10 {
		began := time.Now()
		if err := s.Run(input, 1, func(int, []detect.Tensor) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); takes == 0 || took < takes {
			takes = took
		}
	}
	return path, takes
}

// TestOverload asks a slow model for three times what it can do, and wants
// rates that drop evenly, recent results, nothing that queues, and streams that
// lose nothing.
func TestOverload(t *testing.T) {
	// Where others leave the machine between measuring the model and using it
	// there is no overload.
	overloaded := false
	for i := 0; i < 5 && !overloaded; i++ {
		t.Run(fmt.Sprint("try", i), func(t *testing.T) { overloaded = overloadOnce(t) })
	}
	if !overloaded {
		t.Error("the model was never slow")
	}
}

// overloadOnce does it once; it reports false, and checks nothing, when there was
// too little to do.
func overloadOnce(t *testing.T) bool {
	const streams, times, results = 4, 3, 60
	model, takes := slowModel(t)
	fps := times / (streams * takes.Seconds())
	t.Logf("a run takes %v: %d streams at %.1f fps", takes, streams, fps)
	units := pictures(t, "car-detection.mp4", 40, 3600, "-vf", "scale=192:108")
	l := newListener()
	var analyses []Analysis
	for i := range streams {
		st, f := stream(t, string(rune('a'+i)))
		// The stream clock runs at 25 fps; the pictures come as fast as the
		// model's slowness asks for.
		analyses = append(analyses, Analysis{Stream: st, Model: model, FPS: 25})
		flow(t, f, units, time.Duration(float64(time.Second)/fps))
	}
	// One picture a run: batches would hide how slow it is.
	e := New(Config{Models: store(t), Publish: l, MaxBatch: 1}, analyses)
	start(t, e.Run)
	l.wait(t)
	began := time.Now()
	for range results {
		l.wait(t)
	}
	each := time.Since(began) / results // however busy this machine is now
	if asked := streams * fps * each.Seconds(); asked < 1.5 {
		t.Logf("only %.1f times what can be done was asked for", asked)
		return false
	}
	least, most := uint64(math.MaxUint64), uint64(0)
	for i, s := range e.Stats() {
		least, most = min(least, s.Results), max(most, s.Results)
		t.Logf("%+v", s)
		if s.Replaced == 0 {
			t.Errorf("%s: nothing was replaced", s.Stream)
		}
		// One waits, one is prepared, one is run.
		if open := s.Sampled - s.Replaced - s.Results - s.Failed; s.Failed > 0 || open > 3 {
			t.Errorf("%s: %d failed, %d are under way", s.Stream, s.Failed, open)
		}
		// Waiting for the others' turns and one's own, and one prepared
		// ahead: nothing like a queue. The median: a busy machine may pause.
		if bound := 3 * (streams + 2) * each; s.LatencyP50 > bound.Seconds() {
			t.Errorf("%s: latency %.3f s, a result takes %v", s.Stream, s.LatencyP50, each)
		}
		if got := analyses[i].Stream.Info().Received; got.Dropped > 0 {
			t.Errorf("%s: %d frames dropped", s.Stream, got.Dropped)
		}
	}
	if most > least+2+most/10 {
		t.Errorf("uneven: %d to %d results", least, most)
	}
	return true
}
