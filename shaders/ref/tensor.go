package ref

import "sightline/shaders"

// Tensor is what lib/tensor.wgsl makes of the picture: three planes of Size[1] rows of Size[0] values.
func (p Picture) Tensor(t shaders.TensorParams) []float32 {
	width, height := int(t.Size[0]), int(t.Size[1])
	out := make([]float32, 3*width*height)
	for y := range height {
		for x := range width {
			value := [3]float32{t.Pad, t.Pad, t.Pad}
			insideX, insideY := x-int(t.Content[0]), y-int(t.Content[1])
			if insideX >= 0 && insideX < int(t.Content[2]) && insideY >= 0 && insideY < int(t.Content[3]) {
				value = p.bilinear((float32(insideX)+0.5)*t.Step[0], (float32(insideY)+0.5)*t.Step[1])
			}
			if t.BGR != 0 {
				value[0], value[2] = value[2], value[0]
			}
			for plane, v := range value {
				out[(plane*height+y)*width+x] = v*t.Scale[plane] + t.Bias[plane]
			}
		}
	}
	return out
}

// bilinear samples between pixel centres, which are at .5; edges are repeated.
func (p Picture) bilinear(x, y float32) [3]float32 {
	x = clamp(x-0.5, 0, float32(p.Width-1))
	y = clamp(y-0.5, 0, float32(p.Height-1))
	left, top := int(x), int(y)
	right, bottom := min(left+1, p.Width-1), min(top+1, p.Height-1)
	partX, partY := x-float32(left), y-float32(top)
	var out [3]float32
	topLeft, topRight := p.At(left, top), p.At(right, top)
	bottomLeft, bottomRight := p.At(left, bottom), p.At(right, bottom)
	for i := range out {
		upper := topLeft[i] + (topRight[i]-topLeft[i])*partX
		lower := bottomLeft[i] + (bottomRight[i]-bottomLeft[i])*partX
		out[i] = upper + (lower-upper)*partY
	}
	return out
}
