package demo

import "math"

// effects does to the picture what the light, the lens and the sensor do. Its
// order is that of a camera; clock and counter are burnt in afterwards.
type effects struct {
	noise   []int8 // a tile of sensor noise, about standard normal times 16
	scratch []uint8
	sums    []uint32
}

const noiseTile = 1 << 16

func newEffects(seed uint32) *effects {
	e := &effects{noise: make([]int8, noiseTile)}
	for i := range e.noise {
		sum := float32(-2)
		for k := range uint32(4) {
			sum += unit(uint32(i), k, seed+91)
		}
		e.noise[i] = int8(min(max(sum*27.7, -127), 127)) // the sum has a deviation of 0.577
	}
	return e
}

// apply runs the script's effects for the picture with counter n.
func (e *effects) apply(p *Picture, s *Scene, n int64) {
	t, c := s.time(n), &s.cfg.Script
	gain := float32(1)
	for _, f := range c.Flicker {
		if f.holds(t) {
			gain *= 1 - float32(f.Depth*(0.5-0.5*math.Cos(2*math.Pi*f.Hz*(t-f.From).Seconds())))
		}
	}
	var at *Shift
	for i := range c.Shifts {
		if m := &c.Shifts[i]; m.At <= t && (at == nil || m.At >= at.At) {
			at = m
		}
	}
	if at != nil && (at.DX != 0 || at.DY != 0) {
		e.shift(p, int(at.DX*float64(p.Width)/2)*2, int(at.DY*float64(p.Height)/2)*2)
	}
	for _, g := range c.Glare {
		if g.holds(t) {
			glare(p, float32(g.X)*float32(p.Width), float32(g.Y)*float32(p.Height))
		}
	}
	for _, d := range c.Defocus {
		if d.holds(t) {
			e.blur(p, max(1, int(d.Radius*float64(p.Width)+0.5)))
		}
	}
	for _, v := range c.Cover {
		if v.holds(t) {
			cover(p)
		}
	}
	var step *ExposureStep
	for i := range c.Exposure {
		if x := &c.Exposure[i]; x.At <= t && (step == nil || x.At >= step.At) {
			step = x
		}
	}
	if step != nil {
		gain *= float32(math.Pow(2, step.EV/2.2)) // stops of light, on a gamma display
	}
	if gain != 1 {
		expose(p, gain)
	}
	if s.cfg.Noise {
		e.addNoise(p, uint32(n), s.cfg.Seed)
	}
}

// expose multiplies the light of the picture.
func expose(p *Picture, gain float32) {
	var luma, chroma [256]uint8
	for i := range luma {
		luma[i] = clamp8(min(16+(float32(i)-16)*gain, 235))
		chroma[i] = clamp8(min(max(128+(float32(i)-128)*gain, 16), 240))
	}
	for i, v := range p.Y {
		p.Y[i] = luma[v]
	}
	for i := range p.U {
		p.U[i], p.V[i] = chroma[p.U[i]], chroma[p.V[i]]
	}
}

// shift moves the picture; its edges are stretched into the gap.
func (e *effects) shift(p *Picture, dx, dy int) {
	e.scratch = append(e.scratch[:0], p.buf...)
	n := p.Width * p.Height
	move := func(dst, src []uint8, w, h, dx, dy int) {
		for y := range h {
			from := src[min(max(y-dy, 0), h-1)*w:]
			for x := range w {
				dst[y*w+x] = from[min(max(x-dx, 0), w-1)]
			}
		}
	}
	move(p.Y, e.scratch[:n], p.Width, p.Height, dx, dy)
	move(p.U, e.scratch[n:n+n/4], p.Width/2, p.Height/2, dx/2, dy/2)
	move(p.V, e.scratch[n+n/4:], p.Width/2, p.Height/2, dx/2, dy/2)
}

// blur is a box blur, twice in each direction.
func (e *effects) blur(p *Picture, radius int) {
	for range 2 {
		e.box(p.Y, p.Width, p.Height, radius)
		e.box(p.U, p.Width/2, p.Height/2, max(1, radius/2))
		e.box(p.V, p.Width/2, p.Height/2, max(1, radius/2))
	}
}

func (e *effects) box(plane []uint8, w, h, r int) {
	e.scratch = append(e.scratch[:0], plane...)
	size := uint32(2*r + 1)
	for y := range h {
		src, dst := e.scratch[y*w:(y+1)*w], plane[y*w:(y+1)*w]
		sum := uint32(0)
		for x := -r; x <= r; x++ {
			sum += uint32(src[min(max(x, 0), w-1)])
		}
		for x := range w {
			dst[x] = uint8((sum + size/2) / size)
			sum += uint32(src[min(x+r+1, w-1)]) - uint32(src[max(x-r, 0)])
		}
	}
	e.scratch = append(e.scratch[:0], plane...)
	e.sums = append(e.sums[:0], make([]uint32, w)...)
	for y := -r; y <= r; y++ {
		for x, v := range e.scratch[min(max(y, 0), h-1)*w:][:w] {
			e.sums[x] += uint32(v)
		}
	}
	for y := range h {
		in, out := e.scratch[min(y+r+1, h-1)*w:][:w], e.scratch[max(y-r, 0)*w:][:w]
		for x := range w {
			plane[y*w+x] = uint8((e.sums[x] + size/2) / size)
			e.sums[x] += uint32(in[x]) - uint32(out[x])
		}
	}
}

// cover is a lens with something over it: almost dark, no shapes.
func cover(p *Picture) {
	for y := range p.Height {
		row := p.Y[y*p.Width:][:p.Width]
		for x := range row {
			row[x] = uint8(20 + 10*x/p.Width + 6*y/p.Height)
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = 126, 131
	}
}

// glare is a dazzling light: white at its place, haze over everything.
func glare(p *Picture, cx, cy float32) {
	inv := 1 / (float32(p.Width) * float32(p.Width))
	for y := range p.Height {
		dy := float32(y) - cy
		for x := range p.Width {
			dx := float32(x) - cx
			k := 24 + 260/(1+(dx*dx+dy*dy)*inv*180)
			i := y*p.Width + x
			p.Y[i] = uint8(min(float32(p.Y[i])*0.9+k, 235))
			if x&1 == 0 && y&1 == 0 {
				j := y/2*(p.Width/2) + x/2
				fade := min(k/220, 1)
				p.U[j] = uint8(float32(p.U[j]) + (126-float32(p.U[j]))*fade)
				p.V[j] = uint8(float32(p.V[j]) + (130-float32(p.V[j]))*fade)
			}
		}
	}
}

// addNoise adds sensor noise that differs from picture to picture, stronger in
// the dark.
func (e *effects) addNoise(p *Picture, n, seed uint32) {
	var strength [256]int32
	for i := range strength {
		strength[i] = int32(40 - 20*smooth(30, 160, float32(i))) // deviation 2.5 down to 1.25
	}
	w := p.Width
	for y := range p.Height {
		row := p.Y[y*w:][:w]
		at := hash(n, uint32(y), seed) % (noiseTile - 4096)
		tile := e.noise[at:][:w]
		for x, v := range row {
			row[x] = uint8(min(max(int32(v)+(int32(tile[x])*strength[v]+128)>>8, 1), 254))
		}
	}
	for y := range p.Height / 2 {
		at := hash(n, uint32(y)+9000, seed) % (noiseTile - 8192)
		tile := e.noise[at:][:w]
		u, v := p.U[y*w/2:][:w/2], p.V[y*w/2:][:w/2]
		for x := range u {
			u[x] = uint8(min(max(int32(u[x])+(int32(tile[x])+8)>>4, 1), 254))
			v[x] = uint8(min(max(int32(v[x])+(int32(tile[x+w/2])+8)>>4, 1), 254))
		}
	}
}
