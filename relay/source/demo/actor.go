package demo

import "math"

// stage is what actors need to draw themselves in one picture.
type stage struct {
	*canvas
	s      *Scene
	light  daylight
	keys   [2]int // key lights in force and their shares
	shares [2]float32
	sun    [2]bool // the sun reaches the actor, for each key light
	irr    [2]vec  // ambient light on the actor from the side
	lamps  vec     // light of the lamps on the actor
	depth  float32 // of the actor
	buf    [40]point
}

// enter prepares for an actor at a place on the ground.
func (st *stage) enter(at vec) {
	_, st.depth = st.s.cam.project(at)
	n := 0
	st.shares = [2]float32{}
	chest := vec{at.x, 0.9, at.z}
	for k, w := range st.light.mix {
		if w == 0 || n == 2 {
			continue
		}
		l := &st.s.lights[k]
		st.keys[n], st.shares[n] = k, float32(w)/255
		st.sun[n] = k != keyNight && !st.s.world.shaded(chest, l.toSun)
		st.irr[n] = mix(l.bounce, l.sky, 0.5)
		n++
	}
	st.lamps = vec{}
	for i, head := range lampHeads() {
		if st.light.lamps[i] == 0 {
			continue
		}
		to := head.sub(vec{at.x, 1.2, at.z})
		d2 := to.dot(to)
		if d2 < 26*26 {
			d := sqrt(d2)
			st.lamps = st.lamps.mad(lampColor, smooth(-0.05, 0.75, to.y/d)/(d2+1)*smooth(26, 12, d)*0.7*float32(st.light.lamps[i])/255)
		}
	}
}

// color is the display colour of a surface of the actor.
func (st *stage) color(albedo, normal vec) yuv {
	var out vec
	for i, share := range st.shares {
		if share == 0 {
			continue
		}
		l := &st.s.lights[st.keys[i]]
		e := st.irr[i].add(l.sky.sub(l.bounce).scale(0.5 * normal.y))
		if st.sun[i] {
			e = e.mad(l.sun, max(0, normal.dot(l.toSun)))
		}
		e = e.mad(st.lamps, 0.55+0.45*normal.y)
		out = out.mad(st.s.tones.display(albedo.mul(e), l.exposure), share)
	}
	return out.toYUV()
}

// flat draws a polygon of world points in a display colour.
func (st *stage) flat(color yuv, alpha float32, corners ...vec) {
	pts := st.buf[:0]
	for _, v := range corners {
		p, depth := st.s.cam.project(v)
		if depth < near {
			return
		}
		pts = append(pts, p)
	}
	st.fill(pts, color, st.depth, alpha)
}

// capsule draws a rounded limb from a to b with radii in metres.
func (st *stage) capsule(a, b vec, ra, rb float32, albedo vec) {
	pa, da := st.s.cam.project(a)
	pb, db := st.s.cam.project(b)
	if da < near || db < near {
		return
	}
	ra, rb = ra*st.s.cam.focal/da, rb*st.s.cam.focal/db
	mid := st.color(albedo, vec{0, 0.2, 0})
	if max(ra, rb) < 2.2 {
		st.fill(st.outline(pa, pb, max(ra, 0.3), max(rb, 0.3), 2), mid, st.depth, 1)
		return
	}
	// Rounded: a dark rim, the body, and a lighter side towards the light.
	dark := yuv{uint8(16 + (int(max(mid.y, 16))-16)*74/100), mid.u, mid.v}
	side := st.sunSide()
	lightSide := st.color(albedo, vec{side * 0.5, 0.7, 0}.norm())
	st.fill(st.outline(pa, pb, ra, rb, 5), dark, st.depth, 1)
	shift := func(p point, r, k float32) point { return point{p.x + side*r*k, p.y - r*k*0.5} }
	st.fill(st.outline(shift(pa, ra, 0.14), shift(pb, rb, 0.14), ra*0.84, rb*0.84, 5), mid, st.depth, 1)
	st.fill(st.outline(shift(pa, ra, 0.34), shift(pb, rb, 0.34), ra*0.45, rb*0.45, 4), lightSide, st.depth, 0.8)
}

// sunSide is 1 where the light comes from the right of the picture, else -1.
func (st *stage) sunSide() float32 {
	if st.s.lights[st.keys[0]].toSun.dot(st.s.cam.right) < 0 {
		return -1
	}
	return 1
}

// outline is the convex hull of two circles, each with n points on its arc
// less one.
func (st *stage) outline(a, b point, ra, rb float32, n int) []point {
	dx, dy := b.x-a.x, b.y-a.y
	d := sqrt(dx*dx + dy*dy)
	pts := st.buf[:0]
	if d <= abs(ra-rb)+0.01 {
		c, r := a, ra
		if rb > ra {
			c, r = b, rb
		}
		for i := range 2 * n {
			t := float32(i) * math.Pi / float32(n)
			pts = append(pts, point{c.x + r*cos(t), c.y + r*sin(t)})
		}
		return pts
	}
	axis := float32(math.Atan2(float64(dy), float64(dx)))
	open := float32(math.Acos(float64((ra - rb) / d)))
	for i := range n { // around a, on the side away from b
		t := axis + open + (2*math.Pi-2*open)*float32(i)/float32(n-1)
		pts = append(pts, point{a.x + ra*cos(t), a.y + ra*sin(t)})
	}
	for i := range n { // around b
		t := axis - open + 2*open*float32(i)/float32(n-1)
		pts = append(pts, point{b.x + rb*cos(t), b.y + rb*sin(t)})
	}
	return pts
}

// ground is where a point's shadow falls.
func ground(v, toSun vec) vec { return v.mad(toSun, -v.y/toSun.y) }

// shade marks the shadow of a capsule for each sun that reaches the actor.
func (st *stage) shade(a, b vec, ra, rb float32) {
	for i, share := range st.shares {
		if share == 0 || !st.sun[i] {
			continue
		}
		l := &st.s.lights[st.keys[i]]
		pa, da := st.s.cam.project(ground(a, l.toSun))
		pb, db := st.s.cam.project(ground(b, l.toSun))
		if da < near || db < near {
			continue
		}
		k := st.s.cam.focal
		st.shadow(st.outline(pa, pb, max(ra*k/da, 0.4), max(rb*k/db, 0.4), 3), 0.55*share)
	}
}

// contact darkens the ground right below an actor: an ellipse of the given
// half sizes along and across its heading.
func (st *stage) contact(at, heading vec, along, across, strength float32) {
	side := vec{heading.z, 0, -heading.x}
	for ring := range 3 {
		grow := 1 - 0.22*float32(ring)
		pts := st.buf[:0]
		for i := range 12 {
			t := float32(i) * math.Pi / 6
			p, d := st.s.cam.project(at.mad(heading, along*grow*cos(t)).mad(side, across*grow*sin(t)))
			if d < near {
				return
			}
			pts = append(pts, p)
		}
		st.shadow(pts, strength*float32(ring+1)/3)
	}
}
