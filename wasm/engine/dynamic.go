package engine

import "sightline/shaders"

// dynamic plans a convolution whose weights or biases are computed by the graph: slowly, since nothing can
// be laid out before.
func (c *compiler) dynamic(k conv, source value) error {
	n := k.node
	out := n.Outputs[0]
	im, source, err := c.image(n, source, false)
	if err != nil {
		return err
	}
	weights, err := c.value(n.Inputs[1])
	if err != nil {
		return err
	}
	shape, _ := imageShape(n.Inputs[1].Shape)
	w, weights, err := c.image(n, weights.reshaped(shape[:]), false)
	if err != nil {
		return err
	}
	// The kernel finds planes by two distances: first and second dimension of the weights.
	distance, ok := even(w.planes)
	if !ok {
		weights = c.copied(weights, n.Name)
		if w, weights, err = c.image(n, weights, false); err != nil {
			return err
		}
		distance, _ = even(w.planes)
	}
	outer, inner := distance*shape[1], distance
	if k.transposed {
		outer, inner = inner, outer
	}
	s, _ := imageShape(out.Shape)
	target := fresh(s[:])
	store := target.planes[0].store
	columns := pitch(s[3]) / 4
	kernel := "nn_conv_general_dynamic"
	if k.transposed {
		kernel += "_transposed"
	}
	for picture := range im.batch {
		planes := im.channelsOf(picture)
		sourceStep, isEven := even(planes)
		p := shaders.ConvProblem{SourcePlane: uint32(sourceStep), SourceTable: shaders.None, SourcePitch: uint32(im.pitch),
			SourceWidth: uint32(im.width), SourceHeight: uint32(im.height), TargetPlane: uint32(columns * s[2]), TargetPitch: uint32(columns),
			TargetHeight: uint32(s[2]), Bias: uint32(w.pitch), Channels: uint32(k.in), TargetChannels: uint32(k.out),
			Residual: shaders.None, ResidualPlane: uint32(inner), ResidualTable: uint32(outer),
			Kernel: unsigned(k.kernel), Stride: unsigned(k.stride), Dilation: unsigned(k.dilation), Pad: unsigned(k.pad)}
		table := -1
		if !isEven {
			table = c.constants.words(make([]uint32, len(planes)))
			p.SourceTable = uint32(table)
		}
		offset := picture * k.groups * k.out * columns * s[2]
		c.add(&step{kernel: kernel, label: n.Name, reads: append(source.stores(), weights.stores()...), writes: []*storage{store},
			problems: []problem{{tiles: func(int) int { return columns * s[2] }, blocks: k.groups * k.out, fill: func() shaders.ConvProblem {
				p := p
				p.Source, p.Target, p.Weights = planes[0].quad(), uint32(store.at+offset), w.planes[0].quad()
				if table >= 0 {
					c.constants.table(table, planes)
				}
				return p
			}}}})
	}
	b := n.Input(2)
	if b == nil {
		c.set(out, target)
		return nil
	}
	// The bias is added as any tensor is.
	bias, err := c.value(b)
	if err != nil {
		return err
	}
	sum, t := c.target(out.Shape, s)
	product, _ := c.viewed(target, s, n.Name)
	channels, bias := c.viewed(bias, [4]int{1, 1, 1, s[1]}, n.Name)
	channels.view.Stride = [4]uint32{0, channels.view.Stride[3], 0, 0}
	c.operator(n.Name, sum, []value{target, bias}, func() shaders.Operator {
		return shaders.Map{Size: sizeOf(s), Operation: shaders.MapAdd, Target: t.get(), A: product.get(), B: channels.get()}.Operator()
	})
	c.set(out, sum)
	return nil
}
