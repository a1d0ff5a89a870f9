package eval_test

import (
	"testing"

	"sightline/testkit/onnxsweep"
	"sightline/vision/onnx"
	"sightline/vision/onnx/eval"
)

// work is about how long a graph takes to compute.
func work(g *onnx.Graph) int {
	sum := 0
	for _, n := range g.Nodes {
		each := 1
		switch n.Op {
		case "Conv", "ConvTranspose":
			w := n.Inputs[1].Shape
			each = w[1] * w[2] * w[3]
			if n.Op == "ConvTranspose" {
				each *= w[0]
			}
		case "MaxPool", "AveragePool":
			k := n.Ints("kernel_shape", nil)
			each = k[0] * k[1]
		case "MatMul", "Gemm":
			each = n.Inputs[0].Len()
		}
		for _, v := range n.Inputs {
			if v != nil {
				sum += v.Len()
			}
		}
		sum += (1 + n.Outputs[0].Len()) * (1 + each)
	}
	return sum
}

// FuzzRun computes whatever graph a file loads into. What a load lets through
// must not panic.
func FuzzRun(f *testing.F) {
	for _, name := range onnxsweep.Operators() {
		f.Add(onnxsweep.Operator(name, 1).Model.Bytes())
	}
	f.Fuzz(tryRun)
}

// tryRun loads and computes a file within narrow limits.
func tryRun(t *testing.T, file []byte) {
	limits := onnx.Options{MaxNodes: 100, MaxConstBytes: 1 << 20, MaxElements: 1 << 14, MaxFold: 1 << 18, AnySide: true}
	m, err := onnx.Load(file, limits)
	if err != nil || work(m.Graph) > 1<<22 {
		return
	}
	var inputs []*onnx.Tensor
	for _, v := range m.Graph.Inputs {
		x := &onnx.Tensor{Type: v.Type, Shape: v.Shape}
		if v.Type.IsFloat() {
			x.F32 = make([]float32, v.Len())
		} else {
			x.I64 = make([]int64, v.Len())
		}
		inputs = append(inputs, x)
	}
	outputs, err := eval.Run(m, inputs)
	if err != nil {
		return
	}
	for i, v := range m.Graph.Outputs {
		if got := outputs[i]; got.Len() != v.Len() || len(got.F32)+len(got.I64) != v.Len() {
			t.Errorf("output %q has %d elements for shape %v", v.Name, len(got.F32)+len(got.I64), v.Shape)
		}
	}
}

// FuzzMutations breaks operators that are right, one to three places at a time,
// as the seed says.
func FuzzMutations(f *testing.F) {
	names := onnxsweep.Operators()
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		d := onnxsweep.Operator(names[seed%uint64(len(names))], seed)
		for range 1 + d.IntN(3) {
			d.Mutate()
		}
		tryRun(t, d.Model.Bytes())
	})
}
