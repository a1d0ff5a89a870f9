package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sightline/testkit/onnxmodel"
	"sightline/testkit/onnxsweep"
	"sightline/vision/onnx"
)

func attr(name string, v any) onnxmodel.Attribute { return onnxmodel.Attribute{Name: name, Value: v} }

// unfold writes a model as an exporter does that simplifies nothing: a batch
// normalisation after each convolution instead of its bias, and the batch of
// each shape computed from what is reshaped.
func unfold(t *testing.T, model []byte) (file []byte, normalised, chains int) {
	parsed, err := onnx.Parse(model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := onnxmodel.Copy(parsed)
	r := rand.New(rand.NewPCG(3, 4))
	var nodes []onnxmodel.Node
	constant := func(name string, t *onnx.Tensor) string {
		m.Initializers = append(m.Initializers, onnxmodel.Initializer{Name: name, Tensor: t})
		return name
	}
	for _, n := range m.Nodes {
		out := n.Outputs[0]
		switch {
		case n.Op == "Conv" && m.Constant(n.Inputs[1]) != nil:
			w := m.Constant(n.Inputs[1])
			channels := w.Shape[0]
			each := len(w.F32) / channels
			list := func() *onnx.Tensor { return onnxsweep.Random(r, []int{channels}) }
			scale, bias, mean, variance := list(), list(), list(), list()
			scaled := &onnx.Tensor{Type: onnx.Float, Shape: w.Shape, F32: make([]float32, len(w.F32))}
			for c := range channels {
				scale.F32[c] += 0.5
				variance.F32[c] += 0.5
				factor := scale.F32[c] / float32(math.Sqrt(float64(variance.F32[c]+1e-5)))
				bias.F32[c] = mean.F32[c] * factor
				if len(n.Inputs) > 2 {
					bias.F32[c] += m.Constant(n.Inputs[2]).F32[c]
				}
				for i := c * each; i < (c+1)*each; i++ {
					scaled.F32[i] = w.F32[i] / factor
				}
			}
			n.Inputs = []string{n.Inputs[0], constant(out+".w", scaled)}
			n.Outputs = []string{out + ".conv"}
			nodes = append(nodes, n, onnxmodel.Node{Op: "BatchNormalization", Outputs: []string{out}, Inputs: []string{out + ".conv",
				constant(out+".scale", scale), constant(out+".bias", bias), constant(out+".mean", mean), constant(out+".var", variance)}})
			normalised++
			continue
		case n.Op == "Reshape" && m.Constant(n.Inputs[1]) != nil && m.Constant(n.Inputs[1]).I64[0] == 1:
			rest := m.Constant(n.Inputs[1]).I64[1:]
			zero := constant(out+".zero", &onnx.Tensor{Type: onnx.Int64, Shape: []int{}, I64: []int64{0}})
			unsqueeze := onnxmodel.Node{Op: "Unsqueeze", Inputs: []string{out + ".n"}, Outputs: []string{out + ".list"}}
			if m.Opset < 13 {
				unsqueeze.Attributes = []onnxmodel.Attribute{attr("axes", []int{0})}
			} else {
				unsqueeze.Inputs = append(unsqueeze.Inputs, constant(out+".axes", onnxmodel.Ints(0)))
			}
			nodes = append(nodes,
				onnxmodel.Node{Op: "Shape", Inputs: n.Inputs[:1], Outputs: []string{out + ".shape"}},
				onnxmodel.Node{Op: "Gather", Inputs: []string{out + ".shape", zero}, Outputs: []string{out + ".n"}},
				unsqueeze,
				onnxmodel.Node{Op: "Concat", Inputs: []string{out + ".list", constant(out+".rest", onnxmodel.Ints(rest...))}, Outputs: []string{out + ".to"},
					Attributes: []onnxmodel.Attribute{attr("axis", 0)}})
			n.Inputs = []string{n.Inputs[0], out + ".to"}
			chains++
		}
		nodes = append(nodes, n)
	}
	m.Nodes = nodes
	return m.Bytes(), normalised, chains
}

// TestUnfoldedModels loads models as they come out of a training framework, and
// wants the graph of the simplified ones.
func TestUnfoldedModels(t *testing.T) {
	dir := filepath.Join(shared(t), "testdata", "models")
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			model, err := os.ReadFile(filepath.Join(dir, name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			folded, err := onnx.Load(model, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			file, normalised, chains := unfold(t, model)
			if normalised < 40 {
				t.Fatalf("%d convolutions were given a batch normalisation", normalised)
			}
			m := compare(t, file)
			if got, want := len(m.Graph.Nodes), len(folded.Graph.Nodes); got != want {
				t.Errorf("%d nodes are left, want %d", got, want)
			}
			t.Logf("%d batch normalisations and %d shape chains are gone; %d nodes", normalised, chains, len(m.Graph.Nodes))
		})
	}
}
