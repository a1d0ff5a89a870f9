package app

import (
	"log/slog"
	"testing"

	"sightline/relay/api"
	"sightline/relay/scene"
	"sightline/vision/annot"
	"sightline/vision/light"
)

// Every kind that a detector can report has a label of its own in the metrics;
// what a viewer invents shares one.
func TestEventsAreCountedByKind(t *testing.T) {
	w := &watcher{hub: api.NewAnnotations(api.AnnotationsConfig{Epoch: func(string) (uint32, bool) { return 7, true }, Logger: slog.New(slog.DiscardHandler)}), scenes: map[string]*watched{}, counts: map[eventCount]uint64{}}
	kinds := annot.EventKinds()
	for _, k := range append(kinds, "unicorn", "gryphon") {
		for _, state := range []annot.State{annot.Began, annot.Ended} {
			w.apply([]scene.Change{{Event: annot.Event{Key: annot.Key{Stream: "gate"}, Event: k, State: state}}})
		}
	}
	for _, k := range kinds {
		if n := w.counts[eventCount{"gate", k}]; n != 1 {
			t.Errorf("%s: counted %d times", k, n)
		}
	}
	if n := w.counts[eventCount{"gate", annot.OtherEvent}]; n != 2 || len(w.counts) != len(kinds)+1 {
		t.Errorf("counts %v", w.counts)
	}
	for _, k := range []light.Kind{light.On, light.Off, light.ExposureStep, light.Glare, light.Flicker, light.Covered, light.Defocused,
		light.Moved, light.SceneChanged} {
		if annot.KnownEvent(string(k)) != string(k) {
			t.Errorf("package light reports %s, which package annot does not know", k)
		}
	}
}
