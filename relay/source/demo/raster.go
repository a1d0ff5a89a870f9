package demo

import (
	"cmp"
	"math"
	"slices"
)

// canvas draws moving things into a picture, behind what hides them.
type canvas struct {
	p    *Picture
	back *backdrop
	mask []uint8  // shadows of this picture, by pixel
	used bounds   // part of mask that is not zero
	row  []uint16 // coverage of one row, in 1/1024
}

// bounds are pixels from x0, y0 up to before x1, y1.
type bounds struct{ x0, y0, x1, y1 int }

// rows of a pixel that are looked at, and the coverage of one of them.
const (
	subRows = 4
	subFull = 256
)

// polygon calls span for each row of a convex polygon with the pixels touched
// and their coverage from 0 to 1024. Coordinates are scaled first.
func (c *canvas) polygon(pts []point, scale float32, width, height int, span func(y, x0 int, cover []uint16)) {
	top, bottom := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, p := range pts {
		top, bottom = min(top, p.y*scale), max(bottom, p.y*scale)
	}
	y0, y1 := max(int(floor(top)), 0), min(int(floor(bottom))+1, height)
	for y := y0; y < y1; y++ {
		var l, r [subRows]float32
		left, right := float32(width), float32(0)
		for s := range subRows {
			yy := float32(y) + (float32(s)+0.5)/subRows
			lo, hi := float32(width), float32(0)
			for i, a := range pts {
				b := pts[(i+1)%len(pts)]
				ay, by := a.y*scale, b.y*scale
				if ay <= yy == (by <= yy) {
					continue
				}
				x := a.x*scale + (yy-ay)/(by-ay)*(b.x-a.x)*scale
				lo, hi = min(lo, x), max(hi, x)
			}
			lo, hi = max(lo, 0), min(hi, float32(width))
			l[s], r[s] = lo, hi
			if lo < hi {
				left, right = min(left, lo), max(right, hi)
			}
		}
		x0, x1 := int(left), min(int(math.Ceil(float64(right))), width)
		if x0 >= x1 {
			continue
		}
		cover := c.row[:x1-x0]
		clear(cover)
		for s := range subRows {
			if l[s] < r[s] {
				coverRow(cover, l[s]-float32(x0), r[s]-float32(x0))
			}
		}
		span(y, x0, cover)
	}
}

// coverRow adds one sub-row from l to r.
func coverRow(cover []uint16, l, r float32) {
	a, b := int(l), int(r)
	if a == b {
		cover[a] += uint16((r - l) * subFull)
		return
	}
	cover[a] += uint16((float32(a+1) - l) * subFull)
	for x := a + 1; x < b; x++ {
		cover[x] += subFull
	}
	if b < len(cover) {
		cover[b] += uint16((r - float32(b)) * subFull)
	}
}

// fill draws a convex polygon at a depth; alpha is from 0 to 1.
func (c *canvas) fill(pts []point, color yuv, depth, alpha float32) {
	w := c.p.Width
	strength := uint32(alpha * 256)
	c.polygon(pts, 1, w, c.p.Height, func(y, x0 int, cover []uint16) {
		line, hide := c.p.Y[y*w+x0:], y*w+x0
		for i, cv := range cover {
			a := uint32(cv) * strength >> 10
			if h := c.back.hideShare[hide+i]; h > 0 && c.back.hideDepth[hide+i] < depth {
				a = a * uint32(255-h) / 255
			}
			line[i] = uint8((uint32(line[i])*(256-a) + uint32(color.y)*a) >> 8)
		}
	})
	cw := w / 2
	c.polygon(pts, 0.5, cw, c.p.Height/2, func(y, x0 int, cover []uint16) {
		u, v, hide := c.p.U[y*cw+x0:], c.p.V[y*cw+x0:], 2*y*w+2*x0
		for i, cv := range cover {
			a := uint32(cv) * strength >> 10
			if h := c.back.hideShare[hide+2*i]; h > 0 && c.back.hideDepth[hide+2*i] < depth {
				a = a * uint32(255-h) / 255
			}
			u[i] = uint8((uint32(u[i])*(256-a) + uint32(color.u)*a) >> 8)
			v[i] = uint8((uint32(v[i])*(256-a) + uint32(color.v)*a) >> 8)
		}
	})
}

// shadow marks a convex polygon on the ground as shaded; overlapping ones do
// not add up.
func (c *canvas) shadow(pts []point, strength float32) {
	w := c.p.Width
	k := uint32(strength * 255)
	c.polygon(pts, 1, w, c.p.Height, func(y, x0 int, cover []uint16) {
		line := c.mask[y*w+x0:]
		for i, cv := range cover {
			line[i] = max(line[i], uint8(uint32(cv)*k>>10))
		}
		c.used.x0, c.used.x1 = min(c.used.x0, x0), max(c.used.x1, x0+len(cover))
		c.used.y0, c.used.y1 = min(c.used.y0, y), max(c.used.y1, y+1)
	})
}

// castShadows darkens what shadow has marked and forgets the marks.
func (c *canvas) castShadows() {
	w := c.p.Width
	for y := c.used.y0; y < c.used.y1; y++ {
		mask, line, hide := c.mask[y*w:], c.p.Y[y*w:], c.back.hideShare[y*w:]
		for x := c.used.x0; x < c.used.x1; x++ {
			if m := uint32(mask[x]); m != 0 {
				m = m * uint32(255-hide[x]) / 255
				line[x] = uint8(16 + (uint32(max(line[x], 16))-16)*(255-m)/255)
				if x&1 == 0 && y&1 == 0 {
					j := y/2*(w/2) + x/2
					c.p.U[j] = uint8(128 + (int32(c.p.U[j])-128)*int32(255-m)/255)
					c.p.V[j] = uint8(128 + (int32(c.p.V[j])-128)*int32(255-m)/255)
				}
				mask[x] = 0
			}
		}
	}
	c.used = bounds{x0: w, y0: c.p.Height}
}

// glow adds a round light with soft edges; gain is its brightness at the
// centre, u and v its colour there.
func (c *canvas) glow(at point, radius, depth, gain, u, v float32) {
	w, h := c.p.Width, c.p.Height
	x0, x1 := max(int(at.x-radius)&^1, 0), min(int(at.x+radius)+2, w)&^1
	y0, y1 := max(int(at.y-radius)&^1, 0), min(int(at.y+radius)+2, h)&^1
	inv := 1 / (radius * radius)
	for y := y0; y < y1; y++ {
		dy := float32(y) + 0.5 - at.y
		for x := x0; x < x1; x++ {
			dx := float32(x) + 0.5 - at.x
			k := 1 - (dx*dx+dy*dy)*inv
			i := y*w + x
			if k <= 0 || c.back.hideShare[i] > 127 && c.back.hideDepth[i] < depth {
				continue
			}
			k *= k * k
			c.p.Y[i] = uint8(min(float32(c.p.Y[i])+gain*k, 235))
			if x&1 == 0 && y&1 == 0 {
				j := y/2*(w/2) + x/2
				c.p.U[j] = uint8(min(max(float32(c.p.U[j])+u*k, 16), 240))
				c.p.V[j] = uint8(min(max(float32(c.p.V[j])+v*k, 16), 240))
			}
		}
	}
}

// pool brightens the open ground in an ellipse with soft edges.
func (c *canvas) pool(at point, rx, ry, gain float32) {
	w, h := c.p.Width, c.p.Height
	x0, x1 := max(int(at.x-rx), 0), min(int(at.x+rx)+1, w)
	y0, y1 := max(int(at.y-ry), 0), min(int(at.y+ry)+1, h)
	for y := y0; y < y1; y++ {
		dy := (float32(y) + 0.5 - at.y) / ry
		for x := x0; x < x1; x++ {
			dx := (float32(x) + 0.5 - at.x) / rx
			i := y*w + x
			if k := 1 - dx*dx - dy*dy; k > 0 && c.back.hideShare[i] < 128 {
				c.p.Y[i] = uint8(min(float32(c.p.Y[i])+gain*k*k, 235))
			}
		}
	}
}

// hull is the convex hull of points (Andrew's monotone chain).
func hull(pts []point) []point {
	slices.SortFunc(pts, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y))
	})
	turn := func(o, a, b point) float32 { return (a.x-o.x)*(b.y-o.y) - (a.y-o.y)*(b.x-o.x) }
	out := make([]point, 0, 2*len(pts))
	half := func(p point, from int) {
		for len(out) >= from+2 && turn(out[len(out)-2], out[len(out)-1], p) <= 0 {
			out = out[:len(out)-1]
		}
		out = append(out, p)
	}
	for _, p := range pts {
		half(p, 0)
	}
	from := len(out) - 1
	for _, p := range slices.Backward(pts[:len(pts)-1]) {
		half(p, from)
	}
	return out[:len(out)-1]
}
