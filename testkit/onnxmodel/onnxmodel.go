// Package onnxmodel writes tiny ONNX models for tests. It knows the few fields
// of the format that they need (onnx.proto of the ONNX project).
package onnxmodel

import (
	"encoding/binary"
	"fmt"
)

// field appends a length-delimited protobuf field.
func field(b []byte, number int, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(number)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

func text(b []byte, number int, value string) []byte { return field(b, number, []byte(value)) }

func number(b []byte, field int, value uint64) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3)
	return binary.AppendUvarint(b, value)
}

// tensor describes an input or output of 32-bit floats; a side of 0 is open.
func tensor(name string, sides ...int) []byte {
	var shape []byte
	for _, s := range sides {
		var dim []byte
		if s == 0 {
			dim = text(dim, 2, "n")
		} else {
			dim = number(dim, 1, uint64(s))
		}
		shape = field(shape, 1, dim)
	}
	return field(text(nil, 1, name), 2, field(nil, 1, field(number(nil, 1, 1), 2, shape)))
}

// Reshape is a model that takes any number of pictures of 3 x height x width
// and gives their values as rows x 3*height*width/rows.
func Reshape(height, width, rows int) []byte {
	columns := 3 * height * width / rows
	g := graph{}
	g.constant("shape", -1, int64(rows), int64(columns))
	g.node("Reshape", "boxes", "pictures", "shape")
	return g.model(tensor("pictures", 0, 3, height, width), tensor("boxes", 0, rows, columns))
}

// Slow is Reshape with work that changes nothing: rounds products of square
// matrices of side 3*height*width, about 2*side^3 operations each.
func Slow(height, width, rows, rounds int) []byte {
	side := 3 * height * width
	g := graph{}
	g.constant("shape", -1, int64(rows), int64(side/rows))
	g.constant("column", -1, int64(side), 1)
	g.constant("row", -1, 1, int64(side))
	g.node("Reshape", "plain", "pictures", "shape")
	g.node("Reshape", "a", "pictures", "column")
	g.node("Reshape", "b", "pictures", "row")
	g.node("MatMul", "work0", "a", "b")
	for i := range rounds {
		// Squashed, so that values stay where arithmetic is fast.
		work, product, next := fmt.Sprint("work", i), fmt.Sprint("product", i), fmt.Sprint("work", i+1)
		g.node("MatMul", product, work, work)
		g.node("Sigmoid", next, product)
	}
	// The floor of a mean within 0 and 1 is 0; optimisers do not know.
	g.constant("flat", -1, 1, int64(side*side))
	g.node("Reshape", "line", fmt.Sprint("work", rounds), "flat")
	g.node("GlobalAveragePool", "mean", "line")
	g.node("Tanh", "squashed", "mean")
	g.node("Floor", "nothing", "squashed")
	g.node("Add", "boxes", "plain", "nothing")
	return g.model(tensor("pictures", 0, 3, height, width), tensor("boxes", 0, rows, side/rows))
}

// graph collects the parts of a model.
type graph struct{ nodes, constants []byte }

// constant adds a one-dimensional tensor of whole numbers.
func (g *graph) constant(name string, values ...int64) {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	// data type 7 is INT64
	g.constants = field(g.constants, 5, field(text(number(number(nil, 1, uint64(len(values))), 2, 7), 8, name), 9, raw))
}

func (g *graph) node(op, output string, inputs ...string) {
	var n []byte
	for _, in := range inputs {
		n = text(n, 1, in)
	}
	g.nodes = field(g.nodes, 1, text(text(n, 2, output), 4, op))
}

// model closes the graph: one input, one output, operators of version 13.
func (g *graph) model(input, output []byte) []byte {
	b := append(text(g.nodes, 2, "test"), g.constants...)
	b = field(field(b, 11, input), 12, output)
	return field(field(number(nil, 1, 7), 7, b), 8, number(nil, 2, 13))
}
