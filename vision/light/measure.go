package light

import (
	"math"
	"slices"
	"time"

	"sightline/vision/annot"
)

// dim is a mean below which a ratio of means says nothing, in levels.
const dim = 10

// measure derives from the sums of a picture what the state machines compare.
func measure(at time.Duration, cells []Cell) picture {
	p := picture{at: at}
	var ratios []float64
	for i, c := range cells {
		mean, reference := float64(c.Luma)/Samples, float64(c.Reference)/Samples
		variance := max(float64(c.LumaSquared)/Samples-mean*mean, 0)
		before := max(float64(c.ReferenceSquared)/Samples-reference*reference, 0)
		p.mean[i], p.reference[i] = mean, reference
		p.least[i], p.greatest[i] = float64(c.Least), float64(c.Greatest)
		p.deviation[i], p.referenceDeviation[i] = math.Sqrt(variance), math.Sqrt(before)
		p.gradient[i] = float64(c.Gradient) / (2 * Samples)
		p.saturated[i] = c.Saturated > Samples/2
		// Free of brightness and contrast: the light may change as it likes.
		if both := math.Sqrt(variance * before); both > 1e-6 {
			p.similarity[i] = (float64(c.Product)/Samples - mean*reference) / both
		}
		if reference >= dim && mean < saturated {
			ratios = append(ratios, mean/reference)
		}
	}
	p.gain = median(ratios, 1)
	return p
}

func median(values []float64, none float64) float64 {
	if len(values) == 0 {
		return none
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// correlation is Pearson's, over the cells that both shifted grids have: a's cell x, y against b's cell
// x-dx, y-dy.
func correlation(a, b *[cellCount]float64, dx, dy int) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for y := max(dy, 0); y < min(Rows, Rows+dy); y++ {
		for x := max(dx, 0); x < min(Columns, Columns+dx); x++ {
			u, v := a[y*Columns+x], b[(y-dy)*Columns+x-dx]
			n++
			sa += u
			sb += v
			saa += u * u
			sbb += v * v
			sab += u * v
		}
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= n || vb <= n { // a deviation of one level: nothing to see
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}

// around is the box of cells.
func around(cells []int) annot.Box {
	left, top, right, bottom := Columns, Rows, 0, 0
	for _, i := range cells {
		x, y := i%Columns, i/Columns
		left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
	}
	return annot.Box{X: float32(left) / Columns, Y: float32(top) / Rows, W: float32(right-left) / Columns, H: float32(bottom-top) / Rows}
}

// groups splits cells into those that touch, in eight directions.
func groups(in *[cellCount]bool) [][]int {
	var out [][]int
	seen := *in
	for start := range seen {
		if !seen[start] {
			continue
		}
		seen[start] = false
		group := []int{start}
		for k := 0; k < len(group); k++ {
			x, y := group[k]%Columns, group[k]/Columns
			for ny := max(y-1, 0); ny <= min(y+1, Rows-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, Columns-1); nx++ {
					if i := ny*Columns + nx; seen[i] {
						seen[i] = false
						group = append(group, i)
					}
				}
			}
		}
		out = append(out, group)
	}
	return out
}
