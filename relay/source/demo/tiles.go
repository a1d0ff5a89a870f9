package demo

// tiles are parts of the picture, each with the part of the world that can be
// seen in it, so that a ray need not be tried on everything.
type tiles struct {
	across int
	worlds []*world
}

const tileSize = 40

func newTiles(w *world, cam *camera, width, height int) *tiles {
	t := &tiles{across: (width + tileSize - 1) / tileSize}
	down := (height + tileSize - 1) / tileSize
	t.worlds = make([]*world, t.across*down)
	for i := range t.worlds {
		t.worlds[i] = &world{}
	}
	each := func(lo, hi vec, add func(*world)) {
		b := seenIn(cam, lo, hi, width, height)
		for y := b.y0 / tileSize; y*tileSize < b.y1; y++ {
			for x := b.x0 / tileSize; x*tileSize < b.x1; x++ {
				add(t.worlds[y*t.across+x])
			}
		}
	}
	for _, b := range w.boxes {
		each(b.min, b.max, func(w *world) { w.boxes = append(w.boxes, b) })
	}
	for _, p := range w.poles {
		each(vec{p.x - p.r, p.y0, p.z - p.r}, vec{p.x + p.r, p.y1, p.z + p.r}, func(w *world) { w.poles = append(w.poles, p) })
	}
	for _, c := range w.crowns {
		r := vec{c.r, c.r, c.r}
		each(c.center.sub(r), c.center.add(r), func(w *world) { w.crowns = append(w.crowns, c) })
	}
	return t
}

// at is what can be seen in a pixel.
func (t *tiles) at(x, y int) *world { return t.worlds[y/tileSize*t.across+x/tileSize] }

// seenIn bounds the pixels in which a block can be seen; all of them if it
// reaches beside the camera.
func seenIn(cam *camera, lo, hi vec, width, height int) bounds {
	var x0, y0, x1, y1 float32 = 1e9, 1e9, -1e9, -1e9
	behind := 0
	for i := range 8 {
		p, depth := cam.project(vec{pick(i&1, lo.x, hi.x), pick(i&2, lo.y, hi.y), pick(i&4, lo.z, hi.z)})
		if depth < 0.2 {
			behind++
			continue
		}
		x0, x1 = min(x0, p.x), max(x1, p.x)
		y0, y1 = min(y0, p.y), max(y1, p.y)
	}
	if behind == 8 {
		return bounds{}
	}
	if behind > 0 {
		return bounds{0, 0, width, height}
	}
	return bounds{clampInt(x0-1, width), clampInt(y0-1, height), clampInt(x1+2, width), clampInt(y1+2, height)}
}

func pick(bit int, a, b float32) float32 {
	if bit == 0 {
		return a
	}
	return b
}

func clampInt(v float32, limit int) int { return int(min(max(v, 0), float32(limit))) }
