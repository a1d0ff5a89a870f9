// Package onnxsweep makes random ONNX models: operators in all of their forms,
// small networks as exporters write them, and broken ones. It knows nothing
// that computes them.
package onnxsweep

import (
	"maps"
	"math/rand/v2"
	"slices"

	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

// Draw is a model that was drawn by lot, with the lot that goes on.
type Draw struct {
	*rand.Rand
	Model onnxmodel.Model
}

// Operators are the names for [Operator], sorted.
func Operators() []string { return slices.Sorted(maps.Keys(operators)) }

// Operator draws a model of one operator, whose inputs are 32-bit floats. The
// same seed gives the same model.
func Operator(name string, seed uint64) *Draw {
	d := &Draw{Rand: rand.New(rand.NewPCG(seed, uint64(len(name))))}
	operators[name](d)
	return d
}

// Inputs draws values between -2 and 2 for the inputs, by name.
func (d *Draw) Inputs() map[string]*onnx.Tensor {
	named := make(map[string]*onnx.Tensor)
	for _, v := range d.Model.Inputs {
		shape := slices.Clone(v.Shape)
		for i, s := range shape {
			shape[i] = max(s, 1) // an open side
			if s == 0 {
				shape[i] = 0
			}
		}
		named[v.Name] = d.tensor(shape...)
	}
	return named
}

// Random is a tensor of floats between 0 and 1.
func Random(r *rand.Rand, shape []int) *onnx.Tensor {
	t := &onnx.Tensor{Type: onnx.Float, Shape: shape}
	t.F32 = make([]float32, t.Len())
	for i := range t.F32 {
		t.F32[i] = r.Float32()
	}
	return t
}
