package detect

import (
	"time"

	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/vision/light"
	"sightline/vision/motion"
)

// motionLane finds what moves.
type motionLane struct {
	runner   *Runner
	size     shaders.MotionParams
	detector *motion.Detector
	// moving is the ID of the motion under way, 0 for none; quiet is since when nothing moves.
	moving, events uint64
	quiet          time.Duration
	box            annot.Box
}

// quietFor is how long nothing must move for motion to have ended.
const quietFor = 2 * time.Second

func newMotion(r *Runner) detector { return &motionLane{runner: r} }

func (m *motionLane) spec(width, height int) (Spec, error) {
	w, h := shaders.MotionSize(width, height, 0)
	m.size = shaders.MotionParams{Params: motion.Params{Width: uint32(w), Height: uint32(h)}}
	m.detector = motion.New(motion.Default(), w, h)
	s := Spec{Storage: m.size.MotionBuffers(), Params: shaders.MotionParamsSize, Result: "result", Clear: shaders.MotionHeaderBytes}
	for _, step := range shaders.MotionSteps() {
		shader, err := shaders.Compose(step.Permutation)
		if err != nil {
			return s, err
		}
		x, y := step.Groups(m.size, shader)
		s.Steps = append(s.Steps, Step{step.Permutation, step.Buffers, x, y})
	}
	return s, nil
}

func (m *motionLane) params(at time.Duration) ([]byte, error) {
	p := shaders.MotionParams{Params: m.detector.Params(at)}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p.Append(nil), nil
}

func (m *motionLane) result(at time.Duration, rtp uint32, b []byte) error {
	r, err := shaders.ParseMotionResult(b)
	if err != nil {
		return err
	}
	boxes, ok := m.detector.Result(at, r)
	if !ok {
		return nil
	}
	d := annot.Detections{Key: m.runner.key(rtp), Time: m.runner.now(), Origin: annot.Client, Model: "motion"}
	for _, box := range boxes {
		d.Objects = append(d.Objects, annot.Object{Label: "motion", Score: 1, Box: box})
	}
	m.runner.sink.Detections(d)
	switch {
	case len(boxes) > 0:
		m.quiet = at
		if m.moving == 0 {
			m.events++
			m.moving, m.box = m.events, largest(boxes)
			m.event(rtp, annot.Began)
		}
	case m.moving != 0 && at-m.quiet >= quietFor:
		m.event(rtp, annot.Ended)
		m.moving = 0
	}
	return nil
}

func (m *motionLane) event(rtp uint32, state annot.State) {
	box := m.box
	m.runner.sink.Event(annot.Event{Key: m.runner.key(rtp), Time: m.runner.now(), Event: "motion", State: state,
		ID: eventID("motion", m.moving), Origin: annot.Client, Box: &box})
}

func largest(boxes []annot.Box) annot.Box {
	best := boxes[0]
	for _, b := range boxes {
		if b.W*b.H > best.W*best.H {
			best = b
		}
	}
	return best
}

// lightLane tells what happens to light and view.
type lightLane struct {
	runner   *Runner
	detector *light.Detector
}

func newLight(r *Runner) detector { return &lightLane{runner: r} }

func (l *lightLane) spec(int, int) (Spec, error) {
	l.detector = light.New()
	s := Spec{Storage: shaders.LightBuffers(), Params: shaders.LightParamsSize, Result: "cells"}
	for _, step := range shaders.LightSteps() {
		s.Steps = append(s.Steps, Step{step.Permutation, step.Buffers, step.X, step.Y})
	}
	return s, nil
}

func (l *lightLane) params(at time.Duration) ([]byte, error) {
	return shaders.LightParams{Params: l.detector.Params(at)}.Append(nil), nil
}

func (l *lightLane) result(at time.Duration, rtp uint32, b []byte) error {
	cells, err := shaders.ParseLightCells(b)
	if err != nil {
		return err
	}
	for _, c := range l.detector.Cells(at, cells) {
		box := c.Box
		l.runner.sink.Event(annot.Event{Key: l.runner.key(rtp), Time: l.runner.now(), Event: string(c.Kind), State: c.State,
			ID: eventID("light", c.ID), Origin: annot.Client, Box: &box})
	}
	return nil
}
