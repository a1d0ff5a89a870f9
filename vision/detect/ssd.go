package detect

import (
	"errors"
	"math"
	"strconv"

	"sightline/vision/card"
)

// ssd reads two outputs, one row for each prior: class probabilities and
// offsets from the prior (Liu et al., SSD: Single Shot MultiBox Detector,
// section 2.2). Priors run over the levels, rows, columns and sizes.
type ssd struct {
	width, height float32
	classes       int // without background
	background    int // 1 where class 0 is the background
	variance      [2]float32
	priors        []prior
}

// prior is a box in 0..1 of the input: centre and size.
type prior struct{ x, y, w, h float32 }

func newSSD(c card.Card) *ssd {
	s := &ssd{width: float32(c.Input.Width), height: float32(c.Input.Height), classes: len(c.Classes), variance: c.Variance}
	if c.Background {
		s.background = 1
	}
	for _, l := range c.Priors {
		columns := (c.Input.Width + l.Stride - 1) / l.Stride
		rows := (c.Input.Height + l.Stride - 1) / l.Stride
		// A cell of the map is stride pixels wide even where the last one
		// reaches beyond the input.
		scaleX, scaleY := s.width/float32(l.Stride), s.height/float32(l.Stride)
		for y := range rows {
			for x := range columns {
				for _, size := range l.Sizes {
					s.priors = append(s.priors, prior{
						unit((float32(x) + 0.5) / scaleX), unit((float32(y) + 0.5) / scaleY),
						unit(size / s.width), unit(size / s.height)})
				}
			}
		}
	}
	return s
}

func unit(v float32) float32 { return min(max(v, 0), 1) }

func (s *ssd) candidates(outputs []Tensor, least float32, into []candidate) ([]candidate, error) {
	n, width := len(s.priors), s.background+s.classes
	if len(outputs) != 2 || !matches(outputs[0].Shape, n, width) || !matches(outputs[1].Shape, n, 4) {
		return into, errors.New("detect: ssd: outputs " + shapes(outputs) + " are not " + strconv.Itoa(n) + "x" + strconv.Itoa(width) +
			" scores and " + strconv.Itoa(n) + "x4 offsets, as the card's priors and classes ask")
	}
	scores, offsets := outputs[0].Data, outputs[1].Data
	for i, p := range s.priors {
		class, score := best(scores, i*width+s.background, 1, s.classes)
		if !(score >= least) {
			continue
		}
		o := offsets[4*i : 4*i+4]
		cx, cy := p.x+o[0]*s.variance[0]*p.w, p.y+o[1]*s.variance[0]*p.h
		w, h := p.w*exp(o[2]*s.variance[1]), p.h*exp(o[3]*s.variance[1])
		into = append(into, candidate{Corners{class, score,
			(cx - w/2) * s.width, (cy - h/2) * s.height, (cx + w/2) * s.width, (cy + h/2) * s.height}, i})
	}
	return into, nil
}

func matches(s []int, rows, columns int) bool {
	return len(s) == 2 && s[0] == rows && s[1] == columns
}

func exp(v float32) float32 { return float32(math.Exp(float64(v))) }
