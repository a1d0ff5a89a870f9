package ref

// Pixels is a picture of bytes R, G, B, A, as lib/analysis.wgsl reads it.
type Pixels struct {
	Width, Height int
	RGBA          []byte
}

// analysis is lib/analysis.wgsl: the sums of 2 by 2 samples of each pixel of a picture scaled to
// width by height, row by row, of every so many columns and rows.
func (p Pixels) analysis(width, height, every int, visit func(pixel int, r, g, b uint32)) {
	taps := func(n, source, size int) []int {
		at := make([]int, 2*n)
		for i := range at {
			at[i] = (2*i + 1) * source / (4 * size)
		}
		return at
	}
	columns, rows := taps(width, p.Width, width), taps(height, p.Height, height)
	for y := 0; y < height; y += every {
		upper, lower := p.RGBA[4*p.Width*rows[2*y]:], p.RGBA[4*p.Width*rows[2*y+1]:]
		for x := 0; x < width; x += every {
			left, right := 4*columns[2*x], 4*columns[2*x+1]
			a, b, c, d := upper[left:left+3:left+3], upper[right:right+3:right+3], lower[left:left+3:left+3], lower[right:right+3:right+3]
			visit(y*width+x, uint32(a[0])+uint32(b[0])+uint32(c[0])+uint32(d[0]),
				uint32(a[1])+uint32(b[1])+uint32(c[1])+uint32(d[1]), uint32(a[2])+uint32(b[2])+uint32(c[2])+uint32(d[2]))
		}
	}
}

func analysisLuma(r, g, b uint32) uint32 { return (54*r + 183*g + 19*b) >> 2 }
