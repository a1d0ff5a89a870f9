package main

import (
	"testing"

	"sightline/testkit/onnxconformance"
	"sightline/testkit/onnxsweep"
	"sightline/vision/onnx"
	"sightline/vision/onnx/eval"
)

// TestSweeps compares random operators with ONNX Runtime. More runs than these
// found nothing more.
func TestSweeps(t *testing.T) {
	const runs = 12
	for _, name := range onnxsweep.Operators() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(runs) {
				sweepOnce(t, onnxsweep.Operator(name, seed), seed)
			}
		})
	}
}

// TestNetworks compares random networks with ONNX Runtime, and checks what the
// load made of them.
func TestNetworks(t *testing.T) {
	for seed := range uint64(30) {
		d := onnxsweep.Network(seed)
		m := compare(t, d.Model.Bytes())
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, d.Model.Nodes)
		}
		for _, node := range m.Graph.Nodes {
			switch node.Op {
			case "BatchNormalization", "Shape", "Dropout", "Cast":
				t.Errorf("seed %d: a %s is left", seed, node.Op)
			}
		}
	}
}

func sweepOnce(t *testing.T, d *onnxsweep.Draw, seed uint64) {
	t.Helper()
	named := d.Inputs()
	model := d.Model.Bytes()
	want, err := runORT(model, named, true)
	if err != nil {
		t.Fatalf("seed %d: %v\n%+v", seed, err, d.Model)
	}
	m, err := onnx.Load(model, onnx.Options{})
	if err != nil {
		t.Fatalf("seed %d: %v\n%+v", seed, err, d.Model)
	}
	var inputs []*onnx.Tensor
	for _, v := range m.Graph.Inputs {
		inputs = append(inputs, named[v.Name])
	}
	got, err := eval.Run(m, inputs)
	if err != nil {
		t.Fatalf("seed %d: %v\n%+v", seed, err, d.Model)
	}
	for i := range want {
		if err := onnxconformance.Compare(got[i], want[i]); err != nil {
			t.Fatalf("seed %d: output %d: %v\n%+v", seed, i, err, d.Model)
		}
	}
}
