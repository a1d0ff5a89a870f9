package eval

import (
	"math"

	"sightline/vision/onnx"
)

// sweep is how a kernel moves over rows and columns.
type sweep struct {
	kernel, strides, dilations, pads []int
	height, width                    int // of what is read
	rows, columns                    int // of what is written
}

func sweepOf(n *onnx.Node) *sweep {
	in, out := n.Inputs[0].Shape, n.Outputs[0].Shape
	return &sweep{
		kernel: n.Ints("kernel_shape", nil), strides: n.Ints("strides", nil), dilations: n.Ints("dilations", nil), pads: n.Ints("pads", nil),
		height: in[2], width: in[3], rows: out[2], columns: out[3],
	}
}

// span is the range of outputs whose tap k along a side lies inside it.
func span(side, out, stride, offset int) (from, to int) {
	// 0 <= i*stride + offset < side
	if offset < 0 {
		from = (-offset + stride - 1) / stride
	}
	to = out
	if last := side - 1 - offset; last < 0 {
		to = 0
	} else {
		to = min(to, last/stride+1)
	}
	return from, max(from, to)
}

func conv(n *onnx.Node, in []*onnx.Tensor, out *onnx.Tensor) {
	s, x, w := sweepOf(n), in[0], in[1]
	group := n.Int("group", 1)
	channels, perGroup := out.Shape[1], w.Shape[1]
	area, size, taps := s.height*s.width, s.rows*s.columns, s.kernel[0]*s.kernel[1]
	for b := range out.Shape[0] {
		for o := range channels {
			to := out.F32[(b*channels+o)*size:][:size]
			if len(in) > 2 && in[2] != nil {
				for i := range to {
					to[i] = in[2].F32[o]
				}
			}
			from := x.F32[(b*x.Shape[1]+o/(channels/group)*perGroup)*area:][:perGroup*area]
			weights := w.F32[o*perGroup*taps:][:perGroup*taps]
			c := 0
			for ; c+4 <= perGroup; c += 4 {
				s.gather4(to, from[c*area:][:4*area], weights[c*taps:][:4*taps])
			}
			for ; c < perGroup; c++ {
				s.gather(to, from[c*area:][:area], weights[c*taps:][:taps])
			}
		}
	}
}

// gather adds one plane's share of a convolution, one tap after the other,
// whole rows at once.
func (s *sweep) gather(to, from, w []float32) {
	for ky := range s.kernel[0] {
		oy := ky*s.dilations[0] - s.pads[0]
		top, bottom := span(s.height, s.rows, s.strides[0], oy)
		for kx := range s.kernel[1] {
			v := w[ky*s.kernel[1]+kx]
			ox := kx*s.dilations[1] - s.pads[1]
			left, right := span(s.width, s.columns, s.strides[1], ox)
			if left >= right {
				continue
			}
			for y := top; y < bottom; y++ {
				row := to[y*s.columns+left : y*s.columns+right]
				src := from[(y*s.strides[0]+oy)*s.width+left*s.strides[1]+ox:]
				if s.strides[1] == 1 {
					src = src[:len(row)]
					for i := range row {
						row[i] += v * src[i]
					}
					continue
				}
				for i := range row {
					row[i] += v * src[i*s.strides[1]]
				}
			}
		}
	}
}

// gather4 does so with four planes at once, which is most of the work of a
// model: each sum is loaded and stored a fourth as often.
func (s *sweep) gather4(to, from, w []float32) {
	area, taps, stride := s.height*s.width, s.kernel[0]*s.kernel[1], s.strides[1]
	for ky := range s.kernel[0] {
		oy := ky*s.dilations[0] - s.pads[0]
		top, bottom := span(s.height, s.rows, s.strides[0], oy)
		for kx := range s.kernel[1] {
			k := ky*s.kernel[1] + kx
			v0, v1, v2, v3 := w[k], w[taps+k], w[2*taps+k], w[3*taps+k]
			ox := kx*s.dilations[1] - s.pads[1]
			left, right := span(s.width, s.columns, s.strides[1], ox)
			if left >= right {
				continue
			}
			n := (right-left-1)*stride + 1
			for y := top; y < bottom; y++ {
				row := to[y*s.columns+left : y*s.columns+right]
				at := (y*s.strides[0]+oy)*s.width + left*stride + ox
				s0, s1 := from[at:][:n], from[area+at:][:n]
				s2, s3 := from[2*area+at:][:n], from[3*area+at:][:n]
				for i := range row {
					row[i] += v0*s0[i*stride] + v1*s1[i*stride] + v2*s2[i*stride] + v3*s3[i*stride]
				}
			}
		}
	}
}

func convTranspose(n *onnx.Node, in []*onnx.Tensor, out *onnx.Tensor) {
	s, x, w := sweepOf(n), in[0], in[1]
	group := n.Int("group", 1)
	channels, perGroup := out.Shape[1], w.Shape[1]
	area, size, taps := s.height*s.width, s.rows*s.columns, s.kernel[0]*s.kernel[1]
	inGroup := x.Shape[1] / group
	for b := range out.Shape[0] {
		for o := range channels {
			to := out.F32[(b*channels+o)*size:][:size]
			if len(in) > 2 && in[2] != nil {
				for i := range to {
					to[i] = in[2].F32[o]
				}
			}
			for c := range inGroup {
				i := o/perGroup*inGroup + c
				s.scatter(to, x.F32[(b*x.Shape[1]+i)*area:][:area], w.F32[(i*perGroup+o%perGroup)*taps:][:taps])
			}
		}
	}
}

// scatter adds one plane's share of a transposed convolution.
func (s *sweep) scatter(to, from, w []float32) {
	for ky := range s.kernel[0] {
		oy := ky*s.dilations[0] - s.pads[0]
		for kx := range s.kernel[1] {
			v := w[ky*s.kernel[1]+kx]
			ox := kx*s.dilations[1] - s.pads[1]
			for y := range s.height {
				ty := y*s.strides[0] + oy
				if ty < 0 || ty >= s.rows {
					continue
				}
				for x := range s.width {
					if tx := x*s.strides[1] + ox; tx >= 0 && tx < s.columns {
						to[ty*s.columns+tx] += v * from[y*s.width+x]
					}
				}
			}
		}
	}
}

func maxPool(n *onnx.Node, in []*onnx.Tensor, out *onnx.Tensor) {
	s, x := sweepOf(n), in[0]
	area, size := s.height*s.width, s.rows*s.columns
	for p := range out.Shape[0] * out.Shape[1] {
		to, from := out.F32[p*size:][:size], x.F32[p*area:][:area]
		for i := range to {
			to[i] = float32(math.Inf(-1))
		}
		for ky := range s.kernel[0] {
			oy := ky*s.dilations[0] - s.pads[0]
			top, bottom := span(s.height, s.rows, s.strides[0], oy)
			for kx := range s.kernel[1] {
				ox := kx*s.dilations[1] - s.pads[1]
				left, right := span(s.width, s.columns, s.strides[1], ox)
				if left >= right {
					continue
				}
				for y := top; y < bottom; y++ {
					row := to[y*s.columns+left : y*s.columns+right]
					src := from[(y*s.strides[0]+oy)*s.width+left*s.strides[1]+ox:]
					for i := range row {
						row[i] = max(row[i], src[i*s.strides[1]])
					}
				}
			}
		}
	}
}

func averagePool(n *onnx.Node, in []*onnx.Tensor, out *onnx.Tensor) {
	s, x := sweepOf(n), in[0]
	ones := make([]float32, s.kernel[0]*s.kernel[1])
	for i := range ones {
		ones[i] = 1
	}
	padded := n.Int("count_include_pad", 0) != 0
	high := counts(s.height, s.rows, s.kernel[0], s.strides[0], s.dilations[0], s.pads[0], padded)
	wide := counts(s.width, s.columns, s.kernel[1], s.strides[1], s.dilations[1], s.pads[1], padded)
	area, size := s.height*s.width, s.rows*s.columns
	for p := range out.Shape[0] * out.Shape[1] {
		to := out.F32[p*size:][:size]
		s.gather(to, x.F32[p*area:][:area], ones)
		for y := range s.rows {
			for x := range s.columns {
				to[y*s.columns+x] /= float32(max(high[y]*wide[x], 1))
			}
		}
	}
}

// counts is how many taps of each window along a side count: all of them, or
// those inside the picture.
func counts(side, out, kernel, stride, dilation, before int, padded bool) []int {
	list := make([]int, out)
	for i := range list {
		for k := range kernel {
			if at := i*stride - before + k*dilation; padded || at >= 0 && at < side {
				list[i]++
			}
		}
	}
	return list
}

func resize(n *onnx.Node, in []*onnx.Tensor, out *onnx.Tensor) {
	s, x := in[0].Shape, in[0]
	rows, columns := onnx.ResizeTaps(n, 2), onnx.ResizeTaps(n, 3)
	height, width := out.Shape[2], out.Shape[3]
	for p := range s[0] * s[1] {
		for y := range height {
			low, high := (p*s[2]+int(rows.Low[y]))*s[3], (p*s[2]+int(rows.High[y]))*s[3]
			to := (p*height + y) * width
			wy := rows.Weight[y]
			for i := range width {
				l, h, wx := int(columns.Low[i]), int(columns.High[i]), columns.Weight[i]
				if x.F32 == nil {
					out.I64[to+i] = x.I64[low+l]
					continue
				}
				v := mix(x.F32[low+l], x.F32[low+h], wx)
				if wy != 0 {
					v = mix(v, mix(x.F32[high+l], x.F32[high+h], wx), wy)
				}
				out.F32[to+i] = v
			}
		}
	}
}

// mix is a (1-w) + b w; b does not count where w is 0, even if it is infinite.
func mix(a, b, w float32) float32 {
	if w == 0 {
		return a
	}
	return a*(1-w) + b*w
}
