//go:build js && wasm

package picture

import (
	"math"
	"os"
	"testing"
	"time"

	"sightline/shaders"
	"sightline/vision/card"
	"sightline/vision/onnx"
	"sightline/wasm/detect"
	"sightline/wasm/engine"
	"sightline/wasm/gpu"
)

// onePixel is a yolo network whose outputs are a box in the middle and two class scores: the mean of red
// over the picture, and a constant.
func onePixel() (*onnx.Graph, card.Card) {
	c := card.Card{Name: "test", Head: card.YOLO, Classes: []string{"red", "other"},
		Input:      card.Input{Width: 8, Height: 8, Scale: [3]float32{1 / 255.0, 1 / 255.0, 1 / 255.0}},
		Thresholds: card.Thresholds{Score: 0.2, IoU: 0.5}}
	c.Complete()
	constant := func(shape []int, v []float32) *onnx.Value {
		return &onnx.Value{Type: onnx.Float, Shape: shape, Const: &onnx.Tensor{Type: onnx.Float, Shape: shape, F32: v}}
	}
	in := &onnx.Value{Name: "in", Type: onnx.Float, Shape: []int{1, 3, 8, 8}}
	weights := make([]float32, 6*3*64)
	for i := range 64 {
		weights[4*3*64+i] = 1.0 / 64
	}
	conv := &onnx.Value{Name: "conv", Type: onnx.Float, Shape: []int{1, 6, 1, 1}}
	n := &onnx.Node{Op: "Conv", Name: "conv", Outputs: []*onnx.Value{conv}, Attributes: []onnx.Attribute{{Name: "kernel_shape", Kind: onnx.KindInts, Ints: []int{8, 8}}},
		Inputs: []*onnx.Value{in, constant([]int{6, 3, 8, 8}, weights), constant([]int{6}, []float32{4, 4, 4, 2, 0, 0.1})}}
	conv.Producer = n
	out := &onnx.Value{Name: "out", Type: onnx.Float, Shape: []int{1, 6, 1}}
	r := &onnx.Node{Op: "Reshape", Name: "out", Inputs: []*onnx.Value{conv}, Outputs: []*onnx.Value{out}}
	out.Producer = r
	return &onnx.Graph{Inputs: []*onnx.Value{in}, Nodes: []*onnx.Node{n, r}, Outputs: []*onnx.Value{out}}, c
}

// A picture becomes a tensor, the network runs on it, and its box comes back, all without leaving the GPU.
func TestNetworkPass(t *testing.T) {
	d, err := gpu.Open(func(message string) { t.Error(message) })
	if err != nil {
		if os.Getenv("SIGHTLINE_DAWN") != "" {
			t.Fatal(err)
		}
		t.Skipf("no GPU: %v (see wasm/gpu/testdata/exec.mjs)", err)
	}
	defer d.Close()
	k := &Kit{Device: d, pipelines: map[string]*compiling{}}
	before := d.Counts()

	// A red picture, made as frames are.
	c := converter{kit: k}
	f, size := shaders.PackedFrame(shaders.I420, 64, 64)
	f.Matrix = shaders.BT601
	if err := c.reserve(size, 64, 64); err != nil {
		t.Fatal(err)
	}
	planes := make([]byte, size)
	for i := range planes {
		switch {
		case i < 64*64:
			planes[i] = 81
		case i < 64*64+32*32:
			planes[i] = 90
		default:
			planes[i] = 240
		}
	}
	if err := c.planes.Write(planes); err != nil {
		t.Fatal(err)
	}
	pipeline, err := k.pipeline("planes_i420")
	if err != nil {
		t.Fatal(err)
	}
	e := d.NewEncoder()
	if err := c.convertPlanes(e, pipeline, f, size); err != nil {
		t.Fatal(err)
	}
	if err := e.Submit(); err != nil {
		t.Fatal(err)
	}

	g, model := onePixel()
	p, err := engine.CompileDetector(g, model, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tensor := shaders.NewTensor(8, 8)
	pass, err := k.NewPass(detect.Spec{Name: "test", Network: &detect.Network{Plan: p, Tensor: tensor, Width: 64, Height: 64, Least: 0.2}})
	if err != nil {
		t.Fatal(err)
	}
	results, failed := make(chan []byte, 1), make(chan error, 1)
	for ran := false; !ran; time.Sleep(time.Millisecond) {
		ran = pass.Run(texture{c.picture}, nil, func(b []byte, err error) {
			if err != nil {
				failed <- err
				return
			}
			results <- b
		})
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	case b := <-results:
		r, err := shaders.ParseNMSResult(b, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Boxes) != 1 || r.Boxes[0].Class != 0 || math.Abs(float64(r.Boxes[0].Score)-1) > 0.02 ||
			r.Boxes[0].Left != 2 || r.Boxes[0].Right != 6 || r.Boxes[0].Top != 3 || r.Boxes[0].Bottom != 5 {
			t.Errorf("boxes %+v, want a red one", r.Boxes)
		}
	}
	pass.Close()
	c.close()
	if after := d.Counts(); after != before {
		t.Errorf("%+v after %+v", after, before)
	}
}
