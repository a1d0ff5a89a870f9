package demo

import (
	"cmp"
	"image"
	"math"
	"slices"
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
// counter and the clock given only, not on pictures drawn before. It is used
// by one goroutine at a time.
type Scene struct {
	cfg      SceneConfig
	cam      camera
	world    *world
	tones    *tone
	lights   [keyCount]light
	backdrop *backdrop
	canvas   *canvas
	effects  *effects
	clock    *clock

	lit   *Picture // the backdrop in the light of now
	light daylight // what lit was made for
	valid bool
}

// NewScene builds the street, which takes about a second.
func NewScene(c SceneConfig) (*Scene, error) {
	clock, err := newClock(c.Height)
	if err != nil {
		return nil, err
	}
	s := &Scene{cfg: c, cam: newCamera(c.Width, c.Height), world: newWorld(c.Seed), tones: newTone(), lights: keyLights(),
		effects: newEffects(c.Seed), clock: clock}
	s.backdrop = newBackdrop(s.world, s.cam, c.Width, c.Height, s.tones, c.Seed)
	s.lit = NewPicture(c.Width, c.Height)
	s.canvas = &canvas{back: s.backdrop, mask: make([]uint8, c.Width*c.Height), row: make([]uint16, c.Width),
		used: bounds{x0: c.Width, y0: c.Height}}
	return s, nil
}

// Hour is the time of day in the picture with counter n, 0 to 24.
func (s *Scene) Hour(n int64) float64 {
	if s.cfg.Script.Hour > 0 {
		return math.Mod(s.cfg.Script.Hour, 24)
	}
	return math.Mod(startHour+24*s.time(n).Seconds()/s.cfg.Day.Seconds(), 24)
}

// time is when the picture with counter n is taken, from counter 0.
func (s *Scene) time(n int64) time.Duration { return due(n, int64(s.cfg.FPS)) }

// Render draws the picture with counter n into p, whose size is the scene's.
// now is the time on the burnt-in clock.
func (s *Scene) Render(p *Picture, n int64, now time.Time) {
	// The light changes eight times a second, not with each picture.
	step := int64(max(1, s.cfg.FPS/8))
	light := daylightAt(float32(s.Hour(n-n%step)), !s.cfg.Script.NoLamps)
	s.switchLamps(&light, s.time(n))
	if !s.valid || light != s.light {
		s.backdrop.relight(s.lit, light)
		s.light, s.valid = light, true
	}
	copy(p.buf, s.lit.buf)
	s.drawActors(p, light, float32(s.time(n).Seconds()))
	s.effects.apply(p, s, n)
	s.clock.stamp(p, now)
	drawCounter(p, uint32(n))
}

// switchLamps applies the script's switches that are past; the latest of each
// lamp holds.
func (s *Scene) switchLamps(d *daylight, t time.Duration) {
	var at [lampCount]time.Duration
	for _, l := range s.cfg.Script.Lamps {
		if l.At <= t && l.At >= at[l.Lamp] {
			at[l.Lamp] = l.At
			d.lamps[l.Lamp] = 0
			if l.On {
				d.lamps[l.Lamp] = 255
			}
		}
	}
}

// Lamps returns where the heads of the street lamps are seen, in pixels, by
// the index that a script switches them with.
func (s *Scene) Lamps() []image.Point {
	var out []image.Point
	for _, h := range lampHeads() {
		if len(out) == lampCount {
			break
		}
		p, _ := s.cam.project(h)
		out = append(out, image.Pt(int(p.x), int(p.y)))
	}
	return out
}

// drawActors draws shadows first, then everybody from far to near.
func (s *Scene) drawActors(p *Picture, light daylight, t float32) {
	s.canvas.p = p
	actors := s.cast(t)
	depth := func(a *actor) float32 { return a.at.sub(s.cam.pos).dot(s.cam.fwd) }
	actors = slices.DeleteFunc(actors, func(a actor) bool {
		q, d := s.cam.project(a.at)
		return d < near || q.x < -0.9*float32(p.Width) || q.x > 1.5*float32(p.Width)
	})
	slices.SortFunc(actors, func(a, b actor) int { return cmp.Compare(depth(&b), depth(&a)) })
	st := &stage{canvas: s.canvas, s: s, light: light}
	poses := make([]pose, len(actors))
	for i := range actors {
		a := &actors[i]
		st.enter(a.at)
		switch {
		case a.vehicle != nil:
			a.vehicle.shadows(st)
		case a.cyclist != nil:
			a.cyclist.shadows(st)
		default:
			poses[i] = a.person.walk(a.at, a.heading, a.walked)
			a.person.shadows(st, &poses[i], a.at, a.heading)
		}
	}
	st.castShadows()
	for i := range actors {
		a := &actors[i]
		st.enter(a.at)
		switch {
		case a.vehicle != nil:
			a.vehicle.draw(st)
			a.vehicle.beams(st)
		case a.cyclist != nil:
			a.cyclist.draw(st)
		default:
			a.person.draw(st, &poses[i], a.heading)
		}
	}
}
