package ref

import (
	"sightline/shaders"
	"sightline/vision/light"
)

// Light holds what the light kernels keep from picture to picture. The zero Light has seen nothing.
type Light struct {
	luma, last []byte
	reference  []uint16
	known      bool
}

const (
	lightWidth  = shaders.LightColumns * shaders.LightCell
	lightHeight = shaders.LightRows * shaders.LightCell
	lightBin    = 8
	lightBright = 6
)

// Cells is what both light kernels make of a picture.
func (l *Light) Cells(p shaders.LightParams, picture Pixels) []light.Cell {
	if l.luma == nil {
		l.luma, l.last = make([]byte, lightWidth*lightHeight), make([]byte, lightWidth*lightHeight)
		l.reference = make([]uint16, lightWidth*lightHeight)
	}
	picture.analysis(lightWidth, lightHeight, 1, func(pixel int, r, g, b uint32) {
		l.luma[pixel] = byte(analysisLuma(r, g, b) >> 8)
	})
	if !l.known {
		l.known = true
		copy(l.last, l.luma)
		for i, v := range l.luma {
			l.reference[i] = uint16(v) << 8
		}
	}
	cells := make([]light.Cell, shaders.LightColumns*shaders.LightRows)
	for i := range cells {
		cells[i] = l.cell(p, i%shaders.LightColumns*shaders.LightCell, i/shaders.LightColumns*shaders.LightCell)
	}
	l.luma, l.last = l.last, l.luma
	return cells
}

// cell sums up the cell whose first sample is at left, top.
func (l *Light) cell(p shaders.LightParams, left, top int) light.Cell {
	c := light.Cell{Least: 255}
	var histogram [256 / lightBin]int
	for y := top; y < top+shaders.LightCell; y++ {
		for x := left; x < left+shaders.LightCell; x++ {
			at := y*lightWidth + x
			value := int(l.luma[at])
			right := int(l.luma[y*lightWidth+min(x+1, lightWidth-1)])
			below := int(l.luma[min(y+1, lightHeight-1)*lightWidth+x])
			expected := int(l.reference[at] >> 8)
			c.Luma += value
			c.Reference += expected
			c.LumaSquared += value * value
			c.ReferenceSquared += expected * expected
			c.Product += value * expected
			c.Gradient += distance(value, right) + distance(value, below)
			c.Change += distance(value, int(l.last[at]))
			histogram[value/lightBin]++
			c.Greatest, c.Least = max(c.Greatest, value), min(c.Least, value)
			if value >= int(p.Saturated) {
				c.Saturated++
			}
			reference := int(l.reference[at])
			step := distance(value<<8, reference) * int(p.ReferenceRate>>1) >> 15
			if value<<8 > reference {
				reference += step
			} else {
				reference -= step
			}
			l.reference[at] = uint16(reference)
		}
	}
	bright := 0
	for bin := len(histogram) - 1; bin >= 0; bin-- {
		if bright += histogram[bin]; bright > lightBright {
			c.High = (bin+1)*lightBin - 1
			break
		}
	}
	return c
}

func distance(a, b int) int { return max(a-b, b-a) }
