package onnxmodel

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"sightline/vision/onnx"
)

// Model is a file to be written.
type Model struct {
	Opset        int // default 13
	Nodes        []Node
	Inputs       []Value
	Outputs      []Value
	Initializers []Initializer
}

// Node is an operator with the names of its values.
type Node struct {
	Op, Name, Domain string
	Inputs, Outputs  []string
	// Attributes are int, float32, string, []int, []float32 or *onnx.Tensor.
	Attributes []Attribute
}

// Attribute is a named value of a node.
type Attribute struct {
	Name  string
	Value any
}

// Value is an input or output of the graph.
type Value struct {
	Name string
	Type onnx.DataType // default Float
	// Shape is left out where NoShape is set; a side of -1 is open.
	Shape   []int
	NoShape bool
}

// Initializer is a constant. Typed writes it into the fields of its type
// instead of raw_data.
type Initializer struct {
	Name   string
	Tensor *onnx.Tensor
	Typed  bool
}

// Bytes writes the file.
func (m Model) Bytes() []byte {
	var graph []byte
	for _, n := range m.Nodes {
		graph = field(graph, 1, n.bytes())
	}
	graph = text(graph, 2, "test")
	for _, t := range m.Initializers {
		graph = field(graph, 5, Tensor(t.Name, t.Tensor, t.Typed))
	}
	for _, v := range m.Inputs {
		graph = field(graph, 11, v.bytes())
	}
	for _, v := range m.Outputs {
		graph = field(graph, 12, v.bytes())
	}
	opset := m.Opset
	if opset == 0 {
		opset = 13
	}
	// The version of the format that came with the opset.
	version := uint64(3)
	for _, since := range []int{8, 9, 10, 11, 12, 15, 19, 20, 21} {
		if opset >= since {
			version++
		}
	}
	b := number(nil, 1, min(version, 10))
	b = field(b, 7, graph)
	return field(b, 8, number(nil, 2, uint64(opset)))
}

func (n Node) bytes() []byte {
	var b []byte
	for _, s := range n.Inputs {
		b = text(b, 1, s)
	}
	for _, s := range n.Outputs {
		b = text(b, 2, s)
	}
	if n.Name != "" {
		b = text(b, 3, n.Name)
	}
	b = text(b, 4, n.Op)
	for _, a := range n.Attributes {
		b = field(b, 5, a.bytes())
	}
	if n.Domain != "" {
		b = text(b, 7, n.Domain)
	}
	return b
}

func (a Attribute) bytes() []byte {
	b := text(nil, 1, a.Name)
	kind := uint64(0)
	switch v := a.Value.(type) {
	case float32:
		b, kind = fixed(b, 2, v), 1
	case int:
		b, kind = number(b, 3, uint64(int64(v))), 2
	case string:
		b, kind = text(b, 4, v), 3
	case *onnx.Tensor:
		b, kind = field(b, 5, Tensor("", v, false)), 4
	case []float32:
		for _, f := range v {
			b = fixed(b, 7, f)
		}
		kind = 6
	case []int:
		for _, i := range v {
			b = number(b, 8, uint64(int64(i)))
		}
		kind = 7
	default:
		panic(fmt.Sprintf("onnxmodel: attribute %s is a %T", a.Name, a.Value))
	}
	return number(b, 20, kind)
}

func fixed(b []byte, field int, v float32) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|5)
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

func (v Value) bytes() []byte {
	kind := v.Type
	if kind == 0 {
		kind = onnx.Float
	}
	tensor := number(nil, 1, uint64(kind))
	if !v.NoShape {
		var shape []byte
		for i, s := range v.Shape {
			dim := number(nil, 1, uint64(max(s, 0)))
			if s < 0 {
				dim = text(nil, 2, fmt.Sprintf("side%d", i))
			}
			shape = field(shape, 1, dim)
		}
		tensor = field(tensor, 2, shape)
	}
	return field(text(nil, 1, v.Name), 2, field(nil, 1, tensor))
}

// Tensor writes a TensorProto.
func Tensor(name string, t *onnx.Tensor, typed bool) []byte {
	var b []byte
	for _, s := range t.Shape {
		b = number(b, 1, uint64(s))
	}
	b = number(b, 2, uint64(t.Type))
	if name != "" {
		b = text(b, 8, name)
	}
	var data []byte
	switch {
	case typed && t.Type == onnx.Float:
		for _, v := range t.F32 {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		return field(b, 4, data)
	case typed && t.Type == onnx.Double:
		for _, v := range t.F32 {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(v)))
		}
		return field(b, 10, data)
	case typed:
		at := 5
		if t.Type == onnx.Int64 {
			at = 7
		}
		if t.Type == onnx.Uint32 || t.Type == onnx.Uint64 {
			at = 11
		}
		for _, v := range bits(t) {
			data = binary.AppendUvarint(data, v)
		}
		return field(b, at, data)
	}
	for _, v := range bits(t) {
		switch t.Type {
		case onnx.Bool, onnx.Int8, onnx.Uint8:
			data = append(data, byte(v))
		case onnx.Int16, onnx.Uint16, onnx.Float16, onnx.BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		case onnx.Float, onnx.Int32, onnx.Uint32:
			data = binary.LittleEndian.AppendUint32(data, uint32(v))
		default:
			data = binary.LittleEndian.AppendUint64(data, v)
		}
	}
	return field(b, 9, data)
}

// bits are the elements as the file holds them. Of 16-bit floats it knows those
// that a float32 cut short is: zeros and normal numbers without lower bits.
func bits(t *onnx.Tensor) []uint64 {
	var list []uint64
	for _, v := range t.I64 {
		list = append(list, uint64(v))
	}
	for _, v := range t.F32 {
		b := math.Float32bits(v)
		switch t.Type {
		case onnx.Double:
			list = append(list, math.Float64bits(float64(v)))
		case onnx.BFloat16:
			list = append(list, uint64(b>>16))
		case onnx.Float16:
			h := uint64(b>>16&0x8000) | uint64(b>>13&0x3ff)
			if e := int(b >> 23 & 255); e != 0 {
				h |= uint64(e-112) << 10
			}
			list = append(list, h)
		default:
			list = append(list, uint64(b))
		}
	}
	return list
}

// Floats is a constant of 32-bit floats.
func Floats(shape []int, data ...float32) *onnx.Tensor {
	return &onnx.Tensor{Type: onnx.Float, Shape: slices.Clone(shape), F32: data}
}

// Ints is a list of 64-bit integers.
func Ints(data ...int64) *onnx.Tensor {
	return &onnx.Tensor{Type: onnx.Int64, Shape: []int{len(data)}, I64: data}
}
