package engine

import (
	"slices"

	"sightline/shaders"
	"sightline/vision/onnx"
)

// mapOperations are the operators that nn_map computes; the other ones of planMap are activations.
func mapOperation(op string) shaders.MapOperation {
	switch op {
	case "Add":
		return shaders.MapAdd
	case "Sub":
		return shaders.MapSub
	case "Mul":
		return shaders.MapMul
	case "Div":
		return shaders.MapDiv
	case "Pow":
		return shaders.MapPow
	case "PRelu":
		return shaders.MapPRelu
	case "Exp":
		return shaders.MapExp
	case "Sqrt":
		return shaders.MapSqrt
	}
	return shaders.MapCopy
}

// planMap plans what is computed element by element, with the activation that follows.
func planMap(c *compiler, n *onnx.Node) error {
	out := n.Outputs[0]
	m := shaders.Map{Operation: mapOperation(n.Op)}
	result := out
	if m.Operation == shaders.MapCopy {
		m.Activation, _ = activationOf(n)
	} else {
		var err error
		if m.Activation, result, err = c.activation(out); err != nil {
			return err
		}
	}
	// Outer dimensions join where all operands agree on whether they repeat.
	shapes := [][]int{out.Shape}
	var sources []value
	for _, in := range n.Inputs {
		v, err := c.value(in)
		if err != nil {
			return err
		}
		sources = append(sources, v)
		aligned := slices.Repeat([]int{1}, len(out.Shape)-len(in.Shape))
		shapes = append(shapes, append(aligned, in.Shape...))
	}
	by, ok := joinDimensions(shapes)
	if !ok {
		return refuse(n, "inputs", "repeat along more dimensions than four")
	}
	target, t := c.target(out.Shape, by[0])
	m.Size = sizeOf(by[0])
	views := make([]lazyView, len(sources))
	for i := range sources {
		views[i], sources[i] = c.viewed(sources[i], by[i+1], n.Name)
		for d := range 4 {
			if by[i+1][d] == 1 && by[0][d] > 1 {
				views[i].view.Stride[d] = 0
			}
		}
		if views[i].table >= 0 && by[i+1][1] != by[0][1] {
			return refuse(n, "inputs", "repeat a tensor of scattered channels")
		}
	}
	c.operator(n.Name, target, sources, func() shaders.Operator {
		m.Target, m.A = t.get(), views[0].get()
		m.B = m.A
		if len(views) > 1 {
			m.B = views[1].get()
		}
		return m.Operator()
	})
	c.set(result, target)
	return nil
}

// joinDimensions brings shapes of one rank to four dimensions, joining neighbouring ones but the last
// where each shape has all or nothing of both.
func joinDimensions(shapes [][]int) ([][4]int, bool) {
	rank := len(shapes[0])
	lists := make([][]int, len(shapes))
	for i, s := range shapes {
		lists[i] = slices.Clone(s)
	}
	for d := 0; rank > 4 && d < rank-2; {
		joins := true
		for _, l := range lists {
			whole := l[d] == lists[0][d] && l[d+1] == lists[0][d+1]
			nothing := l[d] == 1 && l[d+1] == 1
			joins = joins && (whole || nothing)
		}
		if !joins {
			d++
			continue
		}
		for i, l := range lists {
			l[d] *= l[d+1]
			lists[i] = slices.Delete(l, d+1, d+2)
		}
		rank--
	}
	if rank > 4 {
		return nil, false
	}
	out := make([][4]int, len(lists))
	for i, l := range lists {
		out[i] = [4]int{1, 1, 1, 1}
		copy(out[i][4-rank:], l)
	}
	return out, true
}

// planExpand repeats by strides of zero.
func planExpand(c *compiler, n *onnx.Node) error {
	out := n.Outputs[0]
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	aligned := append(slices.Repeat([]int{1}, len(out.Shape)-len(v.shape)), v.shape...)
	by, ok := joinDimensions([][]int{out.Shape, aligned})
	if !ok {
		return refuse(n, "shape", "repeats along more dimensions than four")
	}
	target, t := c.target(out.Shape, by[0])
	source, v := c.viewed(v, by[1], n.Name)
	for d := range 4 {
		if by[1][d] == 1 && by[0][d] > 1 {
			source.view.Stride[d] = 0
		}
	}
	if source.table >= 0 && by[1][1] != by[0][1] {
		return refuse(n, "input", "repeats a tensor of scattered channels")
	}
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		m := shaders.Map{Size: sizeOf(by[0]), Target: t.get(), A: source.get()}
		m.B = m.A
		return m.Operator()
	})
	c.set(out, target)
	return nil
}

// planMatMul multiplies matrices; Gemm transposes by strides.
func planMatMul(c *compiler, n *onnx.Node) error {
	out := n.Outputs[0]
	m := shaders.MatMul{Alpha: n.Float("alpha", 1)}
	a, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	b, err := c.value(n.Inputs[1])
	if err != nil {
		return err
	}
	if n.Int("transA", 0) != 0 {
		a, _ = a.transposed([]int{1, 0})
	}
	if n.Int("transB", 0) != 0 {
		b, _ = b.transposed([]int{1, 0})
	}
	rank := len(out.Shape)
	align := func(shape []int) []int { return append(slices.Repeat([]int{1}, rank-len(shape)), shape...) }
	by, ok := joinBatches(out.Shape, align(a.shape), align(b.shape))
	if !ok {
		return refuse(n, "inputs", "have more than two dimensions of matrices that repeat")
	}
	m.Size, m.Inner = sizeOf(by[0]), by[1][3]
	sources := []value{a, b}
	views := make([]lazyView, 3)
	for i := range sources {
		views[i], sources[i] = c.viewed(sources[i], by[i+1], n.Name)
		for d := range 2 {
			if by[i+1][d] == 1 {
				views[i].view.Stride[d] = 0
			}
		}
		if views[i].table >= 0 && by[i+1][1] != by[0][1] {
			return refuse(n, "inputs", "repeat a tensor of scattered channels")
		}
	}
	if s := n.Input(2); s != nil {
		m.Beta = n.Float("beta", 1)
		v, err := c.value(s)
		if err != nil {
			return err
		}
		by4, _ := size4(align(s.Shape))
		views[2], v = c.viewed(v, by4, n.Name)
		for d := range 4 {
			if by4[d] == 1 && by[0][d] > 1 {
				views[2].view.Stride[d] = 0
			}
		}
		sources = append(sources, v)
	}
	result := out
	if m.Activation, result, err = c.activation(out); err != nil {
		return err
	}
	target, t := c.target(out.Shape, by[0])
	c.operator(n.Name, target, sources, func() shaders.Operator {
		m.Target, m.A, m.B = t.get(), views[0].get(), views[1].get()
		m.C = m.A
		if len(sources) > 2 {
			m.C = views[2].get()
		}
		return m.Operator()
	})
	c.set(result, target)
	return nil
}

// joinBatches brings the shapes of a product and its factors to four dimensions.
func joinBatches(shapes ...[]int) ([][4]int, bool) {
	rank := len(shapes[0])
	outer := make([][]int, len(shapes))
	for i, s := range shapes {
		// One more dimension behind, so that all of these count as outer.
		outer[i] = append(slices.Clone(s[:rank-2]), 1)
	}
	for len(outer[0]) < 5 {
		for i := range outer {
			outer[i] = append([]int{1}, outer[i]...)
		}
	}
	by, ok := joinDimensions(outer)
	if !ok {
		return nil, false
	}
	for i, s := range shapes {
		if by[i][0] != 1 {
			return nil, false
		}
		by[i] = [4]int{by[i][1], by[i][2], s[rank-2], s[rank-1]}
	}
	return by, true
}
