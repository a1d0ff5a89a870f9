package onnxsweep

import (
	"fmt"
	"math/rand/v2"

	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

// network writes small detectors as exporters do: batch normalisation that is
// not folded, shapes computed at run time, padding apart from convolutions.
type network struct {
	Draw
	count int
}

func (n *network) add(op string, inputs []string, attributes ...onnxmodel.Attribute) string {
	n.count++
	name := fmt.Sprintf("v%d", n.count)
	n.Model.Nodes = append(n.Model.Nodes, onnxmodel.Node{Op: op, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

func (n *network) conv(x string, in, out, size, group int, pads ...int) string {
	w := n.tensor(out, in/group, size, size)
	scale := 1 / float32(in/group*size*size)
	for i := range w.F32 {
		w.F32[i] *= scale
	}
	inputs := []string{x, n.constant(w)}
	if n.IntN(2) == 0 {
		inputs = append(inputs, n.constant(n.tensor(out)))
	}
	if pads == nil {
		pads = []int{size / 2, size / 2, size / 2, size / 2}
	}
	return n.add("Conv", inputs, attr("kernel_shape", []int{size, size}), attr("pads", pads), attr("group", group))
}

func (n *network) normalise(x string, channels int) string {
	variance := Random(n.Rand, []int{channels})
	for i := range variance.F32 {
		variance.F32[i] += 0.1
	}
	c := func() string { return n.constant(n.tensor(channels)) }
	return n.add("BatchNormalization", []string{x, c(), c(), c(), n.constant(variance)})
}

// side is the length of one side of x at run time, as a list of one.
func (n *network) side(x string, axis int) string {
	at := n.constant(&onnx.Tensor{Type: onnx.Int64, Shape: []int{}, I64: []int64{int64(axis)}})
	v := n.add("Gather", []string{n.add("Shape", []string{x}), at})
	return n.add("Unsqueeze", []string{v, n.ints(0)})
}

// shuffle mixes the channels of two groups.
func (n *network) shuffle(x string, channels int) string {
	b, h, w := n.side(x, 0), n.side(x, 2), n.side(x, 3)
	shape := n.add("Concat", []string{b, n.ints(2), n.ints(channels / 2), h, w}, attr("axis", 0))
	v := n.add("Reshape", []string{x, shape})
	v = n.add("Transpose", []string{v}, attr("perm", []int{0, 2, 1, 3, 4}))
	return n.add("Reshape", []string{v, n.add("Concat", []string{b, n.ints(-1), h, w}, attr("axis", 0))})
}

// block adds a random part that keeps the shape of 8 channels.
func (n *network) block(x string) string {
	const c = 8
	switch n.IntN(12) {
	case 0:
		return n.add("Relu", []string{n.normalise(n.conv(x, c, c, 3, 1), c)})
	case 1:
		v := n.normalise(n.conv(x, c, c, 1, 1), c)
		return n.add("Mul", []string{v, n.add("Sigmoid", []string{v})})
	case 2:
		return n.add("Add", []string{x, n.normalise(n.conv(x, c, c, 3, c), c)})
	case 3:
		return n.shuffle(x, c)
	case 4:
		v := n.add("Pad", []string{x, n.ints(0, 0, 1, 2, 0, 0, 1, 0)})
		return n.conv(v, c, c, 3, 2, 0, 0, 0, 0)
	case 5:
		v := n.add("Pad", []string{x, n.ints(0, 0, 1, 1, 0, 0, 1, 1)})
		return n.add("AveragePool", []string{v}, attr("kernel_shape", []int{3, 3}), attr("strides", []int{1, 1}))
	case 6:
		v := n.add("MaxPool", []string{x}, attr("kernel_shape", []int{2, 2}), attr("strides", []int{2, 2}))
		h, w := n.side(x, 2), n.side(x, 3)
		sizes := n.add("Concat", []string{n.ints(1), n.ints(c), h, w}, attr("axis", 0))
		return n.add("Resize", []string{v, "", "", sizes}, attr("mode", "nearest"), attr("coordinate_transformation_mode", "asymmetric"), attr("nearest_mode", "floor"))
	case 7:
		n.Model.Nodes = append(n.Model.Nodes, onnxmodel.Node{Op: "Split", Inputs: []string{x}, Outputs: []string{fmt.Sprint("l", n.count), fmt.Sprint("r", n.count)},
			Attributes: []onnxmodel.Attribute{attr("axis", 1)}})
		l, r := fmt.Sprint("l", n.count), fmt.Sprint("r", n.count)
		return n.add("Concat", []string{n.conv(l, c/2, c/2, 3, 1), r}, attr("axis", 1))
	case 8:
		return n.normalise(x, c)
	case 9:
		// Constants on either side, and a scalar.
		v := n.add("Sub", []string{n.constant(n.tensor(c, 1, 1)), n.conv(x, c, c, 1, 1)})
		return n.add("Div", []string{v, n.constant(onnxmodel.Floats(nil, 3))})
	case 10:
		v := n.add("ConvTranspose", []string{x, n.constant(n.tensor(c, c/2, 3, 3)), n.constant(n.tensor(c))}, attr("group", 2), attr("pads", []int{1, 1, 1, 1}))
		return n.add("Tanh", []string{n.normalise(v, c)})
	}
	return n.add("Dropout", []string{n.add("Identity", []string{x})})
}

// Network draws a network with the input "picture" of any number of 8x10x12.
func Network(seed uint64) *Draw {
	n := &network{Draw: Draw{Rand: rand.New(rand.NewPCG(seed, 7))}}
	n.Model.Inputs = []onnxmodel.Value{{Name: "picture", Shape: []int{-1, 8, 10, 12}}}
	x := "picture"
	for range 6 {
		x = n.block(x)
	}
	mean := n.add("Flatten", []string{n.add("GlobalAveragePool", []string{x})})
	y := n.add("Gemm", []string{mean, n.constant(n.tensor(5, 8)), n.constant(n.tensor(5))}, attr("transB", 1))
	z := n.add("Softmax", []string{n.add("Mul", []string{y, n.constant(n.tensor(5))})}, attr("axis", 1))
	n.Model.Outputs = []onnxmodel.Value{{Name: z, NoShape: true}, {Name: x, NoShape: true}}
	return &n.Draw
}
