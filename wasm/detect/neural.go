package detect

import (
	"time"

	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/vision/card"
	"sightline/vision/detect"
	"sightline/vision/track"
	"sightline/wasm/engine"
)

// neural is the neural detector's name.
const neural = "neural"

// Model is a neural detector, ready to run for any number of players.
type Model struct {
	Card card.Card
	Plan *engine.Plan
	// Score is the least score of a box that is shown; 0 for the card's.
	Score float32
	// Classes are the labels that are shown; none for all.
	Classes []string
}

// tensor is the model's input by its card.
func (m *Model) tensor() shaders.Tensor {
	in := m.Card.Input
	t := shaders.Tensor{Width: in.Width, Height: in.Height, Stretch: in.Fit == card.FitStretch, BGR: in.Order == card.BGR, Pad: in.Pad / 255}
	for i := range 3 {
		// The card counts in 0..255, the tensor in 0..1.
		t.Scale[i], t.Bias[i] = 255*in.Scale[i], -in.Mean[i]*in.Scale[i]
	}
	return t
}

// scores are the least scores of a box that is shown, and of one that carries a known object on.
func (m *Model) scores() (show, low float32) {
	show, low = m.Card.Thresholds.Score, m.Card.Thresholds.Low
	if m.Score > 0 {
		show, low = m.Score, min(low, m.Score)
	}
	return show, low
}

// neuralLane finds what a model knows, and follows it.
type neuralLane struct {
	runner *Runner
	model  *Model

	mapping shaders.Letterbox
	tracker *track.Tracker
	shown   []bool // by class
	corners []detect.Corners
	found   []detect.Detection
	tracked []track.Tracked
}

func (l *neuralLane) spec(width, height int) (Spec, error) {
	show, low := l.model.scores()
	t := l.model.tensor()
	l.mapping = t.Letterbox(width, height)
	if l.tracker == nil {
		l.tracker = track.New(track.Config{High: show})
		l.shown = make([]bool, len(l.model.Card.Classes))
		for i, name := range l.model.Card.Classes {
			l.shown[i] = len(l.model.Classes) == 0
			for _, wanted := range l.model.Classes {
				l.shown[i] = l.shown[i] || wanted == name
			}
		}
	}
	return Spec{Network: &Network{Plan: l.model.Plan, Tensor: t, Width: width, Height: height, Least: low}}, nil
}

func (l *neuralLane) params(time.Duration) ([]byte, error) { return nil, nil }

func (l *neuralLane) result(at time.Duration, rtp uint32, b []byte) error {
	r, err := shaders.ParseNMSResult(b, len(l.model.Card.Classes), l.corners[:0])
	if err != nil {
		return err
	}
	l.corners = r.Boxes
	all := detect.Place(r.Boxes, l.mapping, l.found[:0])
	l.found = all[:0]
	for _, d := range all {
		if l.shown[d.Class] {
			l.found = append(l.found, d)
		}
	}
	l.tracked = l.tracker.Update(at, l.found, l.tracked[:0])
	show, _ := l.model.scores()
	a := annot.Detections{Key: annot.Key{RTP: rtp}, Time: l.runner.now(), Origin: annot.Client, Model: l.model.Card.Name}
	for i, d := range l.found {
		t := l.tracked[i]
		// What scores low is shown where it carries a known object on.
		if d.Score < show && t.ID == 0 {
			continue
		}
		a.Objects = append(a.Objects, annot.Object{ID: t.ID, Label: l.model.Card.Classes[d.Class], Score: d.Score, Box: d.Box, Velocity: t.Velocity})
	}
	l.runner.sink.Detections(a)
	return nil
}
