package onnx_test

import (
	"strings"
	"testing"

	"sightline/vision/onnx"
)

// limits keep a fuzzed file small.
var limits = onnx.Options{MaxNodes: 200, MaxConstBytes: 1 << 20, MaxElements: 1 << 16, MaxFold: 1 << 18, AnySide: true}

// FuzzParse loads files: whatever they hold, there is an error that says where
// it comes from, or a graph that is complete.
func FuzzParse(f *testing.F) {
	f.Add(good())
	for _, c := range bad() {
		f.Add(c.file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := onnx.Load(file, limits)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "onnx: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		checkGraph(t, m.Graph)
	})
}

// checkGraph wants each value to be made before it is read, and to have a shape
// within the limits.
func checkGraph(t *testing.T, g *onnx.Graph) {
	made := make(map[*onnx.Value]bool)
	for _, v := range g.Inputs {
		made[v] = true
	}
	check := func(what string, v *onnx.Value) {
		if v.Const == nil && !made[v] {
			t.Fatalf("%s reads %q before it is made", what, v.Name)
		}
		if v.Const != nil && len(v.Const.F32)+len(v.Const.I64) != v.Len() {
			t.Fatalf("%s: %q has %d elements for shape %v", what, v.Name, len(v.Const.F32)+len(v.Const.I64), v.Shape)
		}
	}
	for _, n := range g.Nodes {
		if len(n.Inputs) == 0 || len(n.Outputs) == 0 || n.Inputs[0] == nil || n.Outputs[0] == nil {
			t.Fatalf("%s %q has no first input or output", n.Op, n.Name)
		}
		for _, v := range n.Inputs {
			if v != nil {
				check(n.Op, v)
			}
		}
		for _, v := range n.Outputs {
			if v == nil {
				continue
			}
			made[v] = true
			if v.Producer != n || v.Type == onnx.Undefined || v.Len() < 0 || v.Len() > limits.MaxElements {
				t.Fatalf("%s %q makes %q of %v %v", n.Op, n.Name, v.Name, v.Type, v.Shape)
			}
		}
	}
	for _, v := range g.Outputs {
		check("the graph", v)
	}
}

// FuzzTensor reads tensors alone.
func FuzzTensor(f *testing.F) {
	f.Add([]byte{8, 1, 16, 1, 74, 4, 0, 0, 0x80, 0x3f})
	f.Add([]byte{8, 2, 16, 7, 58, 2, 1, 2})
	f.Add([]byte{8, 1, 16, 10, 42, 1, 60})
	f.Fuzz(func(t *testing.T, file []byte) {
		_, got, err := onnx.ParseTensor(file, limits)
		if err == nil && len(got.F32)+len(got.I64) != got.Len() {
			t.Errorf("%d elements for shape %v", len(got.F32)+len(got.I64), got.Shape)
		}
	})
}
