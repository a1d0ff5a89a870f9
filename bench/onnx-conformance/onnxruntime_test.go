package main

import (
	"fmt"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	runtime "sightline/relay/infer/ort"
	"sightline/vision/onnx"
)

// openORT loads the library once in a process.
var openORT = sync.OnceValue(func() error {
	_, err := runtime.Open(runtime.Options{Provider: runtime.CPU})
	return err
})

// runORT computes all outputs of a model for tensors by name. With plain, ONNX
// Runtime leaves the graph as it is.
func runORT(model []byte, inputs map[string]*onnx.Tensor, plain bool) ([]*onnx.Tensor, error) {
	if err := openORT(); err != nil {
		return nil, err
	}
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	var names, results []string
	var fed []ort.Value
	defer func() {
		for _, v := range fed {
			_ = v.Destroy()
		}
	}()
	for _, in := range ins {
		t := inputs[in.Name]
		if t == nil {
			continue // it has an initializer
		}
		v, err := valueORT(t)
		if err != nil {
			return nil, fmt.Errorf("onnxruntime: input %q: %w", in.Name, err)
		}
		names, fed = append(names, in.Name), append(fed, v)
	}
	for _, out := range outs {
		results = append(results, out.Name)
	}
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer o.Destroy()
	if plain {
		if err := o.SetGraphOptimizationLevel(ort.GraphOptimizationLevelDisableAll); err != nil {
			return nil, fmt.Errorf("onnxruntime: %w", err)
		}
	}
	if err := o.SetIntraOpNumThreads(1); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, names, results, o)
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer s.Destroy()
	made := make([]ort.Value, len(results))
	if err := s.Run(fed, made); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	tensors := make([]*onnx.Tensor, len(made))
	for i, v := range made {
		tensors[i], err = tensorORT(v)
		_ = v.Destroy()
		if err != nil {
			return nil, fmt.Errorf("onnxruntime: output %q: %w", results[i], err)
		}
	}
	return tensors, nil
}

func valueORT(t *onnx.Tensor) (ort.Value, error) {
	shape := make(ort.Shape, len(t.Shape))
	for i, s := range t.Shape {
		shape[i] = int64(s)
	}
	switch t.Type {
	case onnx.Float:
		return ort.NewTensor(shape, append([]float32(nil), t.F32...))
	case onnx.Int64:
		return ort.NewTensor(shape, append([]int64(nil), t.I64...))
	}
	return nil, fmt.Errorf("tensors of %v are not passed on", t.Type)
}

func tensorORT(v ort.Value) (*onnx.Tensor, error) {
	out := &onnx.Tensor{Shape: []int{}}
	for _, s := range v.GetShape() {
		out.Shape = append(out.Shape, int(s))
	}
	switch t := v.(type) {
	case *ort.Tensor[float32]:
		out.Type, out.F32 = onnx.Float, append([]float32(nil), t.GetData()...)
	case *ort.Tensor[int64]:
		out.Type, out.I64 = onnx.Int64, append([]int64(nil), t.GetData()...)
	default:
		return nil, fmt.Errorf("it is a %T", v)
	}
	return out, nil
}
