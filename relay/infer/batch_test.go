package infer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/testkit/onnxmodel"
	"sightline/vision/annot"
)

// TestStreamsShareBatches runs a model that takes any number of pictures. Its
// boxes are the picture's own values, so that pictures which were mixed up
// show.
func TestStreamsShareBatches(t *testing.T) {
	dir := t.TempDir()
	text := "name: echo\nhead: yolo\nclasses: [a, b]\ninput: {width: 8, height: 8, fit: stretch, mean: [0, 0, 0], scale: [0.02, 0.02, 0.02]}\nthresholds: {score: 0.01, iou: 1}\n"
	path := filepath.Join(dir, "echo.onnx")
	if err := errors.Join(os.WriteFile(path, onnxmodel.Reshape(8, 8, 6), 0o644), os.WriteFile(filepath.Join(dir, "echo.yaml"), []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	const streams, frames = 4, 20
	units := pictures(t, "car-detection.mp4", frames*streams, 3600, "-vf", "scale=64:64")
	// Every stream shows another part of the clip, from a key frame on.
	run := func(maxBatch int) (map[annot.Key][]annot.Object, []Stats) {
		l := newListener()
		var analyses []Analysis
		var feeds []feed
		for i := range streams {
			st, f := stream(t, string(rune('a'+i)))
			analyses, feeds = append(analyses, Analysis{Stream: st, Model: path, FPS: 100}), append(feeds, f)
		}
		e := New(Config{Models: store(t), Publish: l, MaxBatch: maxBatch, MaxDelay: 200 * time.Millisecond}, analyses)
		start(t, e.Run)
		out := map[annot.Key][]annot.Object{}
		for n := range frames {
			for i, f := range feeds {
				f.put(units[i*frames+n])
			}
			for range feeds {
				d := l.wait(t)
				for i := range d.Objects { // identities depend on nothing else
					d.Objects[i].Velocity = nil
				}
				out[annot.Key{Stream: d.Stream, RTP: uint32(n)}] = d.Objects
			}
		}
		return out, e.Stats()
	}
	single, _ := run(1)
	shared, stats := run(16)
	boxes := 0
	for key, want := range single {
		got := shared[key]
		boxes += len(want)
		if len(got) != len(want) {
			t.Fatalf("%v: %d objects, alone %d", key, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%v: %+v, alone %+v", key, got[i], want[i])
			}
		}
	}
	if boxes == 0 {
		t.Error("no boxes")
	}
	for _, s := range stats {
		if s.Batch < 2 || s.Results != frames {
			t.Errorf("%+v", s)
		}
	}
	t.Logf("%d boxes; batches of %.1f", boxes, stats[0].Batch)
}
