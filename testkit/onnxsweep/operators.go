package onnxsweep

import (
	"fmt"
	"slices"
	"strings"

	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

func (d *Draw) from(list ...int) int { return list[d.IntN(len(list))] }

func (d *Draw) text(list string) string {
	words := strings.Fields(list)
	return words[d.IntN(len(words))]
}

// tensor has values around 0.
func (d *Draw) tensor(shape ...int) *onnx.Tensor {
	t := Random(d.Rand, shape)
	for i := range t.F32 {
		t.F32[i] = 4*t.F32[i] - 2
	}
	return t
}

func (d *Draw) shape(rank, most int) []int {
	s := make([]int, rank)
	for i := range s {
		s[i] = 1 + d.IntN(most)
	}
	return s
}

// constant adds an initializer and gives its name.
func (d *Draw) constant(t *onnx.Tensor) string {
	name := fmt.Sprintf("c%d", len(d.Model.Initializers))
	d.Model.Initializers = append(d.Model.Initializers, onnxmodel.Initializer{Name: name, Tensor: t, Typed: d.IntN(2) == 0})
	return name
}

func (d *Draw) ints(list ...int) string {
	t := &onnx.Tensor{Type: onnx.Int64, Shape: []int{len(list)}, I64: []int64{}}
	for _, v := range list {
		t.I64 = append(t.I64, int64(v))
	}
	return d.constant(t)
}

// input adds an input of the graph.
func (d *Draw) input(shape ...int) string {
	name := fmt.Sprintf("x%d", len(d.Model.Inputs))
	d.Model.Inputs = append(d.Model.Inputs, onnxmodel.Value{Name: name, Shape: shape})
	return name
}

// node adds the operator whose output is that of the graph.
func (d *Draw) node(op string, inputs []string, attributes ...onnxmodel.Attribute) {
	d.Model.Nodes = append(d.Model.Nodes, onnxmodel.Node{Op: op, Name: "node", Inputs: inputs, Outputs: []string{"y"}, Attributes: attributes})
	d.Model.Outputs = []onnxmodel.Value{{Name: "y", NoShape: true}}
}

func attr(name string, v any) onnxmodel.Attribute { return onnxmodel.Attribute{Name: name, Value: v} }

// window draws the attributes of a kernel over sides; auto padding goes without
// dilation in ONNX Runtime.
func (d *Draw) window(sides, kernel []int, dilated, auto bool) []onnxmodel.Attribute {
	k := len(sides)
	strides, dilations, pads := make([]int, k), make([]int, k), make([]int, 2*k)
	for i := range sides {
		strides[i], dilations[i] = 1+d.IntN(3), 1
		if dilated {
			dilations[i] = 1 + d.IntN(2)
		}
		pads[i], pads[k+i] = d.IntN(kernel[i]), d.IntN(kernel[i])
	}
	list := []onnxmodel.Attribute{attr("kernel_shape", kernel), attr("strides", strides)}
	if auto && d.IntN(4) == 0 {
		for i := range strides { // else ONNX Runtime pads by less than nothing
			strides[i] = min(strides[i], kernel[i])
		}
		return append(list, attr("auto_pad", d.text("SAME_UPPER SAME_LOWER VALID")))
	}
	return append(list, attr("dilations", dilations), attr("pads", pads))
}

func (d *Draw) sides(k int) []int {
	s := make([]int, k)
	for i := range s {
		s[i] = 7 + d.IntN(9)
	}
	return s
}

// broadcast gives two shapes that go together.
func (d *Draw) broadcast() (a, b []int) {
	a = d.shape(1+d.IntN(4), 5)
	b = slices.Clone(a[d.IntN(len(a)):])
	for i := range b {
		if d.IntN(3) == 0 {
			b[i] = 1
		}
	}
	if d.IntN(2) == 0 {
		return b, a
	}
	return a, b
}

func unaryOf(op string, attributes ...string) func(*Draw) {
	return func(d *Draw) {
		var list []onnxmodel.Attribute
		for _, a := range attributes {
			list = append(list, attr(a, d.Float32()))
		}
		d.node(op, []string{d.input(d.shape(1+d.IntN(4), 6)...)}, list...)
	}
}

func binaryOf(op string) func(*Draw) {
	return func(d *Draw) {
		a, b := d.broadcast()
		in := []string{d.input(a...), ""}
		if d.IntN(2) == 0 {
			in[1] = d.input(b...)
		} else {
			in[1] = d.constant(d.tensor(b...))
		}
		d.node(op, in)
	}
}

func reduceOf(op string) func(*Draw) {
	return func(d *Draw) {
		d.Model.Opset = d.from(9, 13, 18)
		shape := d.shape(1+d.IntN(5), 5)
		in, list := []string{d.input(shape...)}, []onnxmodel.Attribute{attr("keepdims", d.IntN(2))}
		axes := d.Perm(len(shape))[:1+d.IntN(len(shape))]
		if len(axes) == len(shape) {
			list[0].Value = 1 // the binding of ONNX Runtime knows no scalars
		}
		if d.IntN(2) == 0 && d.Model.Opset > 9 {
			axes[0] -= len(shape)
		}
		if d.Model.Opset == 18 {
			in = append(in, d.ints(axes...))
		} else {
			list = append(list, attr("axes", axes))
		}
		d.node(op, in, list...)
	}
}

func poolOf(op string) func(*Draw) {
	return func(d *Draw) {
		d.Model.Opset = d.from(11, 12)
		k := 1 + d.IntN(3)
		kernel := d.shape(k, 4)
		sides := d.sides(k)
		list := d.window(sides, kernel, op == "MaxPool", true)
		if op == "AveragePool" {
			list = slices.DeleteFunc(list, func(a onnxmodel.Attribute) bool { return a.Name == "dilations" })
			list = append(list, attr("count_include_pad", d.IntN(2)))
		} else {
			list = append(list, attr("ceil_mode", d.IntN(2)))
		}
		d.node(op, []string{d.input(append([]int{1 + d.IntN(2), 1 + d.IntN(3)}, sides...)...)}, list...)
	}
}

// operators makes each operator in one of its forms.
var operators = map[string]func(*Draw){
	"Add": binaryOf("Add"), "Sub": binaryOf("Sub"), "Mul": binaryOf("Mul"),
	"Exp": unaryOf("Exp"), "Sigmoid": unaryOf("Sigmoid"), "Relu": unaryOf("Relu"), "Tanh": unaryOf("Tanh"),
	"HardSigmoid": unaryOf("HardSigmoid", "alpha", "beta"), "LeakyRelu": unaryOf("LeakyRelu", "alpha"),
	"ReduceMean": reduceOf("ReduceMean"), "ReduceMax": reduceOf("ReduceMax"),
	"MaxPool": poolOf("MaxPool"), "AveragePool": poolOf("AveragePool"),
	"GlobalAveragePool": func(d *Draw) { d.node("GlobalAveragePool", []string{d.input(d.shape(3+d.IntN(2), 6)...)}) },
	"HardSwish": func(d *Draw) {
		d.Model.Opset = 14
		d.node("HardSwish", []string{d.input(d.shape(3, 6)...)})
	},
	"Div": func(d *Draw) {
		a, b := d.broadcast()
		by := Random(d.Rand, b)
		for i := range by.F32 {
			by.F32[i]++
		}
		d.node("Div", []string{d.input(a...), d.constant(by)})
	},
	"Sqrt": func(d *Draw) {
		shape := d.shape(3, 5)
		d.Model.Nodes = []onnxmodel.Node{{Op: "Exp", Inputs: []string{d.input(shape...)}, Outputs: []string{"e"}}}
		d.node("Sqrt", []string{"e"})
	},
	"Pow": func(d *Draw) {
		a, b := d.broadcast()
		d.Model.Nodes = []onnxmodel.Node{{Op: "Exp", Inputs: []string{d.input(a...)}, Outputs: []string{"e"}}}
		d.node("Pow", []string{"e", d.constant(d.tensor(b...))})
	},
	"PRelu": func(d *Draw) {
		shape := d.shape(4, 5)
		d.node("PRelu", []string{d.input(shape...), d.constant(d.tensor(shape[1], 1, 1))})
	},
	"Clip": func(d *Draw) {
		low := []string{"", d.constant(onnxmodel.Floats(nil, d.Float32()-1))}[d.IntN(2)]
		d.node("Clip", []string{d.input(d.shape(3, 6)...), low, d.constant(onnxmodel.Floats(nil, d.Float32()))})
	},
	"Conv": func(d *Draw) {
		k := 1 + d.IntN(3)
		group := d.from(1, 1, 2, 3)
		in, out := group*(1+d.IntN(3)), group*(1+d.IntN(3))
		kernel, sides := d.shape(k, 3), d.sides(k)
		inputs := []string{d.input(append([]int{1 + d.IntN(2), in}, sides...)...), d.constant(d.tensor(append([]int{out, in / group}, kernel...)...))}
		if d.IntN(2) == 0 {
			inputs = append(inputs, d.constant(d.tensor(out)))
		}
		d.node("Conv", inputs, append(d.window(sides, kernel, true, true), attr("group", group))...)
	},
	"ConvTranspose": func(d *Draw) {
		k := 1 + d.IntN(2)
		group := d.from(1, 1, 2)
		in, out := group*(1+d.IntN(3)), 1+d.IntN(3)
		kernel, sides := d.shape(k, 4), d.sides(k)
		inputs := []string{d.input(append([]int{1 + d.IntN(2), in}, sides...)...), d.constant(d.tensor(append([]int{in, out}, kernel...)...))}
		if d.IntN(2) == 0 {
			inputs = append(inputs, d.constant(d.tensor(out*group)))
		}
		d.node("ConvTranspose", inputs, append(d.window(sides, kernel, true, false), attr("group", group))...)
	},
	"BatchNormalization": func(d *Draw) {
		c := 1 + d.IntN(4)
		variance := Random(d.Rand, []int{c})
		shape := append([]int{1 + d.IntN(2), c}, d.shape(d.IntN(3), 5)...)
		d.node("BatchNormalization", []string{d.input(shape...), d.constant(d.tensor(c)), d.constant(d.tensor(c)), d.constant(d.tensor(c)), d.constant(variance)},
			attr("epsilon", float32(1e-3)))
	},
	"Gemm": func(d *Draw) {
		m, k, n := 1+d.IntN(6), 1+d.IntN(6), 1+d.IntN(6)
		a, b := []int{m, k}, []int{k, n}
		ta, tb := d.IntN(2), d.IntN(2)
		if ta == 1 {
			slices.Reverse(a)
		}
		if tb == 1 {
			slices.Reverse(b)
		}
		in := []string{d.input(a...), d.constant(d.tensor(b...))}
		switch d.IntN(4) {
		case 0:
			in = append(in, d.constant(d.tensor(n)))
		case 1:
			in = append(in, d.input(m, 1))
		case 2:
			in = append(in, d.constant(d.tensor()))
		}
		d.node("Gemm", in, attr("alpha", d.Float32()), attr("beta", d.Float32()), attr("transA", ta), attr("transB", tb))
	},
	"MatMul": func(d *Draw) {
		k := 1 + d.IntN(6)
		shapes := [][2][]int{{{3, k}, {k, 4}}, {{2, 3, k}, {k, 4}}, {{2, 1, 3, k}, {5, k, 4}}, {{k}, {k, 3}}, {{2, 3, k}, {k}}, {{k}, {3, k, 2}}}
		s := shapes[d.IntN(len(shapes))]
		in := []string{d.input(s[0]...), ""}
		if d.IntN(2) == 0 {
			in[1] = d.input(s[1]...)
		} else {
			in[1] = d.constant(d.tensor(s[1]...))
		}
		d.node("MatMul", in)
	},
	"Softmax": func(d *Draw) {
		d.Model.Opset = d.from(9, 11, 13)
		shape := d.shape(1+d.IntN(4), 5)
		axis := d.IntN(len(shape))
		if d.Model.Opset > 9 && d.IntN(2) == 0 {
			axis -= len(shape)
		}
		d.node("Softmax", []string{d.input(shape...)}, attr("axis", axis))
	},
	"Concat": func(d *Draw) {
		shape := d.shape(1+d.IntN(4), 5)
		axis := d.IntN(len(shape))
		var in []string
		for range 1 + d.IntN(4) {
			s := slices.Clone(shape)
			s[axis] = 1 + d.IntN(4)
			in = append(in, d.input(s...))
		}
		d.node("Concat", in, attr("axis", axis-len(shape)*d.IntN(2)))
	},
	"Split": func(d *Draw) {
		shape := d.shape(3, 5)
		axis := d.IntN(3)
		shape[axis] = 6
		d.Model.Opset = d.from(11, 13, 18)
		in, list := []string{d.input(shape...)}, []onnxmodel.Attribute{attr("axis", axis)}
		switch parts := []int{1, 3, 2}; {
		case d.Model.Opset == 18:
			list = append(list, attr("num_outputs", 3))
		case d.IntN(3) == 0:
		case d.Model.Opset == 13:
			in = append(in, d.ints(parts...))
		default:
			list = append(list, attr("split", parts))
		}
		d.node("Split", in, list...)
		d.Model.Nodes[0].Outputs = []string{"y", "z", "w"}
		d.Model.Outputs = []onnxmodel.Value{{Name: "w", NoShape: true}, {Name: "y", NoShape: true}, {Name: "z", NoShape: true}}
	},
	"Slice": func(d *Draw) {
		shape := d.shape(1+d.IntN(4), 7)
		axes := d.Perm(len(shape))[:1+d.IntN(len(shape))]
		var starts, ends, steps []int
		for range axes {
			starts, ends = append(starts, d.IntN(20)-10), append(ends, d.from(-9, -3, -1, 0, 2, 5, 1<<31-1, -1<<31))
			steps = append(steps, d.from(1, 1, 2, 3, -1, -2))
		}
		in := []string{d.input(shape...)}
		if d.Model.Opset = d.from(9, 13); d.Model.Opset == 9 {
			d.node("Slice", in, attr("starts", starts), attr("ends", ends), attr("axes", axes))
			return
		}
		d.node("Slice", append(in, d.ints(starts...), d.ints(ends...), d.ints(axes...), d.ints(steps...)))
	},
	"Pad": func(d *Draw) {
		shape := d.shape(1+d.IntN(4), 5)
		mode, low := d.text("constant edge reflect"), 0
		if mode == "constant" {
			low = -1
		}
		pads := make([]int, 2*len(shape))
		for i := range pads {
			pads[i] = low + d.IntN(3-low)
			if mode == "reflect" {
				pads[i] = min(pads[i], shape[i%len(shape)]-1)
			}
			if shape[i%len(shape)] < 3 {
				pads[i] = max(pads[i], 0)
			}
		}
		d.node("Pad", []string{d.input(shape...), d.ints(pads...), d.constant(onnxmodel.Floats(nil, 1.5))}, attr("mode", mode))
	},
	"Reshape": func(d *Draw) {
		shape := d.shape(4, 5)
		d.node("Reshape", []string{d.input(shape...), d.ints(0, -1, shape[3])})
	},
	"Flatten": func(d *Draw) {
		shape := d.shape(1+d.IntN(4), 5)
		d.node("Flatten", []string{d.input(shape...)}, attr("axis", d.IntN(len(shape)+1)))
	},
	"Squeeze": func(d *Draw) {
		d.node("Squeeze", []string{d.input(1, 3, 1, 2), d.ints(d.from(0, 2, -2))})
	},
	"Unsqueeze": func(d *Draw) {
		d.Model.Opset = d.from(11, 13)
		in, axes := []string{d.input(d.shape(2, 5)...)}, []int{d.from(0, 1, 2), -1}
		if d.Model.Opset == 13 {
			d.node("Unsqueeze", append(in, d.ints(axes...)))
			return
		}
		d.node("Unsqueeze", in, attr("axes", axes))
	},
	"Transpose": func(d *Draw) {
		shape := d.shape(1+d.IntN(5), 4)
		d.node("Transpose", []string{d.input(shape...)}, attr("perm", d.Perm(len(shape))))
	},
	"Gather": func(d *Draw) {
		shape := d.shape(1+d.IntN(4), 5)
		axis := d.IntN(len(shape))
		index := &onnx.Tensor{Type: onnx.Int64, Shape: [][]int{{}, {3}, {2, 2}, {1}}[d.IntN(4)]}
		if len(shape) == 1 && len(index.Shape) == 0 {
			index.Shape = []int{1}
		}
		for range index.Len() {
			index.I64 = append(index.I64, int64(d.IntN(2*shape[axis])-shape[axis]))
		}
		d.node("Gather", []string{d.input(shape...), d.constant(index)}, attr("axis", axis))
	},
	"Resize": func(d *Draw) {
		// ONNX Runtime takes planes or rows and columns alone.
		shape := append(d.shape(2, 3), 2+d.IntN(6), 2+d.IntN(6))
		mode := d.text("nearest linear cubic")
		list := []onnxmodel.Attribute{attr("mode", mode),
			attr("coordinate_transformation_mode", d.text("half_pixel asymmetric align_corners pytorch_half_pixel"))}
		if mode == "nearest" {
			list = append(list, attr("nearest_mode", d.text("round_prefer_floor round_prefer_ceil floor ceil")))
		}
		in := []string{d.input(shape...), "", "", ""}
		if d.IntN(2) == 0 {
			in[3] = d.ints(shape[0], shape[1], 1+d.IntN(12), 1+d.IntN(12))
		} else {
			in[2] = d.constant(onnxmodel.Floats([]int{4}, 1, 1, float32(d.from(1, 2, 3)), float32(d.from(1, 2, 4))))
			in = in[:3]
		}
		d.node("Resize", in, list...)
	},
	"Upsample": func(d *Draw) {
		d.Model.Opset = 9
		scales := onnxmodel.Floats([]int{4}, 1, 1, float32(d.from(1, 2, 3)), float32(d.from(2, 4)))
		d.node("Upsample", []string{d.input(append(d.shape(2, 3), 2+d.IntN(6), 2+d.IntN(6))...), d.constant(scales)}, attr("mode", d.text("nearest linear")))
	},
	"Cast": func(d *Draw) {
		d.Model.Nodes = []onnxmodel.Node{{Op: "Cast", Inputs: []string{d.input(d.shape(3, 5)...)}, Outputs: []string{"i"}, Attributes: []onnxmodel.Attribute{attr("to", int(onnx.Int32))}}}
		d.node("Cast", []string{"i"}, attr("to", int(onnx.Float)))
	},
	"Expand": func(d *Draw) {
		d.node("Expand", []string{d.input(3, 1, 2), d.ints(2, 1, d.from(1, 4), 2)})
	},
	"Dropout": func(d *Draw) {
		d.Model.Opset = 11
		d.Model.Nodes = []onnxmodel.Node{{Op: "Dropout", Inputs: []string{d.input(2, 3)}, Outputs: []string{"d"}}}
		d.node("Relu", []string{"d"})
	},
}
