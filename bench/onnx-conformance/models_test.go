package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sightline/testkit/onnxconformance"
	"sightline/testkit/onnxsweep"
	"sightline/vision/onnx"
	"sightline/vision/onnx/eval"
)

// shared is the folder of test data beside the checkout.
func shared(t *testing.T) string {
	dir := os.Getenv("SIGHTLINE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "testdata", "models")); err != nil {
		t.Skipf("needs the models in %s: set SIGHTLINE_SHARED", dir)
	}
	return dir
}

// compare computes a model here and with ONNX Runtime.
func compare(t *testing.T, model []byte) *onnx.Model {
	t.Helper()
	m, err := onnx.Load(model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var inputs []*onnx.Tensor
	named := make(map[string]*onnx.Tensor)
	for _, v := range m.Graph.Inputs {
		x := onnxsweep.Random(r, v.Shape)
		inputs, named[v.Name] = append(inputs, x), x
	}
	want, err := runORT(model, named, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Run(m, inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if err := onnxconformance.Compare(got[i], want[i]); err != nil {
			t.Errorf("output %q: %v", m.Graph.Outputs[i].Name, err)
		}
	}
	return m
}

func TestModels(t *testing.T) {
	dir := filepath.Join(shared(t), "testdata", "models")
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			model, err := os.ReadFile(filepath.Join(dir, name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			m := compare(t, model)
			ops := map[string]int{}
			for _, n := range m.Graph.Nodes {
				ops[n.Op]++
			}
			t.Logf("%d nodes: %v", len(m.Graph.Nodes), ops)
		})
	}
}
