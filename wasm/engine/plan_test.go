package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sightline/vision/card"
	"sightline/vision/onnx"
	"sightline/wasm/engine"
)

// cardOf is what a detector's card says of its form; the labels are others.
func cardOf(t testing.TB, name string) card.Card {
	t.Helper()
	c := card.Card{Name: name, Thresholds: card.Thresholds{Score: 0.5, IoU: 0.45}}
	c.Input.Scale = [3]float32{1 / 255.0, 1 / 255.0, 1 / 255.0}
	classes := 80
	switch {
	case strings.HasPrefix(name, "fastestdet"):
		c.Head, c.Input.Width, c.Input.Height, c.Input.Fit, c.Input.Order = card.FastestDet, 352, 352, card.FitStretch, card.BGR
	case strings.HasPrefix(name, "ultraface"):
		c.Head, c.Input.Width, c.Input.Height, c.Input.Fit = card.SSD, 320, 240, card.FitStretch
		c.Priors = []card.Level{{Stride: 8, Sizes: []float32{10, 16, 24}}, {Stride: 16, Sizes: []float32{32, 48}},
			{Stride: 32, Sizes: []float32{64, 96}}, {Stride: 64, Sizes: []float32{128, 192, 256}}}
		c.Background, c.Variance, classes = true, [2]float32{0.1, 0.2}, 1
	default:
		c.Head, c.Input.Width, c.Input.Height = card.YOLO, 320, 320
	}
	for i := range classes {
		c.Classes = append(c.Classes, fmt.Sprint("class", i))
	}
	c.Complete()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

// enlarge makes all feature maps larger, as a larger input does up to a network's head. The head's own
// tensors are wrong then, but it is planned from the last feature maps on.
func enlarge(g *onnx.Graph, by int) {
	seen := map[*onnx.Value]bool{}
	grow := func(v *onnx.Value) {
		if v == nil || v.Const != nil || seen[v] || len(v.Shape) != 4 {
			return
		}
		seen[v] = true
		v.Shape = []int{v.Shape[0], v.Shape[1], by * v.Shape[2], by * v.Shape[3]}
	}
	for _, n := range g.Nodes {
		for _, v := range slices.Concat(n.Inputs, n.Outputs) {
			grow(v)
		}
	}
}

// What a hardware plan costs: dispatches, but for the one that makes the tensor, pipelines and memory.
func TestPlansAreSmall(t *testing.T) {
	for _, want := range []struct {
		model                 string
		scale                 int
		half                  bool
		dispatches, pipelines int
		bytes                 int
	}{
		{"fastestdet-352", 1, false, 49, 24, 7e6},
		{"ultraface-rfb-320", 1, false, 49, 24, 7e6},
		{"yolov8n-random-320", 1, false, 57, 34, 28e6},
		{"yolov8n-random-320", 2, false, 57, 34, 28e6},
		{"yolov8n-random-320", 2, true, 57, 34, 15e6},
	} {
		t.Run(fmt.Sprintf("%s/x%d/half=%t", want.model, want.scale, want.half), func(t *testing.T) {
			g, c := loadModel(t, want.model), cardOf(t, want.model)
			enlarge(g, want.scale)
			c.Input.Width, c.Input.Height = want.scale*c.Input.Width, want.scale*c.Input.Height
			p, err := engine.CompileDetector(g, c, engine.Options{Half: want.half})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d dispatches, %d pipelines, %d bytes (arena %d, constants %d)", len(p.Dispatches), len(p.Kernels), p.Bytes(), p.Arena, len(p.Constants))
			if testing.Verbose() {
				for i, d := range p.Dispatches {
					t.Logf("%3d %-40s %s", i, p.Kernels[d.Kernel], d.Label)
				}
			}
			if len(p.Dispatches) > want.dispatches || len(p.Kernels) > want.pipelines || p.Bytes() > want.bytes {
				t.Errorf("want at most %d, %d, %d", want.dispatches, want.pipelines, want.bytes)
			}
		})
	}
}
