package engine_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"sightline/vision/onnx"
	"sightline/wasm/engine"
)

// builder makes graphs by hand.
type builder struct {
	graph  onnx.Graph
	random *rand.Rand
}

func newBuilder(seed uint64) *builder { return &builder{random: rand.New(rand.NewPCG(seed, 1))} }

func (b *builder) values(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(b.random.NormFloat64())
	}
	return list
}

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

func (b *builder) input(shape ...int) *onnx.Value {
	v := &onnx.Value{Name: fmt.Sprint("in", len(b.graph.Inputs)), Type: onnx.Float, Shape: shape}
	b.graph.Inputs = append(b.graph.Inputs, v)
	return v
}

func (b *builder) constant(shape ...int) *onnx.Value {
	data := b.values(size(shape))
	return &onnx.Value{Type: onnx.Float, Shape: shape, Const: &onnx.Tensor{Type: onnx.Float, Shape: shape, F32: data}}
}

func (b *builder) node(op string, shape []int, attributes []onnx.Attribute, inputs ...*onnx.Value) *onnx.Value {
	out := &onnx.Value{Name: fmt.Sprint(op, len(b.graph.Nodes)), Type: onnx.Float, Shape: shape}
	n := &onnx.Node{Op: op, Name: out.Name, Inputs: inputs, Outputs: []*onnx.Value{out}, Attributes: attributes}
	out.Producer = n
	b.graph.Nodes = append(b.graph.Nodes, n)
	return out
}

func ints(name string, list ...int) onnx.Attribute {
	return onnx.Attribute{Name: name, Kind: onnx.KindInts, Ints: list}
}

func integer(name string, k int) onnx.Attribute {
	return onnx.Attribute{Name: name, Kind: onnx.KindInt, Int: k}
}

// convCase is a convolution, and the twin of its kernels.
type convCase struct {
	batch, in, out, groups   int
	height, width            int
	kernel, stride, dilation [2]int // y, x
	pads                     [4]int // top, left, bottom, right
	transposed               bool
}

func (k convCase) String() string {
	s := fmt.Sprintf("%dx%dx%dx%d-%d/g%d/k%v/s%v/d%v/p%v", k.batch, k.in, k.height, k.width, k.out, k.groups, k.kernel, k.stride, k.dilation, k.pads)
	if k.transposed {
		s += "/transposed"
	}
	return s
}

func (k convCase) sides() (height, width int) {
	side := func(i, n int) int {
		reach := k.dilation[i]*(k.kernel[i]-1) + 1
		if k.transposed {
			return (n-1)*k.stride[i] + reach - k.pads[i] - k.pads[i+2]
		}
		return (n+k.pads[i]+k.pads[i+2]-reach)/k.stride[i] + 1
	}
	return side(0, k.height), side(1, k.width)
}

func (k convCase) graph(seed uint64) (*builder, []float32) {
	b := newBuilder(seed)
	height, width := k.sides()
	in := b.input(k.batch, k.in, k.height, k.width)
	shape := []int{k.out, k.in / k.groups, k.kernel[0], k.kernel[1]}
	op := "Conv"
	if k.transposed {
		shape, op = []int{k.in, k.out / k.groups, k.kernel[0], k.kernel[1]}, "ConvTranspose"
	}
	weights, bias := b.constant(shape...), b.constant(k.out)
	out := b.node(op, []int{k.batch, k.out, height, width}, []onnx.Attribute{
		ints("kernel_shape", k.kernel[:]...), ints("strides", k.stride[:]...), ints("dilations", k.dilation[:]...),
		ints("pads", k.pads[:]...), integer("group", k.groups)}, in, weights, bias)
	b.graph.Outputs = []*onnx.Value{out}
	return b, b.values(size(in.Shape))
}

// twin computes the convolution as its definition says, in double precision.
func (k convCase) twin(x, w, bias []float32) []float32 {
	height, width := k.sides()
	out := make([]float64, k.batch*k.out*height*width)
	in, each := k.in/k.groups, k.out/k.groups
	for n := range k.batch {
		for o := range k.out {
			for y := range height {
				for c := range width {
					out[((n*k.out+o)*height+y)*width+c] = float64(bias[o])
				}
			}
			for i := range in {
				channel := o/each*in + i
				for ky := range k.kernel[0] {
					for kx := range k.kernel[1] {
						weight := float64(0)
						if k.transposed {
							weight = float64(w[((channel*each+o%each)*k.kernel[0]+ky)*k.kernel[1]+kx])
						} else {
							weight = float64(w[((o*in+i)*k.kernel[0]+ky)*k.kernel[1]+kx])
						}
						if k.transposed {
							for y := range k.height {
								for c := range k.width {
									ty, tc := y*k.stride[0]+ky*k.dilation[0]-k.pads[0], c*k.stride[1]+kx*k.dilation[1]-k.pads[1]
									if ty >= 0 && ty < height && tc >= 0 && tc < width {
										out[((n*k.out+o)*height+ty)*width+tc] += weight * float64(x[((n*k.in+channel)*k.height+y)*k.width+c])
									}
								}
							}
							continue
						}
						for y := range height {
							for c := range width {
								sy, sc := y*k.stride[0]+ky*k.dilation[0]-k.pads[0], c*k.stride[1]+kx*k.dilation[1]-k.pads[1]
								if sy >= 0 && sy < k.height && sc >= 0 && sc < k.width {
									out[((n*k.out+o)*height+y)*width+c] += weight * float64(x[((n*k.in+channel)*k.height+sy)*k.width+sc])
								}
							}
						}
					}
				}
			}
		}
	}
	list := make([]float32, len(out))
	for i, v := range out {
		list[i] = float32(v)
	}
	return list
}

// differ returns the first value out of bounds, |got-want| <= bound * max(1, |want|).
func differ(got, want []float32, bound float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	worst, at := 0.0, -1
	for i := range want {
		d := math.Abs(float64(got[i])-float64(want[i])) / math.Max(1, math.Abs(float64(want[i])))
		if !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= bound) {
		return fmt.Errorf("value %d of %d is %g, want %g", at, len(want), got[at], want[at])
	}
	return nil
}

var (
	one = [2]int{1, 1}
	two = [2]int{2, 2}
)

// Every convolution kernel, by f32 and half precision, gives what the definition says.
func TestConvolutions(t *testing.T) {
	cases := []convCase{
		{1, 3, 5, 1, 7, 9, one, one, one, [4]int{}, false},
		{1, 24, 16, 1, 11, 11, one, one, one, [4]int{}, false},
		{2, 5, 8, 1, 4, 4, one, one, one, [4]int{}, false},
		{1, 5, 8, 1, 6, 5, one, two, one, [4]int{}, false},
		{1, 3, 9, 1, 9, 10, [2]int{3, 3}, one, one, [4]int{1, 1, 1, 1}, false},
		{1, 4, 8, 1, 8, 12, [2]int{3, 3}, one, one, [4]int{0, 1, 1, 0}, false},
		{1, 3, 8, 1, 9, 11, [2]int{3, 3}, two, one, [4]int{1, 1, 1, 1}, false},
		{1, 3, 8, 1, 8, 16, [2]int{3, 3}, two, one, [4]int{1, 1, 1, 1}, false},
		{1, 3, 8, 1, 8, 16, [2]int{3, 3}, two, one, [4]int{0, 0, 1, 1}, false},
		{1, 6, 6, 6, 11, 11, [2]int{3, 3}, one, one, [4]int{1, 1, 1, 1}, false},
		{1, 6, 6, 6, 13, 16, [2]int{3, 3}, one, one, [4]int{1, 1, 1, 1}, false},
		{1, 6, 6, 6, 11, 22, [2]int{3, 3}, two, one, [4]int{1, 1, 1, 1}, false},
		{1, 6, 6, 6, 22, 9, [2]int{5, 5}, one, one, [4]int{2, 2, 2, 2}, false},
		{1, 6, 6, 6, 22, 27, [2]int{5, 5}, two, one, [4]int{2, 2, 2, 2}, false},
		{1, 4, 8, 4, 9, 9, [2]int{3, 3}, one, one, [4]int{1, 1, 1, 1}, false},
		{1, 8, 24, 2, 9, 9, [2]int{3, 3}, one, two, [4]int{2, 2, 2, 2}, false},
		{1, 8, 8, 1, 15, 20, [2]int{3, 3}, one, [2]int{5, 5}, [4]int{5, 5, 5, 5}, false},
		{2, 3, 4, 1, 7, 8, [2]int{2, 5}, [2]int{3, 1}, [2]int{2, 1}, [4]int{1, 2, 0, 3}, false},
		{2, 6, 10, 2, 6, 7, [2]int{3, 3}, two, one, [4]int{1, 0, 1, 2}, false},
		{1, 4, 3, 1, 5, 6, two, two, one, [4]int{}, true},
		{1, 4, 8, 2, 5, 6, [2]int{3, 3}, two, one, [4]int{1, 1, 0, 0}, true},
		{1, 8, 12, 1, 5, 6, [2]int{4, 4}, two, one, [4]int{1, 1, 1, 1}, true},
	}
	var runs []dawnRun
	var want [][]float32
	for i, k := range cases {
		b, x := k.graph(uint64(i))
		n := b.graph.Nodes[0]
		// One, four and two quads or rows for each invocation.
		height, width := k.sides()
		for v, occupancy := range []int{1 << 30, 1, max(1, (k.out+7)/8*height*((width+3)/4)/2)} {
			half := v == 2
			p, err := engine.Compile(&b.graph, engine.Options{Half: half, Occupancy: occupancy})
			if err != nil {
				t.Fatalf("%s: %v", k, err)
			}
			runs = append(runs, dawnRun{plan: p, inputs: [][]float32{x}})
			want = append(want, k.twin(x, n.Inputs[1].Const.F32, n.Inputs[2].Const.F32))
		}
	}
	for i, r := range runDawn(t, runs) {
		bound := 1e-3
		if i%3 == 2 {
			bound = 2e-2
		}
		t.Run(fmt.Sprintf("%s/half=%t", cases[i/3], i%3 == 2), func(t *testing.T) {
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			if err := differ(r.outputs[0], want[i], bound); err != nil {
				t.Errorf("%s: %v", runs[i].plan.Kernels, err)
			}
		})
	}
}

// Weights and biases that the graph computes, or is fed with, give the same.
func TestDynamicConvolutions(t *testing.T) {
	cases := []convCase{
		{2, 6, 10, 2, 6, 7, [2]int{3, 3}, two, one, [4]int{1, 0, 1, 2}, false},
		{1, 4, 8, 2, 5, 6, [2]int{3, 3}, two, one, [4]int{1, 1, 0, 0}, true},
	}
	var runs []dawnRun
	var want [][]float32
	for i, k := range cases {
		b, x := k.graph(uint64(i))
		n := b.graph.Nodes[0]
		inputs := [][]float32{x}
		w, bias := n.Inputs[1].Const.F32, n.Inputs[2].Const.F32
		for at, v := range n.Inputs[1:] {
			n.Inputs[1+at] = b.input(v.Shape...)
			inputs = append(inputs, v.Const.F32)
		}
		p, err := engine.Compile(&b.graph, engine.Options{})
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		runs, want = append(runs, dawnRun{plan: p, inputs: inputs}), append(want, k.twin(x, w, bias))
	}
	for i, r := range runDawn(t, runs) {
		if r.Error != "" {
			t.Fatal(r.Error)
		}
		if err := differ(r.outputs[0], want[i], 1e-3); err != nil {
			t.Errorf("%s: %v", cases[i], err)
		}
	}
}
