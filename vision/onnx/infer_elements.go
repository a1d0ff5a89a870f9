package onnx

import "math"

func inferUnary(c *inference, n *Node) error {
	x := n.Inputs[0]
	if n.Op == "Not" && x.Type != Bool {
		return n.wrong("its input is $, want bool", []int{int(x.Type)})
	}
	def := func(name string, v float32) {
		if n.Attribute(name) == nil {
			n.set(floatAttribute(name, v))
		}
	}
	switch n.Op {
	case "HardSigmoid":
		def("alpha", 0.2)
		def("beta", 0.5)
	case "LeakyRelu":
		def("alpha", 0.01)
	}
	return c.out(n, 0, x.Type, x.Shape)
}

func inferIdentity(c *inference, n *Node) error {
	n.become("Identity", n.Inputs[:1])
	return c.out(n, 0, n.Inputs[0].Type, n.Inputs[0].Shape)
}

// inferNeg writes -x as a product.
func inferNeg(c *inference, n *Node) error {
	x := n.Inputs[0]
	minus := floats(nil, -1)
	if !x.Type.IsFloat() {
		minus = &Tensor{I64: []int64{-1}}
	}
	minus.Type = x.Type
	n.become("Mul", []*Value{x, constant(n, "minus", minus)})
	return inferBinary(c, n)
}

// inferReciprocal writes 1/x as a quotient.
func inferReciprocal(c *inference, n *Node) error {
	x := n.Inputs[0]
	if !x.Type.IsFloat() {
		return n.wrong("it takes no $", []int{int(x.Type)})
	}
	one := floats(nil, 1)
	one.Type = x.Type
	n.become("Div", []*Value{constant(n, "one", one), x})
	return inferBinary(c, n)
}

func inferBinary(c *inference, n *Node) error {
	a, b := n.Inputs[0], n.Inputs[1]
	// Before opset 7 the second operand was put under a place of the first.
	if at := n.Attribute("axis"); at != nil && c.opset < 7 && n.Int("broadcast", 0) != 0 {
		axis, err := n.axis(at.Int, len(a.Shape))
		if err != nil {
			return err
		}
		if tail := len(a.Shape) - axis - len(b.Shape); tail > 0 {
			shape := clone(b.Shape)
			for range tail {
				shape = append(shape, 1)
			}
			b = c.one(n, "Reshape", b, shape)
		}
	}
	if n.Op == "Pow" && a.Type != b.Type {
		return n.power(c, a, b)
	}
	if a.Type != b.Type {
		return n.wrong("its operands are $ and $", []int{int(a.Type)}, []int{int(b.Type)})
	}
	shape, ok := broadcast(a.Shape, b.Shape)
	if !ok {
		return n.wrong("shapes @ and @ do not go together", a.Shape, b.Shape)
	}
	n.Inputs[0], n.Inputs[1] = a, b
	if n.Op != "Mod" {
		n.Attributes = nil
	}
	if (n.Op == "And" || n.Op == "Or") != (a.Type == Bool) && n.Op != "Equal" {
		return n.wrong("it takes no $", []int{int(a.Type)})
	}
	t := a.Type
	switch n.Op {
	case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or":
		t = Bool
	}
	return c.out(n, 0, t, shape)
}

// power makes the node a power whose base and exponent are of different types:
// it is computed in floats, and has the type of the base.
func (n *Node) power(c *inference, a, b *Value) error {
	to := a.Type
	common := to
	if !to.IsFloat() {
		common = Float
	}
	inputs := []*Value{a, b}
	for i, v := range inputs {
		if v.Type == common {
			continue
		}
		cast := &Node{Op: "Cast", Name: n.Name + "/cast" + itoa(i), Inputs: []*Value{v}}
		out := &Value{Name: n.Outputs[0].Name + "/cast" + itoa(i), Type: common, Shape: v.Shape, Producer: cast}
		cast.Outputs = []*Value{out}
		cast.set(intAttribute("to", int(common)))
		if err := c.add(cast); err != nil {
			return err
		}
		inputs[i] = out
	}
	shape, ok := broadcast(a.Shape, b.Shape)
	if !ok {
		return n.wrong("shapes @ and @ do not go together", a.Shape, b.Shape)
	}
	if to == common {
		n.become("Pow", inputs)
		return c.out(n, 0, to, shape)
	}
	v := c.emit(n, "Pow", inputs, shape)
	n.become("Cast", []*Value{v}, intAttribute("to", int(to)))
	return c.out(n, 0, to, shape)
}

// inferVariadic writes Sum, Min and Max of many as a chain of two each.
func inferVariadic(c *inference, n *Node) error {
	op := n.Op
	if op == "Sum" {
		op = "Add"
	}
	sum := n.Inputs[0]
	if len(n.Inputs) == 1 {
		return inferIdentity(c, n)
	}
	for i, v := range n.Inputs[1:] {
		if v == nil {
			return n.wrong("its input % is left out", []int{i + 1})
		}
		shape, ok := broadcast(sum.Shape, v.Shape)
		if !ok || sum.Type != v.Type {
			return n.wrong("input % of $ @ does not go with those before it", []int{i + 1}, []int{int(v.Type)}, v.Shape)
		}
		if i == len(n.Inputs)-2 {
			n.become(op, []*Value{sum, v})
			return c.out(n, 0, sum.Type, shape)
		}
		sum = c.two(n, op, sum, v, shape)
	}
	return nil
}

func inferPRelu(c *inference, n *Node) error {
	x, slope := n.Inputs[0], n.Inputs[1]
	if c.opset < 7 && len(slope.Shape) == 1 && slope.Shape[0] > 1 && len(x.Shape) > 1 {
		shape := []int{slope.Shape[0]}
		for range len(x.Shape) - 2 {
			shape = append(shape, 1)
		}
		slope = c.one(n, "Reshape", slope, shape)
	}
	if shape, ok := broadcast(x.Shape, slope.Shape); !ok || !same(shape, x.Shape) || x.Type != slope.Type || !x.Type.IsFloat() {
		return n.wrong("a slope of @ does not go with @", slope.Shape, x.Shape)
	}
	n.become("PRelu", []*Value{x, slope})
	return c.out(n, 0, x.Type, x.Shape)
}

func inferClip(c *inference, n *Node) error {
	x := n.Inputs[0]
	low, high := n.Float("min", float32(math.Inf(-1))), n.Float("max", float32(math.Inf(1)))
	if c.opset < 11 {
		// The default was the largest float.
		low, high = n.Float("min", -math.MaxFloat32), n.Float("max", math.MaxFloat32)
	}
	for i, to := range []*float32{&low, &high} {
		name := [...]string{"min", "max"}[i]
		v, ok, err := n.scalar(i+1, name)
		if err != nil {
			return err
		}
		if ok {
			*to = v
		}
	}
	n.become("Clip", []*Value{x}, floatAttribute("min", low), floatAttribute("max", high))
	return c.out(n, 0, x.Type, x.Shape)
}

func inferCast(c *inference, n *Node) error {
	a := n.Attribute("to")
	if a == nil {
		return n.wrong("it has no attribute to")
	}
	if a.Int < 0 || a.Int > 255 || DataType(a.Int).width() == 0 {
		if a.Int < 0 || a.Int > 255 {
			return n.wrong("to is %, which is no type", []int{a.Int})
		}
		return n.unsupported("to", DataType(a.Int).String()+" is not supported")
	}
	x, to := n.Inputs[0], DataType(a.Int)
	if x.Type == to || x.Const == nil && x.Type.IsFloat() && to.IsFloat() && !c.outputs[n.Outputs[0]] {
		// Between nodes all floats have 32 bits.
		n.become("Identity", n.Inputs)
	} else {
		n.become("Cast", n.Inputs, intAttribute("to", int(to)))
	}
	return c.out(n, 0, to, x.Shape)
}

func inferDropout(c *inference, n *Node) error {
	x := n.Inputs[0]
	ratio := n.Float("ratio", 0.5)
	if v, ok, err := n.scalar(1, "ratio"); err != nil {
		return err
	} else if ok {
		ratio = v
	}
	training, _, err := n.scalar(2, "training_mode")
	if err != nil {
		return err
	}
	if training != 0 && ratio != 0 {
		return n.unsupported("input 2 (training_mode)", "it is true; a model must be exported for inference")
	}
	if len(n.Outputs) > 1 && n.Outputs[1] != nil {
		size, err := sized(x.Shape, c.limits.limits.MaxElements)
		if err == nil {
			err = c.limits.spend(Bool, size)
		}
		if err != nil {
			return n.fail(err)
		}
		mask := newTensor(Bool, x.Shape)
		for i := range mask.I64 {
			mask.I64[i] = 1
		}
		if c.opset < 10 { // it had the type of the data
			mask.Type = x.Type
			if x.Type.IsFloat() {
				mask.I64, mask.F32 = nil, make([]float32, size)
				for i := range mask.F32 {
					mask.F32[i] = 1
				}
			}
		}
		n.Outputs[1].hold(mask)
	}
	n.Outputs = n.Outputs[:1]
	return inferIdentity(c, n)
}

// inferBatchNormalization writes y = scale (x - mean) / sqrt(var + epsilon) + b
// as a product and a sum, whose factors are mostly constant.
func inferBatchNormalization(c *inference, n *Node) error {
	if n.Int("training_mode", 0) != 0 {
		return n.unsupported("training_mode", "it is 1; a model must be exported for inference")
	}
	if n.Int("spatial", 1) != 1 {
		return n.unsupported("spatial", "it is 0; only 1 is supported")
	}
	for i, v := range n.Outputs[1:] {
		if v != nil {
			return n.unsupported("output "+itoa(i+1), "statistics are made in training alone")
		}
	}
	n.Outputs = n.Outputs[:1]
	x := n.Inputs[0]
	if len(x.Shape) < 2 || !x.Type.IsFloat() {
		return n.wrong("its input is $ @, want floats and two sides at least", []int{int(x.Type)}, x.Shape)
	}
	channels := []int{x.Shape[1]}
	for i, v := range n.Inputs[1:] {
		if !same(v.Shape, channels) || !v.Type.IsFloat() {
			return n.wrong("its input % is $ @, but there are % channels", []int{i + 1}, []int{int(v.Type)}, v.Shape, []int{channels[0]})
		}
	}
	scale, bias, mean, variance := n.Inputs[1], n.Inputs[2], n.Inputs[3], n.Inputs[4]
	aligned := clone(channels)
	for range len(x.Shape) - 2 {
		aligned = append(aligned, 1)
	}
	v := c.two(n, "Add", variance, constant(n, "epsilon", floats(nil, n.Float("epsilon", 1e-5))), channels)
	v = c.one(n, "Sqrt", v, channels)
	factor := c.two(n, "Div", scale, v, channels)
	v = c.two(n, "Mul", mean, factor, channels)
	v = c.two(n, "Sub", bias, v, channels)
	factor = c.one(n, "Reshape", factor, aligned)
	v = c.one(n, "Reshape", v, aligned)
	product := c.two(n, "Mul", x, factor, x.Shape)
	n.become("Add", []*Value{product, v})
	return c.out(n, 0, x.Type, x.Shape)
}

func inferWhere(c *inference, n *Node) error {
	which, a, b := n.Inputs[0], n.Inputs[1], n.Inputs[2]
	if which.Type != Bool || a.Type != b.Type {
		return n.wrong("its inputs are $, $ and $", []int{int(which.Type)}, []int{int(a.Type)}, []int{int(b.Type)})
	}
	shape, ok := broadcast(a.Shape, b.Shape)
	if ok {
		shape, ok = broadcast(shape, which.Shape)
	}
	if !ok {
		return n.wrong("its shapes do not go together")
	}
	return c.out(n, 0, a.Type, shape)
}
