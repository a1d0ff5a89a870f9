// Package onnxmodel writes tiny ONNX models for tests. It knows the few fields
// of the format that they need (onnx.proto of the ONNX project).
package onnxmodel

import "encoding/binary"

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
	var shape []byte
	for _, n := range []int64{-1, int64(rows), int64(columns)} {
		shape = binary.LittleEndian.AppendUint64(shape, uint64(n))
	}
	initializer := field(text(number(number(nil, 1, 3), 2, 7), 8, "shape"), 9, shape)
	node := text(text(text(text(nil, 1, "pictures"), 1, "shape"), 2, "boxes"), 4, "Reshape")
	graph := text(field(nil, 1, node), 2, "reshape")
	graph = field(graph, 5, initializer)
	graph = field(graph, 11, tensor("pictures", 0, 3, height, width))
	graph = field(graph, 12, tensor("boxes", 0, rows, columns))
	model := number(nil, 1, 7)
	model = field(model, 7, graph)
	return field(model, 8, number(nil, 2, 13))
}
