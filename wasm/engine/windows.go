package engine

import (
	"slices"

	"sightline/shaders"
	"sightline/vision/onnx"
)

func planPool(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	v, err := c.value(in)
	if err != nil {
		return err
	}
	by, size := [4]int(in.Shape), [4]int(out.Shape)
	kernel, strides, dilations, pads := n.Ints("kernel_shape", nil), n.Ints("strides", nil), n.Ints("dilations", nil), n.Ints("pads", nil)
	p := shaders.Pool{Size: sizeOf(size), SourceRows: by[2], SourceColumns: by[3],
		Kernel: [2]int(kernel), Stride: [2]int(strides), Dilation: [2]int(dilations),
		PadBefore: [2]int(pads[:2]), PadAfter: [2]int(pads[2:]), Average: n.Op == "AveragePool", IncludePad: n.Int("count_include_pad", 0) != 0}
	source, v := c.viewed(v, by, n.Name)
	target, t := c.target(out.Shape, size)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		p.Target, p.Source = t.get(), source.get()
		return p.Operator()
	})
	c.set(out, target)
	return nil
}

func planSoftmax(c *compiler, n *onnx.Node) error {
	out := n.Outputs[0]
	v, err := c.value(n.Inputs[0])
	if err != nil {
		return err
	}
	axis, rank := n.Int("axis", -1), len(out.Shape)
	if axis < 0 {
		axis += rank
	}
	var by [4]int
	rows := axis == rank-1
	if rows {
		by, _ = size4(out.Shape)
	} else {
		// The axis becomes the second dimension; what lies behind it stays in rows.
		by = [4]int{count(out.Shape[:axis]), out.Shape[axis], count(out.Shape[axis+1 : rank-1]), out.Shape[rank-1]}
	}
	source, v := c.viewed(v, by, n.Name)
	target, t := c.target(out.Shape, by)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		return shaders.Softmax{Size: sizeOf(by), Rows: rows, Target: t.get(), Source: source.get()}.Operator()
	})
	c.set(out, target)
	return nil
}

func planReduce(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	v, err := c.value(in)
	if err != nil {
		return err
	}
	axes := n.Ints("axes", nil)
	// The shape with the reduced dimensions left in as one.
	kept := slices.Clone(in.Shape)
	reduced := make([]bool, len(in.Shape))
	for _, a := range axes {
		kept[a], reduced[a] = 1, true
	}
	whole, least := slices.Clone(in.Shape), kept
	// Neighbours of the same fate join, from the front, until four are left.
	for d := 0; len(whole) > 4 && d < len(whole)-1; {
		if reduced[d] != reduced[d+1] {
			d++
			continue
		}
		whole[d], least[d] = whole[d]*whole[d+1], least[d]*least[d+1]
		whole, least, reduced = slices.Delete(whole, d+1, d+2), slices.Delete(least, d+1, d+2), slices.Delete(reduced, d+1, d+2)
	}
	if len(whole) > 4 {
		return refuse(n, "axes", "alternate between reduced and kept ones in more than four dimensions")
	}
	by, _ := size4(whole)
	size, _ := size4(least)
	source, v := c.viewed(v, by, n.Name)
	if source.table >= 0 {
		v = c.copied(v.reshaped(by[:]), n.Name)
		source, v = c.viewed(v, by, n.Name)
	}
	r := shaders.Reduce{Max: n.Op == "ReduceMax", Count: shaders.Size{1, 1, 1, 1}}
	for d := range 4 {
		if size[d] == 1 && by[d] > 1 {
			r.Count[d] = uint32(by[d])
			r.Stride[d] = source.view.Stride[d]
			source.view.Stride[d] = 0
		}
	}
	// The target has the shape that the node says; its dimensions are those of size without the ones of 1.
	to := out.Shape
	target := fresh(to)
	t, ok := c.view(target, size)
	if !ok || (size[3] == 1 && len(to) > 0 && to[len(to)-1] != 1) {
		target = fresh(size[:])
		t, _ = c.view(target, size)
	}
	r.Size = sizeOf(size)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		r.Target, r.Source = t.get(), source.get()
		return r.Operator()
	})
	c.set(out, target)
	return nil
}

func planPad(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	v, err := c.value(in)
	if err != nil {
		return err
	}
	pads, rank := n.Ints("pads", nil), len(in.Shape)
	p := shaders.Pad{Mode: shaders.PadConstant, Value: n.Float("value", 0)}
	before := slices.Clone(pads[:rank])
	whole, size := slices.Clone(in.Shape), slices.Clone(out.Shape)
	for d := 0; len(whole) > 4 && d < len(whole)-2; {
		if whole[d] != size[d] || whole[d+1] != size[d+1] {
			d++
			continue
		}
		whole[d], size[d] = whole[d]*whole[d+1], size[d]*size[d+1]
		whole, size, before = slices.Delete(whole, d+1, d+2), slices.Delete(size, d+1, d+2), slices.Delete(before, d+1, d+2)
	}
	if len(whole) > 4 {
		return refuse(n, "pads", "pad more than four dimensions")
	}
	by, _ := size4(whole)
	to, _ := size4(size)
	copy(p.Before[4-len(before):], before)
	p.Size, p.SourceSize = sizeOf(to), sizeOf(by)
	source, v := c.viewed(v, by, n.Name)
	target, t := c.target(out.Shape, to)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		p.Target, p.Source = t.get(), source.get()
		return p.Operator()
	})
	c.set(out, target)
	return nil
}

// planResample resizes by tables.
func planResample(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	v, err := c.value(in)
	if err != nil {
		return err
	}
	mode := n.String("mode", "nearest")
	if mode != "nearest" && mode != "linear" {
		return refuse(n, "mode", mode+" is not supported; nearest and linear are")
	}
	if n.String("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		return refuse(n, "coordinate_transformation_mode", "tf_crop_and_resize is not supported")
	}
	rank := len(in.Shape)
	if rank < 2 || !slices.Equal(in.Shape[:rank-2], out.Shape[:rank-2]) {
		return refuse(n, "scales", "resize other dimensions than the last two")
	}
	by, _ := size4(in.Shape)
	size, _ := size4(out.Shape)
	var first, taps [2]int
	for i := range 2 {
		t := onnx.ResizeTaps(n, rank-2+i)
		var list []shaders.ResizeTap
		taps[i] = 1
		if mode == "linear" {
			taps[i] = 2
		}
		for k := range t.Low {
			list = append(list, shaders.ResizeTap{Index: int(t.Low[k]), Share: 1 - t.Weight[k]})
			if mode == "linear" {
				list = append(list, shaders.ResizeTap{Index: int(t.High[k]), Share: t.Weight[k]})
			}
		}
		first[i] = c.constants.words(shaders.ResizeTable(list))
	}
	source, v := c.viewed(v, by, n.Name)
	target, t := c.target(out.Shape, size)
	c.operator(n.Name, target, []value{v}, func() shaders.Operator {
		return shaders.Resize{Size: sizeOf(size), Rows: first[0], Columns: first[1], RowTaps: taps[0], ColumnTaps: taps[1],
			Target: t.get(), Source: source.get()}.Operator()
	})
	c.set(out, target)
	return nil
}
