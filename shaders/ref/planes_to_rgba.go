package ref

import "sightline/shaders"

// Picture is an upright RGB picture that can be read pixel by pixel.
type Picture struct {
	Width, Height int
	// At returns R, G and B, 0..1, for 0 <= x < Width and 0 <= y < Height.
	At func(x, y int) [3]float32
}

// Planes is the picture that planes_to_rgba.wgsl makes of a frame: planes are the frame's bytes.
func Planes(p shaders.FrameParams, format shaders.PlaneFormat, planes []byte) Picture {
	sample := func(plane, x, y int) float32 {
		return float32(planes[int(p.Offset[plane])+y*int(p.Stride[plane])+x]) / 255
	}
	return Picture{int(p.Size[0]), int(p.Size[1]), func(x, y int) [3]float32 {
		lumaX := int(p.Origin[0]) + x*int(p.StepX[0]) + y*int(p.StepY[0])
		lumaY := int(p.Origin[1]) + x*int(p.StepX[1]) + y*int(p.StepY[1])
		chromaX, chromaY := lumaX/2, lumaY/2
		luma := sample(0, lumaX, lumaY)
		var cb, cr float32
		if format == shaders.NV12 {
			cb, cr = sample(1, 2*chromaX, chromaY), sample(1, 2*chromaX+1, chromaY)
		} else {
			cb, cr = sample(1, chromaX, chromaY), sample(2, chromaX, chromaY)
		}
		var rgb [3]float32
		for i, row := range [][4]float32{p.ToR, p.ToG, p.ToB} {
			rgb[i] = clamp(row[0]*luma+row[1]*cb+row[2]*cr+row[3], 0, 1)
		}
		return rgb
	}}
}

// RGBA returns the picture as bytes R, G, B, 255, row by row, as the kernels store it.
func (p Picture) RGBA() []byte {
	out := make([]byte, 0, 4*p.Width*p.Height)
	for y := range p.Height {
		for x := range p.Width {
			c := p.At(x, y)
			out = append(out, unorm8(c[0]), unorm8(c[1]), unorm8(c[2]), 255)
		}
	}
	return out
}

func unorm8(v float32) byte { return byte(v*255 + 0.5) }

func clamp(v, low, high float32) float32 { return min(max(v, low), high) }
