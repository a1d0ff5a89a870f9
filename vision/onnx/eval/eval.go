// Package eval computes graphs of vision/onnx in plain Go, in 32-bit floats. It
// is the reference that kernels are compared with, operator by operator, and
// is made to be right first and quick second. It knows no device.
package eval

import (
	"errors"
	"strconv"

	"sightline/vision/onnx"
)

// Run computes the outputs of a loaded model, in their order, for its inputs in
// theirs.
func Run(m *onnx.Model, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	g := m.Graph
	if len(inputs) != len(g.Inputs) {
		return nil, errors.New("eval: " + strconv.Itoa(len(inputs)) + " inputs were given, the model has " + strconv.Itoa(len(g.Inputs)))
	}
	values := make(map[*onnx.Value]*onnx.Tensor)
	for i, v := range g.Inputs {
		t := inputs[i]
		if t.Type != v.Type || !equal(t.Shape, v.Shape) || len(t.F32)+len(t.I64) != v.Len() {
			return nil, errors.New("eval: input " + strconv.Quote(v.Name) + " does not have the model's type and shape")
		}
		values[v] = t
	}
	left := make(map[*onnx.Value]int) // nodes that still read it
	for v, users := range g.Consumers() {
		left[v] = len(users)
	}
	for _, v := range g.Outputs {
		left[v]++
	}
	for _, n := range g.Nodes {
		in := make([]*onnx.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = value(values, v)
		}
		out, err := Node(n, in)
		if err != nil {
			return nil, err
		}
		for i, v := range n.Outputs {
			if v != nil {
				values[v] = out[i]
			}
		}
		seen := make(map[*onnx.Value]bool, len(n.Inputs))
		for _, v := range n.Inputs {
			if v == nil || seen[v] {
				continue
			}
			seen[v] = true
			if left[v]--; left[v] == 0 {
				delete(values, v)
			}
		}
	}
	results := make([]*onnx.Tensor, len(g.Outputs))
	for i, v := range g.Outputs {
		results[i] = value(values, v)
	}
	return results, nil
}

func value(values map[*onnx.Value]*onnx.Tensor, v *onnx.Value) *onnx.Tensor {
	if v == nil {
		return nil
	}
	if v.Const != nil {
		return v.Const
	}
	return values[v]
}

// Node computes one node of a loaded model. A left-out input is nil. The
// results may share memory with the inputs.
func Node(n *onnx.Node, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	var f func(*onnx.Node, []*onnx.Tensor, *onnx.Tensor)
	switch n.Op {
	case "Conv":
		f = conv
	case "ConvTranspose":
		f = convTranspose
	case "MaxPool":
		f = maxPool
	case "AveragePool":
		f = averagePool
	case "Resize":
		f = resize
	default:
		return onnx.Evaluate(n, in)
	}
	shape := n.Outputs[0].Shape
	out := &onnx.Tensor{Type: n.Outputs[0].Type, Shape: shape}
	if out.Type.IsFloat() {
		out.F32 = make([]float32, out.Len())
	} else {
		out.I64 = make([]int64, out.Len())
	}
	f(n, in, out)
	return []*onnx.Tensor{out}, nil
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
