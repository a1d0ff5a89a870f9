package eval_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sightline/testkit/onnxmodel"
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
	for _, sweep := range sweeps {
		d := &draw{Rand: rand.New(rand.NewPCG(1, 1))}
		sweep(d)
		f.Add(d.m.Bytes())
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

// mutate breaks a model in a place that bytes at random hardly reach.
func (d *draw) mutate() {
	odd := func() int {
		return d.from(-1, 0, 1, 2, 3, -2, 7, 100, 4095, 1<<31-1, -1<<31, 1<<40, -1<<40, 1<<62, -1<<63, 1<<63-1)
	}
	n := &d.m.Nodes[d.IntN(len(d.m.Nodes))]
	switch d.IntN(10) {
	case 0:
		names := append(slices.Sorted(maps.Keys(sweeps)), strings.Fields(`Where Range Tile NonZero Min Max Mod And Or Not Abs Floor Log
			ReduceSum ReduceProd ReduceMin Equal Less ConstantOfShape Size Shape Sum Neg Reciprocal GlobalMaxPool Identity Constant`)...)
		n.Op = names[d.IntN(len(names))]
	case 1:
		d.m.Opset = 1 + d.IntN(21)
	case 2, 3:
		if len(n.Attributes) == 0 {
			return
		}
		a := &n.Attributes[d.IntN(len(n.Attributes))]
		switch v := a.Value.(type) {
		case int:
			a.Value = odd()
		case []int:
			v = slices.Clone(v)
			if len(v) > 0 {
				v[d.IntN(len(v))] = odd()
			}
			a.Value = v[:d.IntN(len(v)+1)]
			if d.IntN(2) == 0 {
				a.Value = v
			}
		case float32:
			a.Value = float32(odd())
		case string:
			a.Value = d.text("SAME_UPPER VALID nearest linear cubic wrap reflect edge tf_crop_and_resize simple")
		}
	case 4:
		if len(d.m.Inputs) > 0 {
			in := &d.m.Inputs[d.IntN(len(d.m.Inputs))]
			in.Shape = slices.Clone(in.Shape)
			if len(in.Shape) > 0 && d.IntN(2) == 0 {
				in.Shape[d.IntN(len(in.Shape))] = d.from(0, 0, 1, 2, 5, 1<<20)
			} else {
				in.Shape = d.shape(d.IntN(6), 3)
			}
		}
	case 5, 6:
		if len(d.m.Initializers) == 0 {
			return
		}
		c := *d.m.Initializers[d.IntN(len(d.m.Initializers))].Tensor
		c.I64, c.F32 = slices.Clone(c.I64), slices.Clone(c.F32)
		if len(c.I64) > 0 {
			c.I64[d.IntN(len(c.I64))] = int64(odd())
		}
		if len(c.F32) > 0 {
			c.F32[d.IntN(len(c.F32))] = float32(odd())
		}
		if d.IntN(3) == 0 {
			// Another shape of as many elements, or none.
			c.Shape = [][]int{{c.Len()}, {1, c.Len()}, {c.Len(), 1, 1}, {0}}[d.IntN(4)]
			if c.Len() == 0 {
				c.I64, c.F32 = nil, nil
			}
		}
		*d.m.Initializers[d.IntN(len(d.m.Initializers))].Tensor = c
	case 7:
		n.Inputs = slices.Clone(n.Inputs)
		if d.IntN(2) == 0 {
			n.Inputs = n.Inputs[:d.IntN(len(n.Inputs)+1)]
		} else if len(n.Inputs) > 0 {
			n.Inputs[d.IntN(len(n.Inputs))] = n.Inputs[d.IntN(len(n.Inputs))]
		}
	case 8, 9:
		if len(d.m.Inputs) > 0 && d.IntN(2) == 0 {
			in := d.m.Inputs[0]
			if slices.Max(append([]int{1}, in.Shape...)) > 100 {
				return
			}
			d.m.Inputs = d.m.Inputs[1:]
			d.m.Initializers = append(d.m.Initializers, onnxmodel.Initializer{Name: in.Name, Tensor: d.tensor(in.Shape...)})
		} else if len(d.m.Inputs) > 0 {
			d.m.Inputs[d.IntN(len(d.m.Inputs))].Type = onnx.DataType(d.IntN(17))
		}
	}
}

// FuzzMutations breaks operators that are right, one to three places at a time,
// as the seed says.
func FuzzMutations(f *testing.F) {
	names := slices.Sorted(maps.Keys(sweeps))
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		d := &draw{Rand: rand.New(rand.NewPCG(seed, 11))}
		sweeps[names[d.IntN(len(names))]](d)
		for range 1 + d.IntN(3) {
			d.mutate()
		}
		tryRun(t, d.m.Bytes())
	})
}
