package onnx

// reshape makes the node a Reshape.
func (n *Node) reshape(c *inference, shape []int) error {
	x := n.Inputs[0]
	if same(shape, x.Shape) {
		n.become("Identity", []*Value{x})
	} else {
		n.become("Reshape", []*Value{x})
	}
	return c.out(n, 0, x.Type, shape)
}

func inferReshape(c *inference, n *Node) error {
	x := n.Inputs[0]
	shape, ok, err := n.list("shape", 1)
	if err != nil {
		return err
	}
	if !ok {
		return n.wrong("it has no shape")
	}
	want := clone(shape)
	open, product := -1, 1
	size := x.Len()
	for i, s := range shape {
		if s == 0 && n.Int("allowzero", 0) == 0 {
			if i >= len(x.Shape) {
				return n.wrong("shape # copies a side that @ does not have", want, x.Shape)
			}
			s = x.Shape[i]
			shape[i] = s
		}
		switch {
		case s == -1 && open < 0:
			open = i
		case s < 0 || s > c.limits.limits.MaxElements:
			return n.wrong("shape # cannot be", want)
		default:
			if s > 0 && product > c.limits.limits.MaxElements/s {
				return n.wrong("shape # has too many elements", want)
			}
			product *= s
		}
	}
	if open >= 0 {
		if product == 0 || size%product != 0 {
			return n.wrong("shape # does not divide the elements of @", want, x.Shape)
		}
		shape[open] = size / product
	} else if product != size {
		return n.wrong("shape # has other elements than @", want, x.Shape)
	}
	return n.reshape(c, shape)
}

func inferFlatten(c *inference, n *Node) error {
	x := n.Inputs[0]
	rank := len(x.Shape)
	axis := n.Int("axis", 1)
	if axis < -rank || axis > rank {
		return n.wrong("axis % is out of range for % sides", []int{axis}, []int{rank})
	}
	if axis < 0 {
		axis += rank
	}
	return n.reshape(c, []int{count(x.Shape[:axis]), count(x.Shape[axis:])})
}

func inferSqueeze(c *inference, n *Node) error {
	x := n.Inputs[0]
	list, given, err := n.list("axes", 1)
	if err != nil {
		return err
	}
	axes, err := n.axes(list, len(x.Shape))
	if err != nil {
		return err
	}
	shape := []int{}
	for i, s := range x.Shape {
		out := has(axes, i)
		if out && s != 1 {
			return n.wrong("axis % of @ is not of length 1", []int{i}, x.Shape)
		}
		if out || !given && s == 1 {
			continue
		}
		shape = append(shape, s)
	}
	return n.reshape(c, shape)
}

func inferUnsqueeze(c *inference, n *Node) error {
	x := n.Inputs[0]
	list, _, err := n.list("axes", 1)
	if err != nil {
		return err
	}
	if len(x.Shape)+len(list) > maxRank {
		return n.wrong("its output has more than % sides", []int{maxRank})
	}
	axes, err := n.axes(list, len(x.Shape)+len(list))
	if err != nil {
		return err
	}
	shape, next := []int{}, 0
	for i := range len(x.Shape) + len(list) {
		if has(axes, i) {
			shape = append(shape, 1)
			continue
		}
		shape = append(shape, x.Shape[next])
		next++
	}
	return n.reshape(c, shape)
}
