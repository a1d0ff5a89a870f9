package demo

import "math"

// shape is a vehicle's side view: lengths from the tail, heights from the
// ground, half widths, all in metres.
type shape struct {
	length, half, roofHalf float32
	bottom, belt           float32
	hoodFrom, hoodTo       float32 // along: foot of the windscreen, edge of the nose
	hoodFront, noseTop     float32 // heights there and at the very front
	rearFoot, rearTop      float32 // along: rear window
	frontTop, roof         float32 // along: top of the windscreen; height
	wheel                  float32
	axles                  [2]float32
	panes                  []float32 // along: edges of the side windows, in pairs
}

var (
	hatch = shape{length: 4.1, half: 0.88, roofHalf: 0.62, bottom: 0.24, belt: 0.92, hoodFrom: 2.95, hoodTo: 3.85,
		hoodFront: 0.8, noseTop: 0.62, rearFoot: 0.08, rearTop: 0.5, frontTop: 2.15, roof: 1.47, wheel: 0.32,
		axles: [2]float32{0.72, 3.3}, panes: []float32{0.55, 1.35, 1.45, 2.5}}
	saloon = shape{length: 4.6, half: 0.9, roofHalf: 0.6, bottom: 0.24, belt: 0.92, hoodFrom: 3.35, hoodTo: 4.3,
		hoodFront: 0.78, noseTop: 0.6, rearFoot: 0.75, rearTop: 1.35, frontTop: 2.55, roof: 1.43, wheel: 0.33,
		axles: [2]float32{0.92, 3.7}, panes: []float32{1.2, 1.95, 2.05, 2.9}}
	offroad = shape{length: 4.5, half: 0.93, roofHalf: 0.72, bottom: 0.32, belt: 1.08, hoodFrom: 3.25, hoodTo: 4.25,
		hoodFront: 1.0, noseTop: 0.76, rearFoot: 0.05, rearTop: 0.38, frontTop: 2.5, roof: 1.7, wheel: 0.37,
		axles: [2]float32{0.85, 3.6}, panes: []float32{0.5, 1.5, 1.62, 2.75}}
	van = shape{length: 5.3, half: 0.98, roofHalf: 0.88, bottom: 0.32, belt: 1.2, hoodFrom: 4.55, hoodTo: 5.1,
		hoodFront: 1.0, noseTop: 0.75, rearFoot: 0.02, rearTop: 0.08, frontTop: 3.75, roof: 2.25, wheel: 0.34,
		axles: [2]float32{0.95, 4.25}, panes: []float32{3.4, 4.15}}
)

// paints are cars' colours as linear albedo, the common ones more than once.
var paints = []vec{{0.62, 0.62, 0.61}, {0.03, 0.03, 0.034}, {0.3, 0.31, 0.33}, {0.42, 0.025, 0.02}, {0.03, 0.09, 0.3},
	{0.14, 0.145, 0.15}, {0.62, 0.62, 0.61}, {0.02, 0.12, 0.09}, {0.55, 0.28, 0.03}, {0.16, 0.26, 0.36}}

// vehicle is a car or van in the street.
type vehicle struct {
	*shape
	paint   vec
	at      vec // below its middle
	heading vec
	rolled  float32 // metres
}

func newVehicle(id, seed uint32) vehicle {
	shapes := [...]*shape{&hatch, &saloon, &offroad, &hatch, &van, &saloon, &offroad}
	v := vehicle{shape: shapes[hash(id, 1, seed)%uint32(len(shapes))], paint: paints[hash(id, 2, seed)%uint32(len(paints))]}
	if v.shape == &van && unit(id, 3, seed) < 0.6 {
		v.paint = vec{0.62, 0.62, 0.6}
	}
	return v
}

// point is a place of the vehicle: along from the tail, height, side.
func (v *vehicle) point(along, y, side float32) vec {
	return v.at.mad(v.heading, along-v.length/2).add(vec{v.heading.z * side, y, -v.heading.x * side})
}

// visible is a face turned outwards whose front is seen.
func (v *vehicle) visible(st *stage, corners []vec) (normal vec, seen bool) {
	n := corners[1].sub(corners[0]).cross(corners[2].sub(corners[0])).norm()
	if n.dot(corners[0].sub(v.point(v.length*0.5, 0.7, 0))) < 0 {
		n = n.scale(-1)
	}
	return n, n.dot(st.s.cam.pos.sub(corners[0])) > 0
}

var (
	glassTint = vec{0.035, 0.045, 0.055}
	rubber    = vec{0.016, 0.016, 0.017}
	metal     = vec{0.4, 0.41, 0.42}
)

func (v *vehicle) draw(st *stage) {
	panel := func(albedo vec, c ...vec) bool {
		n, seen := v.visible(st, c)
		if seen {
			st.flat(st.color(albedo, n), 1, c...)
		}
		return seen
	}
	glass := func(c ...vec) {
		n, seen := v.visible(st, c)
		if !seen {
			return
		}
		st.flat(st.color(glassTint, n), 1, c...)
		// The sky in the upper part.
		if len(c) == 4 {
			sky := st.color(vec{0.3, 0.34, 0.38}, vec{0, 1, 0})
			lo, hi := mix(c[0], c[3], 0.55), mix(c[1], c[2], 0.55)
			st.flat(sky, 0.45, lo, hi, c[2], c[3])
		}
	}
	w, rw, L := v.half, v.roofHalf, v.length
	near := float32(1) // the side towards the camera
	if v.point(0, 0, 1).sub(v.point(0, 0, 0)).dot(st.s.cam.pos.sub(v.at)) < 0 {
		near = -1
	}
	// The dark underside and the wheels of the far side.
	st.flat(st.color(rubber, vec{0, -1, 0}), 1, v.point(0.1, v.bottom, -w), v.point(0.1, v.bottom, w), v.point(L-0.1, v.bottom, w), v.point(L-0.1, v.bottom, -w))
	for _, a := range v.axles {
		v.tyre(st, a, -near*(w-0.1))
	}
	front := v.heading.dot(st.s.cam.pos.sub(v.at)) > 0
	end := func(rear bool) {
		if rear {
			panel(v.paint, v.point(0, v.bottom, -w), v.point(0, v.bottom, w), v.point(0, v.belt-0.06, w*0.97), v.point(0, v.belt-0.06, -w*0.97))
		} else {
			panel(v.paint, v.point(L, v.bottom, -w*0.94), v.point(L, v.bottom, w*0.94), v.point(L, v.noseTop, w*0.94), v.point(L, v.noseTop, -w*0.94))
			panel(v.paint, v.point(L, v.noseTop, -w*0.94), v.point(L, v.noseTop, w*0.94), v.point(v.hoodTo, v.hoodFront, w*0.97), v.point(v.hoodTo, v.hoodFront, -w*0.97))
		}
	}
	if front {
		end(false)
	} else {
		end(true)
	}
	for _, s := range [2]float32{-near, near} {
		ws := w * s
		panel(v.paint, v.point(0, v.bottom, ws), v.point(0, v.belt-0.06, ws*0.97), v.point(0.06, v.belt, ws*0.97), v.point(v.hoodFrom, v.belt, ws*0.97),
			v.point(v.hoodTo, v.hoodFront, ws*0.97), v.point(L, v.noseTop, ws*0.94), v.point(L, v.bottom, ws*0.94))
	}
	panel(v.paint, v.point(v.hoodFrom, v.belt, -w*0.97), v.point(v.hoodFrom, v.belt, w*0.97), v.point(v.hoodTo, v.hoodFront, w*0.97), v.point(v.hoodTo, v.hoodFront, -w*0.97))
	panel(v.paint, v.point(0, v.belt, -w*0.97), v.point(0, v.belt, w*0.97), v.point(v.rearTop+0.3, v.belt, w*0.97), v.point(v.rearTop+0.3, v.belt, -w*0.97))
	// The cabin, its roof last.
	cw := w * 0.95
	rear := []vec{v.point(v.rearFoot, v.belt, -cw), v.point(v.rearFoot, v.belt, cw), v.point(v.rearTop, v.roof, rw), v.point(v.rearTop, v.roof, -rw)}
	screen := []vec{v.point(v.hoodFrom, v.belt, -cw), v.point(v.hoodFrom, v.belt, cw), v.point(v.frontTop, v.roof, rw), v.point(v.frontTop, v.roof, -rw)}
	for _, pane := range [][]vec{rear, screen} {
		if panel(v.paint, pane...) && (v.shape != &van || &pane[0] == &screen[0]) {
			glass(inset(pane, 0.09)...)
		}
	}
	for _, s := range [2]float32{-near, near} {
		side := []vec{v.point(v.rearFoot, v.belt, s*cw), v.point(v.hoodFrom, v.belt, s*cw), v.point(v.frontTop, v.roof, s*rw), v.point(v.rearTop, v.roof, s*rw)}
		if !panel(v.paint.scale(0.95), side...) {
			continue
		}
		for i := 0; i+1 < len(v.panes); i += 2 {
			lo, hi := v.belt+0.05, v.roof-0.09
			// Windows follow the slope of the screens.
			x0, x1 := v.panes[i], v.panes[i+1]
			t0, t1 := x0, min(x1, lerp(v.hoodFrom, v.frontTop, (hi-v.belt)/(v.roof-v.belt))-0.06)
			if i == 0 {
				t0 = max(x0, lerp(v.rearFoot, v.rearTop, 0.9)+0.12)
				x0 = min(x0, lerp(v.rearFoot, v.rearTop, 0.2)+0.2)
				if v.shape == &van {
					x0 = v.panes[0]
				}
			}
			if i+2 >= len(v.panes) {
				x1 = lerp(v.hoodFrom, v.frontTop, 0.14) - 0.12
			}
			k := func(y float32) float32 { return lerp(cw, rw, (y-v.belt)/(v.roof-v.belt)) * s * 1.003 }
			glass(v.point(x0, lo, k(lo)), v.point(x1, lo, k(lo)), v.point(t1, hi, k(hi)), v.point(t0, hi, k(hi)))
		}
	}
	panel(v.paint, v.point(v.rearTop, v.roof, -rw), v.point(v.rearTop, v.roof, rw), v.point(v.frontTop, v.roof, rw), v.point(v.frontTop, v.roof, -rw))
	v.details(st, near, front)
}

// details are what makes a box a car: wheels, sill, doors, lights, plate.
func (v *vehicle) details(st *stage, near float32, front bool) {
	w, L := v.half, v.length
	normal := vec{v.heading.z * near, 0, -v.heading.x * near}
	if normal.dot(st.s.cam.pos.sub(v.point(L/2, 0.6, near*w))) > 0 {
		dark := st.color(rubber, normal)
		s := near * w * 1.002
		st.flat(dark, 0.85, v.point(0.1, v.bottom, s), v.point(L-0.1, v.bottom, s*0.96), v.point(L-0.1, v.bottom+0.1, s*0.96), v.point(0.1, v.bottom+0.1, s))
		for i, x := range v.panes {
			if i > 0 || v.shape == &van {
				d := x - 0.05
				st.flat(dark, 0.5, v.point(d, v.bottom+0.1, s), v.point(d+0.025, v.bottom+0.1, s), v.point(d+0.025, v.belt, s*0.97), v.point(d, v.belt, s*0.97))
			}
		}
		light := st.color(mix(v.paint, vec{1, 1, 1}, 0.25), vec{normal.x * 0.5, 0.8, normal.z * 0.5}.norm())
		st.flat(light, 0.6, v.point(0.1, v.belt-0.17, s), v.point(v.hoodFrom, v.belt-0.15, s), v.point(v.hoodFrom, v.belt-0.1, s), v.point(0.1, v.belt-0.11, s))
		for _, a := range v.axles {
			v.wheelAt(st, a, near)
		}
		// The mirror.
		st.capsule(v.point(v.hoodFrom-0.3, v.belt+0.1, near*(w+0.06)), v.point(v.hoodFrom-0.22, v.belt+0.12, near*(w+0.12)), 0.08, 0.08, v.paint.scale(0.8))
	}
	along, lampY := float32(0.0), v.belt-0.3
	lampW, bulb := float32(0.26), vec{0.5, 0.015, 0.012}
	if front {
		along, lampY = L, v.noseTop-0.12
		lampW, bulb = 0.34, vec{0.75, 0.76, 0.78}
		n := v.heading
		st.flat(st.color(rubber, n), 1, v.point(along, lampY-0.12, -w*0.5), v.point(along, lampY-0.12, w*0.5), v.point(along, lampY+0.06, w*0.5), v.point(along, lampY+0.06, -w*0.5))
		st.flat(st.color(rubber, n), 1, v.point(along, v.bottom, -w*0.9), v.point(along, v.bottom, w*0.9), v.point(along, v.bottom+0.1, w*0.9), v.point(along, v.bottom+0.1, -w*0.9))
	} else {
		st.flat(st.color(rubber, v.heading), 1, v.point(along, v.bottom, -w*0.96), v.point(along, v.bottom, w*0.96), v.point(along, v.bottom+0.16, w*0.96), v.point(along, v.bottom+0.16, -w*0.96))
	}
	facing := v.heading.scale(2*boolean32(front) - 1)
	if facing.dot(st.s.cam.pos.sub(v.point(along, lampY, 0))) <= 0 {
		return
	}
	plate := st.color(vec{0.65, 0.64, 0.5}, facing)
	st.flat(plate, 1, v.point(along, lampY-0.24, -0.26), v.point(along, lampY-0.24, 0.26), v.point(along, lampY-0.13, 0.26), v.point(along, lampY-0.13, -0.26))
	for _, s := range [2]float32{-1, 1} {
		c := st.color(bulb, facing)
		if st.light.headlights {
			c = vec{1, 0.97, 0.88}.toYUV()
			if !front {
				c = vec{0.95, 0.08, 0.06}.toYUV()
			}
		}
		in, out := s*(w*0.93-lampW), s*w*0.93
		st.flat(c, 1, v.point(along, lampY-0.06, in), v.point(along, lampY-0.06, out), v.point(along, lampY+0.08, out), v.point(along, lampY+0.08, in))
	}
}

// tyre draws a wheel of the far side.
func (v *vehicle) tyre(st *stage, along, side float32) {
	v.disc(st, along, side, v.wheel, st.color(rubber, vec{0, 0, 0}), 1)
}

// wheelAt draws a wheel of the near side with its arch and turning spokes.
func (v *vehicle) wheelAt(st *stage, along, near float32) {
	s := near * v.half
	v.disc(st, along, s*0.985, v.wheel*1.18, st.color(rubber.scale(0.6), vec{0, 0, 0}), 1)
	v.disc(st, along, s*1.004, v.wheel, st.color(rubber.scale(1.3), vec{0, 0.4, 0}), 1)
	v.disc(st, along, s*1.008, v.wheel*0.66, st.color(metal, vec{0, 0.3, 0}), 1)
	dark := st.color(rubber, vec{0, 0, 0})
	turn := v.rolled / v.wheel
	for i := range 5 {
		a := -turn + float32(i)*2*math.Pi/5
		p := func(r, d float32) vec {
			return v.point(along+r*v.wheel*cos(a+d), v.wheel+r*v.wheel*sin(a+d), s*1.01)
		}
		st.flat(dark, 0.8, p(0.2, -0.35), p(0.58, -0.34), p(0.58, 0.34), p(0.2, 0.35))
	}
}

func (v *vehicle) disc(st *stage, along, side, r float32, c yuv, alpha float32) {
	var rim [16]vec
	for i := range rim {
		a := float32(i) * math.Pi / 8
		rim[i] = v.point(along+r*cos(a), max(v.wheel+r*sin(a), 0.01), side)
	}
	st.flat(c, alpha, rim[:]...)
}

// inset shrinks a four-cornered face towards its middle.
func inset(c []vec, by float32) []vec {
	m := mix(mix(c[0], c[1], 0.5), mix(c[2], c[3], 0.5), 0.5)
	out := make([]vec, len(c))
	for i := range c {
		out[i] = mix(c[i], m, by*1.6)
	}
	return out
}

// shadows marks the vehicle's shadow.
func (v *vehicle) shadows(st *stage) {
	st.contact(v.at, v.heading, v.length*0.54, v.half*1.12, 0.62)
	for i, share := range st.shares {
		if share == 0 || !st.sun[i] {
			continue
		}
		toSun := st.s.lights[st.keys[i]].toSun
		cast := func(c ...vec) {
			pts := st.buf[:0]
			for _, p := range c {
				q, d := st.s.cam.project(ground(p, toSun))
				if d < near {
					return
				}
				pts = append(pts, q)
			}
			st.shadow(hull(pts), 0.55*share)
		}
		w, rw := v.half, v.roofHalf
		cast(v.point(0, 0.1, -w), v.point(0, 0.1, w), v.point(v.length, 0.1, w), v.point(v.length, 0.1, -w),
			v.point(0, v.belt, -w), v.point(0, v.belt, w), v.point(v.hoodFrom, v.belt, w), v.point(v.hoodFrom, v.belt, -w),
			v.point(v.length, v.noseTop, w), v.point(v.length, v.noseTop, -w))
		cast(v.point(v.rearFoot, v.belt, -w), v.point(v.rearFoot, v.belt, w), v.point(v.hoodFrom, v.belt, w), v.point(v.hoodFrom, v.belt, -w),
			v.point(v.rearTop, v.roof, -rw), v.point(v.rearTop, v.roof, rw), v.point(v.frontTop, v.roof, rw), v.point(v.frontTop, v.roof, -rw))
	}
}

// beams are the halos of a vehicle's lamps and the light before it.
func (v *vehicle) beams(st *stage) {
	if !st.light.headlights {
		return
	}
	toCamera := st.s.cam.pos.sub(v.at).norm()
	ahead := v.heading.dot(toCamera)
	for _, s := range [2]float32{-0.7, 0.7} {
		along, y := v.length, v.noseTop-0.1
		if ahead < 0 {
			along, y = 0, v.belt-0.3
		}
		p, d := st.s.cam.project(v.point(along, y, s*v.half))
		if d < near {
			continue
		}
		r := st.s.cam.focal / d
		if ahead > 0 {
			st.glow(p, r*(0.35+1.1*ahead*ahead), st.depth, 60+110*ahead, -6, 2)
		} else {
			st.glow(p, r*0.45, st.depth, 30, -8, 42)
		}
	}
	dark := 1 - float32(st.light.mix[keyDusk])/255*0.6 - float32(st.light.mix[keyDay])/255
	for _, reach := range [3]float32{2.6, 5.5, 9.5} {
		at := v.at.mad(v.heading, v.length/2+reach)
		p, d := st.s.cam.project(at)
		if d < near {
			continue
		}
		q, dq := st.s.cam.project(at.mad(v.heading, reach*0.6))
		if dq < near {
			continue // it would be as large as the picture
		}
		k := st.s.cam.focal / d
		st.pool(p, max(abs(q.x-p.x), k*1.3), max(abs(q.y-p.y), k*0.45*st.s.cam.pos.y/d*2), dark*(58-4*reach))
	}
}
