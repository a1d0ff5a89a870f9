package onnx

import (
	"math"
	"strconv"
)

// The opsets that are read. Operators older than opset 9 are those that did not
// change since, and a few forms that exporters of their time wrote.
const (
	minOpset = 1
	maxOpset = 21
)

// maxPorts bounds the inputs, outputs and attributes of one node.
const maxPorts = 4096

// parser reads the messages of onnx.proto
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
type parser struct {
	limits Options
	spent  int // bytes of constants
}

func (p *parser) tooMuch() error {
	return fail("the constants take more than ", itoa(p.limits.MaxConstBytes), " bytes")
}

// spend counts the memory of a constant.
func (p *parser) spend(t DataType, n int) error {
	size := 8
	if t.IsFloat() {
		size = 4
	}
	if n > (p.limits.MaxConstBytes-p.spent)/size {
		return p.tooMuch()
	}
	p.spent += n * size
	return nil
}

// fileValue is a ValueInfoProto.
type fileValue struct {
	name string
	kind DataType
	// dims has -1 for sides that are open, with their names in params. It is nil
	// where there is no shape at all.
	dims    []int
	params  []string
	noShape bool
}

// fileTensor is an initializer.
type fileTensor struct {
	name   string
	tensor *Tensor
}

// fileNode is a NodeProto with the names of its values.
type fileNode struct {
	node            *Node
	inputs, outputs []string
}

// fileGraph is a GraphProto.
type fileGraph struct {
	name            string
	nodes           []fileNode
	initializers    []fileTensor
	inputs, outputs []fileValue
}

// Parse reads a file into a graph in topological order, with attributes and
// shapes as they stand in it.
func Parse(data []byte, o Options) (*Model, error) {
	p := parser{limits: o.withDefaults()}
	if len(data) == 0 {
		return nil, fail("onnx: the model is an empty file")
	}
	m := &message{rest: data}
	opset := int64(0)
	var graph *fileGraph
	for m.next() {
		switch m.field {
		case 7:
			if graph != nil {
				return nil, fail("onnx: the file has two graphs")
			}
			sub := m.sub()
			g, err := p.graph(sub)
			if err != nil {
				return nil, fail("onnx: ", err.Error())
			}
			graph = g
		case 8:
			domain, version, err := p.opset(m.sub())
			if err != nil {
				return nil, fail("onnx: opset_import: ", err.Error())
			}
			if domain == "" {
				opset = version
			}
		}
	}
	if m.err != nil {
		return nil, fail("onnx: ", m.err.Error())
	}
	if graph == nil {
		return nil, fail("onnx: the file has no graph; it is no ONNX model")
	}
	if opset == 0 {
		opset = 1 // files of the first version named none
	}
	if opset < minOpset || opset > maxOpset {
		return nil, fail("onnx: the model is of opset ", strconv.FormatInt(opset, 10), "; 9 to ",
			itoa(maxOpset), " are supported: export it again")
	}
	model := &Model{Opset: int(opset)}
	var err error
	model.Graph, err = p.build(graph)
	if err != nil {
		return nil, err
	}
	return model, nil
}

// standard tells whether a domain is that of the standard operators, and maps
// its long name to "".
func standard(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// opset reads an OperatorSetIdProto.
func (p *parser) opset(m *message) (domain string, version int64, err error) {
	for m.next() {
		switch m.field {
		case 1:
			domain = m.text()
		case 2:
			version = m.int()
		}
	}
	return standard(domain), version, m.err
}

func (p *parser) graph(m *message) (*fileGraph, error) {
	g := &fileGraph{}
	for m.next() {
		switch m.field {
		case 1:
			if len(g.nodes) == p.limits.MaxNodes {
				return nil, fail("the graph has more than ", itoa(p.limits.MaxNodes), " nodes")
			}
			n, err := p.node(m.sub())
			if err != nil {
				return nil, fail("node ", itoa(len(g.nodes)), " ", quote(n.node.Op), " ", quote(n.node.Name), ": ", err.Error())
			}
			g.nodes = append(g.nodes, n)
		case 2:
			g.name = m.text()
		case 5:
			if len(g.initializers) == 4*p.limits.MaxNodes {
				return nil, fail("the graph has more than ", itoa(4*p.limits.MaxNodes), " initializers")
			}
			name, t, err := p.tensor(m.sub())
			if err != nil {
				return nil, fail("initializer ", quote(name), ": ", err.Error())
			}
			if name == "" {
				return nil, fail("initializer ", itoa(len(g.initializers)), " has no name")
			}
			g.initializers = append(g.initializers, fileTensor{name, t})
		case 11, 12:
			v, err := p.value(m.sub())
			if err != nil {
				return nil, fail("value ", quote(v.name), ": ", err.Error())
			}
			if m.field == 11 {
				g.inputs = append(g.inputs, v)
			} else {
				g.outputs = append(g.outputs, v)
			}
			if len(g.inputs)+len(g.outputs) > 8*p.limits.MaxNodes {
				return nil, fail("the graph has more than ", itoa(8*p.limits.MaxNodes), " inputs and outputs")
			}
		case 15:
			return nil, fail("a sparse initializer is not supported")
		}
	}
	if m.err != nil {
		return nil, fail("graph ", quote(g.name), ": ", m.err.Error())
	}
	return g, nil
}

func (p *parser) node(m *message) (fileNode, error) {
	n := fileNode{node: &Node{}}
	for m.next() {
		switch m.field {
		case 1:
			n.inputs = append(n.inputs, m.text())
		case 2:
			n.outputs = append(n.outputs, m.text())
		case 3:
			n.node.Name = m.text()
		case 4:
			n.node.Op = m.text()
		case 5:
			a, err := p.attribute(m.sub())
			if err != nil {
				return n, fail("attribute ", quote(a.Name), ": ", err.Error())
			}
			if n.node.Attribute(a.Name) != nil {
				return n, fail("attribute ", quote(a.Name), " is there twice")
			}
			n.node.Attributes = append(n.node.Attributes, a)
		case 7:
			n.node.Domain = standard(m.text())
		}
		if len(n.inputs) > maxPorts || len(n.outputs) > maxPorts || len(n.node.Attributes) > 64 {
			return n, fail("it has too many inputs, outputs or attributes")
		}
	}
	if m.err != nil {
		return n, m.err
	}
	if n.node.Op == "" {
		return n, fail("it has no op_type")
	}
	return n, nil
}

func (p *parser) attribute(m *message) (Attribute, error) {
	var a Attribute
	var kind int64
	var seen AttributeKind
	var texts int
	var ints []int64
	for m.next() {
		switch m.field {
		case 1:
			a.Name = m.text()
		case 2:
			if m.is(wireFixed32) {
				a.Float, seen = math.Float32frombits(uint32(m.number)), KindFloat
			}
		case 3:
			// math.MaxInt64 stands for "to the end" in some attributes.
			a.Int, seen = clampInt(m.int()), KindInt
		case 4:
			a.String, seen = m.text(), KindString
		case 5:
			_, t, err := p.tensor(m.sub())
			if err != nil {
				return a, err
			}
			a.Tensor, seen = t, KindTensor
		case 6, 10, 11:
			seen = KindGraph
		case 7:
			a.Floats, seen = m.floats(a.Floats), KindFloats
		case 8:
			ints, seen = m.varints(ints, 1<<20), KindInts
		case 9:
			texts, seen = texts+1, KindTexts
		case 20:
			kind = m.int()
		case 21:
			return a, fail("it refers to an attribute of a function, which is not supported")
		case 22, 23:
			return a, fail("sparse tensors are not supported")
		}
	}
	if m.err != nil {
		return a, m.err
	}
	if a.Name == "" {
		return a, fail("it has no name")
	}
	// Fields with the value zero are not written, nor are empty lists.
	if kind == 0 {
		kind = int64(seen)
	}
	if seen != 0 && int64(seen) != kind && kind <= int64(KindTexts) || kind == int64(KindTensor) && a.Tensor == nil {
		return a, fail("its type is ", strconv.FormatInt(kind, 10), ", but its value is of type ", itoa(int(seen)))
	}
	if kind < 1 || kind > int64(KindTexts) {
		kind = int64(KindGraph)
	}
	a.Kind = AttributeKind(kind)
	if len(ints) > 0 {
		a.Ints = make([]int, len(ints))
		for i, v := range ints {
			a.Ints[i] = clampInt(v)
		}
	}
	return a, nil
}

// clampInt narrows an integer of a file to 32 bits' worth and a bit, so that
// sums of a few cannot overflow wherever int has 64 bits.
//
//go:noinline
func clampInt(v int64) int {
	return int(min(max(v, -1<<40), 1<<40))
}

func (p *parser) value(m *message) (fileValue, error) {
	v := fileValue{noShape: true}
	for m.next() {
		switch m.field {
		case 1:
			v.name = m.text()
		case 2:
			if err := p.valueType(m.sub(), &v); err != nil {
				return v, err
			}
		}
	}
	if m.err != nil {
		return v, m.err
	}
	if v.name == "" {
		return v, fail("it has no name")
	}
	return v, nil
}

// valueType reads a TypeProto.
func (p *parser) valueType(m *message, v *fileValue) error {
	for m.next() {
		switch m.field {
		case 1:
			t := m.sub()
			for t.next() {
				switch t.field {
				case 1:
					kind := t.int()
					if kind < 0 || kind > 255 {
						return fail("its element type is ", strconv.FormatInt(kind, 10), ", which is none of ONNX")
					}
					v.kind = DataType(kind)
				case 2:
					if err := p.shape(t.sub(), v); err != nil {
						return err
					}
				}
			}
			if t.err != nil {
				return t.err
			}
		case 4, 5, 8, 9:
			return fail("it is no tensor, but a sequence, map, optional or sparse tensor, which is not supported")
		}
	}
	return m.err
}

// shape reads a TensorShapeProto.
func (p *parser) shape(m *message, v *fileValue) error {
	v.noShape = false
	for m.next() {
		if m.field != 1 {
			continue
		}
		if len(v.dims) == maxRank {
			return fail("it has more than ", itoa(maxRank), " sides")
		}
		side, param := -1, ""
		d := m.sub()
		for d.next() {
			switch d.field {
			case 1:
				n := d.int()
				if n > math.MaxInt32 || n < math.MinInt32 {
					return fail("its side ", strconv.FormatInt(n, 10), " is out of range")
				}
				side = max(int(n), -1) // some exporters write -1 for open sides
			case 2:
				param = d.text()
			}
		}
		if d.err != nil {
			return d.err
		}
		v.dims = append(v.dims, side)
		v.params = append(v.params, param)
	}
	return m.err
}
