package onnx

import (
	"math"
	"strconv"
)

func inferUpsample(c *inference, n *Node) error {
	x := n.Inputs[0]
	scales := n.Floats("scales", nil)
	if h := n.Attribute("height_scale"); h != nil && len(x.Shape) == 4 { // opset 1
		scales = []float32{1, 1, h.Float, n.Float("width_scale", 1)}
	}
	t, err := n.known(1, "scales")
	if err != nil {
		return err
	}
	if t != nil {
		scales = t.F32
	}
	r := &resampling{mode: n.String("mode", "nearest"), coordinates: "asymmetric", nearest: "simple", cubic: -0.75}
	if r.mode == "bilinear" {
		r.mode = "linear"
	}
	if len(scales) != len(x.Shape) {
		return n.wrong("it has % scales for % sides", []int{len(scales)}, []int{len(x.Shape)})
	}
	n.Inputs = n.Inputs[:1]
	return n.resize(c, r, scales, nil)
}

func inferResize(c *inference, n *Node) error {
	x := n.Inputs[0]
	rank := len(x.Shape)
	r := &resampling{
		mode:        n.String("mode", "nearest"),
		coordinates: n.String("coordinate_transformation_mode", "half_pixel"),
		nearest:     n.String("nearest_mode", "round_prefer_floor"),
		cubic:       n.Float("cubic_coeff_a", -0.75),
		exclude:     n.Int("exclude_outside", 0) != 0,
		antialias:   n.Int("antialias", 0) != 0,
		outside:     n.Float("extrapolation_value", 0),
	}
	scalesAt, sizesAt := 2, 3
	if c.opset < 11 {
		r.coordinates, r.nearest, scalesAt, sizesAt = "asymmetric", "simple", 1, -1
	}
	all := make([]int, rank)
	for i := range all {
		all[i] = i
	}
	axes, err := n.axes(n.Ints("axes", all), rank)
	if err != nil {
		return err
	}
	scales := make([]float32, rank)
	for i := range scales {
		scales[i] = 1
	}
	given := false
	if t, err := n.known(scalesAt, "scales"); err != nil {
		return err
	} else if t != nil && len(t.F32) > 0 {
		if len(t.F32) != len(axes) {
			return n.wrong("it has % scales for % sides", []int{len(t.F32)}, []int{len(axes)})
		}
		given = true
		for i, a := range axes {
			scales[a] = t.F32[i]
		}
	}
	if r.coordinates == "tf_crop_and_resize" {
		t, err := n.known(1, "roi")
		if err != nil {
			return err
		}
		if t == nil || len(t.F32) != 2*len(axes) {
			return n.wrong("its roi does not fit % sides", []int{len(axes)})
		}
		r.crop = make([][2]float32, rank)
		for i := range r.crop {
			r.crop[i] = [2]float32{0, 1}
		}
		for i, a := range axes {
			r.crop[a] = [2]float32{t.F32[i], t.F32[len(axes)+i]}
		}
	}
	var sizes []int
	if sizesAt > 0 {
		list, ok, err := n.list("sizes", sizesAt)
		if err != nil {
			return err
		}
		if ok && len(list) > 0 {
			if given || len(list) != len(axes) {
				return n.wrong("sizes # do not fit % sides, or scales are there as well", list, []int{len(axes)})
			}
			given = true
			if sizes, err = n.resized(list, axes, scales); err != nil {
				return err
			}
		}
	}
	if !given {
		return n.wrong("it has neither scales nor sizes")
	}
	n.Inputs = n.Inputs[:1]
	return n.resize(c, r, scales, sizes)
}

// resized is the shape for the sizes of some axes, and puts the scales that
// follow into their list.
func (n *Node) resized(list, axes []int, scales []float32) ([]int, error) {
	x := n.Inputs[0]
	sizes := clone(x.Shape)
	policy := n.String("keep_aspect_ratio_policy", "stretch")
	var common float32
	for i, a := range axes {
		if list[i] < 0 || list[i] > 1<<24 || x.Shape[a] == 0 {
			return nil, n.wrong("sizes # cannot be for @", list, x.Shape)
		}
		sizes[a] = list[i]
		scales[a] = float32(list[i]) / float32(x.Shape[a])
		if i == 0 || policy == "not_larger" && scales[a] < common || policy == "not_smaller" && scales[a] > common {
			common = scales[a]
		}
	}
	switch policy {
	case "stretch":
	case "not_larger", "not_smaller":
		for _, a := range axes {
			scales[a] = common
			sizes[a] = int(math.Floor(float64(common)*float64(x.Shape[a]) + 0.5))
		}
	default:
		return nil, n.unsupported("keep_aspect_ratio_policy", quote(policy))
	}
	return sizes, nil
}

// resize makes the node a Resize of rows and columns, or the nodes that do what
// that cannot.
func (n *Node) resize(c *inference, r *resampling, scales []float32, sizes []int) error {
	x := n.Inputs[0]
	shape := clone(x.Shape)
	touched, plain := []int{}, true
	for i, s := range scales {
		if !(s > 0 && s < 1<<24) {
			return n.because("its scale " + strconv.FormatFloat(float64(s), 'g', -1, 32) + " is out of range")
		}
		if sizes != nil {
			shape[i] = sizes[i]
		} else {
			shape[i] = int(math.Floor(float64(float32(x.Shape[i]) * s)))
		}
		if shape[i] != x.Shape[i] || s != 1 || r.crop != nil && r.crop[i] != [2]float32{0, 1} {
			touched = append(touched, i)
			plain = plain && len(x.Shape) == 4 && i >= 2
		}
	}
	if _, err := sized(shape, c.limits.limits.MaxElements); err != nil {
		return n.fail(err)
	}
	if x.Len() == 0 || count(shape) == 0 || !x.Type.IsFloat() && r.mode != "nearest" {
		return n.wrong("from $ @ to @ there is no way", []int{int(x.Type)}, x.Shape, shape)
	}
	if err := r.check(n); err != nil {
		return err
	}
	if len(touched) == 0 {
		n.become("Identity", []*Value{x})
		return c.out(n, 0, x.Type, shape)
	}
	if plain && (r.mode == "nearest" || r.mode == "linear") && !r.antialias && r.crop == nil {
		n.become("Resize", []*Value{x}, floatsAttribute("scales", scales),
			textAttribute("mode", r.mode),
			textAttribute("coordinate_transformation_mode", r.coordinates),
			textAttribute("nearest_mode", r.nearest))
		return c.out(n, 0, x.Type, shape)
	}
	return n.resample(c, r, x, shape, scales, touched)
}

// resample computes a resize one side after the other: the nearest as a Gather,
// others as a product with the matrix of weights.
func (n *Node) resample(c *inference, r *resampling, x *Value, shape []int, scales []float32, touched []int) error {
	out := make(map[int][]bool) // places outside the picture, by axis
	typ := x.Type
	for _, axis := range touched {
		next := clone(x.Shape)
		next[axis] = shape[axis]
		side := x.Shape[axis]
		if size, err := sized([]int{side, shape[axis]}, c.limits.limits.MaxElements); err != nil || c.limits.spend(Float, size) != nil {
			return n.unsupported("scales", "a side of "+itoa(side)+" to "+itoa(shape[axis])+" in mode "+quote(r.mode)+" takes too much memory")
		}
		name := "axis" + itoa(axis)
		matrix := newTensor(typ, []int{side, shape[axis]})
		index := &Tensor{Type: Int64, Shape: []int{shape[axis]}}
		beyond := make([]bool, shape[axis])
		for i := range shape[axis] {
			taps, inside := r.at(i, side, shape[axis], scales[axis], axis)
			beyond[i] = !inside
			if !inside {
				out[axis] = beyond
			}
			if r.mode == "nearest" {
				index.I64 = append(index.I64, int64(taps[0].at))
				continue
			}
			for _, t := range taps {
				if inside {
					matrix.F32[t.at*shape[axis]+i] += t.weight
				}
			}
		}
		if r.mode == "nearest" {
			x = c.two(n, "Gather", x, constant(n, name+"index", index), next, intAttribute("axis", axis))
		} else {
			x = n.mix(c, name, x, axis, next, matrix)
		}
	}
	n.become("Identity", []*Value{x})
	if len(out) > 0 {
		if err := n.blank(c, r, x, shape, out); err != nil {
			return err
		}
	}
	return c.out(n, 0, typ, shape)
}

// mix multiplies an axis with a matrix.
func (n *Node) mix(c *inference, name string, x *Value, axis int, to []int, matrix *Tensor) *Value {
	rank := len(to)
	m := constant(n, name+"weights", matrix)
	if rank == 1 {
		v := c.one(n, "Reshape", x, []int{1, x.Shape[0]})
		v = c.two(n, "MatMul", v, m, []int{1, to[0]})
		return c.one(n, "Reshape", v, to)
	}
	if axis == rank-1 {
		return c.two(n, "MatMul", x, m, to)
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[rank-1] = rank-1, axis
	swap := func(shape []int) []int {
		out := clone(shape)
		out[axis], out[rank-1] = out[rank-1], out[axis]
		return out
	}
	by := intsAttribute("perm", perm)
	v := c.one(n, "Transpose", x, swap(x.Shape), by)
	v = c.two(n, "MatMul", v, m, swap(to))
	return c.one(n, "Transpose", v, to, by)
}

// blank makes the node one that sets what lies outside the picture to the
// value for that: by a product with 0 and a sum.
func (n *Node) blank(c *inference, r *resampling, x *Value, shape []int, out map[int][]bool) error {
	mask := &Tensor{Type: x.Type, Shape: make([]int, len(shape))}
	for i := range shape {
		mask.Shape[i] = 1
		if out[i] != nil {
			mask.Shape[i] = shape[i]
		}
	}
	size := count(mask.Shape)
	if c.limits.spend(Float, 2*size) != nil {
		return n.unsupported("extrapolation_value", "it takes too much memory")
	}
	mask.F32 = make([]float32, size)
	value := &Tensor{Type: x.Type, Shape: mask.Shape, F32: make([]float32, size)}
	for k := range mask.F32 {
		mask.F32[k] = 1
		at := k
		for i := len(shape) - 1; i >= 0; i-- {
			if out[i] != nil && out[i][at%mask.Shape[i]] {
				mask.F32[k], value.F32[k] = 0, r.outside
			}
			at /= mask.Shape[i]
		}
	}
	v := c.two(n, "Mul", x, constant(n, "mask", mask), shape)
	n.become("Add", []*Value{v, constant(n, "outside", value)})
	return nil
}
