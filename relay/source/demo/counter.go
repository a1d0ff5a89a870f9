package demo

// The frame counter is a row of square cells near the lower left corner, white
// for 1 and black for 0, on a dark border:
//
//	cell   0 1 | 2 ........ 33 | 34 ....... 41 | 42 43
//	       1 0 | counter, 32   | check byte,   | 0  1
//	           | bits, MSB     | 8 bits, MSB   |
//	           | first         | first         |
//
// The check byte is the exclusive or of the counter's four bytes and 0xA5.
// All positions are fractions of the picture, so that they hold after scaling:
// a cell is 1/80 of the width and 1/45 of the height (16x16 pixels at
// 1280x720); the row starts one cell from the left edge and its top is two
// cells above the lower edge.
//
// To read it: for each cell take the mean luma of the middle half of the cell
// in both directions. White and black are the means of the sync cells (0, 43
// and 1, 42); the row is not there if they differ by less than 60. A cell is 1
// above the middle between them. The check byte must fit.

// Cells of the counter row.
const (
	syncCells    = 2
	counterBits  = 32
	checkBits    = 8
	counterCells = syncCells + counterBits + checkBits + syncCells
	checkSeed    = 0xA5
	minContrast  = 60
)

// Layout is the place of the counter row in a picture, in pixels of that
// picture. Cell i covers X + i*CellWidth to X + (i+1)*CellWidth and Y to
// Y + CellHeight.
type Layout struct {
	X          float64 `json:"x"`
	Y          float64 `json:"y"`
	CellWidth  float64 `json:"cell_width"`
	CellHeight float64 `json:"cell_height"`
	Cells      int     `json:"cells"`
	// FirstBit is the cell of the counter's most significant bit, and Bits the
	// number of its bits; FirstCheck and CheckBits say the same of the check.
	FirstBit   int `json:"first_bit"`
	Bits       int `json:"bits"`
	FirstCheck int `json:"first_check"`
	CheckBits  int `json:"check_bits"`
	// CheckSeed is what the exclusive or of the counter's bytes starts with.
	CheckSeed int `json:"check_seed"`
	// MinContrast is the least difference of white and black, of 255.
	MinContrast int `json:"min_contrast"`
}

// CounterLayout returns where the counter row is in a picture of the given
// size, be it the size of the scene or that of a scaled copy.
func CounterLayout(width, height int) Layout {
	cw, ch := float64(width)/80, float64(height)/45
	return Layout{
		X: cw, Y: float64(height) - 2*ch, CellWidth: cw, CellHeight: ch,
		Cells: counterCells, FirstBit: syncCells, Bits: counterBits,
		FirstCheck: syncCells + counterBits, CheckBits: checkBits,
		CheckSeed: checkSeed, MinContrast: minContrast,
	}
}

// ReadCounter reads the frame counter from a picture of w by h pixels; luma
// gives the brightness of a pixel, limited or full range. It returns false if
// the row is not there or its check does not fit.
func ReadCounter(luma func(x, y int) uint8, w, h int) (uint32, bool) {
	l := CounterLayout(w, h)
	var mean [counterCells]int
	y0, y1 := span(l.Y, l.CellHeight)
	for i := range mean {
		x0, x1 := span(l.X+float64(i)*l.CellWidth, l.CellWidth)
		sum := 0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				sum += int(luma(x, y))
			}
		}
		mean[i] = sum / ((x1 - x0) * (y1 - y0))
	}
	white := (mean[0] + mean[counterCells-1]) / 2
	black := (mean[1] + mean[counterCells-2]) / 2
	if white-black < minContrast {
		return 0, false
	}
	var bits uint64
	for _, m := range mean[syncCells : counterCells-syncCells] {
		bits <<= 1
		if m > (white+black)/2 {
			bits |= 1
		}
	}
	n := uint32(bits >> checkBits)
	return n, uint8(bits) == checkByte(n)
}

// span is the middle half of a cell, at least one pixel.
func span(start, size float64) (from, to int) {
	from, to = int(start+size/4+0.5), int(start+size*3/4+0.5)
	return from, max(to, from+1)
}

func checkByte(n uint32) uint8 {
	return checkSeed ^ uint8(n>>24) ^ uint8(n>>16) ^ uint8(n>>8) ^ uint8(n)
}

// drawCounter burns the row into a picture.
func drawCounter(p *Picture, n uint32) {
	l := CounterLayout(p.Width, p.Height)
	edge := func(v float64) int { return int(v + 0.5) }
	pad := l.CellWidth / 4
	fillRect(p, edge(l.X-pad), edge(l.Y-pad), edge(l.X+l.CellWidth*counterCells+pad), edge(l.Y+l.CellHeight+pad), 16)
	bits := uint64(0b10)<<(counterBits+checkBits+syncCells) |
		uint64(n)<<(checkBits+syncCells) | uint64(checkByte(n))<<syncCells | 0b01
	for i := range counterCells {
		if bits>>(counterCells-1-i)&1 == 1 {
			x := l.X + float64(i)*l.CellWidth
			fillRect(p, edge(x), edge(l.Y), edge(x+l.CellWidth), edge(l.Y+l.CellHeight), 235)
		}
	}
}

// fillRect fills a rectangle with a grey; its chroma is neutral.
func fillRect(p *Picture, x0, y0, x1, y1 int, luma uint8) {
	for y := y0; y < y1; y++ {
		row := p.Y[y*p.Width:]
		for x := x0; x < x1; x++ {
			row[x] = luma
		}
	}
	cw := p.Width / 2
	for y := y0 / 2; y < (y1+1)/2; y++ {
		for x := x0 / 2; x < (x1+1)/2; x++ {
			p.U[y*cw+x], p.V[y*cw+x] = 128, 128
		}
	}
}
