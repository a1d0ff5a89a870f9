package engine

import (
	"errors"
	"slices"

	"sightline/shaders"
	"sightline/vision/card"
	"sightline/vision/onnx"
)

// DefaultLeast is the least score of a box until Plan.HeadParams asks for another.
const DefaultLeast = 0.25

// CompileDetector plans a detector up to its boxes: the network, its head and the suppression of
// overlapping boxes. The result's buffer then holds what shaders.ParseNMSResult reads. Where the network's
// end is of a form that is known, the head reads the last convolutions, and what the file does behind
// them is left out.
func CompileDetector(g *onnx.Graph, c card.Card, o Options) (*Plan, error) {
	if len(g.Inputs) != 1 || !slices.Equal(g.Inputs[0].Shape, []int{1, 3, c.Input.Height, c.Input.Width}) {
		return nil, errors.New("engine: model " + c.Name + ": the card says that the input is 1x3x" + itoa(c.Input.Height) + "x" + itoa(c.Input.Width) +
			", the file has another one")
	}
	if maps, ok := lastMaps(g, c); ok {
		if p, err := compileHead(ending(g, maps), c, o, maps); err == nil {
			return p, nil
		}
	}
	return compileHead(g, c, o, nil)
}

// featureMap is one level: class scores, boxes, and the objectness of a fastestdet head.
type featureMap struct{ scores, boxes, object *onnx.Value }

// values are the tensors of a level.
func (m featureMap) values() []*onnx.Value {
	list := []*onnx.Value{m.scores, m.boxes}
	if m.object != nil {
		list = append(list, m.object)
	}
	return list
}

// behind are the operators that the known heads consist of. A network that ends in others is run to its
// end.
func behind(h card.Head) []string {
	list := []string{"Concat", "Reshape", "Transpose", "Softmax", "Sigmoid", "Slice", "Split", "Gather"}
	if h == card.YOLO {
		list = append(list, "Add", "Sub", "Mul", "Div")
	}
	return list
}

// lastMaps finds the last convolutions, by what reads them and by their channels.
func lastMaps(g *onnx.Graph, c card.Card) ([]featureMap, bool) {
	allowed := behind(c.Head)
	var found []*onnx.Value
	seen := map[*onnx.Value]bool{}
	ok := true
	var walk func(v *onnx.Value)
	walk = func(v *onnx.Value) {
		if v == nil || v.Const != nil || seen[v] || !ok {
			return
		}
		seen[v] = true
		n := v.Producer
		switch {
		case n == nil:
			ok = false
		case n.Op == "Conv" && distribution(n):
			walk(n.Inputs[0])
		case n.Op == "Conv":
			found = append(found, v)
		case slices.Contains(allowed, n.Op):
			for _, in := range n.Inputs {
				walk(in)
			}
		default:
			ok = false
		}
	}
	for _, out := range g.Outputs {
		walk(out)
	}
	if !ok {
		return nil, false
	}
	// The largest map is the first level.
	slices.SortStableFunc(found, func(a, b *onnx.Value) int { return b.Shape[3]*b.Shape[2] - a.Shape[3]*a.Shape[2] })
	each := 2
	if c.Head == card.FastestDet {
		each = 3
	}
	if len(found) == 0 || len(found)%each != 0 {
		return nil, false
	}
	var maps []featureMap
	for level := range slices.Chunk(found, each) {
		m, ok := sortLevel(level, c, len(maps))
		if !ok {
			return nil, false
		}
		maps = append(maps, m)
	}
	return maps, true
}

// distribution reports whether a convolution is the mean of YOLO's distributions: one output channel
// whose weights count up from zero.
func distribution(n *onnx.Node) bool {
	w := n.Inputs[1]
	if w.Const == nil || len(w.Shape) != 4 || w.Shape[0] != 1 || w.Shape[2] != 1 || w.Shape[3] != 1 {
		return false
	}
	for i, v := range w.Const.F32 {
		if v != float32(i) {
			return false
		}
	}
	return w.Shape[1] > 1
}

// sortLevel tells scores and boxes of a level apart; false where their channels leave that open.
func sortLevel(level []*onnx.Value, c card.Card, number int) (featureMap, bool) {
	width := len(c.Classes)
	if c.Background {
		width++
	}
	boxes := 4
	if c.Head == card.SSD {
		if number >= len(c.Priors) {
			return featureMap{}, false
		}
		n := len(c.Priors[number].Sizes)
		width, boxes = n*width, 4*n
	}
	var m featureMap
	take := func(to **onnx.Value, fits func(channels int) bool) bool {
		for _, v := range level {
			if fits(v.Shape[1]) {
				if *to != nil {
					return false
				}
				*to = v
			}
		}
		return *to != nil
	}
	is := func(n int) func(int) bool { return func(channels int) bool { return channels == n } }
	ok := take(&m.scores, is(width))
	if c.Head == card.YOLO {
		ok = ok && take(&m.boxes, func(channels int) bool { return channels != width && channels%4 == 0 })
	} else {
		ok = ok && take(&m.boxes, is(boxes))
	}
	if c.Head == card.FastestDet {
		ok = ok && take(&m.object, is(1))
	}
	for _, v := range level {
		ok = ok && slices.Equal(v.Shape[2:], level[0].Shape[2:])
	}
	return m, ok
}

// ending is the graph that ends in the maps.
func ending(g *onnx.Graph, maps []featureMap) *onnx.Graph {
	out := &onnx.Graph{Name: g.Name, Inputs: g.Inputs}
	needed := map[*onnx.Node]bool{}
	var need func(v *onnx.Value)
	need = func(v *onnx.Value) {
		if v == nil || v.Producer == nil || needed[v.Producer] {
			return
		}
		needed[v.Producer] = true
		for _, in := range v.Producer.Inputs {
			need(in)
		}
	}
	for _, m := range maps {
		for _, v := range m.values() {
			out.Outputs = append(out.Outputs, v)
			need(v)
		}
	}
	for _, n := range g.Nodes {
		if needed[n] {
			out.Nodes = append(out.Nodes, n)
		}
	}
	return out
}

// headTensor is a tensor that the head reads, once memory is planned.
type headTensor struct {
	size [4]int
	view lazyView
}

func (t headTensor) get() shaders.HeadTensor {
	return shaders.HeadTensor{Size: t.size, View: t.view.get()}
}

// compileHead plans a graph with the head of a card: by its outputs, or by its last maps.
func compileHead(g *onnx.Graph, card card.Card, o Options, maps []featureMap) (*Plan, error) {
	c, inputs, err := compileNodes(g, o)
	if err != nil {
		return nil, err
	}
	var reads []*storage
	tensor := func(out *onnx.Value) (headTensor, error) {
		v, err := c.value(out)
		if err != nil {
			return headTensor{}, err
		}
		if v.planes[0].store.constant {
			return headTensor{}, errors.New("engine: output " + out.Name + " is a constant")
		}
		t := headTensor{}
		t.size, _ = size4(out.Shape)
		t.view, v = c.viewed(v, t.size, out.Name)
		reads = append(reads, v.stores()...)
		return t, nil
	}
	var make func() (*shaders.Head, error)
	if maps == nil {
		var list []headTensor
		for _, out := range g.Outputs {
			t, err := tensor(out)
			if err != nil {
				return nil, err
			}
			list = append(list, t)
		}
		make = func() (*shaders.Head, error) {
			var outputs []shaders.HeadTensor
			for _, t := range list {
				outputs = append(outputs, t.get())
			}
			return shaders.NewHead(card, outputs)
		}
	} else {
		var list [][3]headTensor
		for _, m := range maps {
			var level [3]headTensor
			for i, v := range m.values() {
				if level[i], err = tensor(v); err != nil {
					return nil, err
				}
			}
			list = append(list, level)
		}
		make = func() (*shaders.Head, error) {
			var levels []shaders.HeadMap
			for _, l := range list {
				m := shaders.HeadMap{Scores: l[0].get(), Boxes: l[1].get()}
				if len(maps[0].values()) == 3 {
					m.Object = l[2].get()
				}
				levels = append(levels, m)
			}
			return shaders.NewMapHead(card, levels)
		}
	}
	head, err := make()
	if err != nil {
		return nil, err
	}
	// It is no storage of the arena, and only keeps the two steps in order.
	candidates := &storage{constant: true}
	nms := shaders.NewNMSParams(card)
	c.add(&step{label: headLabel, reads: reads, writes: []*storage{candidates}, operator: func() shaders.Operator {
		// It cannot fail where it did not before: only places are others.
		head, _ = make()
		return head.Operator(DefaultLeast)
	}})
	c.add(&step{label: "nms", reads: []*storage{candidates}, operator: nms.Operator})
	p, err := c.plan(g, inputs, nil)
	if err != nil {
		return nil, err
	}
	p.Detections, p.Result = head.DetectionBytes(), nms.ResultBytes()
	p.head = head
	return p, nil
}

// headLabel is the label of the head's dispatch.
const headLabel = "head"

// HeadParams is what has to be written into the uniform, and where, for boxes that score at least least;
// nothing for a plan without a head.
func (p *Plan) HeadParams(least float32) (offset int, data []byte) {
	if p.head == nil {
		return 0, nil
	}
	for _, d := range p.Dispatches {
		if d.Label == headLabel {
			return d.Params, p.head.Operator(least).Params
		}
	}
	return 0, nil
}
