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
	serial         uint64
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
	m.runner.serial++
	m.serial, m.moving = m.runner.serial, 0
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
	objects, ok := m.detector.Result(at, r)
	if !ok {
		return nil
	}
	d := annot.Detections{Key: annot.Key{RTP: rtp}, Time: m.runner.now(), Origin: annot.Client, Model: "motion", Objects: objects}
	m.runner.sink.Detections(d)
	switch {
	case len(objects) > 0:
		m.quiet = at
		if m.moving == 0 {
			m.events++
			m.moving, m.box = m.events, largest(objects)
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
	m.runner.event("motion", annot.Event{Key: annot.Key{RTP: rtp}, Time: m.runner.now(), Event: annot.EventMotion, State: state,
		ID: m.runner.eventID(m.serial, m.moving), Origin: annot.Client, Box: &box})
}

func largest(objects []annot.Object) annot.Box {
	var best annot.Box
	for _, o := range objects {
		if o.Box.W*o.Box.H > best.W*best.H {
			best = o.Box
		}
	}
	return best
}

// lightLane tells what happens to light and view.
type lightLane struct {
	runner   *Runner
	serial   uint64
	detector *light.Detector
}

func newLight(r *Runner) detector { return &lightLane{runner: r} }

func (l *lightLane) spec(int, int) (Spec, error) {
	l.detector = light.New()
	l.runner.serial++
	l.serial = l.runner.serial
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
		l.runner.event("light", annot.Event{Key: annot.Key{RTP: rtp}, Time: l.runner.now(), Event: string(c.Kind), State: c.State,
			ID: l.runner.eventID(l.serial, c.ID), Origin: annot.Client, Box: &box})
	}
	return nil
}
