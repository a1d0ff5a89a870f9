package engine

import (
	"errors"
	"slices"
	"strconv"

	"sightline/shaders"
	"sightline/vision/onnx"
)

// Options say how a graph is planned.
type Options struct {
	// Half keeps tensors and weights in half precision, two in a word.
	Half bool
	// Occupancy is how many invocations keep the GPU busy: where there are more, each does more, which
	// saves loads. 0 for DefaultOccupancy.
	Occupancy int
	// Apart plans each convolution by itself: none is fused with the one before it or computed together
	// with others. That suits adapters on which a dispatch costs little and shared memory much.
	Apart bool
	// Choices are measured ones, which come before those by Occupancy; see Tune.
	Choices Choices

	// forced fixes how much an invocation makes, alone that convolutions are fused but not joined.
	forced int
	alone  bool
}

// DefaultOccupancy suits a GPU of a laptop or a phone.
const DefaultOccupancy = 4096

// step is one dispatch before memory is planned.
type step struct {
	// kernel is the permutation; that of a convolution has an infix for how much an invocation makes, if
	// each is not 0, and the variant behind it.
	kernel, variant string
	each            int
	label           string
	// key names what Choices are about.
	key string
	// items and params are those of a copy, operator makes any other kernel, problems are convolutions.
	items    int
	params   func() []byte
	operator func() shaders.Operator
	problems []problem
	reads    []*storage
	writes   []*storage
}

// problem is one convolution of a step, or two that are fused.
type problem struct {
	// tiles is how many invocations make a block of channels if each makes so much, blocks how many blocks
	// there are.
	tiles  func(each int) int
	blocks int
	fill   func() shaders.ConvProblem
	// between is the depthwise convolution before one by 1 by 1, and shared how many quads a workgroup
	// makes then.
	between func() shaders.ConvProblem
	shared  int
}

// name is the permutation of a step.
func (s *step) name() string {
	infix := ""
	switch s.each {
	case 2:
		infix = "_two"
	case 4:
		infix = "_four"
	}
	return s.kernel + infix + s.variant
}

// compiler makes steps of nodes.
type compiler struct {
	options   Options
	consumers map[*onnx.Value][]*onnx.Node
	outputs   map[*onnx.Value]bool
	values    map[*onnx.Value]value
	done      map[*onnx.Node]bool
	steps     []*step
	constants constants
}

// Compile plans a graph. The error names the node that cannot be planned.
func Compile(g *onnx.Graph, o Options) (*Plan, error) {
	c, inputs, err := compileNodes(g, o)
	if err != nil {
		return nil, err
	}
	outputs := make([]value, len(g.Outputs))
	for i, out := range g.Outputs {
		v, err := c.value(out)
		if err != nil {
			return nil, err
		}
		if !v.plain() {
			v = c.copied(v, out.Name)
		}
		v.planes[0].store.pinned = true
		outputs[i] = v
	}
	return c.plan(g, inputs, outputs)
}

// compileNodes makes the steps of all nodes, and returns where the inputs are.
func compileNodes(g *onnx.Graph, o Options) (*compiler, []value, error) {
	if o.Occupancy == 0 {
		o.Occupancy = DefaultOccupancy
	}
	c := &compiler{options: o, consumers: g.Consumers(), outputs: map[*onnx.Value]bool{}, values: map[*onnx.Value]value{}, done: map[*onnx.Node]bool{}}
	c.constants.half = o.Half
	for _, v := range g.Outputs {
		c.outputs[v] = true
	}
	var inputs []value
	for _, in := range g.Inputs {
		v := fresh(in.Shape)
		v.planes[0].store.born = -1
		c.values[in] = v
		inputs = append(inputs, v)
	}
	known := operators()
	for _, n := range g.Nodes {
		if c.done[n] {
			continue
		}
		make := known[n.Op]
		if make == nil {
			return nil, nil, refuse(n, "", "the engine has no kernel for it")
		}
		if err := make(c, n); err != nil {
			return nil, nil, err
		}
	}
	return c, inputs, nil
}

// refuse is the error for a node that cannot be planned.
func refuse(n *onnx.Node, attribute, reason string) error {
	return &onnx.UnsupportedError{Op: n.Op, Node: n.Name, Attribute: attribute, Reason: reason}
}

// plain reports whether the value lies as fresh ones do, from the beginning of its storage.
func (v value) plain() bool {
	if len(v.planes) != 1 || v.planes[0].offset != 0 || v.planes[0].store.constant || v.half() {
		return false
	}
	return slices.Equal(merged(v.inner), merged(fresh(v.shape).inner)) &&
		(len(merged(v.inner)) == 0 || v.planes[0].store.quads == fresh(v.shape).planes[0].store.quads)
}

// value is where a tensor is; constants are put among the constants when first asked for.
func (c *compiler) value(v *onnx.Value) (value, error) {
	if w, ok := c.values[v]; ok {
		return w, nil
	}
	if v.Const == nil {
		return value{}, errors.New("engine: tensor " + strconv.Quote(v.Name) + " has no producer")
	}
	data := v.Const.F32
	if data == nil {
		data = make([]float32, len(v.Const.I64))
		for i, k := range v.Const.I64 {
			data[i] = float32(k)
		}
	}
	w := fresh(v.Shape)
	w.planes[0].store = &storage{constant: true, at: c.constants.rows(data, w)}
	c.values[v] = w
	return w, nil
}

// set says where a node's output is.
func (c *compiler) set(v *onnx.Value, w value) { c.values[v] = w.reshaped(v.Shape) }

// add appends a step and notes when storage is used.
func (c *compiler) add(s *step) { c.steps = append(c.steps, s) }

// stores are the storages of a value that take part in the planning of memory.
func (v value) stores() []*storage {
	var list []*storage
	for _, p := range v.planes {
		if !p.store.constant && !slices.Contains(list, p.store) {
			list = append(list, p.store)
		}
	}
	return list
}

// constants collects the content of the constants' buffer.
type constants struct {
	half  bool
	bytes []byte
}

// floats appends f32 constants and returns the quad of the first.
func (c *constants) floats(data []float32) int {
	at := c.align()
	c.bytes = shaders.AppendFloats(c.bytes, data)
	return at
}

// rows appends a tensor with its rows padded as those of a fresh value.
func (c *constants) rows(data []float32, v value) int {
	width := 1
	if n := len(v.shape); n > 0 {
		width = v.shape[n-1]
	}
	at := c.align()
	for len(data) > 0 && width > 0 {
		c.align()
		c.bytes = shaders.AppendFloats(c.bytes, data[:width])
		data = data[width:]
	}
	c.align()
	return at
}

// words appends 32-bit words and returns the index of the first.
func (c *constants) words(data []uint32) int {
	at := c.align()
	c.bytes = shaders.AppendWords(c.bytes, data)
	return 4 * at
}

// weights appends weights and returns their quad, of halves where weights are halves.
func (c *constants) weights(data []float32) int {
	at := c.align()
	if c.half {
		c.bytes = shaders.AppendHalves(c.bytes, data)
		return 2 * at
	}
	c.bytes = shaders.AppendFloats(c.bytes, data)
	return at
}

func (c *constants) align() int {
	for len(c.bytes)%16 != 0 {
		c.bytes = append(c.bytes, 0)
	}
	return len(c.bytes) / 16
}
