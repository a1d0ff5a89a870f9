package shaders

import (
	"errors"
	"math"
	"strconv"

	"sightline/vision/card"
)

// Bounds of a head's parameters.
const (
	headLevels = 6
	headSizes  = 16
	// maxAnchors keeps the numbers of a head's anchors within what its kernels count.
	maxAnchors = 1 << 22
)

// HeadTensor is a tensor that a head reads: its size, in the view's four dimensions, and where it lies.
type HeadTensor struct {
	Size [4]int
	View TensorView
}

// HeadMap is one of a detector's last feature maps: what its last convolutions give, before the
// activations, transpositions and sums that an exported model does to them.
type HeadMap struct {
	// Scores has the class scores, Boxes the boxes; Object the objectness of a fastestdet head.
	Scores, Boxes, Object HeadTensor
}

// Head finds a detector's candidates in its tensors, in one dispatch; NMSParams belongs to the one behind
// it, which chooses the boxes.
type Head struct {
	card        card.Card
	permutation string
	params      HeadParams
}

// HeadLevel is the struct HeadLevel of lib/head.wgsl, which explains the fields.
type HeadLevel struct {
	Scores, Boxes, Object TensorView
	First, Columns, Rows  int
	Anchors               int
	ScoresFold, BoxesFold int
	Stride                float32
	Sizes                 []float32
}

// HeadParams is the uniform HeadParams of lib/head.wgsl, which explains the fields.
type HeadParams struct {
	Width, Height       int
	Least               float32
	Variance            [2]float32
	Classes, Background int
	Bins                int
	Levels              []HeadLevel
}

// HeadParamsSize is the uniform's size in bytes.
const HeadParamsSize = 48 + headLevels*(96+4*headSizes)

// Total is the number of anchors of all levels.
func (p *HeadParams) Total() int {
	n := 0
	for _, l := range p.Levels {
		n += l.Columns * l.Rows * l.Anchors
	}
	return n
}

// Append appends the uniform's bytes.
func (p *HeadParams) Append(b []byte) []byte {
	// The score of a fastestdet head is objectness^0.6 * class^0.4, and so never above objectness^0.6.
	leastObject := float32(math.Pow(float64(p.Least), 1/0.6))
	b = appendFloats(b, float32(p.Width), float32(p.Height), p.Least, leastObject, p.Variance[0], p.Variance[1])
	b = appendWords(b, uint32(p.Classes), uint32(p.Background), uint32(p.Total()), uint32(len(p.Levels)), uint32(p.Bins), 0)
	for i := range headLevels {
		var l HeadLevel
		if i < len(p.Levels) {
			l = p.Levels[i]
		}
		for _, v := range []TensorView{l.Scores, l.Boxes, l.Object} {
			b = appendWords(b, v.Offset, v.Table, v.Stride[0], v.Stride[1], v.Stride[2], v.Stride[3])
		}
		b = appendInts(b, l.First, l.Columns, l.Anchors, l.ScoresFold, l.BoxesFold)
		var sizes [headSizes]float32
		copy(sizes[:], l.Sizes)
		b = appendFloats(appendFloats(b, l.Stride), sizes[:]...)
	}
	return b
}

// Operator makes the dispatch that finds the candidates that score at least least. The uniform of another
// least score is as large.
func (h *Head) Operator(least float32) Operator {
	p := h.params
	p.Least = least
	return Operator{Permutation: h.permutation, Params: p.Append(nil), Items: p.Total()}
}

// DetectionBytes is the size of the buffer of what is found (lib/detections.wgsl), which begins as zeros.
// NMSParams.ResultBytes of it are to be read back.
func (h *Head) DetectionBytes() int {
	return nmsHeaderBytes + nmsBoxBytes*MaxBoxes + 32*h.params.Total()
}

// NewHead makes the head of a model that is run to its outputs. The error names outputs that do not fit
// the card. The card must be valid.
func NewHead(c card.Card, outputs []HeadTensor) (*Head, error) {
	h := newHead(c)
	var err error
	switch {
	case c.Head == card.SSD && len(outputs) == 2:
		err = h.ssd(outputs[0], outputs[1])
	case c.Head == card.FastestDet && len(outputs) == 1:
		o := outputs[0]
		if o.Size[0] != 1 || o.Size[1] != 5+len(c.Classes) {
			err = errors.New("output of " + sizeText(o.Size) + " is not 1x" + strconv.Itoa(5+len(c.Classes)) + " planes")
			break
		}
		h.params.Levels = []HeadLevel{{Object: o.View, Boxes: o.View.channels(1), Scores: o.View.channels(5),
			Columns: o.Size[3], Rows: o.Size[2], Anchors: 1}}
	case c.Head == card.YOLO && len(outputs) == 1:
		err = h.yolo(outputs[0])
	default:
		err = errors.New(strconv.Itoa(len(outputs)) + " outputs do not fit the head")
	}
	if err == nil {
		err = h.complete()
	}
	if err != nil {
		return nil, errors.New("shaders: head " + string(c.Head) + ": " + err.Error())
	}
	return h, nil
}

// NewMapHead makes the head of a model that is run to its last feature maps, in the order of the model's
// levels. The error names maps that do not fit the card. The card must be valid.
func NewMapHead(c card.Card, maps []HeadMap) (*Head, error) {
	h := newHead(c)
	h.permutation += "_logits"
	if c.Head == card.YOLO {
		h.permutation = "head_yolo_distributions"
	}
	err := h.maps(maps)
	if err == nil {
		err = h.complete()
	}
	if err != nil {
		return nil, errors.New("shaders: head " + string(c.Head) + ": " + err.Error())
	}
	return h, nil
}

func newHead(c card.Card) *Head {
	h := &Head{card: c, permutation: "head_" + string(c.Head)}
	h.params = HeadParams{Width: c.Input.Width, Height: c.Input.Height, Variance: c.Variance, Classes: len(c.Classes)}
	if c.Background {
		h.params.Background = 1
	}
	return h
}

// complete numbers the anchors.
func (h *Head) complete() error {
	if n := len(h.params.Levels); n < 1 || n > headLevels {
		return errors.New(strconv.Itoa(n) + " levels: must be 1 to " + strconv.Itoa(headLevels))
	}
	first := 0
	for i := range h.params.Levels {
		l := &h.params.Levels[i]
		l.First = first
		n := l.Columns * l.Rows * l.Anchors
		if l.Scores.Constant || l.Boxes.Constant || l.Object.Constant {
			return errors.New("level " + strconv.Itoa(i) + ": a tensor is constant: the model does not look at its input")
		}
		if n < 1 || n > maxAnchors-first {
			return errors.New("level " + strconv.Itoa(i) + ": " + strconv.Itoa(n) + " anchors: must be 1 to " + strconv.Itoa(maxAnchors) + " in all")
		}
		first += n
	}
	return nil
}

// priors are the levels that the card of an ssd head tells of, still without views.
func (h *Head) priors() []HeadLevel {
	var list []HeadLevel
	for _, l := range h.card.Priors {
		list = append(list, HeadLevel{Columns: (h.params.Width + l.Stride - 1) / l.Stride, Rows: (h.params.Height + l.Stride - 1) / l.Stride,
			Anchors: len(l.Sizes), Stride: float32(l.Stride), Sizes: l.Sizes})
	}
	return list
}

// ssd reads one row for each prior.
func (h *Head) ssd(scores, boxes HeadTensor) error {
	h.params.Levels = h.priors()
	n, width := h.params.Total(), h.params.Background+h.params.Classes
	s, okScores := scores.matrix(n, width)
	b, okBoxes := boxes.matrix(n, 4)
	if !okScores || !okBoxes {
		return errors.New("outputs of " + sizeText(scores.Size) + " and " + sizeText(boxes.Size) + " are not " + strconv.Itoa(n) + "x" + strconv.Itoa(width) +
			" scores and " + strconv.Itoa(n) + "x4 offsets, as the card's priors and classes ask")
	}
	first := 0
	for i := range h.params.Levels {
		l := &h.params.Levels[i]
		l.Scores, l.Boxes = s.rows(first, l), b.rows(first, l)
		first += l.Columns * l.Rows * l.Anchors
	}
	return nil
}

// yolo reads one column, or one row, for each anchor.
func (h *Head) yolo(o HeadTensor) error {
	rows := 4 + h.params.Classes
	n := 1
	for _, side := range o.Size {
		n *= side
	}
	view := o.View
	switch m, ok := o.matrix(n/rows, rows); {
	case n%rows != 0:
		return errors.New("output of " + sizeText(o.Size) + " has not " + strconv.Itoa(rows) + " rows (4 and one for each class)")
	case o.Size[1] == rows && o.Size[0] == 1: // planes, perhaps by a table
		if o.Size[2] != 1 && o.Size[3] != 1 {
			return errors.New("output of " + sizeText(o.Size) + " has more than one dimension of anchors")
		}
	case ok:
		view = TensorView{Offset: m.offset, Table: None, Stride: [4]uint32{0, m.column, 0, m.row}}
	default:
		m, ok = o.matrix(rows, n/rows)
		if !ok {
			return errors.New("output of " + sizeText(o.Size) + " has not " + strconv.Itoa(rows) + " rows (4 and one for each class)")
		}
		view = TensorView{Offset: m.offset, Table: None, Stride: [4]uint32{0, m.row, 0, m.column}}
	}
	if o.Size[1] == rows && o.Size[0] == 1 && o.Size[3] == 1 {
		view.Stride[3] = view.Stride[2]
	}
	h.params.Levels = []HeadLevel{{Boxes: view, Scores: view.channels(4), Columns: n / rows, Rows: 1, Anchors: 1}}
	return nil
}

// maps reads the model's last feature maps.
func (h *Head) maps(maps []HeadMap) error {
	levels := make([]HeadLevel, len(maps))
	if h.card.Head == card.SSD {
		if levels = h.priors(); len(levels) != len(maps) {
			return errors.New(strconv.Itoa(len(maps)) + " levels: the card has priors for " + strconv.Itoa(len(levels)))
		}
	}
	for i, m := range maps {
		l := &levels[i]
		if h.card.Head == card.SSD {
			if l.Columns != m.Scores.Size[3] || l.Rows != m.Scores.Size[2] {
				return errors.New("level " + strconv.Itoa(i) + ": map of " + sizeText(m.Scores.Size) + " is not the " +
					strconv.Itoa(l.Rows) + "x" + strconv.Itoa(l.Columns) + " of the card's stride")
			}
		} else {
			l.Columns, l.Rows, l.Anchors = m.Scores.Size[3], m.Scores.Size[2], 1
			l.Stride = float32(h.params.Width) / float32(max(l.Columns, 1))
		}
		width, sides := h.params.Background+h.params.Classes, 4
		if h.card.Head == card.YOLO {
			if i == 0 {
				h.params.Bins = m.Boxes.Size[1] / 4
			}
			sides = 4 * h.params.Bins
		}
		wanted := map[string]int{"scores": l.Anchors * width, "boxes": l.Anchors * sides}
		tensors := map[string]HeadTensor{"scores": m.Scores, "boxes": m.Boxes}
		if h.card.Head == card.FastestDet {
			wanted["object"], tensors["object"] = 1, m.Object
		}
		for name, want := range wanted {
			if size := tensors[name].Size; want < 1 || size != [4]int{1, want, l.Rows, l.Columns} {
				return errors.New("level " + strconv.Itoa(i) + ": " + name + " of " + sizeText(size) + " are not " +
					sizeText([4]int{1, want, l.Rows, l.Columns}))
			}
		}
		l.Scores, l.Boxes, l.Object = m.Scores.View, m.Boxes.View, m.Object.View
		// The anchors of a cell are told apart by the channel alone.
		l.Scores.Stride[0], l.Boxes.Stride[0] = 0, 0
		l.ScoresFold, l.BoxesFold = width, sides
	}
	h.params.Levels = levels
	return nil
}

// matrix is a tensor of two dimensions: strides of rows and of columns.
type matrix struct {
	offset, row, column uint32
}

// matrix reads a tensor as one of rows by columns, if it is one.
func (t HeadTensor) matrix(rows, columns int) (matrix, bool) {
	m := matrix{offset: t.View.Offset}
	if t.View.Table != None {
		return m, false
	}
	// The last dimension of the size of columns, and the last one before it of the size of rows.
	j := 3
	for j > 0 && t.Size[j] != columns {
		j--
	}
	i := j - 1
	for i > 0 && t.Size[i] != rows {
		i--
	}
	if i < 0 || t.Size[i] != rows || t.Size[j] != columns {
		return m, false
	}
	for k, side := range t.Size {
		if k != i && k != j && side != 1 {
			return m, false
		}
	}
	m.row, m.column = t.View.Stride[i], t.View.Stride[j]
	return m, true
}

// rows is the view of a level's anchors, from the row of the first one on.
func (m matrix) rows(first int, l *HeadLevel) TensorView {
	cell := uint32(l.Anchors) * m.row
	return TensorView{Offset: m.offset + uint32(first)*m.row, Table: None,
		Stride: [4]uint32{m.row, m.column, uint32(l.Columns) * cell, cell}}
}

// channels is the view of the channels from one on.
func (v TensorView) channels(from int) TensorView {
	if v.Table != None {
		v.Table += uint32(from)
	} else {
		v.Offset += uint32(from) * v.Stride[1]
	}
	return v
}

func sizeText(size [4]int) string {
	text := ""
	for i, side := range size {
		if i > 0 {
			text += "x"
		}
		text += strconv.Itoa(side)
	}
	return text
}
