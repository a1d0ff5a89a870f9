package onnxconformance

import (
	"slices"

	"sightline/vision/onnx"
)

// about is what the harness must know of a model itself.
type about struct {
	inputs     []string // in order
	types      []onnx.DataType
	parameters map[string]bool // inputs that engines want to know at load
	operators  []string
	known      bool // the file could be read
}

// parameters are inputs of operators that say what to do instead of holding
// data. Integers are none of these: they are known at load anyhow.
var parameters = map[string][]int{
	"Clip": {1, 2}, "Pad": {2}, "Resize": {1, 2}, "Upsample": {1}, "Dropout": {1}, "Range": {0, 1, 2},
}

// describe reads a model; sides that it leaves open do not matter here.
func describe(model []byte) about {
	a := about{parameters: make(map[string]bool)}
	m, err := onnx.Parse(model, onnx.Options{AnySide: true})
	if err != nil {
		return a
	}
	a.known = true
	for _, v := range m.Graph.Inputs {
		a.inputs, a.types = append(a.inputs, v.Name), append(a.types, v.Type)
	}
	for _, n := range m.Graph.Nodes {
		name := n.Op
		if n.Domain != "" {
			name = n.Domain + "." + n.Op
		}
		a.operators = append(a.operators, name)
		for _, i := range parameters[n.Op] {
			if v := n.Input(i); v != nil && v.Producer == nil && v.Const == nil {
				a.parameters[v.Name] = true
			}
		}
	}
	return a
}

// counts tells whether a case is one of 32-bit floats with known operators.
func (a about) counts(inputs, outputs []*onnx.Tensor) bool {
	if !a.known {
		return false
	}
	for _, op := range a.operators {
		if !slices.Contains(Operators, op) {
			return false
		}
	}
	some := false
	for _, t := range slices.Concat(inputs, outputs) {
		some = some || t.Type == onnx.Float
		if t.Type.IsFloat() && t.Type != onnx.Float || t.Type == onnx.Uint16 {
			return false // bfloat16 is stored as uint16
		}
	}
	return some
}
