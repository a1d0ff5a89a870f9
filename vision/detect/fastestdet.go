package detect

import (
	"errors"
	"math"
	"strconv"
)

// fastestDet reads one output of 5+classes planes over the cells of one
// feature map: objectness, offsets of the centre and the size, both still to
// be squashed, and class probabilities (dog-qiuqiu/FastestDet).
type fastestDet struct {
	width, height float32
	classes       int
}

func (h fastestDet) candidates(outputs []Tensor, least float32, into []candidate) ([]candidate, error) {
	if len(outputs) != 1 || len(outputs[0].Shape) != 3 || outputs[0].Shape[0] != 5+h.classes {
		return into, errors.New("detect: fastestdet: outputs " + shapes(outputs) + " are not one of " +
			strconv.Itoa(5+h.classes) + " planes (5 and one for each class)")
	}
	data, rows, columns := outputs[0].Data, outputs[0].Shape[1], outputs[0].Shape[2]
	cells := rows * columns
	// The score is obj^0.6 * class^0.4, so that no score is above obj^0.6.
	leastObj := float32(math.Pow(float64(least), 1/0.6))
	for y := range rows {
		for x := range columns {
			at := y*columns + x
			obj := data[at]
			if !(obj >= leastObj) {
				continue
			}
			class, p := best(data, 5*cells+at, cells, h.classes)
			score := float32(math.Pow(float64(obj), 0.6) * math.Pow(float64(max(p, 0)), 0.4))
			if !(score >= least) {
				continue
			}
			cx := (float32(x) + tanh(data[cells+at])) / float32(columns) * h.width
			cy := (float32(y) + tanh(data[2*cells+at])) / float32(rows) * h.height
			w := sigmoid(data[3*cells+at]) * h.width
			t := sigmoid(data[4*cells+at]) * h.height
			into = append(into, candidate{Corners{class, score, cx - w/2, cy - t/2, cx + w/2, cy + t/2}, at})
		}
	}
	return into, nil
}

func tanh(v float32) float32 { return float32(math.Tanh(float64(v))) }

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }
