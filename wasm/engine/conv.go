package engine

import (
	"strconv"
	"strings"

	"sightline/shaders"
	"sightline/vision/onnx"
)

func itoa(n int) string { return strconv.Itoa(n) }

// conv is a convolution as the kernels see it.
type conv struct {
	node                          *onnx.Node
	transposed                    bool
	groups                        int
	in, out                       int // channels of one group
	kernel, stride, dilation, pad [2]int
	weights, bias                 []float32 // [groups*out][in][kernel]
}

// pair reads an attribute of one or two numbers as x, y.
func pair(n *onnx.Node, name string, def int) [2]int {
	switch list := n.Ints(name, nil); len(list) {
	case 0:
		return [2]int{def, def}
	case 1:
		if name == "pads" {
			return [2]int{list[0], 0}
		}
		return [2]int{list[0], 1}
	case 2:
		if name == "pads" { // begin and end of one dimension
			return [2]int{list[0], 0}
		}
		return [2]int{list[1], list[0]}
	default: // pads: begins, then ends
		return [2]int{list[1], list[0]}
	}
}

func planConv(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	weights := n.Inputs[1]
	if weights.Const == nil {
		return refuse(n, "W", "is computed by the graph; only constant weights are supported")
	}
	k := conv{node: n, transposed: n.Op == "ConvTranspose", groups: n.Int("group", 1), weights: weights.Const.F32,
		kernel: pair(n, "kernel_shape", 1), stride: pair(n, "strides", 1), dilation: pair(n, "dilations", 1), pad: pair(n, "pads", 0)}
	for _, p := range n.Ints("pads", nil) {
		if p < 0 {
			return refuse(n, "pads", itoa(p)+" is negative")
		}
	}
	k.in = in.Shape[1] / k.groups
	k.out = out.Shape[1] / k.groups
	if k.transposed {
		k.weights = transposeWeights(k)
	}
	if b := n.Input(2); b != nil {
		if b.Const == nil {
			return refuse(n, "B", "is computed by the graph; only constant biases are supported")
		}
		k.bias = b.Const.F32
	}
	source, err := c.value(in)
	if err != nil {
		return err
	}
	e, err := c.epilogue(n)
	if err != nil {
		return err
	}
	result, err := c.conv(k, source, out.Shape, e)
	if err != nil {
		return err
	}
	c.set(e.result, result)
	return nil
}

// transposeWeights brings the weights of a transposed convolution, [groups*in][out][kernel], into the
// order of the others.
func transposeWeights(k conv) []float32 {
	taps := k.kernel[0] * k.kernel[1]
	w := make([]float32, len(k.weights))
	for g := range k.groups {
		for i := range k.in {
			for o := range k.out {
				copy(w[((g*k.out+o)*k.in+i)*taps:][:taps], k.weights[((g*k.in+i)*k.out+o)*taps:])
			}
		}
	}
	return w
}

// choose names the kernel, and how many quads or rows of pixels an invocation makes.
func (k conv) choose(o Options, tabled bool, shape [4]int, variant string) (name string, each int) {
	square := func(size int) bool { return k.kernel == [2]int{size, size} }
	plain := k.dilation == [2]int{1, 1} && k.stride[0] == k.stride[1] && k.stride[0] <= 2 && !k.transposed
	single := k.groups > 1 && k.in == 1 && k.out == 1 && variant != "_residual" && variant != "_silu_residual"
	blocks := (k.out + shaders.Block - 1) / shaders.Block
	switch {
	case plain && k.groups == 1 && square(1) && k.stride[0] == 1 && k.pad == [2]int{}:
		if tabled {
			return "nn_conv_1x1_table" + variant, 1
		}
		each, suffix := o.each(pitch(shape[3]) / 4 * shape[2] * blocks)
		return "nn_conv_1x1" + suffix + variant, each
	case plain && k.groups == 1 && square(3) && k.pad[0] == 1:
		each, suffix := o.each(pitch(shape[3]) / 4 * shape[2] * blocks)
		return "nn_conv_3x3" + strided(k.stride[0]) + suffix + variant, each
	case plain && single && square(3) && k.pad[0] == 1:
		return "nn_conv_depthwise" + strided(k.stride[0]) + variant, 4 / k.stride[0]
	case plain && single && square(5) && k.pad[0] == 2:
		return "nn_conv_depthwise_wide" + strided(k.stride[0]) + variant, 4 / k.stride[0]
	}
	name = "nn_conv_general"
	if k.out < 4 {
		name += "_narrow"
	}
	if k.transposed {
		name += "_transposed"
	}
	if variant != "" {
		variant = "_any"
	}
	return name + variant, 1
}

// each chooses how many quads or rows of pixels an invocation makes, of so many in all.
func (o Options) each(quads int) (int, string) {
	switch {
	case quads >= 4*o.Occupancy:
		return 4, "_four"
	case quads >= 2*o.Occupancy:
		return 2, "_two"
	}
	return 1, ""
}

func strided(stride int) string {
	if stride == 2 {
		return "_stride2"
	}
	return ""
}

// conv plans a convolution with what follows it.
func (c *compiler) conv(k conv, source value, shape []int, e epilogue) (value, error) {
	halves := k.kernel == [2]int{1, 1} && k.groups == 1 && k.stride == [2]int{1, 1} && k.pad == [2]int{} && !k.transposed
	im, source, err := c.image(k.node, source, halves)
	if err != nil {
		return value{}, err
	}
	s, _ := imageShape(shape)
	target := fresh(s[:])
	store := target.planes[0].store
	targetPitch := pitch(s[3]) / 4
	if halves && im.pitch != targetPitch {
		// The kernel of 1 by 1 walks both planes as one row.
		source = c.copied(source, k.node.Name)
		if im, source, err = c.image(k.node, source, false); err != nil {
			return value{}, err
		}
	}
	var residual image
	if e.residual != nil {
		r := e.residual.reshaped(s[:])
		residual, r, err = c.image(k.node, r, false)
		if err != nil {
			return value{}, err
		}
		if residual.pitch != targetPitch {
			r = c.copied(r, k.node.Name)
			if residual, r, err = c.image(k.node, r, false); err != nil {
				return value{}, err
			}
		}
		e.residual = &r
	}
	for picture := range im.batch {
		planes := im.channelsOf(picture)
		step0, isEven := even(planes)
		table := uint32(shaders.None)
		variant := shaders.ConvVariant(e.before, e.after, e.residual != nil)
		name, each := k.choose(c.options, !isEven, s, variant)
		lay := c.layout(k, name, each, s)
		p := shaders.ConvProblem{
			Tiles: uint32(lay.tiles), Items: uint32(lay.tiles * lay.blocks),
			SourcePlane: uint32(step0), SourceTable: table, SourcePitch: uint32(im.pitch),
			SourceWidth: uint32(im.width), SourceHeight: uint32(im.height),
			TargetPlane: uint32(targetPitch * s[2]), TargetPitch: uint32(targetPitch),
			TargetHeight: uint32(s[2]),
			Weights:      uint32(lay.weights), Bias: uint32(lay.bias),
			Channels: uint32(k.in), TargetChannels: uint32(k.out),
			Residual: shaders.None, ResidualTable: shaders.None,
			Kernel: unsigned(k.kernel), Stride: unsigned(k.stride), Dilation: unsigned(k.dilation), Pad: unsigned(k.pad),
			Before: e.before, After: e.after, Any: strings.HasSuffix(name, "_any"),
		}
		st := &step{kernel: name, label: e.label, writes: []*storage{store}, reads: source.stores()}
		var fillTable, fillResidual func()
		if !isEven {
			at := c.constants.words(make([]uint32, len(planes)))
			p.SourceTable = uint32(at)
			fillTable = func() { c.constants.table(at, planes) }
		}
		var residuals []place
		if e.residual != nil {
			residuals = residual.channelsOf(picture)
			st.reads = append(st.reads, e.residual.stores()...)
			if step, ok := even(residuals); ok {
				p.ResidualPlane = uint32(step)
			} else {
				at := c.constants.words(make([]uint32, len(residuals)))
				p.ResidualTable = uint32(at)
				fillResidual = func() { c.constants.table(at, residuals) }
			}
		}
		offset := picture * k.groups * k.out * targetPitch * s[2]
		st.problems = []problem{{items: int(p.Items), fill: func() shaders.ConvProblem {
			p := p
			p.Source = planes[0].quad()
			p.Target = uint32(store.at + offset)
			if fillTable != nil {
				fillTable()
			}
			if residuals != nil {
				p.Residual = residuals[0].quad()
			}
			if fillResidual != nil {
				fillResidual()
			}
			return p
		}}}
		c.add(st)
	}
	return target.reshaped(shape), nil
}

func unsigned(v [2]int) [2]uint32 { return [2]uint32{uint32(v[0]), uint32(v[1])} }

// table fills a table of planes in, once memory is planned.
func (c *constants) table(at int, planes []place) {
	words := make([]uint32, len(planes))
	for i, p := range planes {
		words[i] = p.quad()
		if p.half > 0 {
			words[i] |= shaders.HalfChannel
		}
	}
	copy(c.bytes[4*at:], shaders.AppendWords(nil, words))
}

// layout is how a kernel divides its work, and where its weights are.
type layout struct {
	tiles, blocks, weights, bias int
}

func (c *compiler) layout(k conv, kernel string, each int, s [4]int) layout {
	columns := pitch(s[3]) / 4
	l := layout{tiles: columns * ((s[2] + each - 1) / each), bias: shaders.None}
	taps := k.kernel[0] * k.kernel[1]
	block := shaders.Block
	switch {
	case strings.HasPrefix(kernel, "nn_conv_1x1"):
		l.tiles = (columns*s[2] + each - 1) / each
	case strings.HasPrefix(kernel, "nn_conv_depthwise"):
		block = 0
	case strings.HasPrefix(kernel, "nn_conv_general_narrow"):
		block = 1
	}
	biasBlock := block
	switch block {
	case 0:
		l.blocks, biasBlock = k.groups, 1
		l.weights = c.constants.weights(shaders.PackDepthwiseWeights(k.weights, k.groups, k.kernel[1], k.kernel[0]))
	case 1:
		l.blocks = k.groups * k.out
		l.weights = c.constants.weights(k.weights)
	default:
		l.blocks = k.groups * ((k.out + block - 1) / block)
		l.weights = c.constants.weights(shaders.PackConvWeights(k.weights, k.groups, k.out, k.in, taps, block))
	}
	if k.bias != nil {
		l.bias = c.constants.floats(shaders.PackConvBias(k.bias, k.groups, k.out, biasBlock))
	}
	return l
}
