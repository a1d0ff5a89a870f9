package shaders

import (
	"errors"
	"math"
	"strconv"
)

// Matrix names the coefficients that relate RGB to Y'CbCr.
type Matrix int

// The matrices of H.264 and H.265 video (ITU-T H.273, table 4).
const (
	BT709  Matrix = iota // HD, and what browsers assume when the stream says nothing
	BT601                // SD: smpte170m and bt470bg
	BT2020               // UHD, non-constant luminance
)

// ParseMatrix reads the matrix of a VideoColorSpace. An empty name is BT709; false for a matrix that
// the planes kernels do not convert (the frame then goes the way of opaque frames).
func ParseMatrix(name string) (Matrix, bool) {
	switch name {
	case "", "bt709":
		return BT709, true
	case "bt470bg", "smpte170m":
		return BT601, true
	case "bt2020-ncl":
		return BT2020, true
	}
	return 0, false
}

// YUVMatrix returns the rows R, G, B of the matrix that takes (Y, Cb, Cr, 1), all 0..1 as stored in
// 8 bits, to RGB 0..1 (ITU-R BT.601-7, BT.709-6, BT.2020-2). Limited range puts black and white at 16
// and 235 and chroma at 16 to 240.
func YUVMatrix(matrix Matrix, fullRange bool) [3][4]float32 {
	var kr, kb float64
	switch matrix {
	case BT601:
		kr, kb = 0.299, 0.114
	case BT2020:
		kr, kb = 0.2627, 0.0593
	default:
		kr, kb = 0.2126, 0.0722
	}
	kg := 1 - kr - kb
	black, luma, chroma := 0.0, 1.0, 1.0
	if !fullRange {
		black, luma, chroma = 16.0/255, 255.0/219, 255.0/224
	}
	const zero = 128.0 / 255
	row := func(cb, cr float64) [4]float32 {
		return [4]float32{float32(luma), float32(cb), float32(cr), float32(-luma*black - (cb+cr)*zero)}
	}
	return [3][4]float32{
		row(0, 2*(1-kr)*chroma),
		row(-2*kb*(1-kb)/kg*chroma, -2*kr*(1-kr)/kg*chroma),
		row(2*(1-kb)*chroma, 0),
	}
}

// PlaneFormat is the order of a 4:2:0 frame's bytes.
type PlaneFormat int

// The formats, with their names in VideoFrame.format.
const (
	I420 PlaneFormat = iota // "I420": planes Y, Cb, Cr
	NV12                    // "NV12": plane Y, plane of Cb Cr pairs
)

// ParsePlaneFormat reads VideoFrame.format; false for formats that the planes kernels do not read.
func ParsePlaneFormat(name string) (PlaneFormat, bool) {
	switch name {
	case "I420":
		return I420, true
	case "NV12":
		return NV12, true
	}
	return 0, false
}

// PlanesPermutation names the kernel for a format, with or without the tensor.
func PlanesPermutation(format PlaneFormat, tensor bool) string {
	name := "planes_i420"
	if format == NV12 {
		name = "planes_nv12"
	}
	if tensor {
		name += "_tensor"
	}
	return name
}

// Plane says where a plane lies in the buffer.
type Plane struct {
	// Offset of the first byte and bytes from row to row; any number, no alignment.
	Offset, Stride int
}

// Frame describes a 4:2:0 frame in a buffer, in the words of WebCodecs' VideoFrame.
type Frame struct {
	Format PlaneFormat
	// Planes are Y, Cb, Cr (I420) or Y, CbCr (NV12).
	Planes [3]Plane
	// VisibleX and VisibleY are the visible rectangle's corner in luma samples of the planes, which
	// is 0, 0 after a copyTo that copied the visible rectangle alone.
	VisibleX, VisibleY int
	// VisibleWidth and VisibleHeight are its size; odd sizes are allowed.
	VisibleWidth, VisibleHeight int
	// Rotation is 0, 90, 180 or 270 degrees clockwise to make the picture upright.
	Rotation int
	// Flip mirrors the picture left to right after the rotation.
	Flip      bool
	Matrix    Matrix
	FullRange bool
}

// PackedFrame describes a frame whose planes follow each other without gaps, as copyTo writes them
// by default; the second result is the bytes they take.
func PackedFrame(format PlaneFormat, width, height int) (Frame, int) {
	f := Frame{Format: format, VisibleWidth: width, VisibleHeight: height}
	chromaWidth, chromaHeight := (width+1)/2, (height+1)/2
	luma, chroma := width*height, chromaWidth*chromaHeight
	f.Planes[0] = Plane{0, width}
	if format == NV12 {
		f.Planes[1] = Plane{luma, 2 * chromaWidth}
	} else {
		f.Planes[1] = Plane{luma, chromaWidth}
		f.Planes[2] = Plane{luma + chroma, chromaWidth}
	}
	return f, luma + 2*chroma
}

// Size returns width and height of the upright picture.
func (f Frame) Size() (width, height int) {
	if f.Rotation == 90 || f.Rotation == 270 {
		return f.VisibleHeight, f.VisibleWidth
	}
	return f.VisibleWidth, f.VisibleHeight
}

// maxSide bounds the picture's sides: WebGPU's default maxTextureDimension2D.
const maxSide = 8192

// maxStride keeps every address within 31 bits.
const maxStride = 1 << 17

// Params returns the kernel's parameters. It refuses a frame that is empty, larger than a texture,
// turned by something else than quarter turns, or whose planes overrun a buffer of size bytes.
func (f Frame) Params(size int) (FrameParams, error) {
	fail := func(field string, value int, rule string) (FrameParams, error) {
		return FrameParams{}, errors.New("shaders: frame " + field + " " + strconv.Itoa(value) + ": " + rule)
	}
	for _, side := range []struct {
		name  string
		value int
		least int
	}{{"visible width", f.VisibleWidth, 1}, {"visible height", f.VisibleHeight, 1}, {"visible x", f.VisibleX, 0}, {"visible y", f.VisibleY, 0}} {
		if side.value < side.least || side.value > maxSide {
			return fail(side.name, side.value, "must be "+strconv.Itoa(side.least)+" to "+strconv.Itoa(maxSide))
		}
	}
	right, bottom := f.VisibleX+f.VisibleWidth, f.VisibleY+f.VisibleHeight
	rowBytes := [3]int{right, (right + 1) / 2, (right + 1) / 2}
	rows := [3]int{bottom, (bottom + 1) / 2, (bottom + 1) / 2}
	planes := 3
	if f.Format == NV12 {
		planes, rowBytes[1] = 2, 2*rowBytes[1]
	}
	for i, p := range f.Planes[:planes] {
		name := "plane " + strconv.Itoa(i)
		if p.Offset < 0 || p.Offset > size {
			return fail(name+" offset", p.Offset, "must lie in the buffer of "+strconv.Itoa(size)+" bytes")
		}
		if p.Stride < rowBytes[i] || p.Stride > maxStride {
			return fail(name+" stride", p.Stride, "must be "+strconv.Itoa(rowBytes[i])+" (the row) to "+strconv.Itoa(maxStride)+" bytes")
		}
		if end := p.Offset + (rows[i]-1)*p.Stride + rowBytes[i]; end > size {
			return fail(name+" end", end, "overruns the buffer of "+strconv.Itoa(size)+" bytes")
		}
	}

	width, height := f.Size()
	m := YUVMatrix(f.Matrix, f.FullRange)
	p := FrameParams{ToR: m[0], ToG: m[1], ToB: m[2], Size: [2]uint32{uint32(width), uint32(height)}}
	lastX, lastY := int32(f.VisibleWidth-1), int32(f.VisibleHeight-1)
	switch f.Rotation {
	case 0:
		p.StepX, p.StepY = [2]int32{1, 0}, [2]int32{0, 1}
	case 90:
		p.Origin, p.StepX, p.StepY = [2]int32{0, lastY}, [2]int32{0, -1}, [2]int32{1, 0}
	case 180:
		p.Origin, p.StepX, p.StepY = [2]int32{lastX, lastY}, [2]int32{-1, 0}, [2]int32{0, -1}
	case 270:
		p.Origin, p.StepX, p.StepY = [2]int32{lastX, 0}, [2]int32{0, 1}, [2]int32{-1, 0}
	default:
		return fail("rotation", f.Rotation, "must be 0, 90, 180 or 270")
	}
	if f.Flip {
		for i := range p.Origin {
			p.Origin[i] += int32(width-1) * p.StepX[i]
			p.StepX[i] = -p.StepX[i]
		}
	}
	p.Origin[0] += int32(f.VisibleX)
	p.Origin[1] += int32(f.VisibleY)
	for i, plane := range f.Planes[:planes] {
		p.Offset[i], p.Stride[i] = uint32(plane.Offset), uint32(plane.Stride)
	}
	return p, nil
}

// FrameParams is the uniform FrameParams of planes_to_rgba.wgsl, which explains the fields.
type FrameParams struct {
	ToR, ToG, ToB  [4]float32
	Size           [2]uint32
	Origin         [2]int32
	StepX, StepY   [2]int32
	Offset, Stride [3]uint32
}

// FrameParamsSize is the uniform's size in bytes.
const FrameParamsSize = 112

// Append appends the uniform's bytes: to_r, to_g, to_b (0, 16, 32), size (48), origin (56), step_x
// (64), step_y (72), offset (80) and stride (96), each three words and one of padding.
func (p FrameParams) Append(b []byte) []byte {
	b = appendFloats(b, p.ToR[:]...)
	b = appendFloats(b, p.ToG[:]...)
	b = appendFloats(b, p.ToB[:]...)
	b = appendWords(b, p.Size[0], p.Size[1])
	for _, v := range [][2]int32{p.Origin, p.StepX, p.StepY} {
		b = appendWords(b, uint32(v[0]), uint32(v[1]))
	}
	b = appendWords(b, p.Offset[0], p.Offset[1], p.Offset[2], 0)
	return appendWords(b, p.Stride[0], p.Stride[1], p.Stride[2], 0)
}

func appendWords(b []byte, words ...uint32) []byte {
	for _, w := range words {
		// By hand: encoding/binary would link reflection into the client.
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	return b
}

func appendFloats(b []byte, values ...float32) []byte {
	for _, v := range values {
		b = appendWords(b, math.Float32bits(v))
	}
	return b
}
