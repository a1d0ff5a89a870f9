package onnxconformance

import (
	"sightline/vision/onnx"
	"sightline/vision/onnx/eval"
)

// Interpreter computes models in plain Go.
type Interpreter struct{}

// Run loads a model and computes it.
func (Interpreter) Run(model []byte, o onnx.Options, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	m, err := onnx.Load(model, o)
	if err != nil {
		return nil, err
	}
	return eval.Run(m, inputs)
}
