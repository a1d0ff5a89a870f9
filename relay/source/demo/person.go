package demo

import "math"

// person is somebody who walks; all of it follows from a seed.
type person struct {
	height            float32
	build             float32
	top, legs         vec
	skin, hair, shoes vec
	coat, skirt, bag  bool
	bagColor          vec
	longHair          bool
	stride, armSwing  float32
}

// Clothes, skins and hair to choose from, as linear albedo.
var (
	tops = []vec{{0.45, 0.04, 0.04}, {0.03, 0.1, 0.36}, {0.6, 0.58, 0.54}, {0.04, 0.04, 0.045}, {0.5, 0.34, 0.04},
		{0.05, 0.24, 0.12}, {0.34, 0.1, 0.22}, {0.12, 0.3, 0.4}, {0.28, 0.2, 0.13}, {0.55, 0.22, 0.08}}
	trousers = []vec{{0.03, 0.045, 0.1}, {0.03, 0.03, 0.032}, {0.2, 0.15, 0.09}, {0.12, 0.12, 0.13}, {0.06, 0.09, 0.18}}
	skins    = []vec{{0.55, 0.33, 0.23}, {0.42, 0.23, 0.15}, {0.22, 0.11, 0.065}, {0.6, 0.38, 0.28}, {0.09, 0.045, 0.03}}
	hairs    = []vec{{0.02, 0.015, 0.012}, {0.09, 0.045, 0.02}, {0.3, 0.2, 0.08}, {0.35, 0.34, 0.33}, {0.16, 0.06, 0.02}}
)

func newPerson(id, seed uint32) person {
	r := func(k uint32) float32 { return unit(id, k, seed) }
	pick := func(k uint32, from []vec) vec { return from[hash(id, k, seed)%uint32(len(from))] }
	p := person{
		height: 1.6 + 0.28*r(1), build: 0.92 + 0.22*r(2),
		top: pick(3, tops), legs: pick(4, trousers), skin: pick(5, skins), hair: pick(6, hairs),
		shoes: vec{0.03, 0.028, 0.026}, coat: r(7) < 0.25, skirt: r(8) < 0.2, bag: r(9) < 0.4,
		bagColor: pick(10, tops), longHair: r(11) < 0.4, armSwing: 0.35 + 0.25*r(12),
	}
	if r(13) < 0.12 {
		p.height *= 0.74 // a child
	}
	if r(14) < 0.3 {
		p.shoes = vec{0.5, 0.5, 0.5}
	}
	p.stride = p.height * 0.82
	return p
}

// pose is a skeleton in world coordinates; index 0 is the left side, 1 the
// right.
type pose struct {
	hip, neck, head           vec
	hips, knees, ankles, toes [2]vec
	shoulders, elbows, hands  [2]vec
}

// walk is the pose at a place, after so many metres of walking.
func (p *person) walk(at, heading vec, metres float32) pose {
	h := p.height
	side := vec{heading.z, 0, -heading.x} // to the right of the heading
	phase := metres / p.stride * math.Pi
	up := vec{0, 1, 0}
	swing := func(from vec, length, angle float32) vec {
		return from.mad(heading, length*sin(angle)).mad(up, -length*cos(angle))
	}
	var q pose
	q.hip = at.mad(up, h*0.515+0.018*h*abs(cos(phase)))
	q.neck = q.hip.mad(up, h*0.315).mad(heading, h*0.02)
	q.head = q.neck.mad(up, h*0.105).mad(heading, h*0.015)
	for i := range 2 {
		sign := float32(2*i - 1)
		ph := phase + float32(i)*math.Pi
		q.hips[i] = q.hip.mad(side, sign*0.05*h)
		thigh := 0.46 * sin(ph)
		bend := 0.12 + 0.75*max(0, cos(ph))*max(0, cos(ph)) // the leg that swings forward bends
		q.knees[i] = swing(q.hips[i], 0.245*h, thigh+0.06)
		q.ankles[i] = swing(q.knees[i], 0.24*h, thigh-bend)
		if q.ankles[i].y < 0.03*h {
			q.ankles[i].y = 0.03 * h
		}
		q.toes[i] = q.ankles[i].mad(heading, 0.095*h).mad(up, -0.018*h+0.03*h*max(0, -sin(ph)))
		q.shoulders[i] = q.neck.mad(side, sign*0.105*h*p.build).mad(up, -0.03*h)
		arm := -p.armSwing * sin(ph)
		q.elbows[i] = swing(q.shoulders[i], 0.17*h, arm).mad(side, sign*0.025*h)
		q.hands[i] = swing(q.elbows[i], 0.155*h, arm+0.35)
	}
	return q
}

// draw draws a person in a pose.
func (p *person) draw(st *stage, q *pose, heading vec) {
	h, b := p.height, p.build
	side := vec{heading.z, 0, -heading.x}
	back := 0 // the side farther from the camera
	if side.dot(st.s.cam.pos.sub(q.hip)) < 0 {
		back = 1
	}
	arm := func(i int) {
		st.capsule(q.shoulders[i], q.elbows[i], 0.034*h*b, 0.028*h*b, p.top.scale(0.92))
		st.capsule(q.elbows[i], q.hands[i], 0.028*h*b, 0.022*h, p.top.scale(0.92))
		st.capsule(q.hands[i], q.hands[i].add(vec{0, -0.02 * h, 0}), 0.022*h, 0.02*h, p.skin)
	}
	leg := func(i int) {
		lower := p.legs
		if p.skirt {
			lower = p.skin
		}
		st.capsule(q.hips[i], q.knees[i], 0.05*h*b, 0.037*h*b, p.legs)
		st.capsule(q.knees[i], q.ankles[i], 0.037*h*b, 0.025*h, lower)
		st.capsule(q.ankles[i].add(vec{0, -0.012 * h, 0}), q.toes[i], 0.026*h, 0.02*h, p.shoes)
	}
	away := heading.dot(st.s.cam.pos.sub(q.hip)) < 0 // walks away: the bag is in front
	bag := func() {
		if p.bag {
			st.capsule(q.neck.mad(heading, -0.085*h).add(vec{0, -0.07 * h, 0}), q.hip.mad(heading, -0.1*h).add(vec{0, 0.1 * h, 0}), 0.065*h, 0.075*h, p.bagColor)
		}
	}
	arm(back)
	leg(back)
	if !away {
		bag()
	}
	leg(1 - back)
	hem := q.hip.add(vec{0, 0.01 * h, 0})
	switch {
	case p.skirt:
		st.capsule(hem.add(vec{0, -0.02 * h, 0}), hem.add(vec{0, -0.2 * h, 0}), 0.074*h*b, 0.1*h*b, p.legs)
	case p.coat:
		st.capsule(hem.add(vec{0, 0.05 * h, 0}), hem.add(vec{0, -0.16 * h, 0}), 0.08*h*b, 0.09*h*b, p.top)
	default:
		st.capsule(q.hips[back], q.hips[1-back], 0.058*h*b, 0.058*h*b, p.legs)
	}
	st.capsule(q.neck.add(vec{0, -0.07 * h, 0}), hem.add(vec{0, 0.025 * h, 0}), 0.092*h*b, 0.07*h*b, p.top)
	if away {
		bag()
	}
	st.capsule(q.neck.add(vec{0, -0.02 * h, 0}), q.head, 0.032*h, 0.035*h, p.skin)
	crown := q.head.add(vec{0, 0.038 * h, 0})
	if p.longHair {
		st.capsule(crown.mad(heading, -0.02*h), q.neck.mad(heading, -0.03*h).add(vec{0, 0.01 * h, 0}), 0.056*h, 0.045*h, p.hair)
	}
	st.capsule(q.head.mad(heading, 0.008*h), crown, 0.05*h, 0.054*h, p.skin)
	st.capsule(crown.mad(heading, -0.018*h).add(vec{0, 0.012 * h, 0}), crown.mad(heading, -0.012*h).add(vec{0, 0.022 * h, 0}), 0.056*h, 0.053*h, p.hair)
	arm(1 - back)
}

// shadows marks the shadows of a person.
func (p *person) shadows(st *stage, q *pose, at, heading vec) {
	h := p.height
	st.contact(at, heading, 0.3*h/1.7, 0.2*h/1.7, 0.42)
	for i := range 2 {
		st.shade(q.hips[i], q.knees[i], 0.05*h, 0.037*h)
		st.shade(q.knees[i], q.ankles[i], 0.037*h, 0.028*h)
		st.shade(q.shoulders[i], q.hands[i], 0.034*h, 0.024*h)
	}
	st.shade(q.neck, q.hip, 0.1*h, 0.085*h)
	st.shade(q.head, q.head.add(vec{0, 0.04 * h, 0}), 0.055*h, 0.055*h)
}
