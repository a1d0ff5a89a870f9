package onnx

func inferSoftmax(c *inference, n *Node) error {
	x := n.Inputs[0]
	rank := len(x.Shape)
	def := -1
	if c.opset < 13 {
		def = 1
	}
	if rank == 0 {
		return n.wrong("its input is a scalar")
	}
	at := n.Int("axis", def)
	if c.opset < 13 && rank == 1 && n.Attribute("axis") == nil {
		at = 0
	}
	axis, err := n.axis(at, rank)
	if err != nil {
		return err
	}
	if c.opset >= 13 || count(x.Shape[axis+1:]) == 1 {
		n.become("Softmax", n.Inputs, intAttribute("axis", axis))
		return c.out(n, 0, x.Type, x.Shape)
	}
	// It used to be along all sides from the axis on.
	flat := []int{count(x.Shape[:axis]), count(x.Shape[axis:])}
	v := c.emit(n, "Reshape", n.Inputs, flat)
	v = c.one(n, "Softmax", v, flat, intAttribute("axis", 1))
	n.Inputs = []*Value{v}
	return n.reshape(c, x.Shape)
}

func inferReduce(c *inference, n *Node) error {
	x := n.Inputs[0]
	rank := len(x.Shape)
	list, _, err := n.list("axes", 1)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		if n.Int("noop_with_empty_axes", 0) != 0 {
			return inferIdentity(c, n)
		}
		for i := range rank {
			list = append(list, i)
		}
	}
	chosen, err := n.axes(list, rank)
	if err != nil {
		return err
	}
	var axes []int // sorted
	for i := range rank {
		if has(chosen, i) {
			axes = append(axes, i)
		}
	}
	keep := n.Int("keepdims", 1)
	shape := []int{}
	for i, s := range x.Shape {
		if !has(axes, i) {
			shape = append(shape, s)
			continue
		}
		if s == 0 && n.Op == "ReduceMean" {
			return n.wrong("axis % has no elements", []int{i})
		}
		if keep != 0 {
			shape = append(shape, 1)
		}
	}
	n.become(n.Op, []*Value{x}, intsAttribute("axes", axes), intAttribute("keepdims", min(keep, 1)))
	return c.out(n, 0, x.Type, shape)
}

// inferGlobalPool writes a pool over all of a picture as a reduction.
func inferGlobalPool(c *inference, n *Node) error {
	x := n.Inputs[0]
	if len(x.Shape) < 3 {
		return n.wrong("its input has shape @, want three sides at least", x.Shape)
	}
	op := "ReduceMean"
	if n.Op == "GlobalMaxPool" {
		op = "ReduceMax"
	}
	shape, axes := clone(x.Shape), []int{}
	for i := 2; i < len(shape); i++ {
		if shape[i] == 0 {
			return n.wrong("axis % has no elements", []int{i})
		}
		shape[i], axes = 1, append(axes, i)
	}
	n.become(op, n.Inputs, intsAttribute("axes", axes), intAttribute("keepdims", 1))
	return c.out(n, 0, x.Type, shape)
}

func inferGemm(c *inference, n *Node) error {
	a, b, sum := n.Inputs[0], n.Inputs[1], n.Input(2)
	if len(a.Shape) != 2 || len(b.Shape) != 2 || a.Type != b.Type {
		return n.wrong("its factors are $ @ and $ @", []int{int(a.Type)}, a.Shape, []int{int(b.Type)}, b.Shape)
	}
	rows, inner := a.Shape[0], a.Shape[1]
	if n.Int("transA", 0) != 0 {
		rows, inner = inner, rows
	}
	inner2, columns := b.Shape[0], b.Shape[1]
	if n.Int("transB", 0) != 0 {
		inner2, columns = columns, inner2
	}
	if inner != inner2 {
		return n.wrong("shapes @ and @ do not go together", a.Shape, b.Shape)
	}
	shape := []int{rows, columns}
	alpha, beta := n.Float("alpha", 1), n.Float("beta", 1)
	inputs := []*Value{a, b}
	if sum != nil {
		if s, ok := broadcast(shape, sum.Shape); !ok || !same(s, shape) || sum.Type != a.Type {
			return n.wrong("its summand is $ @, which does not go with @", []int{int(sum.Type)}, sum.Shape, shape)
		}
		inputs = append(inputs, sum)
	}
	// Constants take the factors in.
	for i, factor := range []*float32{&alpha, &beta} {
		if i+1 >= len(inputs) || inputs[i+1].Const == nil || *factor == 1 || !a.Type.IsFloat() {
			continue
		}
		by := floats([]int{}, *factor)
		by.Type = a.Type
		v := c.two(n, "Mul", inputs[i+1], constant(n, "by", by), inputs[i+1].Shape)
		inputs[i+1], *factor = v, 1
	}
	n.become("Gemm", inputs, floatAttribute("alpha", alpha), floatAttribute("beta", beta),
		intAttribute("transA", n.Int("transA", 0)), intAttribute("transB", n.Int("transB", 0)))
	return c.out(n, 0, a.Type, shape)
}

func inferMatMul(c *inference, n *Node) error {
	a, b := n.Inputs[0], n.Inputs[1]
	bad := n.wrong("its factors are $ @ and $ @", []int{int(a.Type)}, a.Shape, []int{int(b.Type)}, b.Shape)
	if len(a.Shape) == 0 || len(b.Shape) == 0 || a.Type != b.Type {
		return bad
	}
	// A list is a row on the left and a column on the right.
	left, right := a, b
	if len(a.Shape) == 1 {
		left = c.one(n, "Reshape", a, []int{1, a.Shape[0]})
	}
	if len(b.Shape) == 1 {
		right = c.one(n, "Reshape", b, []int{b.Shape[0], 1})
	}
	ra, rb := len(left.Shape), len(right.Shape)
	batch, ok := broadcast(left.Shape[:ra-2], right.Shape[:rb-2])
	if !ok || left.Shape[ra-1] != right.Shape[rb-2] {
		return bad
	}
	rows, columns := left.Shape[ra-2], right.Shape[rb-1]
	shape := append(clone(batch), rows, columns)
	if left == a && right == b {
		n.become("MatMul", []*Value{a, b})
		return c.out(n, 0, a.Type, shape)
	}
	v := c.two(n, "MatMul", left, right, shape)
	final := clone(batch)
	if left == a {
		final = append(final, rows)
	}
	if right == b {
		final = append(final, columns)
	}
	n.Inputs = []*Value{v}
	return n.reshape(c, final)
}
