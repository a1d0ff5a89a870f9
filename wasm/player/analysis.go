//go:build js && wasm

package player

import (
	"time"

	"sightline/vision/annot"
	"sightline/wasm/annotations"
	"sightline/wasm/detect"
	"sightline/wasm/frame"
	"sightline/wasm/link"
	"sightline/wasm/picture"
)

// analysis is what this browser's own detectors do for a player.
type analysis struct {
	player   *player
	runner   *detect.Runner
	reported time.Time
	// message is the last one that configured it; model is what it asks for, made for choice.
	message link.Message
	model   *detect.Model
	choice  string
}

// statsEvery is the time between two reports of the detectors' figures.
const statsEvery = time.Second

// configure starts and stops the detectors.
func (a *analysis) configure(m link.Message) {
	a.message = m
	model := a.modelOf(m)
	if a.runner == nil {
		if a.player.registry.kit == nil || !m.Motion && !m.Light && model == nil {
			return
		}
		a.runner = detect.New(a.player.registry.kit, a, time.Now)
	}
	a.runner.Configure(detect.Options{Motion: m.Motion, Light: m.Light, Model: model, Rate: m.Rate})
	a.report()
}

// reset goes on with another device, or waits for one.
func (a *analysis) reset(kit *picture.Kit) {
	if a.runner != nil {
		a.runner.Reset(kit)
	}
}

// due tells whether a frame's picture is wanted. Without a key nobody could tell which frame it was.
func (a *analysis) due(info frame.Info) bool {
	return a.runner != nil && info.Key != frame.NoKey && a.runner.Due()
}

// frame analyses what was painted.
func (a *analysis) frame(painter *picture.Painter, info frame.Info) {
	if a.runner == nil || a.player.painter != painter {
		return
	}
	a.runner.Frame(painter.Picture(), info.RTP)
	if time.Since(a.reported) >= statsEvery {
		a.report()
	}
}

// key says which stream a picture belongs to.
func (a *analysis) key(k annot.Key) annot.Key {
	k.Stream = a.player.annotations.name
	if s := a.player.annotations.stream; s != nil {
		k.Epoch = s.Epoch()
	}
	return k
}

// Detections implements detect.Sink: they are drawn like those of the relay.
func (a *analysis) Detections(d annot.Detections) {
	d.Key = a.key(d.Key)
	to := &a.player.annotations
	if to.stream == nil {
		if !to.own {
			return
		}
		to.stream = annotations.NewStream()
	}
	to.stream.Take(d)
}

// Event implements detect.Sink: the page and the relay hear of it.
func (a *analysis) Event(e annot.Event) {
	e.Key = a.key(e.Key)
	text := string(annot.Append(nil, e))
	reported := e.Stream != "" && a.player.registry.port.Report(a.player.id, text)
	a.player.registry.send(map[string]any{"type": "noticed", "player": a.player.id, "text": text, "reported": reported})
}

// Fault implements detect.Sink.
func (a *analysis) Fault(detector string, err error) {
	a.player.registry.problem(a.player.id, detector+": "+err.Error())
}

// report tells the page how the detectors do.
func (a *analysis) report() {
	a.reported = time.Now()
	list := []any{}
	for _, s := range a.runner.Stats() {
		list = append(list, map[string]any{"name": s.Name, "rate": s.Rate, "latency": float64(s.Latency) / float64(time.Millisecond),
			"analysed": s.Analysed, "skipped": s.Skipped})
	}
	a.player.registry.send(map[string]any{"type": "detectors", "player": a.player.id, "detectors": list})
}

func (a *analysis) close() {
	if a.runner != nil {
		a.runner.Close()
		a.runner = nil
	}
}
