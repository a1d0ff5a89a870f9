package engine

import (
	"slices"
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
	dynamic                       bool // weights or biases are computed by the graph
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

// convOf reads a node.
func convOf(n *onnx.Node) (conv, error) {
	in, out := n.Inputs[0], n.Outputs[0]
	k := conv{node: n, transposed: n.Op == "ConvTranspose", groups: n.Int("group", 1),
		kernel: pair(n, "kernel_shape", 1), stride: pair(n, "strides", 1), dilation: pair(n, "dilations", 1), pad: pair(n, "pads", 0)}
	for _, p := range n.Ints("pads", nil) {
		if p < 0 {
			return k, refuse(n, "pads", itoa(p)+" is negative")
		}
	}
	for _, v := range [][2]int{k.kernel, k.stride, k.dilation, k.pad} {
		if max(v[0], v[1]) > 0xffff {
			return k, refuse(n, "kernel_shape, strides, dilations or pads", itoa(max(v[0], v[1]))+" is above 65535")
		}
	}
	k.in = in.Shape[1] / k.groups
	k.out = out.Shape[1] / k.groups
	b := n.Input(2)
	if n.Inputs[1].Const == nil || b != nil && b.Const == nil {
		k.dynamic = true
		return k, nil
	}
	k.weights = n.Inputs[1].Const.F32
	if k.transposed {
		k.weights = transposeWeights(k)
	}
	if b != nil {
		k.bias = b.Const.F32
	}
	return k, nil
}

func planConv(c *compiler, n *onnx.Node) error {
	in, out := n.Inputs[0], n.Outputs[0]
	k, err := convOf(n)
	if err != nil {
		return err
	}
	source, err := c.value(in)
	if err != nil {
		return err
	}
	if k.dynamic {
		return c.dynamic(k, source)
	}
	e, err := c.epilogue(n)
	if err != nil {
		return err
	}
	if next, then, ok := c.fusable(k, e); ok {
		result, err := c.fused(k, next, source, e, then)
		if err != nil {
			return err
		}
		c.set(then.result, result)
		return nil
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

// key names a convolution for choices: what it costs depends on nothing else. Shape is the target's.
func (k conv) key(shape [4]int) string {
	return itoa(k.in) + "-" + itoa(k.out) + "/" + itoa(k.groups) + " " + itoa(k.kernel[0]) + "x" + itoa(k.kernel[1]) + "/" + itoa(k.stride[0]) +
		" " + itoa(shape[3]) + "x" + itoa(shape[2])
}

// unit is a kernel of 1 by 1 that looks at nothing but its pixel.
func (k conv) unit() bool {
	return k.groups == 1 && k.kernel == [2]int{1, 1} && k.stride == [2]int{1, 1} && k.pad == [2]int{} && !k.transposed
}

// depthwise is whether one of the depthwise kernels fits, and what its name has for its size and stride.
func (k conv) depthwise() (infix string, ok bool) {
	switch {
	case k.transposed || k.dilation != [2]int{1, 1} || k.stride[0] != k.stride[1] || k.stride[0] > 2 || k.groups < 2 || k.in != 1 || k.out != 1:
		return "", false
	case k.kernel == [2]int{3, 3} && k.pad[0] == 1:
		return strided(k.stride[0]), true
	case k.kernel == [2]int{5, 5} && k.pad[0] == 2:
		return "_wide" + strided(k.stride[0]), true
	}
	return "", false
}

// choose names the kernel, and how many quads or rows of pixels an invocation makes; 0 where the kernel
// fixes that. Shape is the target's.
func (k conv) choose(o Options, planes []place, shape [4]int, variant string) (kernel string, each int) {
	_, isEven := even(planes)
	each = o.each(pitch(shape[3]) / 4 * shape[2] * ((k.out + shaders.Block - 1) / shaders.Block))
	if chosen, ok := o.Choices[k.key(shape)]; ok && (chosen == 1 || chosen == 2 || chosen == 4) {
		each = chosen
	}
	if o.forced > 0 {
		each = o.forced
	}
	infix, depthwise := k.depthwise()
	switch {
	case k.unit() && isEven:
		return "nn_conv_1x1", each
	case k.unit() && slices.ContainsFunc(planes, func(p place) bool { return p.half > 0 }):
		return "nn_conv_1x1_halves", 0
	case k.unit():
		return "nn_conv_1x1_table", each
	case !k.transposed && k.groups == 1 && k.kernel == [2]int{3, 3} && k.dilation == [2]int{1, 1} && k.pad[0] == 1 &&
		k.stride[0] == k.stride[1] && k.stride[0] <= 2:
		return "nn_conv_3x3" + strided(k.stride[0]), each
	case !k.transposed && k.groups == 1 && k.kernel == [2]int{3, 3} && k.stride == [2]int{1, 1} && k.out > 1:
		return "nn_conv_3x3_dilated", 0
	case depthwise && !strings.HasSuffix(variant, "_residual"):
		return "nn_conv_depthwise" + infix, 0
	}
	name := "nn_conv_general"
	if k.out < 4 {
		name += "_narrow"
	}
	if k.transposed {
		name += "_transposed"
	}
	return name, 0
}

// each chooses how many quads or rows of pixels an invocation makes, of so many in all.
func (o Options) each(quads int) int {
	switch {
	case quads >= 4*o.Occupancy:
		return 4
	case quads >= 2*o.Occupancy:
		return 2
	}
	return 1
}

func strided(stride int) string {
	if stride == 2 {
		return "_stride2"
	}
	return ""
}

// conv plans a convolution with what follows it.
func (c *compiler) conv(k conv, source value, shape []int, e epilogue) (value, error) {
	halves := k.unit()
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
		kernel, each := k.choose(c.options, planes, s, variant)
		if variant != "" && (strings.HasPrefix(kernel, "nn_conv_general") || kernel == "nn_conv_3x3_dilated") {
			variant = "_any"
		}
		lay := c.layout(k, kernel, s)
		p := shaders.ConvProblem{
			SourcePlane: uint32(step0), SourceTable: table, SourcePitch: uint32(im.pitch),
			SourceWidth: uint32(im.width), SourceHeight: uint32(im.height),
			TargetPlane: uint32(targetPitch * s[2]), TargetPitch: uint32(targetPitch),
			TargetHeight: uint32(s[2]),
			Weights:      uint32(lay.weights), Bias: uint32(lay.bias),
			Channels: uint32(k.in), TargetChannels: uint32(k.out),
			Residual: shaders.None, ResidualTable: shaders.None,
			Kernel: unsigned(k.kernel), Stride: unsigned(k.stride), Dilation: unsigned(k.dilation), Pad: unsigned(k.pad),
			Before: e.before, After: e.after, Any: variant == "_any",
		}
		st := &step{kernel: kernel, variant: variant, each: each, key: k.key(s), label: e.label, writes: []*storage{store}, reads: source.stores()}
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
		st.problems = []problem{{tiles: lay.tiles, blocks: lay.blocks, fill: func() shaders.ConvProblem {
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
	tiles                 func(each int) int
	blocks, weights, bias int
}

func (c *compiler) layout(k conv, kernel string, s [4]int) layout {
	columns := pitch(s[3]) / 4
	rows := func(each int) int { return columns * ((s[2] + each - 1) / each) }
	l := layout{tiles: rows, bias: shaders.None}
	taps := k.kernel[0] * k.kernel[1]
	block := shaders.Block
	switch {
	case strings.HasPrefix(kernel, "nn_conv_1x1"):
		l.tiles = func(each int) int { return (columns*s[2] + each - 1) / each }
	case strings.HasPrefix(kernel, "nn_conv_depthwise"):
		block = 0
		l.tiles = func(int) int { return rows(4 / k.stride[0]) }
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
