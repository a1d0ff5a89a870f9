package engine

import (
	"slices"

	"sightline/shaders"
	"sightline/vision/onnx"
)

// operators plan the nodes by their operator.
func operators() map[string]func(*compiler, *onnx.Node) error {
	return map[string]func(*compiler, *onnx.Node) error{
		"Conv":          planConv,
		"ConvTranspose": planConv,
		"Identity":      planReshape,
		"Cast":          planReshape,
		"Reshape":       planReshape,
		"Concat":        planConcat,
		"Split":         planSplit,
		"Slice":         planSlice,
		"Transpose":     planTranspose,
		"Gather":        planGather,
		"Resize":        planResize,
		"Add":           planMap,
		"Sub":           planMap,
		"Mul":           planMap,
		"Div":           planMap,
		"Pow":           planMap,
		"PRelu":         planMap,
		"Exp":           planMap,
		"Sqrt":          planMap,
		"Sigmoid":       planMap,
		"HardSigmoid":   planMap,
		"HardSwish":     planMap,
		"Relu":          planMap,
		"LeakyRelu":     planMap,
		"Tanh":          planMap,
		"Clip":          planMap,
		"MatMul":        planMatMul,
		"Gemm":          planMatMul,
		"MaxPool":       planPool,
		"AveragePool":   planPool,
		"Softmax":       planSoftmax,
		"ReduceMean":    planReduce,
		"ReduceMax":     planReduce,
		"Pad":           planPad,
		"Expand":        planExpand,
	}
}

func planReshape(c *compiler, n *onnx.Node) error {
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	c.set(n.Outputs[0], v)
	return nil
}

func planConcat(c *compiler, n *onnx.Node) error {
	axis := n.Int("axis", 0)
	parts := make([]value, len(n.Inputs))
	for i, in := range n.Inputs {
		var err error
		if parts[i], err = c.value(in); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(n.Inputs, func(v *onnx.Value) bool { return v.Const != nil }) && axis < len(parts[0].shape)-1 {
		if v, ok := joined(parts, axis); ok {
			c.set(n.Outputs[0], v)
			return nil
		}
	}
	target := fresh(n.Outputs[0].Shape)
	begin := 0
	for _, p := range parts {
		c.copyInto(p, target, begin, n.Name, axis)
		begin += p.shape[axis]
	}
	c.set(n.Outputs[0], target)
	return nil
}

// pick takes elements of an axis, by a kernel if need be.
func (c *compiler) pick(v value, axis int, indices []int, n *onnx.Node) (value, error) {
	shape := slices.Clone(v.shape)
	shape[axis] = len(indices)
	if count(shape) == 0 {
		return fresh(shape), nil
	}
	if w, ok := v.picked(axis, indices); ok {
		return w, nil
	}
	// Dimensions before and behind the axis join, but for the last one.
	rank := len(shape)
	by := func(s []int) ([4]int, int) {
		if axis == rank-1 {
			return [4]int{1, 1, count(s[:axis]), s[axis]}, 3
		}
		return [4]int{count(s[:axis]), s[axis], count(s[axis+1 : rank-1]), s[rank-1]}, 1
	}
	from, _ := by(v.shape)
	to, along := by(shape)
	words := make([]uint32, len(indices))
	for i, k := range indices {
		words[i] = uint32(k)
	}
	table := c.constants.words(words)
	source, v := c.viewed(v, from, n.Name)
	target, t := c.target(shape, to)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		return shaders.Gather{Size: sizeOf(to), Axis: along, Table: table, Target: t.get(), Source: source.get()}.Operator()
	})
	return target, nil
}

func sequence(start, n, step int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = start + i*step
	}
	return list
}

func planSplit(c *compiler, n *onnx.Node) error {
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	axis, begin := n.Int("axis", 0), 0
	for _, out := range n.Outputs {
		if out == nil {
			return refuse(n, "outputs", "one is left out")
		}
		size := out.Shape[axis]
		part, err := c.pick(v, axis, sequence(begin, size, 1), n)
		if err != nil {
			return err
		}
		begin += size
		c.set(out, part)
	}
	return nil
}

func planSlice(c *compiler, n *onnx.Node) error {
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	starts, axes, steps := n.Ints("starts", nil), n.Ints("axes", nil), n.Ints("steps", nil)
	for i, axis := range axes {
		step := 1
		if steps != nil {
			step = steps[i]
		}
		size := n.Outputs[0].Shape[axis]
		if v, err = c.pick(v, axis, sequence(starts[i], size, step), n); err != nil {
			return err
		}
	}
	c.set(n.Outputs[0], v)
	return nil
}

func planTranspose(c *compiler, n *onnx.Node) error {
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	perm := n.Ints("perm", nil)
	w, ok := v.transposed(perm)
	if !ok {
		if w, ok = c.copied(v, n.Name).transposed(perm); !ok {
			return refuse(n, "perm", "a tensor of this form cannot be transposed")
		}
	}
	c.set(n.Outputs[0], w)
	return nil
}

func planGather(c *compiler, n *onnx.Node) error {
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	indices := n.Inputs[1].Const
	if indices == nil {
		return refuse(n, "indices", "are computed by the graph; only constant ones are supported")
	}
	axis := n.Int("axis", 0)
	list := make([]int, len(indices.I64))
	for i, k := range indices.I64 {
		if list[i] = int(k); k < 0 {
			list[i] += v.shape[axis]
		}
	}
	if v, err = c.pick(v, axis, list, n); err != nil {
		return err
	}
	c.set(n.Outputs[0], v)
	return nil
}

// planResize makes nearest doubling an index remap.
func planResize(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	v, err := c.value(in)
	if err != nil {
		return err
	}
	mode, coordinates := n.String("mode", "nearest"), n.String("coordinate_transformation_mode", "half_pixel")
	rounding := n.String("nearest_mode", "round_prefer_floor")
	// Pixel x of the result is pixel floor(x / 2): so say these combinations for a factor of two.
	doubles := coordinates == "asymmetric" && rounding == "floor" || coordinates == "half_pixel" && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil") ||
		coordinates == "pytorch_half_pixel" && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil")
	if len(in.Shape) == 4 && mode == "nearest" && doubles && out.Shape[0] == in.Shape[0] && out.Shape[1] == in.Shape[1] &&
		out.Shape[2] == 2*in.Shape[2] && out.Shape[3] == 2*in.Shape[3] && in.Shape[3] > 1 {
		im, _, err := c.image(n, v, false)
		if err != nil {
			return err
		}
		if im.pitch == pitch(in.Shape[3])/4 {
			w := value{shape: out.Shape, planes: slices.Clone(im.planes), inner: []factor{{out.Shape[2], pitch(out.Shape[3])}, {out.Shape[3], 1}}}
			for i := range w.planes {
				w.planes[i].half = out.Shape[3]
			}
			c.set(out, w)
			return nil
		}
	}
	return planResample(c, n)
}
