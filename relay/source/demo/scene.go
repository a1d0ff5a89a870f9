package demo

import (
	"time"
)

// SceneConfig is what a scene must know; every field must be set and valid
// (see [Source.Validate]).
type SceneConfig struct {
	Width, Height, FPS int
	Noise              bool
	Script             Script
	Seed               uint32
	Day                time.Duration
}

// Scene draws the street. A picture depends on the configuration, the frame
// counter and the clock given only, not on pictures drawn before.
type Scene struct {
	cfg SceneConfig
}

const lampCount = 6

// NewScene builds the street.
func NewScene(c SceneConfig) *Scene { return &Scene{cfg: c} }

// Render draws the picture with counter n into p, whose size is the scene's.
// now is the time on the burnt-in clock.
func (s *Scene) Render(p *Picture, n int64, now time.Time) {
	for i := range p.Y {
		p.Y[i] = uint8(60 + i/p.Width/8)
	}
	for i := range p.U {
		p.U[i], p.V[i] = 128, 128
	}
	drawCounter(p, uint32(n))
}
