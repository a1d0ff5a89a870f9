package demo

// hit is what a ray meets.
type hit struct {
	t      float32 // distance; 0: nothing
	normal vec
	box    *box
	pole   *pole
	crown  *crown
	ball   int
	ground bool
}

// trace finds the first thing along a ray.
func (w *world) trace(o, d vec) hit {
	best := hit{t: 1e9}
	if d.y < -1e-5 {
		best = hit{t: -o.y / d.y, normal: vec{0, 1, 0}, ground: true}
	}
	inv := vec{1 / nonzero(d.x), 1 / nonzero(d.y), 1 / nonzero(d.z)}
	for i := range w.boxes {
		b := &w.boxes[i]
		if t, n := b.enter(o, inv); t > 0 && t < best.t {
			best = hit{t: t, normal: n, box: b}
		}
	}
	for i := range w.poles {
		p := &w.poles[i]
		if t := p.enter(o, d); t > 0 && t < best.t {
			at := o.mad(d, t)
			best = hit{t: t, normal: vec{at.x - p.x, 0, at.z - p.z}.norm(), pole: p}
		}
	}
	for i := range w.crowns {
		c := &w.crowns[i]
		if t := (ball{c.center, c.r}).enter(o, d); t <= 0 || t > best.t {
			continue
		}
		for k := range c.balls {
			t := c.balls[k].enter(o, d)
			if t <= 0 || t >= best.t {
				continue
			}
			// Leaves are loose at the rim of a ball.
			at := o.mad(d, t)
			n := at.sub(c.balls[k].c).scale(1 / c.balls[k].r)
			if rim := 1 + n.dot(d); rim > 0.45 && noise2(at.x*7+at.z*5, at.y*8, 25) < (rim-0.3)*0.95 {
				continue
			}
			best = hit{t: t, normal: n, crown: c, ball: k}
		}
	}
	if best.t > 1e8 {
		return hit{}
	}
	return best
}

// shaded says whether something is between a point and the sun.
func (w *world) shaded(o, d vec) bool {
	inv := vec{1 / nonzero(d.x), 1 / nonzero(d.y), 1 / nonzero(d.z)}
	for i := range w.boxes {
		if t, _ := w.boxes[i].enter(o, inv); t > 0.02 {
			return true
		}
	}
	for i := range w.crowns {
		c := &w.crowns[i]
		// From inside a crown its own shade is left to its shading.
		if q := o.sub(c.center); q.dot(q) < c.r*c.r {
			continue
		}
		if (ball{c.center, c.r}).enter(o, d) <= 0 {
			continue
		}
		for k := range c.balls {
			if c.balls[k].enter(o, d) > 0 {
				return true
			}
		}
	}
	for i := range w.poles {
		if w.poles[i].enter(o, d) > 0.05 {
			return true
		}
	}
	return false
}

func nonzero(v float32) float32 {
	if abs(v) < 1e-7 {
		return 1e-7
	}
	return v
}

// enter is the distance at which a ray enters the box, 0 if it does not.
func (b *box) enter(o, inv vec) (float32, vec) {
	ax, bx := (b.min.x-o.x)*inv.x, (b.max.x-o.x)*inv.x
	ay, by := (b.min.y-o.y)*inv.y, (b.max.y-o.y)*inv.y
	az, bz := (b.min.z-o.z)*inv.z, (b.max.z-o.z)*inv.z
	nx, ny, nz := float32(-1), float32(-1), float32(-1)
	if ax > bx {
		ax, bx, nx = bx, ax, 1
	}
	if ay > by {
		ay, by, ny = by, ay, 1
	}
	if az > bz {
		az, bz, nz = bz, az, 1
	}
	t := max(ax, ay, az)
	if t <= 0 || t > min(bx, by, bz) {
		return 0, vec{}
	}
	switch t {
	case ax:
		return t, vec{nx, 0, 0}
	case ay:
		return t, vec{0, ny, 0}
	}
	return t, vec{0, 0, nz}
}

func (p *pole) enter(o, d vec) float32 {
	ox, oz := o.x-p.x, o.z-p.z
	a := d.x*d.x + d.z*d.z
	b := ox*d.x + oz*d.z
	disc := b*b - a*(ox*ox+oz*oz-p.r*p.r)
	if disc < 0 || a == 0 {
		return 0
	}
	t := (-b - sqrt(disc)) / a
	if y := o.y + d.y*t; t <= 0 || y < p.y0 || y > p.y1 {
		return 0
	}
	return t
}

func (s ball) enter(o, d vec) float32 {
	q := o.sub(s.c)
	b := q.dot(d)
	disc := b*b - q.dot(q) + s.r*s.r
	if disc < 0 {
		return 0
	}
	return max(0, -b-sqrt(disc))
}
