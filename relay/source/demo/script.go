package demo

import (
	"fmt"
	"time"
)

// Script says what happens in the scene, for tests and demonstrations. Times
// count from the picture with counter 0. The zero value is ordinary life: day
// and night, lamps, people and traffic. The counter and the clock are burnt in
// behind all of it and stay readable.
type Script struct {
	// Empty leaves out all people and vehicles but scripted figures.
	Empty bool
	// Hour holds the time of day: 12 is noon, 19 dusk, 24 midnight, 5 dawn. At
	// 0 the day goes on.
	Hour float64
	// NoLamps keeps street lamps and windows dark unless Lamps switches them.
	NoLamps bool
	// Figures are people who walk in.
	Figures []Figure
	// Lamps are lights switched at once, as by hand. Ordinary lamps at dusk
	// come on slowly.
	Lamps []LampSwitch
	// Exposure are steps of the camera's exposure; the last one past holds.
	Exposure []ExposureStep
	// Glare, Flicker, Cover and Defocus last for a while.
	Glare   []Glare
	Flicker []Flicker
	Cover   []Span
	Defocus []Defocus
	// Shifts turn the camera; the last one past holds.
	Shifts []Shift
}

// Span is from when to when something lasts; To 0 means for ever.
type Span struct{ From, To time.Duration }

func (s Span) holds(t time.Duration) bool { return t >= s.From && (s.To == 0 || t < s.To) }

// Figure is a person who walks along the far pavement, from the left edge of
// the picture to the right.
type Figure struct {
	At time.Duration
}

// LampSwitch switches the street lamp of the given index (see [Scene.Lamps]).
type LampSwitch struct {
	At   time.Duration
	Lamp int
	On   bool
}

// ExposureStep sets the exposure to EV stops above the ordinary, -4 to 4.
type ExposureStep struct {
	At time.Duration
	EV float64
}

// Glare is a dazzling light at X, Y (fractions of the picture).
type Glare struct {
	Span
	X, Y float64
}

// Flicker is light that pulses Hz times a second by Depth of its strength
// (0..1).
type Flicker struct {
	Span
	Hz, Depth float64
}

// Defocus blurs the picture by a radius, as a fraction of its width (up to
// 0.05).
type Defocus struct {
	Span
	Radius float64
}

// Shift moves what the camera sees by fractions of the picture's width and
// height, up to 0.25.
type Shift struct {
	At     time.Duration
	DX, DY float64
}

// validate checks the values; the error names field, value and rule.
func (s *Script) validate() error {
	if s.Hour < 0 || s.Hour > 24 {
		return fmt.Errorf("demo: hour %v: must be from 0 to 24", s.Hour)
	}
	for _, l := range s.Lamps {
		if l.Lamp < 0 || l.Lamp >= lampCount {
			return fmt.Errorf("demo: lamp %d: must be from 0 to %d", l.Lamp, lampCount-1)
		}
	}
	for _, e := range s.Exposure {
		if e.EV < -4 || e.EV > 4 {
			return fmt.Errorf("demo: exposure %v: must be from -4 to 4 stops", e.EV)
		}
	}
	for _, g := range s.Glare {
		if g.X < 0 || g.X > 1 || g.Y < 0 || g.Y > 1 {
			return fmt.Errorf("demo: glare %v,%v: must be fractions of the picture from 0 to 1", g.X, g.Y)
		}
	}
	for _, f := range s.Flicker {
		if f.Hz <= 0 || f.Hz > 30 || f.Depth <= 0 || f.Depth > 1 {
			return fmt.Errorf("demo: flicker %v,%v: must be above 0 up to 30 Hz, and above 0 up to 1 deep", f.Hz, f.Depth)
		}
	}
	for _, d := range s.Defocus {
		if d.Radius <= 0 || d.Radius > 0.05 {
			return fmt.Errorf("demo: defocus %v: must be above 0 and at most 0.05 of the width", d.Radius)
		}
	}
	for _, m := range s.Shifts {
		if m.DX < -0.25 || m.DX > 0.25 || m.DY < -0.25 || m.DY > 0.25 {
			return fmt.Errorf("demo: shift %v,%v: must be from -0.25 to 0.25 of the picture", m.DX, m.DY)
		}
	}
	return nil
}
