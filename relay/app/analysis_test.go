package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sightline/relay/config"
	"sightline/relay/hub"
	"sightline/relay/infer"
	"sightline/testkit/camera"
	"sightline/vision/annot"
)

// heard collects annotations.
type heard struct {
	mu       sync.Mutex
	messages []annot.Message
}

func (h *heard) Publish(m annot.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages = append(h.messages, m)
}

// of counts a stream's announcements, results and objects.
func (h *heard) of(stream string) (announced, results, objects int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		if m.StreamName() != stream {
			continue
		}
		switch m := m.(type) {
		case annot.Analysing:
			announced++
		case annot.Detections:
			results++
			objects += len(m.Objects)
		}
	}
	return announced, results, objects
}

// TestStreamsAreAnalysed runs real sources: a file, the demo camera, and a
// stream that is analysed only while somebody watches.
func TestStreamsAreAnalysed(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	add := func(name, source string, where config.Where) {
		s := config.DefaultStream()
		s.Source, s.Loop = config.Source{URL: source}, true
		s.Analyze.Where, s.Analyze.FPS = where, 4
		cfg.Streams[name] = s
	}
	add("cars", camera.Video(t, "car-detection.mp4"), config.WhereRelay)
	add("demo", "demo", config.WhereRelay)
	add("idle", "demo", config.WhereAuto)
	models, err := OpenModels(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	from := "file://" + filepath.Join(camera.Shared(t), "testdata", "models", "fastestdet-352.onnx")
	if err := models.Pull(t.Context(), "fastestdet", from, ModelPuller{}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := New(cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{}
	var analyses []infer.Analysis
	for _, name := range []string{"cars", "demo", "idle"} {
		c := cfg.Streams[name].Analyze
		analyses = append(analyses, infer.Analysis{Stream: a.streams[name], Model: c.Model, FPS: c.FPS, Wake: c.Where == config.WhereRelay})
	}
	e := infer.New(infer.Config{Models: models, Publish: h, Board: a.board}, analyses)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, s := range a.streams {
		wg.Go(func() { _ = s.Run(ctx) })
	}
	wg.Go(func() { _ = e.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, cars, objects := h.of("cars")
		_, demo, _ := h.of("demo")
		if cars >= 40 && demo >= 20 && objects > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("cars: %d results with %d objects; demo: %d results; conditions %v", cars, objects, demo, a.board.All())
		}
	}
	for _, name := range []string{"cars", "demo"} {
		announced, results, objects := h.of(name)
		t.Logf("%s: %d announced, %d results, %d objects", name, announced, results, objects)
		if announced == 0 || a.streams[name].Viewers() != 0 {
			t.Errorf("%s: %d announced, %d viewers", name, announced, a.streams[name].Viewers())
		}
	}
	if _, results, _ := h.of("idle"); results > 0 || a.streams["idle"].Info().State != hub.Idle {
		t.Errorf("idle has %d results and is %s", results, a.streams["idle"].Info().State)
	}
	for _, s := range e.Stats() {
		t.Logf("%+v", s)
	}
}
