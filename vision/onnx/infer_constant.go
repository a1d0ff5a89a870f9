package onnx

import "math"

func inferConstant(c *inference, n *Node) error {
	if len(n.Attributes) != 1 {
		return n.wrong("it has % attributes, want one", []int{len(n.Attributes)})
	}
	a := n.Attributes[0]
	t := a.Tensor
	switch a.Kind {
	case KindFloat:
		t = floats([]int{}, a.Float)
	case KindFloats:
		t = floats([]int{len(a.Floats)}, a.Floats...)
		if t.F32 == nil {
			t.F32 = []float32{}
		}
	case KindInt:
		t = &Tensor{Type: Int64, Shape: []int{}, I64: []int64{int64(a.Int)}}
	case KindInts:
		t = &Tensor{Type: Int64, Shape: []int{len(a.Ints)}, I64: make([]int64, len(a.Ints))}
		for i, v := range a.Ints {
			t.I64[i] = int64(v)
		}
	}
	n.Outputs[0].hold(t)
	return nil
}

// inferShape is Shape and Size.
func inferShape(c *inference, n *Node) error {
	x := n.Inputs[0]
	if n.Op == "Size" {
		n.Outputs[0].hold(&Tensor{Type: Int64, Shape: []int{}, I64: []int64{int64(x.Len())}})
		return nil
	}
	rank := len(x.Shape)
	clamp := func(v int) int {
		if v < 0 {
			v += rank
		}
		return min(max(v, 0), rank)
	}
	start, end := clamp(n.Int("start", 0)), clamp(n.Int("end", rank))
	list := []int64{}
	for i := start; i < end; i++ {
		list = append(list, int64(x.Shape[i]))
	}
	n.Outputs[0].hold(&Tensor{Type: Int64, Shape: []int{len(list)}, I64: list})
	return nil
}

// fill makes a constant of the node's output, within the limits.
func (c *inference) fill(n *Node, t DataType, shape []int) (*Tensor, error) {
	size, err := sized(shape, c.limits.limits.MaxElements)
	if err == nil {
		err = c.limits.spend(t, size)
	}
	if err == nil && size > c.limits.limits.MaxFold-c.folded {
		err = fail("computing its constant takes too long")
	}
	if err != nil {
		return nil, n.fail(err)
	}
	c.folded += size
	return newTensor(t, shape), nil
}

func inferConstantOfShape(c *inference, n *Node) error {
	shape, _, err := n.list("", 0)
	if err != nil {
		return err
	}
	value := n.Tensor("value")
	if value == nil {
		value = floats([]int{1}, 0)
	}
	if value.Len() != 1 {
		return n.wrong("its value has shape @, want one element", value.Shape)
	}
	t, err := c.fill(n, value.Type, shape)
	if err != nil {
		return err
	}
	for i := range t.F32 {
		t.F32[i] = value.F32[0]
	}
	for i := range t.I64 {
		t.I64[i] = value.I64[0]
	}
	n.Outputs[0].hold(t)
	return nil
}

func inferRange(c *inference, n *Node) error {
	var bounds [3]*Tensor
	for i := range bounds {
		t, err := n.known(i, [...]string{"start", "limit", "delta"}[i])
		if err != nil {
			return err
		}
		if t.Len() != 1 || t.Type != n.Inputs[0].Type {
			return n.wrong("its input % is $ @, want one number as input 0", []int{i}, []int{int(t.Type)}, t.Shape)
		}
		bounds[i] = t
	}
	var length float64
	if bounds[0].F32 != nil {
		length = math.Ceil((float64(bounds[1].F32[0]) - float64(bounds[0].F32[0])) / float64(bounds[2].F32[0]))
	} else {
		if bounds[2].I64[0] == 0 {
			return n.wrong("its delta is 0")
		}
		length = math.Ceil((float64(bounds[1].I64[0]) - float64(bounds[0].I64[0])) / float64(bounds[2].I64[0]))
	}
	if !(length < float64(c.limits.limits.MaxElements)) {
		return n.wrong("it has too many elements")
	}
	t, err := c.fill(n, bounds[0].Type, []int{int(max(length, 0))})
	if err != nil {
		return err
	}
	for i := range t.F32 {
		t.F32[i] = bounds[0].F32[0] + float32(i)*bounds[2].F32[0]
	}
	for i := range t.I64 {
		t.I64[i] = bounds[0].I64[0] + int64(i)*bounds[2].I64[0]
	}
	n.Outputs[0].hold(t)
	return nil
}

func inferTile(c *inference, n *Node) error {
	x := n.Inputs[0]
	repeats, _, err := n.list("", 1)
	if err != nil {
		return err
	}
	if len(repeats) != len(x.Shape) {
		return n.wrong("repeats # do not fit @", repeats, x.Shape)
	}
	shape := make([]int, len(repeats))
	for i, r := range repeats {
		if r < 0 || r > c.limits.limits.MaxElements {
			return n.wrong("repeats # cannot be", repeats)
		}
		shape[i] = r * x.Shape[i]
	}
	n.become("Tile", []*Value{x})
	return c.out(n, 0, x.Type, shape)
}

func inferNonZero(c *inference, n *Node) error {
	x, err := n.known(0, "X")
	if err != nil {
		return err
	}
	var list []int
	for i, v := range x.I64 {
		if v != 0 {
			list = append(list, i)
		}
	}
	for i, v := range x.F32 {
		if v != 0 {
			list = append(list, i)
		}
	}
	t, err := c.fill(n, Int64, []int{len(x.Shape), len(list)})
	if err != nil {
		return err
	}
	for k, at := range list {
		for axis := len(x.Shape) - 1; axis >= 0; axis-- {
			t.I64[axis*len(list)+k] = int64(at % x.Shape[axis])
			at /= x.Shape[axis]
		}
	}
	n.Outputs[0].hold(t)
	return nil
}
