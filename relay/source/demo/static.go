package demo

import (
	"runtime"
	"sync"
)

// backdrop is the street without anything that moves: one picture for each key
// light, what each lamp and each window adds to it, and what can hide a moving
// thing.
type backdrop struct {
	width, height int
	base          [keyCount]*Picture
	glows         []glow
	hideDepth     []float32 // depth of what stands in a pixel
	hideShare     []uint8   // how much of the pixel it fills, 0 on open ground
}

// glow is what one light adds to the picture. Its pixels are listed with what
// they gain at full brightness.
type glow struct {
	lamp    int // index of a street lamp, or -1 for a window
	on, off float32
	at      []int32
	y       []int16
	cAt     []int32
	u, v    []int8
}

// sample is one ray's contribution.
type sample struct {
	color  [keyCount]vec // display colours
	lamps  [lampsAll]vec // display gain of each lamp at night
	lit    uint8         // which lamps have any
	window uint32
	inside vec
	depth  float32 // of a thing that can hide others; 0: open ground or sky
}

// entry is a pixel's gain from one light.
type entry struct {
	x, lamp int32
	window  uint32
	gain    vec
}

// newBackdrop draws the street once, on all processors.
func newBackdrop(w *world, cam camera, width, height int, tones *tone, seed uint32) *backdrop {
	b := &backdrop{width: width, height: height,
		hideDepth: make([]float32, width*height), hideShare: make([]uint8, width*height)}
	full := [keyCount][3][]uint8{} // planes at full resolution
	for k := range b.base {
		b.base[k] = NewPicture(width, height)
		full[k] = [3][]uint8{b.base[k].Y, make([]uint8, width*height), make([]uint8, width*height)}
	}
	p := &painter{w: w, tiles: newTiles(w, &cam, width, height), cam: cam, lights: keyLights(), heads: lampHeads(), tones: tones, seed: seed}
	keys := make([]uint32, width*height)
	eachRow(height, func(y int) {
		for x := range width {
			keys[y*width+x] = p.keyAt(x, y)
		}
	})
	rows := make([][]entry, height)
	eachRow(height, func(y int) {
		for x := range width {
			i := y*width + x
			k := keys[i]
			offsets := onePoint
			if x > 0 && keys[i-1] != k || x < width-1 && keys[i+1] != k || y > 0 && keys[i-width] != k || y < height-1 && keys[i+width] != k {
				offsets = fourPoints
			}
			rows[y] = p.pixel(b, &full, x, y, offsets, rows[y])
		}
	})
	for k := range b.base {
		halve(full[k][1], b.base[k].U, width, height)
		halve(full[k][2], b.base[k].V, width, height)
	}
	b.collect(rows, p)
	return b
}

// eachRow calls f for each row, some at the same time.
func eachRow(height int, f func(y int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for n := range workers {
		wg.Go(func() {
			for y := n; y < height; y += workers {
				f(y)
			}
		})
	}
	wg.Wait()
}

var (
	onePoint   = []point{{0.5, 0.5}}
	fourPoints = []point{{0.375, 0.125}, {0.875, 0.375}, {0.625, 0.875}, {0.125, 0.625}}
)

// halve averages a plane in blocks of 2x2.
func halve(src, dst []uint8, width, height int) {
	for y := range height / 2 {
		a, b := src[2*y*width:], src[(2*y+1)*width:]
		for x := range width / 2 {
			dst[y*width/2+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
	}
}

// painter finds the colours of points of the picture.
type painter struct {
	w      *world
	tiles  *tiles
	cam    camera
	lights [keyCount]light
	heads  [lampsAll]vec
	tones  *tone
	seed   uint32
}

// keyAt names what is seen in a pixel's middle.
func (p *painter) keyAt(x, y int) uint32 {
	d := p.cam.ray(float32(x)+0.5, float32(y)+0.5)
	h := p.tiles.at(x, y).trace(p.cam.pos, d)
	if h.t == 0 {
		return 0
	}
	s := p.w.surfaceAt(h, p.cam.pos.mad(d, h.t), 1/p.cam.focal, p.seed)
	return s.key
}

// pixel draws a pixel into the planes and appends what lights add to it.
func (p *painter) pixel(b *backdrop, full *[keyCount][3][]uint8, x, y int, offsets []point, out []entry) []entry {
	i := y*b.width + x
	share := 1 / float32(len(offsets))
	var sum sample
	var depth float32
	covered := 0
	var windows []entry
	for _, o := range offsets {
		s := p.sample(p.tiles.at(x, y), float32(x)+o.x, float32(y)+o.y)
		for k := range sum.color {
			sum.color[k] = sum.color[k].mad(s.color[k], share)
		}
		for l := range sum.lamps {
			if s.lit>>l&1 == 1 {
				sum.lamps[l] = sum.lamps[l].mad(s.lamps[l], share)
				sum.lit |= 1 << l
			}
		}
		if s.window != 0 {
			windows = append(windows, entry{x: int32(x), lamp: -1, window: s.window, gain: s.inside.scale(share)})
		}
		if s.depth > 0 {
			covered++
			depth += s.depth
		}
	}
	for k, c := range sum.color {
		v := c.toYUV()
		full[k][0][i], full[k][1][i], full[k][2][i] = v.y, v.u, v.v
	}
	if covered > 0 {
		b.hideDepth[i], b.hideShare[i] = depth/float32(covered), uint8(255*covered/len(offsets))
	}
	for l, g := range sum.lamps {
		if sum.lit>>l&1 == 1 && max(g.x, g.y, g.z) > 0.002 {
			out = append(out, entry{x: int32(x), lamp: int32(l), gain: g})
		}
	}
	for n, e := range windows {
		for m := n + 1; m < len(windows); m++ {
			if windows[m].window == e.window {
				e.gain = e.gain.add(windows[m].gain)
				windows[m].window = 0
			}
		}
		if e.window != 0 {
			out = append(out, e)
		}
	}
	return out
}

// sample follows one ray to what can be seen there.
func (p *painter) sample(seen *world, x, y float32) sample {
	d := p.cam.ray(x, y)
	h := seen.trace(p.cam.pos, d)
	var out sample
	p.halos(&out, d)
	if h.t == 0 {
		for k := range p.lights {
			out.color[k] = p.tones.display(p.sky(k, d), p.lights[k].exposure)
		}
		return out
	}
	at := p.cam.pos.mad(d, h.t)
	s := p.w.surfaceAt(h, at, 1/p.cam.focal, p.seed)
	if !h.ground {
		out.depth = h.t * d.dot(p.cam.fwd)
	}
	n := s.normal
	mirror := d.mad(h.normal, -2*d.dot(h.normal))
	start := at.mad(h.normal, 0.02)
	var night vec
	for k := range p.lights {
		l := &p.lights[k]
		ambient := mix(l.bounce, l.sky, 0.5+0.5*n.y)
		e := ambient.scale(s.shade)
		if facing := n.dot(l.toSun); facing > 0 && k != keyNight && (h.crown == nil || h.normal.dot(l.toSun) > -0.2) && !p.w.shaded(start, l.toSun) {
			e = e.mad(l.sun, facing*lerp(1, s.shade, 0.5))
		}
		c := s.albedo.mul(e)
		if s.glass {
			fresnel := 0.1 + 0.6*pow5(1-abs(d.dot(h.normal)))
			m := mirror
			m.y = abs(m.y) + 0.08
			c = c.mad(p.sky(k, m.norm()), fresnel*s.shade*(0.75+0.5*unit(s.window, 6, 6)))
		}
		fog := 1 - 1/(1+h.t*h.t*4e-6+h.t*0.0006)
		c = mix(c, l.haze, fog)
		out.color[k] = p.tones.display(c, l.exposure)
		if k == keyNight {
			night = c
		}
	}
	exposure := p.lights[keyNight].exposure
	for i, head := range p.heads {
		to := head.sub(at)
		dist2 := to.dot(to)
		if s.lamp == i {
			out.lamps[i] = out.lamps[i].add(p.tones.display(vec{5, 4.2, 3}, exposure).sub(out.color[keyNight]))
			out.lit |= 1 << i
			continue
		}
		if dist2 > 26*26 {
			continue
		}
		dist := sqrt(dist2)
		facing := max(n.dot(to)/dist, boolean32(h.crown != nil)*0.35)
		down := smooth(-0.05, 0.75, to.y/dist)
		power := facing * down / (dist2 + 1) * smooth(26, 12, dist)
		if power > 1e-5 {
			gain := night.add(s.albedo.mul(lampColor).scale(power * s.shade))
			out.lamps[i] = out.lamps[i].add(p.tones.display(gain, exposure).sub(out.color[keyNight]))
			out.lit |= 1 << i
		}
	}
	if s.window != 0 {
		out.window = s.window
		out.inside = p.tones.display(night.add(s.inside), exposure).sub(out.color[keyNight])
	}
	return out
}

// halos adds the glow around the lamps' heads, which the lens makes.
func (p *painter) halos(out *sample, d vec) {
	for i, head := range p.heads[:lampCount] {
		to := head.add(vec{0, -0.1, 0}).sub(p.cam.pos)
		along := to.dot(d)
		if along <= 0 {
			continue
		}
		miss := to.mad(d, -along)
		if m2 := miss.dot(miss); m2 < 16 {
			g := 0.95/(1+m2*m2*900+m2*24) + 0.2*pow5(1-m2/16)/(1+m2*2)
			out.lamps[i] = vec{1, 0.82, 0.55}.scale(g)
			out.lit |= 1 << i
		}
	}
}

func pow5(v float32) float32 { return v * v * v * v * v }

// sky is the colour of the sky in a direction.
func (p *painter) sky(key int, d vec) vec {
	l := &p.lights[key]
	up := max(d.y, 0)
	c := mix(l.haze, l.zenith, 1-1/(1+up*3.2))
	toSun := max(d.dot(l.toSun), 0)
	glow := toSun * toSun * toSun * toSun
	c = c.mad(l.sun, 0.1*glow+0.5*pow5(glow))
	if up > 0.005 {
		u, v := d.x/(up+0.12), d.z/(up+0.12)
		cover := fbm2(u*0.9+3, v*0.9, 0, 5, p.seed+51)
		cloud := smooth(0.5, 0.74, cover) * smooth(0, 0.12, up)
		light := 0.72 + 0.5*(fbm2(u*0.9+3.25, v*0.9+0.1, 0, 4, p.seed+51)-0.4)
		c = mix(c, l.clouds.scale(light), cloud*0.85)
		if key == keyNight && cloud < 0.3 {
			sx, sy := floor(d.x/up*160), floor(d.z/up*160)
			if r := unit(uint32(int32(sx)), uint32(int32(sy)), 77); r > 0.992 {
				c = c.mad(vec{0.35, 0.36, 0.4}, (r-0.992)*120*up)
			}
		}
	}
	return c
}

// collect sorts the entries of all rows into glows.
func (b *backdrop) collect(rows [][]entry, p *painter) {
	index := map[uint32]int{}
	b.glows = make([]glow, lampsAll)
	for i := range b.glows {
		b.glows[i].lamp = i
	}
	type gain struct{ u, v float32 }
	chroma := make([]map[int32]gain, lampsAll)
	for i := range chroma {
		chroma[i] = map[int32]gain{}
	}
	for y, row := range rows {
		for _, e := range row {
			g := int(e.lamp)
			if g < 0 {
				var ok bool
				if g, ok = index[e.window]; !ok {
					on, off, lit := windowHours(e.window)
					if !lit {
						continue
					}
					g = len(b.glows)
					index[e.window] = g
					b.glows = append(b.glows, glow{lamp: -1, on: on, off: off})
					chroma = append(chroma, map[int32]gain{})
				}
			}
			c := e.gain
			l := 0.2126*c.x + 0.7152*c.y + 0.0722*c.z
			b.glows[g].at = append(b.glows[g].at, int32(y*b.width)+e.x)
			b.glows[g].y = append(b.glows[g].y, int16(219*l))
			ci := int32(y/2*(b.width/2)) + e.x/2
			s := chroma[g][ci]
			chroma[g][ci] = gain{s.u + 224*(c.z-l)/1.8556/4, s.v + 224*(c.x-l)/1.5748/4}
		}
	}
	for g := range b.glows {
		for ci, s := range chroma[g] { // the order has no effect: each place comes once
			b.glows[g].cAt = append(b.glows[g].cAt, ci)
			b.glows[g].u = append(b.glows[g].u, int8(min(max(s.u, -127), 127)))
			b.glows[g].v = append(b.glows[g].v, int8(min(max(s.v, -127), 127)))
		}
	}
}

// The hours between which windows come on and go off.
const (
	windowsFrom = 17.6
	windowsTo   = 3.0
)

// windowHours says when a window is lit, if it ever is. The hours after
// midnight count from 24.
func windowHours(id uint32) (on, off float32, lit bool) {
	on = windowsFrom + 3*unit(id, 31, 1)
	off = 22 + 4.5*unit(id, 32, 1)
	return on, off, unit(id, 33, 1) < 0.62
}

// relight mixes the backdrop for a daylight into a picture.
func (b *backdrop) relight(p *Picture, d daylight) {
	var parts []struct {
		buf    []uint8
		weight int
	}
	for k, w := range d.mix {
		if w > 0 {
			parts = append(parts, struct {
				buf    []uint8
				weight int
			}{b.base[k].buf, int(w)})
		}
	}
	if len(parts) == 1 {
		copy(p.buf, parts[0].buf)
	} else {
		a, c, wa, wc := parts[0].buf[:len(p.buf)], parts[1].buf[:len(p.buf)], uint32(parts[0].weight), uint32(parts[1].weight)
		for i := range p.buf {
			p.buf[i] = uint8((uint32(a[i])*wa + uint32(c[i])*wc + 127) / 255)
		}
	}
	// Lamps add less to what is bright already.
	dark := 1 - 0.85*float32(d.mix[keyDay])/255 - 0.55*float32(d.mix[keyDusk])/255
	for i := range b.glows {
		g := &b.glows[i]
		var level float32
		if g.lamp >= 0 {
			level = float32(d.lamps[g.lamp]) / 255
		} else if d.windows {
			level = g.brightness(d.hour)
		}
		if level > 0 {
			g.add(p, int32(256*level*dark))
		}
	}
}

// brightness is how bright a window is at an hour.
func (g *glow) brightness(hour float32) float32 {
	if hour < 12 {
		hour += 24 // after midnight; before noon no window is lit
	}
	return smooth(g.on, g.on+0.5, hour) * (1 - smooth(g.off, g.off+0.5, hour))
}

func (g *glow) add(p *Picture, level int32) {
	for n, i := range g.at {
		p.Y[i] = uint8(min(int32(p.Y[i])+(int32(g.y[n])*level+128)>>8, 235))
	}
	for n, i := range g.cAt {
		p.U[i] = uint8(min(max(int32(p.U[i])+(int32(g.u[n])*level+128)>>8, 16), 240))
		p.V[i] = uint8(min(max(int32(p.V[i])+(int32(g.v[n])*level+128)>>8, 16), 240))
	}
}
