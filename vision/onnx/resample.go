package onnx

import "math"

// resampling is how Resize finds what stands where.
type resampling struct {
	mode        string // nearest, linear, cubic
	coordinates string
	nearest     string
	cubic       float32
	exclude     bool
	antialias   bool
	crop        [][2]float32 // begin and end by axis; nil where nothing is cut
	outside     float32
}

func (r *resampling) check(n *Node) error {
	switch r.mode {
	case "nearest", "linear", "cubic":
	default:
		return n.unsupported("mode", quote(r.mode))
	}
	switch r.coordinates {
	case "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize":
	default:
		return n.unsupported("coordinate_transformation_mode", quote(r.coordinates))
	}
	switch r.nearest {
	case "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple":
	default:
		return n.unsupported("nearest_mode", quote(r.nearest))
	}
	if r.antialias && r.mode == "nearest" {
		return n.unsupported("antialias", "mode is nearest")
	}
	return nil
}

// tap is an element of the input and its share.
type tap struct {
	at     int
	weight float32
}

// place is where along a side of the input the i-th element of the output
// stands. It is computed in 32 bits as ONNX Runtime does.
func (r *resampling) place(i, side, out int, scale float32, axis int) float32 {
	x := float32(i)
	switch r.coordinates {
	case "half_pixel":
		return (x+0.5)/scale - 0.5
	case "half_pixel_symmetric":
		adjustment := float32(out) / (scale * float32(side))
		offset := float32(side) / 2 * (1 - adjustment)
		return offset + (x+0.5)/scale - 0.5
	case "pytorch_half_pixel":
		if out > 1 {
			return (x+0.5)/scale - 0.5
		}
		return 0
	case "align_corners":
		if out <= 1 {
			return 0
		}
		// The tests of ONNX take the length before it is rounded down.
		length := float32(side) * scale
		if d := length - float32(out); d < 1e-3 && d > -1e-3 {
			length = float32(out)
		}
		return x * float32(side-1) / (length - 1)
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / scale
	case "tf_crop_and_resize":
		begin, end := r.crop[axis][0], r.crop[axis][1]
		if out > 1 {
			return begin*float32(side-1) + x*(end-begin)*float32(side-1)/float32(out-1)
		}
		return 0.5 * (begin + end) * float32(side-1)
	}
	return x / scale
}

// at says what the i-th element of the output is made of. The second result is
// false where it lies outside the part that is cut out.
func (r *resampling) at(i, side, out int, scale float32, axis int) ([]tap, bool) {
	x := r.place(i, side, out, scale, axis)
	inside := r.crop == nil || x >= 0 && x <= float32(side-1)
	clamp := func(v float64) int { return int(min(max(v, 0), float64(side-1))) }
	if r.mode == "nearest" {
		return []tap{{clamp(r.round(float64(x), scale)), 1}}, inside
	}
	reach, shrink := 1.0, 1.0
	if r.mode == "cubic" {
		reach = 2
	}
	if r.antialias {
		shrink = min(float64(scale), 1)
	}
	// The element to the left, which is never x itself, so that the weights
	// are the same on both sides.
	base := math.Ceil(float64(x)) - 1
	first := math.Floor(-reach/shrink) + 1
	var taps []tap
	var sum float32
	for k := first; k < 2-first; k++ {
		w := float32(r.weight((k - (float64(x) - base)) * shrink))
		at := base + k
		if r.exclude && (at < 0 || at > float64(side-1)) {
			continue
		}
		taps = append(taps, tap{clamp(at), w})
		sum += w
	}
	if sum != 0 && (r.exclude || r.antialias) {
		for i := range taps {
			taps[i].weight /= sum
		}
	}
	return taps, inside
}

func (r *resampling) round(x float64, scale float32) float64 {
	switch r.nearest {
	case "round_prefer_floor":
		return math.Ceil(x - 0.5)
	case "round_prefer_ceil":
		return math.Floor(x + 0.5)
	case "ceil":
		return math.Ceil(x)
	case "simple":
		if scale < 1 {
			return math.Ceil(x)
		}
		return math.Trunc(x)
	}
	return math.Floor(x)
}

// weight is the share of an element at a distance: a triangle, or Keys' cubic.
func (r *resampling) weight(d float64) float64 {
	d = math.Abs(d)
	if r.mode == "linear" {
		return max(0, 1-d)
	}
	a := float64(r.cubic)
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// Taps says what one side of a Resize is made of: the i-th element is
// in[Low[i]] (1 - Weight[i]) + in[High[i]] Weight[i]. For the nearest, Weight
// is 0.
type Taps struct {
	Low, High []int32
	Weight    []float32
}

// ResizeTaps gives the taps along an axis of a Resize node.
func ResizeTaps(n *Node, axis int) Taps {
	r := &resampling{mode: n.String("mode", ""), coordinates: n.String("coordinate_transformation_mode", ""), nearest: n.String("nearest_mode", "")}
	side, out := n.Inputs[0].Shape[axis], n.Outputs[0].Shape[axis]
	t := Taps{Low: make([]int32, out), High: make([]int32, out), Weight: make([]float32, out)}
	scale := n.Floats("scales", nil)[axis]
	for i := range out {
		taps, _ := r.at(i, side, out, scale, axis)
		low, high := taps[0], taps[len(taps)-1]
		if scale == 1 && side == out {
			low, high = tap{i, 1}, tap{i, 0}
		}
		t.Low[i], t.High[i] = int32(low.at), int32(high.at)
		if len(taps) == 2 && low.at != high.at {
			t.Weight[i] = high.weight
		}
	}
	return t
}
