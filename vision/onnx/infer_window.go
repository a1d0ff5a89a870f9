package onnx

import "slices"

// maxSweep bounds each side of a kernel, and its strides, dilations and pads.
const maxSweep = 4096

// sweep is how a kernel moves over the sides of a picture.
type sweep struct {
	kernel, strides, dilations []int
	pads                       []int // begins, then ends
	auto                       string
}

// sweep reads the attributes of a node for a number of sides.
func (n *Node) sweep(sides int, kernel []int) (*sweep, error) {
	ones := make([]int, sides)
	for i := range ones {
		ones[i] = 1
	}
	s := &sweep{
		kernel:    kernel,
		strides:   n.Ints("strides", ones),
		dilations: n.Ints("dilations", ones),
		pads:      n.Ints("pads", make([]int, 2*sides)),
		auto:      n.String("auto_pad", "NOTSET"),
	}
	for _, l := range []struct {
		name         string
		list         []int
		length, from int
	}{
		{"kernel_shape", s.kernel, sides, 1}, {"strides", s.strides, sides, 1},
		{"dilations", s.dilations, sides, 1}, {"pads", s.pads, 2 * sides, 0},
	} {
		ok := len(l.list) == l.length
		for _, v := range l.list {
			ok = ok && v >= l.from && v <= maxSweep
		}
		if !ok {
			return nil, n.wrong(l.name+" is #, want % numbers from % to %", l.list, []int{l.length}, []int{l.from}, []int{maxSweep})
		}
	}
	switch s.auto {
	case "", "NOTSET":
		s.auto = "NOTSET"
	case "VALID", "SAME_UPPER", "SAME_LOWER":
		s.pads = make([]int, 2*sides)
	default:
		return nil, n.because("auto_pad is " + quote(s.auto))
	}
	s.pads = clone(s.pads)
	return s, nil
}

// extent is how far the kernel reaches along a side.
//
//go:noinline
func (s *sweep) extent(i int) int { return (s.kernel[i]-1)*s.dilations[i] + 1 }

// fit gives the output's sides for the input's, and settles automatic padding.
func (s *sweep) fit(n *Node, sides []int, ceil bool) ([]int, error) {
	out := make([]int, len(sides))
	k := len(sides)
	for i, side := range sides {
		stride := s.strides[i]
		if s.auto == "SAME_UPPER" || s.auto == "SAME_LOWER" {
			out[i] = (side + stride - 1) / stride
			total := max((out[i]-1)*stride+s.extent(i)-side, 0)
			s.pads[i], s.pads[k+i] = total/2, total-total/2
			if s.auto == "SAME_LOWER" {
				s.pads[i], s.pads[k+i] = s.pads[k+i], s.pads[i]
			}
			continue
		}
		room := side + s.pads[i] + s.pads[k+i] - s.extent(i)
		if room < 0 {
			return nil, n.wrong("its kernel of # is larger than the padded picture of #", s.kernel, sides)
		}
		out[i] = room/stride + 1
		if ceil {
			out[i] = (room+stride-1)/stride + 1
			// A window must begin inside the picture or its first border.
			if (out[i]-1)*stride >= side+s.pads[i] {
				out[i]--
			}
		}
	}
	return out, nil
}

// attributes are those of the sides from first on.
func (s *sweep) attributes(first, sides int) []*Attribute {
	k := len(s.kernel)
	pads := slices.Concat(s.pads[first:first+sides], s.pads[k+first:k+first+sides])
	return []*Attribute{intsAttribute("kernel_shape", s.kernel[first:first+sides]), intsAttribute("strides", s.strides[first:first+sides]),
		intsAttribute("dilations", s.dilations[first:first+sides]), intsAttribute("pads", pads)}
}

// widen puts a side of length 1 before the one of a list.
func (s *sweep) widen() {
	s.kernel, s.strides, s.dilations = []int{1, s.kernel[0]}, []int{1, s.strides[0]}, []int{1, s.dilations[0]}
	s.pads = []int{0, s.pads[0], 0, s.pads[1]}
}

// weights checks the inputs of a convolution.
func (n *Node) weights() (x, w *Value, sides []int, err error) {
	x, w = n.Inputs[0], n.Inputs[1]
	if len(x.Shape) < 3 || len(x.Shape) != len(w.Shape) || x.Type != w.Type || !x.Type.IsFloat() {
		return nil, nil, nil, n.wrong("its input is $ @, its weights are $ @", []int{int(x.Type)}, x.Shape, []int{int(w.Type)}, w.Shape)
	}
	if len(x.Shape) > 5 {
		return nil, nil, nil, n.unsupported("kernel_shape", "pictures of "+itoa(len(x.Shape)-2)+" sides")
	}
	kernel := w.Shape[2:]
	if a := n.Attribute("kernel_shape"); a != nil && !same(a.Ints, kernel) {
		return nil, nil, nil, n.wrong("kernel_shape is #, but its weights are @", a.Ints, w.Shape)
	}
	return x, w, kernel, nil
}

func (n *Node) checkBias(channels int) error {
	if b := n.Input(2); b != nil && (!same(b.Shape, []int{channels}) || b.Type != n.Inputs[0].Type) {
		return n.wrong("its bias is $ @, want % elements", []int{int(b.Type)}, b.Shape, []int{channels})
	}
	return nil
}

func inferConv(c *inference, n *Node) error {
	x, w, kernel, err := n.weights()
	if err != nil {
		return err
	}
	group := n.Int("group", 1)
	if group < 1 || w.Shape[0]%group != 0 || x.Shape[1] != w.Shape[1]*group {
		return n.wrong("weights of @ in % groups do not go with @", w.Shape, []int{group}, x.Shape)
	}
	if err := n.checkBias(w.Shape[0]); err != nil {
		return err
	}
	s, err := n.sweep(len(kernel), kernel)
	if err != nil {
		return err
	}
	sides, err := s.fit(n, x.Shape[2:], false)
	if err != nil {
		return err
	}
	shape := append([]int{x.Shape[0], w.Shape[0]}, sides...)
	groups := intAttribute("group", group)
	switch len(kernel) {
	case 1:
		s.widen()
		return n.widened(c, s, shape, []int{x.Shape[0], w.Shape[0], 1, sides[0]}, groups)
	case 3:
		return n.conv3(c, s, shape, groups)
	}
	n.become("Conv", n.Inputs, append(s.attributes(0, 2), groups)...)
	return c.out(n, 0, x.Type, shape)
}

// widened computes a node on lists as one on pictures of one row.
func (n *Node) widened(c *inference, s *sweep, shape, wide []int, more ...*Attribute) error {
	inputs := slices.Clone(n.Inputs)
	for i := range min(2, len(inputs)) {
		v := inputs[i]
		k := len(v.Shape) - 1
		inputs[i] = c.one(n, "Reshape", v, append(clone(v.Shape[:k]), 1, v.Shape[k]))
	}
	v := c.emit(n, n.Op, inputs, wide, append(s.attributes(0, 2), more...)...)
	n.become("Reshape", []*Value{v})
	return c.out(n, 0, v.Type, shape)
}

// conv3 computes a convolution of volumes as one of pictures: the planes that a
// plane of the output needs become channels of one picture.
func (n *Node) conv3(c *inference, s *sweep, shape []int, groups *Attribute) error {
	x, w := n.Inputs[0], n.Inputs[1]
	batch, channels, out, depth := x.Shape[0], x.Shape[1], w.Shape[0], shape[2]
	k := s.kernel[0]
	if s.pads[0]+s.pads[3] > 0 {
		padded := clone(x.Shape)
		padded[2] += s.pads[0] + s.pads[3]
		x = c.one(n, "Pad", x, padded, textAttribute("mode", "constant"), intsAttribute("pads", []int{0, 0, s.pads[0], 0, 0, 0, 0, s.pads[3], 0, 0}), floatAttribute("value", 0))
	}
	height, width := x.Shape[3], x.Shape[4]
	planes := &Tensor{Type: Int64, Shape: []int{s.kernel[0], depth}}
	if _, err := sized([]int{batch, channels, s.kernel[0], depth, height, width}, c.limits.limits.MaxElements); err != nil {
		return n.fail(err)
	}
	for i := range k {
		for d := range depth {
			planes.I64 = append(planes.I64, int64(d*s.strides[0]+i*s.dilations[0]))
		}
	}
	v := c.two(n, "Gather", x, constant(n, "planes", planes), []int{batch, channels, k, depth, height, width}, intAttribute("axis", 2))
	v = c.one(n, "Transpose", v, []int{batch, depth, channels, k, height, width}, intsAttribute("perm", []int{0, 3, 1, 2, 4, 5}))
	v = c.one(n, "Reshape", v, []int{batch * depth, channels * k, height, width})
	w = c.one(n, "Reshape", w, []int{out, w.Shape[1] * k, s.kernel[1], s.kernel[2]})
	inputs := []*Value{v, w}
	if b := n.Input(2); b != nil {
		inputs = append(inputs, b)
	}
	v = c.emit(n, "Conv", inputs, []int{batch * depth, out, shape[3], shape[4]}, append(s.attributes(1, 2), groups)...)
	v = c.one(n, "Reshape", v, []int{batch, depth, out, shape[3], shape[4]})
	n.become("Transpose", []*Value{v}, intsAttribute("perm", []int{0, 2, 1, 3, 4}))
	return inferTranspose(c, n)
}

func inferConvTranspose(c *inference, n *Node) error {
	x, w, kernel, err := n.weights()
	if err != nil {
		return err
	}
	if len(kernel) > 2 {
		return n.unsupported("kernel_shape", listText(kernel)+" has more than two sides")
	}
	group := n.Int("group", 1)
	if group < 1 || w.Shape[0]%group != 0 || x.Shape[1] != w.Shape[0] {
		return n.wrong("weights of @ in % groups do not go with @", w.Shape, []int{group}, x.Shape)
	}
	channels := w.Shape[1] * group
	if err := n.checkBias(channels); err != nil {
		return err
	}
	s, err := n.sweep(len(kernel), kernel)
	if err != nil {
		return err
	}
	k := len(kernel)
	extra := n.Ints("output_padding", make([]int, k))
	want := n.Ints("output_shape", nil)
	if len(want) == k+2 {
		want = want[2:] // some exporters write the whole shape
	}
	if len(extra) != k || len(want) != k && want != nil {
		return n.wrong("output_padding # and output_shape # do not fit % sides", extra, want, []int{k})
	}
	sides := make([]int, k)
	for i, side := range x.Shape[2:] {
		if extra[i] < 0 || extra[i] > maxSweep {
			return n.wrong("output_padding is #", extra)
		}
		full := (side-1)*s.strides[i] + extra[i] + s.extent(i)
		if side == 0 {
			return n.wrong("its input @ is empty", x.Shape)
		}
		switch {
		case want != nil:
			sides[i] = want[i]
		case s.auto == "SAME_UPPER" || s.auto == "SAME_LOWER":
			sides[i] = side * s.strides[i]
		default:
			sides[i] = full - s.pads[i] - s.pads[k+i]
		}
		if sides[i] < 1 {
			return n.wrong("its output has a side of %", []int{sides[i]})
		}
		if want != nil || s.auto == "SAME_UPPER" || s.auto == "SAME_LOWER" {
			total := max(full-sides[i], 0)
			s.pads[i], s.pads[k+i] = total-total/2, total/2
			if s.auto == "SAME_UPPER" {
				s.pads[i], s.pads[k+i] = s.pads[k+i], s.pads[i]
			}
		}
	}
	shape := append([]int{x.Shape[0], channels}, sides...)
	if k == 1 {
		s.widen()
		return n.widened(c, s, shape, []int{x.Shape[0], channels, 1, sides[0]}, intAttribute("group", group))
	}
	n.become("ConvTranspose", n.Inputs, append(s.attributes(0, 2), intAttribute("group", group))...)
	return c.out(n, 0, x.Type, shape)
}

func inferPool(c *inference, n *Node) error {
	x := n.Inputs[0]
	k := len(x.Shape) - 2
	if k < 1 {
		return n.wrong("its input has shape @, want three sides at least", x.Shape)
	}
	if !x.Type.IsFloat() {
		return n.unsupported("input 0", "pictures of "+x.Type.String())
	}
	if k > 3 {
		return n.unsupported("kernel_shape", "pictures of "+itoa(k)+" sides")
	}
	if len(n.Outputs) > 1 && n.Outputs[1] != nil {
		return n.unsupported("output 1 (Indices)", "only the maxima are supported")
	}
	n.Outputs = n.Outputs[:1]
	s, err := n.sweep(k, n.Ints("kernel_shape", nil))
	if err != nil {
		return err
	}
	sides, err := s.fit(n, x.Shape[2:], n.Int("ceil_mode", 0) != 0)
	if err != nil {
		return err
	}
	for i, side := range x.Shape[2:] {
		if side == 0 || s.pads[i] >= s.extent(i) || s.pads[k+i] >= s.extent(i) {
			return n.wrong("pads # hold a whole kernel of #", s.pads, s.kernel)
		}
	}
	shape := append(clone(x.Shape[:2]), sides...)
	var more []*Attribute
	if n.Op == "AveragePool" {
		more = append(more, intAttribute("count_include_pad", n.Int("count_include_pad", 0)))
	}
	switch k {
	case 1:
		s.widen()
		return n.widened(c, s, shape, []int{shape[0], shape[1], 1, sides[0]}, more...)
	case 3:
		// First each plane, then from plane to plane: maxima of maxima, and
		// means of means, since all windows of a plane have as many elements.
		batch, channels, depth := x.Shape[0], x.Shape[1], x.Shape[2]
		v := c.one(n, "Reshape", x, []int{batch, channels * depth, x.Shape[3], x.Shape[4]})
		v = c.one(n, n.Op, v, []int{batch, channels * depth, sides[1], sides[2]}, append(s.attributes(1, 2), more...)...)
		v = c.one(n, "Reshape", v, []int{batch, channels, depth, sides[1] * sides[2]})
		deep := &sweep{kernel: []int{s.kernel[0], 1}, strides: []int{s.strides[0], 1}, dilations: []int{s.dilations[0], 1},
			pads: []int{s.pads[0], 0, s.pads[3], 0}}
		v = c.one(n, n.Op, v, []int{batch, channels, sides[0], sides[1] * sides[2]}, append(deep.attributes(0, 2), more...)...)
		if err != nil {
			return err
		}
		n.become("Reshape", []*Value{v})
		return c.out(n, 0, x.Type, shape)
	}
	n.become(n.Op, n.Inputs, append(s.attributes(0, 2), more...)...)
	return c.out(n, 0, x.Type, shape)
}
