// Package detect turns a detector's output tensors into boxes of the upright
// picture: one file for each form of outputs, and the suppression of
// overlapping boxes that they share. It knows neither where the tensors come
// from nor what becomes of the boxes.
package detect

import (
	"errors"
	"sort"
	"strconv"

	"sightline/vision/annot"
	"sightline/vision/card"
)

// Tensor is one output of a model for one picture: values in row-major order.
type Tensor struct {
	// Shape has no batch dimension.
	Shape []int
	Data  []float32
}

// Detection is one box of one class.
type Detection struct {
	// Class is the index of the label in the card's classes.
	Class int
	// Score is 0..1.
	Score float32
	// Box is of the upright picture, 0..1, cut at its borders.
	Box annot.Box
}

// Mapping takes a point of the input tensor, in tensor pixels, to 0..1 of the
// upright picture: the inverse of the letterbox.
type Mapping interface {
	ToPicture(x, y float32) (float32, float32)
}

// Corners is one box of one class in tensor pixels.
type Corners struct {
	Class                    int
	Score                    float32
	Left, Top, Right, Bottom float32
}

// Place appends the boxes to out as boxes of the upright picture, without those
// that lie outside.
func Place(boxes []Corners, m Mapping, out []Detection) []Detection {
	for i := range boxes {
		out = boxes[i].place(m, out)
	}
	return out
}

func (c *Corners) place(m Mapping, out []Detection) []Detection {
	x0, y0 := m.ToPicture(c.Left, c.Top)
	x1, y1 := m.ToPicture(c.Right, c.Bottom)
	box, ok := annot.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}.Clip()
	if ok {
		out = append(out, Detection{Class: c.Class, Score: min(c.Score, 1), Box: box})
	}
	return out
}

// candidate is a box before suppression.
type candidate struct {
	Corners
	index int // in the outputs' own order, to break ties
}

// head turns outputs into candidates with at least the least score.
type head interface {
	candidates(outputs []Tensor, least float32, into []candidate) ([]candidate, error)
}

// Decoder reads one model's outputs. It keeps buffers and is for one goroutine
// at a time.
type Decoder struct {
	card  card.Card
	head  head
	found []candidate
	keep  []bool
}

// NewDecoder makes the decoder that a card asks for. The card must be valid.
func NewDecoder(c card.Card) (*Decoder, error) {
	d := &Decoder{card: c}
	switch c.Head {
	case card.FastestDet:
		d.head = fastestDet{width: float32(c.Input.Width), height: float32(c.Input.Height), classes: len(c.Classes)}
	case card.SSD:
		d.head = newSSD(c)
	case card.YOLO:
		d.head = yolo{classes: len(c.Classes)}
	default:
		return nil, errors.New("detect: head " + strconv.Quote(string(c.Head)) + ": there is no such head")
	}
	return d, nil
}

// Decode appends the boxes that score at least least to out, best first, with
// overlapping boxes of one class suppressed, at most the card's limit. The
// error names outputs that do not fit the card.
func (d *Decoder) Decode(outputs []Tensor, m Mapping, least float32, out []Detection) ([]Detection, error) {
	for i, t := range outputs {
		n := 1
		for _, side := range t.Shape {
			n *= side
		}
		if n != len(t.Data) {
			return out, errors.New("detect: output " + strconv.Itoa(i) + " has " + strconv.Itoa(len(t.Data)) +
				" values, but shape " + shape(t.Shape))
		}
	}
	found, err := d.head.candidates(outputs, least, d.found[:0])
	d.found = found
	if err != nil {
		return out, err
	}
	d.suppress()
	for i := range d.found {
		if d.keep[i] {
			out = d.found[i].place(m, out)
		}
	}
	return out, nil
}

// MaxCandidates bounds the work of suppression, which grows with the square: of
// more boxes only so many of the best are looked at.
const MaxCandidates = 2000

// suppress sorts the candidates, best first, and marks those to keep: greedily
// those that overlap no better one of their class by more than the card's IoU.
func (d *Decoder) suppress() {
	sort.Slice(d.found, func(i, j int) bool {
		a, b := &d.found[i], &d.found[j]
		if a.Score != b.Score {
			return a.Score > b.Score
		}
		return a.index < b.index
	})
	d.found = d.found[:min(len(d.found), MaxCandidates)]
	d.keep = append(d.keep[:0], make([]bool, len(d.found))...)
	kept := 0
	for i := range d.found {
		if kept == d.card.Thresholds.Limit {
			return
		}
		d.keep[i] = true
		for j := range i {
			if d.keep[j] && d.found[j].Class == d.found[i].Class && overlap(&d.found[i].Corners, &d.found[j].Corners) > d.card.Thresholds.IoU {
				d.keep[i] = false
				break
			}
		}
		if d.keep[i] {
			kept++
		}
	}
}

// overlap is the intersection over union.
func overlap(a, b *Corners) float32 {
	w := min(a.Right, b.Right) - max(a.Left, b.Left)
	h := min(a.Bottom, b.Bottom) - max(a.Top, b.Top)
	if !(w > 0 && h > 0) {
		return 0
	}
	shared := w * h
	return shared / ((a.Right-a.Left)*(a.Bottom-a.Top) + (b.Right-b.Left)*(b.Bottom-b.Top) - shared)
}

// best finds the class with the highest value among n that are step apart.
func best(data []float32, from, step, n int) (class int, value float32) {
	value = data[from]
	for k := 1; k < n; k++ {
		if v := data[from+k*step]; v > value {
			class, value = k, v
		}
	}
	return class, value
}

func shape(s []int) string {
	text := ""
	for i, n := range s {
		if i > 0 {
			text += "x"
		}
		text += strconv.Itoa(n)
	}
	return text
}

func shapes(outputs []Tensor) string {
	text := ""
	for i, t := range outputs {
		if i > 0 {
			text += ", "
		}
		text += shape(t.Shape)
	}
	return text
}
