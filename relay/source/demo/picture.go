package demo

import (
	"image"
	"image/color"
)

// Picture is an I420 picture: 4:2:0, BT.709, limited range, planes without
// padding. Width and Height are even.
type Picture struct {
	Width, Height int
	// Y has Width*Height samples; U and V have a quarter of that each.
	Y, U, V []uint8
	buf     []uint8
}

// NewPicture allocates a picture.
func NewPicture(width, height int) *Picture {
	n := width * height
	buf := make([]uint8, n*3/2)
	return &Picture{Width: width, Height: height, buf: buf,
		Y: buf[:n:n], U: buf[n : n+n/4 : n+n/4], V: buf[n+n/4:]}
}

// Bytes returns the planes Y, U, V as one slice that shares their memory.
func (p *Picture) Bytes() []byte { return p.buf }

// Luma returns the luma sample of a pixel, as [ReadCounter] wants it.
func (p *Picture) Luma(x, y int) uint8 { return p.Y[y*p.Width+x] }

// RGBA converts the picture, for snapshots and tests.
func (p *Picture) RGBA() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for y := range p.Height {
		for x := range p.Width {
			c := (y/2)*(p.Width/2) + x/2
			yy := 1.164384 * (float32(p.Y[y*p.Width+x]) - 16)
			u, v := float32(p.U[c])-128, float32(p.V[c])-128
			img.SetRGBA(x, y, color.RGBA{clamp8(yy + 1.792741*v), clamp8(yy - 0.213249*u - 0.532909*v), clamp8(yy + 2.112402*u), 255})
		}
	}
	return img
}

func clamp8(v float32) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// yuv is a display colour in BT.709 limited range.
type yuv struct{ y, u, v uint8 }

// toYUV converts a display colour (gamma encoded, 0..1).
func (c vec) toYUV() yuv {
	y := 0.2126*c.x + 0.7152*c.y + 0.0722*c.z
	return yuv{
		clamp8(16 + 219*y),
		clamp8(128 + 224*(c.z-y)/1.8556),
		clamp8(128 + 224*(c.x-y)/1.5748),
	}
}
