package demo

import "math"

// Who is in the street follows from the time alone: each lane has slots, and a
// hash of lane and slot says who uses it, if anybody.

// actor is somebody or something in the street in one picture.
type actor struct {
	at      vec
	vehicle *vehicle
	cyclist *cyclist
	person  *person
	heading vec
	walked  float32
}

// The street's beat, in seconds: traffic pauses at the crossing in the last
// part of each beat, and people cross then.
const (
	beat      = 36
	carSlots  = 5
	carGap    = 4.9
	crossAt   = 22.5
	crossZ    = 18.8
	carSpeed  = 9.5
	turnAfter = 117
)

// cast lists who is in the street at a time in seconds.
func (s *Scene) cast(t float32) []actor {
	var out []actor
	seed := s.cfg.Seed
	if !s.cfg.Script.Empty {
		out = s.cars(out, t, seed)
		out = s.walkers(out, t, seed)
		out = s.crossers(out, t, seed)
	}
	for i, f := range s.cfg.Script.Figures {
		if age := t - float32(f.At.Seconds()); age >= 0 {
			// From the left edge of the picture along the far pavement.
			p := newPerson(uint32(5000+i), seed)
			p.height = max(p.height, 1.65)
			z := s.leftEdge(-6) - 0.3 + 1.4*age
			if z < 115 {
				out = append(out, actor{at: vec{-6, 0, z}, person: &p, heading: vec{0, 0, 1}, walked: 1.4 * age})
			}
		}
	}
	return out
}

// leftEdge is how far along the street the picture's left edge is at x, at the
// height of a chest.
func (s *Scene) leftEdge(x float32) float32 {
	lo, hi := s.cam.pos.z, float32(100)
	for range 24 {
		mid := (lo + hi) / 2
		if p, depth := s.cam.project(vec{x, 1, mid}); depth < near || p.x < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// lane is a line of slots: its number, where it runs, which way and how fast.
type lane struct {
	id    uint32
	x     float32
	dir   float32 // 1 away, -1 towards
	speed float32
}

func (s *Scene) cars(out []actor, t float32, seed uint32) []actor {
	for _, l := range [2]lane{{1, 1.8, 1, carSpeed}, {2, -1.8, -1, carSpeed * 0.94}} {
		for b := int(floor(t/beat)) - 1; b <= int(floor(t/beat))+1; b++ {
			for k := range carSlots {
				id := hash(uint32(b+1000), uint32(k)+100*l.id, seed)
				if unit(id, 50, seed) > 0.62 {
					continue
				}
				// When it passes the crossing, and where it is now.
				pass := float32(b*beat) + 1 + float32(k)*carGap + 1.2*unit(id, 51, seed)
				along := crossZ + l.dir*(t-pass)*l.speed
				if along < -14 || along > 170 {
					continue
				}
				v := newVehicle(id, seed)
				v.at, v.heading = path(l, along)
				v.rolled = along * l.dir
				out = append(out, actor{at: v.at, vehicle: &v})
			}
		}
	}
	// Cyclists ride away in their lane and stop for nobody crossing.
	for b := int(floor(t/beat)) - 1; b <= int(floor(t/beat)); b++ {
		id := hash(uint32(b+1000), 77, seed)
		if unit(id, 50, seed) > 0.75 {
			continue
		}
		along := -4 + (t-float32(b*beat)-6-6*unit(id, 51, seed))*4.8
		if along > -6 && along < 114 {
			c := newCyclist(id, seed)
			c.at, c.heading, c.rolled = vec{4.4, 0, along}, vec{0, 0, 1}, along
			out = append(out, actor{at: c.at, cyclist: &c})
		}
	}
	return out
}

// path is where a car is that has come so far along the street: cars turn at
// the junction, away to the right and from the left.
func path(l lane, along float32) (at, heading vec) {
	if along <= turnAfter {
		return vec{l.x, 0, along}, vec{0, 0, l.dir}
	}
	r := float32(5.0)
	sx := float32(1)
	if l.dir < 0 {
		r, sx = 9, -1
	}
	a := (along - turnAfter) / r
	if a < math.Pi/2 {
		return vec{l.x + sx*r*(1-cos(a)), 0, turnAfter + r*sin(a)}, vec{sx * sin(a) * l.dir, 0, cos(a) * l.dir}
	}
	return vec{l.x + sx*(r+along-turnAfter-r*math.Pi/2), 0, turnAfter + r}, vec{sx * l.dir, 0, 0}
}

func (s *Scene) walkers(out []actor, t float32, seed uint32) []actor {
	lanes := [...]lane{{11, -7.1, 1, 1.35}, {12, -6.2, -1, 1.28}, {13, -5.6, 1, 1.5},
		{14, 6.5, 1, 1.4}, {15, 7.5, -1, 1.3}, {16, 8.9, -1, 1.42}}
	const gap, span = 17, 122
	for _, l := range lanes {
		now := int(floor(t / gap))
		for k := now - int(span/l.speed/gap) - 1; k <= now; k++ {
			id := hash(uint32(k+10000), l.id, seed)
			if unit(id, 60, seed) > 0.55 {
				continue
			}
			walked := (t - float32(k)*gap - 9*unit(id, 61, seed)) * l.speed
			if walked < 0 || walked > span {
				continue
			}
			z := -5 + walked
			if l.dir < 0 {
				z = 117 - walked
			}
			p := newPerson(id, seed)
			x := l.x + 0.3*(unit(id, 62, seed)-0.5) + 0.1*sin(walked*0.35)
			out = append(out, actor{at: vec{x, 0, z}, person: &p, heading: vec{0.035 * cos(walked*0.35), 0, l.dir}.norm(), walked: walked})
		}
	}
	return out
}

// crossers use the zebra crossing while traffic pauses.
func (s *Scene) crossers(out []actor, t float32, seed uint32) []actor {
	b := int(floor(t / beat))
	for k := range 3 {
		id := hash(uint32(b+1000), uint32(k)+500, seed)
		if unit(id, 50, seed) > 0.65 {
			continue
		}
		walked := (t - float32(b*beat) - crossAt - 1.1*float32(k)*unit(id, 51, seed)) * 1.55
		if walked < 0 || walked > 22 {
			continue
		}
		dir := float32(1)
		if unit(id, 52, seed) < 0.5 {
			dir = -1
		}
		p := newPerson(id, seed)
		x := -9 + walked // out of one door and into another
		if dir < 0 {
			x = 13 - walked
		}
		out = append(out, actor{at: vec{x, 0, crossZ - 1 + 0.9*float32(k)}, person: &p, heading: vec{dir, 0, 0}, walked: walked})
	}
	return out
}
