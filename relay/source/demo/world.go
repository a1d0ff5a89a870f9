package demo

// The street, in metres: x across (left negative), y up, z along.
const (
	kerbLeft     = -3.6
	kerbRight    = 5.1 // behind the cycle lane
	cycleLane    = 3.6
	facadeLeft   = -8
	facadeRight  = 12
	zebraFrom    = 17.2
	zebraTo      = 20.4
	parkFrom     = 24
	parkTo       = 33
	junctionFrom = 119.5
	junctionTo   = 130.5
)

// lampCount is the number of street lamps in view, which a script may switch;
// one more stands behind the camera.
const (
	lampCount = 6
	lampsAll  = lampCount + 1
)

// lamps are where the lamps' heads are.
func lampHeads() [lampsAll]vec {
	return [lampsAll]vec{
		{-2.7, 6.3, 16}, {3.9, 6.3, 29}, {-2.7, 6.3, 42}, {3.9, 6.3, 55}, {-2.7, 6.3, 68}, {3.9, 6.3, 81}, {7, 7.2, -1},
	}
}

// style says how a box is dressed.
type style uint8

const (
	plain  style = iota
	house        // shop below, windows above
	office       // bands of glass
	far          // a silhouette with some lit windows
	lampHead
)

// box is an upright block.
type box struct {
	min, max vec
	style    style
	wall     vec
	trim     vec
	id       uint32
}

// pole is an upright round pole or trunk.
type pole struct {
	x, z, r, y0, y1 float32
	color           vec
	id              uint32
}

// crown is the leaves of a tree: a cluster of balls within a bounding ball.
type crown struct {
	center vec
	r      float32
	balls  []ball
	color  vec
	id     uint32
}

type ball struct {
	c vec
	r float32
}

// world is everything that does not move.
type world struct {
	boxes  []box
	poles  []pole
	crowns []crown
}

func newWorld(seed uint32) *world {
	w := &world{}
	brick, cream, ochre := vec{0.42, 0.17, 0.11}, vec{0.68, 0.6, 0.46}, vec{0.6, 0.36, 0.17}
	grey, blue, sand := vec{0.4, 0.41, 0.43}, vec{0.3, 0.37, 0.44}, vec{0.56, 0.47, 0.36}
	white, stone, dark := vec{0.75, 0.74, 0.7}, vec{0.5, 0.48, 0.44}, vec{0.06, 0.065, 0.07}
	green := vec{0.05, 0.16, 0.12}

	left := func(z0, z1, h float32, s style, wall, trim vec) {
		w.box(vec{-22, 0, z0}, vec{facadeLeft, h, z1}, s, wall, trim)
	}
	left(-6, parkFrom, 10.4, house, brick, white)
	left(parkTo, 46, 13.4, house, cream, white)
	left(46, 60, 10.4, house, ochre, white)
	left(60, 86, 16.6, office, blue, stone)
	left(86, 118, 13.4, house, sand, white)
	right := func(z0, z1, h float32, s style, wall, trim vec) {
		w.box(vec{facadeRight, 0, z0}, vec{26, h, z1}, s, wall, trim)
	}
	right(10, 27, 10.4, house, cream, white)
	right(27, 47, 13.4, house, brick, stone)
	right(47, 72, 10.4, office, grey, white)
	right(72, 118, 16.4, house, ochre, white)
	// Behind the park, across the junction, and far away.
	w.box(vec{-48, 0, 14}, vec{-30, 16.4, 62}, house, grey, white)
	w.box(vec{-60, 0, 132}, vec{-9, 16.4, 150}, house, sand, white)
	w.box(vec{-9, 0, 134}, vec{9, 13.4, 150}, house, cream, white)
	w.box(vec{9, 0, 132}, vec{60, 19.4, 150}, office, blue, white)
	w.box(vec{-22, 0, 240}, vec{-6, 46, 260}, far, blue, white)
	w.box(vec{3, 0, 300}, vec{20, 62, 320}, far, grey, white)
	w.box(vec{-70, 0, 260}, vec{-48, 38, 280}, far, sand, white)

	for i, h := range lampHeads() {
		if i == lampCount {
			break
		}
		side := float32(1.7)
		if h.x < 0 {
			side = -1.7
		}
		w.poles = append(w.poles, pole{h.x + side, h.z, 0.08, 0, h.y + 0.1, dark, w.next()},
			pole{h.x + side, h.z, 0.14, 0, 0.9, dark, w.next()})
		w.box(vec{min(h.x, h.x+side), h.y + 0.1, h.z - 0.05}, vec{max(h.x, h.x+side), h.y + 0.18, h.z + 0.05}, plain, dark, dark)
		w.box(vec{h.x - 0.42, h.y - 0.06, h.z - 0.16}, vec{h.x + 0.42, h.y + 0.12, h.z + 0.16}, lampHead, dark, dark)
		w.boxes[len(w.boxes)-1].id = uint32(i)
	}

	// Awnings of the near shops, planters, benches, a sign at the crossing.
	for i, z := range []float32{8.6, 12.6, 16.6, 20.6} {
		color := []vec{{0.45, 0.06, 0.06}, green, {0.08, 0.14, 0.35}, {0.5, 0.3, 0.05}}[i]
		w.box(vec{facadeLeft, 2.75, z - 1.6}, vec{facadeLeft + 1.1, 2.95, z + 1.6}, plain, color, color)
	}
	for _, z := range []float32{25, 28.4, 31.8} {
		w.box(vec{-8.3, 0, z - 0.6}, vec{-7.7, 0.55, z + 0.6}, plain, stone, stone)
		w.tree(vec{-8, 0.55, z}, 0.6, 0.05, seed)
	}
	w.box(vec{-8.6, 0.42, 26.1}, vec{-8.15, 0.5, 27.4}, plain, vec{0.3, 0.17, 0.08}, dark)
	w.box(vec{-8.65, 0.55, 26.1}, vec{-8.58, 0.95, 27.4}, plain, vec{0.3, 0.17, 0.08}, dark)
	w.poles = append(w.poles, pole{-4.1, 21.2, 0.05, 0, 3, grey, w.next()})
	w.box(vec{-4.4, 2.4, 21.15}, vec{-3.8, 3, 21.19}, plain, vec{0.02, 0.1, 0.5}, white)
	for i := range 7 {
		w.poles = append(w.poles, pole{-4.05, 5.5 + 1.6*float32(i), 0.07, 0, 0.85, dark, w.next()})
	}
	for _, p := range []vec{{-4.9, 0, 23.2}, {-4.9, 0, 36}, {-4.9, 0, 49}, {-4.9, 0, 62}, {-4.9, 0, 75}, {-4.9, 0, 96},
		{10.9, 0, 23}, {10.9, 0, 36}, {10.9, 0, 49}, {10.9, 0, 63}, {10.9, 0, 88},
		{-12, 0, 30.5}, {-16.5, 0, 27.5}, {-20, 0, 31}, {-26, 0, 29}} {
		w.tree(p, 2.9+unit(uint32(p.z), 3, seed)*0.8, 1.75+unit(uint32(p.z), 4, seed)*0.5, seed)
	}
	return w
}

func (w *world) next() uint32 {
	return uint32(len(w.boxes)+len(w.poles)+len(w.crowns)) + 100
}

func (w *world) box(lo, hi vec, s style, wall, trim vec) {
	w.boxes = append(w.boxes, box{lo, hi, s, wall, trim, w.next()})
}

// tree plants a tree, or a shrub without a trunk when trunk is below 1.
func (w *world) tree(at vec, trunk, r float32, seed uint32) {
	id := w.next()
	n := 120
	if trunk < 1 {
		n, r = 16, 0.42
	} else {
		w.poles = append(w.poles, pole{at.x, at.z, 0.13, 0, trunk + r, vec{0.13, 0.095, 0.065}, id})
	}
	tint := unit(id, 7, seed)
	c := crown{center: vec{at.x, at.y + trunk*0.8 + r, at.z}, id: id + 7000,
		color: mix(vec{0.075, 0.17, 0.035}, vec{0.15, 0.2, 0.04}, tint)}
	for i := range uint32(n) {
		// Balls near the surface of an egg.
		d := vec{unit(id, i, 11) - 0.5, unit(id, i, 12) - 0.45, unit(id, i, 13) - 0.5}.norm()
		d = d.scale(r * (0.35 + 0.55*unit(id, i, 14)))
		b := ball{c.center.add(vec{d.x, d.y * 1.15, d.z}), r * (0.13 + 0.11*unit(id, i, 15))}
		c.balls = append(c.balls, b)
		o := b.c.sub(c.center)
		c.r = max(c.r, sqrt(o.dot(o))+b.r)
	}
	w.crowns = append(w.crowns, c)
}
