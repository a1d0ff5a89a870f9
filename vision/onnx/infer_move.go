package onnx

import (
	"math"
	"slices"
)

func inferConcat(c *inference, n *Node) error {
	first := n.Inputs[0]
	axis, err := n.axis(n.Int("axis", 1), len(first.Shape))
	if err != nil {
		return err
	}
	shape := clone(first.Shape)
	shape[axis] = 0
	for i, v := range n.Inputs {
		if v == nil {
			return n.wrong("its input % is left out", []int{i})
		}
		ok := len(v.Shape) == len(shape) && v.Type == first.Type
		for k := 0; ok && k < len(shape); k++ {
			ok = k == axis || v.Shape[k] == shape[k]
		}
		if !ok {
			return n.wrong("its input % of $ @ does not go with $ @ along axis %", []int{i}, []int{int(v.Type)}, v.Shape, []int{int(first.Type)}, first.Shape, []int{axis})
		}
		shape[axis] += v.Shape[axis]
	}
	if len(n.Inputs) == 1 {
		return inferIdentity(c, n)
	}
	n.become("Concat", n.Inputs, intAttribute("axis", axis))
	return c.out(n, 0, first.Type, shape)
}

func inferSplit(c *inference, n *Node) error {
	x := n.Inputs[0]
	axis, err := n.axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	parts, given, err := n.list("split", 1)
	if err != nil {
		return err
	}
	side, count := x.Shape[axis], len(n.Outputs)
	if !given {
		if want := n.Int("num_outputs", count); want != count {
			return n.wrong("num_outputs is %, but it has % outputs", []int{want}, []int{count})
		}
		each := (side + count - 1) / count
		if side%count != 0 && n.Attribute("num_outputs") == nil {
			return n.wrong("a side of % does not split into % equal parts", []int{side}, []int{count})
		}
		rest := side
		for range count {
			parts = append(parts, min(each, rest))
			rest -= parts[len(parts)-1]
		}
	}
	sum := 0
	for _, p := range parts {
		if p < 0 || p > side {
			return n.wrong("split # does not fit a side of %", parts, []int{side})
		}
		sum += p
	}
	if len(parts) != count || sum != side {
		return n.wrong("split # does not fit % outputs of a side of %", parts, []int{count}, []int{side})
	}
	if count == 1 {
		return inferIdentity(c, n)
	}
	n.become("Split", n.Inputs[:1], intAttribute("axis", axis), intsAttribute("split", parts))
	for i, p := range parts {
		shape := clone(x.Shape)
		shape[axis] = p
		if n.Outputs[i] == nil {
			n.Outputs[i] = &Value{Name: n.Outputs[0].Name + "/unused" + itoa(i), Producer: n}
		}
		if err := c.out(n, i, x.Type, shape); err != nil {
			return err
		}
	}
	return nil
}

func inferSlice(c *inference, n *Node) error {
	x := n.Inputs[0]
	starts, ok, err := n.list("starts", 1)
	if err != nil {
		return err
	}
	ends, ok2, err := n.list("ends", 2)
	if err != nil {
		return err
	}
	if !ok || !ok2 || len(starts) != len(ends) {
		return n.wrong("starts # and ends # do not go together", starts, ends)
	}
	axes, given, err := n.list("axes", 3)
	if err != nil {
		return err
	}
	if !given {
		axes = make([]int, len(starts))
		for i := range axes {
			axes[i] = i
		}
	}
	if axes, err = n.axes(axes, len(x.Shape)); err != nil {
		return err
	}
	steps, given, err := n.list("steps", 4)
	if err != nil {
		return err
	}
	if !given {
		steps = make([]int, len(starts))
		for i := range steps {
			steps[i] = 1
		}
	}
	if len(axes) != len(starts) || len(steps) != len(starts) {
		return n.wrong("axes # and steps # do not go with starts #", axes, steps, starts)
	}
	shape := clone(x.Shape)
	var s window
	for i, axis := range axes {
		start, end, step := starts[i], ends[i], steps[i]
		if step == 0 {
			return n.wrong("its step along axis % is 0", []int{axis})
		}
		side := x.Shape[axis]
		if start < 0 {
			start += side
		}
		if end < 0 {
			end += side
		} else if step < 0 && (end == math.MaxInt32 || end == clampInt(math.MaxInt64)) {
			end = -1 // it stands for the end, as ONNX Runtime has it
		}
		count := 0
		if step > 0 {
			start, end = min(max(start, 0), side), min(max(end, 0), side)
			count = max(0, (end-start+step-1)/step)
		} else {
			start, end = min(max(start, 0), side-1), min(max(end, -1), side-1)
			count = max(0, (start-end-step-1)/-step)
		}
		shape[axis] = count
		if start != 0 || step != 1 || count != side {
			s.add(axis, start, end, step)
		}
	}
	return n.slice(c, x, shape, s)
}

// window is what a Slice keeps.
type window struct{ axes, starts, ends, steps []int }

func (s *window) add(axis, start, end, step int) {
	s.axes, s.starts = append(s.axes, axis), append(s.starts, start)
	s.ends, s.steps = append(s.ends, end), append(s.steps, step)
}

func (s *window) attributes() []*Attribute {
	return []*Attribute{intsAttribute("starts", s.starts), intsAttribute("ends", s.ends),
		intsAttribute("axes", s.axes), intsAttribute("steps", s.steps)}
}

// slice makes the node one that keeps a window of x.
func (n *Node) slice(c *inference, x *Value, shape []int, s window) error {
	if len(s.axes) == 0 {
		n.become("Identity", []*Value{x})
	} else {
		n.become("Slice", []*Value{x}, s.attributes()...)
	}
	return c.out(n, 0, x.Type, shape)
}

func inferPad(c *inference, n *Node) error {
	x := n.Inputs[0]
	if old := n.Attribute("paddings"); old != nil { // opset 1
		n.set(intsAttribute("pads", old.Ints))
	}
	given, ok, err := n.list("pads", 1)
	if err != nil {
		return err
	}
	value := n.Float("value", 0)
	if v, ok, err := n.scalar(2, "constant_value"); err != nil {
		return err
	} else if ok {
		value = v
	}
	rank := len(x.Shape)
	axes, some, err := n.list("axes", 3)
	if err != nil {
		return err
	}
	if !some {
		axes = make([]int, rank)
		for i := range axes {
			axes[i] = i
		}
	}
	if axes, err = n.axes(axes, rank); err != nil {
		return err
	}
	if !ok || len(given) != 2*len(axes) {
		return n.wrong("pads # do not fit % axes", given, []int{len(axes)})
	}
	mode := n.String("mode", "constant")
	pads := make([]int, 2*rank)
	var crop window
	for i, axis := range axes {
		before, after := given[i], given[len(axes)+i]
		side := x.Shape[axis]
		if out := side + before + after; out < 0 || max(before, after, -before, -after) > 1<<30 {
			return n.wrong("pads # leave less than nothing of @", given, x.Shape)
		}
		// Negative ones cut off.
		if before < 0 || after < 0 {
			start := min(max(-before, 0), side)
			crop.add(axis, start, max(start, side-max(-after, 0)), 1)
		}
		pads[axis], pads[rank+axis] = max(before, 0), max(after, 0)
	}
	if len(crop.axes) > 0 {
		shape := clone(x.Shape)
		for i, axis := range crop.axes {
			shape[axis] = crop.ends[i] - crop.starts[i]
		}
		x = c.one(n, "Slice", x, shape, crop.attributes()...)
	}
	shape := clone(x.Shape)
	padded := false
	for axis := range shape {
		shape[axis] += pads[axis] + pads[rank+axis]
		padded = padded || shape[axis] != x.Shape[axis]
	}
	if _, err := sized(shape, c.limits.limits.MaxElements); err != nil {
		return n.fail(err)
	}
	if !padded {
		n.become("Identity", []*Value{x})
		return c.out(n, 0, x.Type, shape)
	}
	if mode == "constant" {
		n.become("Pad", []*Value{x}, textAttribute("mode", mode), intsAttribute("pads", pads),
			floatAttribute("value", value))
		return c.out(n, 0, x.Type, shape)
	}
	// The other modes repeat elements: one Gather along each padded axis.
	for axis, side := range x.Shape {
		before, after := pads[axis], pads[rank+axis]
		if before+after == 0 {
			continue
		}
		index := &Tensor{Type: Int64, Shape: []int{shape[axis]}, I64: make([]int64, shape[axis])}
		for i := range index.I64 {
			at, ok := mirror(mode, i-before, side)
			if !ok {
				return n.unsupported("mode", quote(mode)+" with pads "+listText(given)+" of "+shapeText(n.Inputs[0].Shape))
			}
			index.I64[i] = int64(at)
		}
		next := clone(x.Shape)
		next[axis] = shape[axis]
		x = c.two(n, "Gather", x, constant(n, "index"+itoa(axis), index), next, intAttribute("axis", axis))
	}
	n.become("Identity", []*Value{x})
	return c.out(n, 0, x.Type, shape)
}

// mirror is the element that stands at a place outside a side. The second
// result is false where the mode has none, or is not known.
func mirror(mode string, i, side int) (int, bool) {
	if side == 0 {
		return 0, false
	}
	switch mode {
	case "edge":
		return min(max(i, 0), side-1), true
	case "wrap":
		return ((i % side) + side) % side, true
	case "reflect":
		period := 2 * (side - 1)
		if period == 0 {
			return 0, i == 0
		}
		i = ((i % period) + period) % period
		return min(i, period-i), true
	}
	return 0, false
}

func inferTranspose(c *inference, n *Node) error {
	x := n.Inputs[0]
	rank := len(x.Shape)
	perm := n.Ints("perm", nil)
	if n.Attribute("perm") == nil {
		for i := range rank {
			perm = append(perm, rank-1-i)
		}
	}
	perm, err := n.axes(perm, rank)
	if err != nil {
		return err
	}
	if len(perm) != rank {
		return n.wrong("perm # does not fit % sides", perm, []int{rank})
	}
	shape := make([]int, rank)
	for i, p := range perm {
		shape[i] = x.Shape[p]
	}
	// When sides of length 1 alone move, the elements stay where they are.
	last, moves := -1, false
	for _, p := range perm {
		if x.Shape[p] != 1 {
			moves = moves || p < last
			last = p
		}
	}
	if !moves {
		return n.reshape(c, shape)
	}
	n.become("Transpose", n.Inputs, intsAttribute("perm", perm))
	return c.out(n, 0, x.Type, shape)
}

func inferGather(c *inference, n *Node) error {
	x, index := n.Inputs[0], n.Inputs[1]
	axis, err := n.axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	if index.Type != Int64 && index.Type != Int32 {
		return n.wrong("its indices are $", []int{int(index.Type)})
	}
	shape := slices.Concat(x.Shape[:axis], index.Shape, x.Shape[axis+1:])
	if shape == nil {
		shape = []int{}
	}
	side := x.Shape[axis]
	if index.Const != nil {
		list := make([]int64, len(index.Const.I64))
		run := len(list) > 0
		for i, v := range index.Const.I64 {
			if v < int64(-side) || v >= int64(side) {
				return n.wrong("index % is out of range for a side of %", []int{int(v)}, []int{side})
			}
			if v < 0 {
				v += int64(side)
			}
			list[i] = v
			run = run && v == list[0]+int64(i)
		}
		// Neighbours in a row are a window.
		if run && x.Const == nil {
			var s window
			if len(list) != side {
				s.add(axis, int(list[0]), int(list[0])+len(list), 1)
			}
			if len(index.Shape) == 1 {
				return n.slice(c, x, shape, s)
			}
			if len(s.axes) > 0 {
				kept := clone(x.Shape)
				kept[axis] = len(list)
				x = c.one(n, "Slice", x, kept, s.attributes()...)
			}
			n.Inputs = []*Value{x}
			return n.reshape(c, shape)
		}
		index = constant(n, "index", &Tensor{Type: Int64, Shape: index.Shape, I64: list})
	}
	n.become("Gather", []*Value{x, index}, intAttribute("axis", axis))
	return c.out(n, 0, x.Type, shape)
}

func inferExpand(c *inference, n *Node) error {
	x := n.Inputs[0]
	want, _, err := n.list("", 1)
	if err != nil {
		return err
	}
	for _, s := range want {
		if s < 0 {
			return n.wrong("shape # cannot be", want)
		}
	}
	shape, ok := broadcast(x.Shape, want)
	if !ok {
		return n.wrong("@ does not expand to #", x.Shape, want)
	}
	if same(shape, x.Shape) {
		return inferIdentity(c, n)
	}
	if x.Const != nil || !x.Type.IsFloat() {
		n.become("Expand", []*Value{x})
		return c.out(n, 0, x.Type, shape)
	}
	// A product with ones, which repeats what is short.
	ones := &Tensor{Type: x.Type, Shape: clone(shape)}
	for i := range ones.Shape {
		if k := i - (len(shape) - len(x.Shape)); k >= 0 && x.Shape[k] == shape[i] {
			ones.Shape[i] = 1
		}
	}
	size, err := sized(ones.Shape, c.limits.limits.MaxElements)
	if err == nil {
		err = c.limits.spend(x.Type, size)
	}
	if err != nil {
		return n.fail(err)
	}
	ones.F32 = make([]float32, size)
	for i := range ones.F32 {
		ones.F32[i] = 1
	}
	n.become("Mul", []*Value{x, constant(n, "ones", ones)})
	return c.out(n, 0, x.Type, shape)
}
