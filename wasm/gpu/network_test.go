//go:build js && wasm

package gpu

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/hack-pad/safejs"

	"sightline/shaders"
	"sightline/vision/onnx"
	"sightline/wasm/engine"
)

// doubling is a convolution that doubles one channel, and a second one that adds one to it.
func doubling() *onnx.Graph {
	shape := []int{1, 1, 4, 8}
	constant := func(shape []int, v ...float32) *onnx.Value {
		return &onnx.Value{Type: onnx.Float, Shape: shape, Const: &onnx.Tensor{Type: onnx.Float, Shape: shape, F32: v}}
	}
	g := &onnx.Graph{}
	in := &onnx.Value{Name: "in", Type: onnx.Float, Shape: shape}
	g.Inputs = []*onnx.Value{in}
	for i, w := range [][2]float32{{2, 0}, {1, 1}} {
		out := &onnx.Value{Name: string(rune('a' + i)), Type: onnx.Float, Shape: shape}
		n := &onnx.Node{Op: "Conv", Name: out.Name, Inputs: []*onnx.Value{in, constant([]int{1, 1, 1, 1}, w[0]), constant([]int{1}, w[1])}, Outputs: []*onnx.Value{out}}
		out.Producer, in = n, out
		g.Nodes = append(g.Nodes, n)
	}
	g.Outputs = []*onnx.Value{in}
	return g
}

// A network runs again and again on its memory, and gives all of it back.
func TestNetwork(t *testing.T) {
	d, err := Open(func(message string) { t.Error(message) })
	if err != nil {
		if os.Getenv("SIGHTLINE_DAWN") != "" {
			t.Fatal(err)
		}
		t.Skipf("no GPU: %v (see testdata/exec.mjs)", err)
	}
	defer d.Close()
	p, err := engine.Compile(doubling(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := d.Counts()
	for round := range 3 {
		n, err := d.NewNetwork("test", p)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Compile(); err != nil {
			t.Fatal(err)
		}
		for run := range 2 {
			values := make([]float32, 32)
			for i := range values {
				values[i] = float32(i + round + run)
			}
			if err := n.arena.writeAt(p.Inputs[0].Offset, shaders.AppendFloats(nil, values)); err != nil {
				t.Fatal(err)
			}
			e := d.NewEncoder()
			e.Network(n)
			read, err := e.ReadBuffer(n.arena)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Submit(); err != nil {
				t.Fatal(err)
			}
			buffer, err := read.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			array, _ := safejs.Global().Get("Uint8Array")
			view, err := array.New(buffer)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, p.Arena)
			if _, err := safejs.CopyBytesToGo(got, view); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				at := p.Outputs[0].Offset + 4*i
				if out := math.Float32frombits(binary.LittleEndian.Uint32(got[at:])); out != 2*v+1 {
					t.Fatalf("element %d is %g, want %g", i, out, 2*v+1)
				}
			}
		}
		n.Close()
	}
	if after := d.Counts(); after != before {
		t.Errorf("%+v after %+v", after, before)
	}
}

// Plans are tuned by the device's own timestamps.
func TestTime(t *testing.T) {
	d, err := Open(func(message string) { t.Error(message) })
	if err != nil || !d.Timed {
		if os.Getenv("SIGHTLINE_DAWN") != "" {
			t.Fatalf("timed device: %v", err)
		}
		t.Skipf("no GPU that measures times: %v (see testdata/exec.mjs)", err)
	}
	defer d.Close()
	before := d.Counts()
	g := doubling()
	choices, err := engine.Tune(func(o engine.Options) (*engine.Plan, error) { return engine.Compile(g, o) }, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(choices) != 1 {
		t.Errorf("choices %v, want one: both convolutions are of one form", choices)
	}
	if after := d.Counts(); after != before {
		t.Errorf("%+v after %+v", after, before)
	}
}
