package shaders

import (
	"errors"
	"math"
	"strconv"
)

// Tensor describes a detector's input: three planes of Height rows of Width f32 values. A channel's
// value is v*Scale + Bias with v in 0..1.
type Tensor struct {
	Width, Height int
	// Stretch fills the tensor and gives up the aspect ratio; else the picture is letterboxed.
	Stretch bool
	// BGR puts the planes in the order B, G, R; Scale and Bias are in the order of the planes.
	BGR bool
	// Pad is what the bars hold, 0..1, before Scale and Bias.
	Pad         float32
	Scale, Bias [3]float32
}

// LetterboxPad is the grey that YOLO-class detectors are trained with.
const LetterboxPad = 114.0 / 255

// NewTensor returns a letterboxed RGB tensor of values 0..1 with grey bars.
func NewTensor(width, height int) Tensor {
	return Tensor{Width: width, Height: height, Pad: LetterboxPad, Scale: [3]float32{1, 1, 1}}
}

// Bytes is the size of the tensor's buffer.
func (t Tensor) Bytes() int { return 3 * 4 * t.Width * t.Height }

// Letterbox is the rectangle of the tensor that the picture fills, in tensor pixels.
type Letterbox struct {
	X, Y, Width, Height int
}

// Letterbox returns where a picture lies in the tensor: as large as fits with its aspect ratio,
// rounded to whole pixels, in the middle (an odd rest goes to right and bottom).
func (t Tensor) Letterbox(pictureWidth, pictureHeight int) Letterbox {
	if t.Stretch {
		return Letterbox{0, 0, t.Width, t.Height}
	}
	ratio := min(float64(t.Width)/float64(pictureWidth), float64(t.Height)/float64(pictureHeight))
	width := min(t.Width, max(1, int(math.Round(float64(pictureWidth)*ratio))))
	height := min(t.Height, max(1, int(math.Round(float64(pictureHeight)*ratio))))
	return Letterbox{(t.Width - width) / 2, (t.Height - height) / 2, width, height}
}

// ToPicture takes a point of the tensor, in tensor pixels, to 0..1 of the picture.
func (l Letterbox) ToPicture(x, y float32) (float32, float32) {
	return (x - float32(l.X)) / float32(l.Width), (y - float32(l.Y)) / float32(l.Height)
}

// maxTensorSide bounds a tensor's sides: larger inputs are no light-weight detector's.
const maxTensorSide = 4096

// Params returns the uniform for a picture's size. It refuses sides below 1 or above 4096 (tensor)
// or 8192 (picture).
func (t Tensor) Params(pictureWidth, pictureHeight int) (TensorParams, error) {
	for _, side := range []struct {
		name        string
		value, most int
	}{{"tensor width", t.Width, maxTensorSide}, {"tensor height", t.Height, maxTensorSide}, {"picture width", pictureWidth, maxSide}, {"picture height", pictureHeight, maxSide}} {
		if side.value < 1 || side.value > side.most {
			return TensorParams{}, errors.New("shaders: " + side.name + " " + strconv.Itoa(side.value) + ": must be 1 to " + strconv.Itoa(side.most))
		}
	}
	l := t.Letterbox(pictureWidth, pictureHeight)
	p := TensorParams{
		Size:    [2]uint32{uint32(t.Width), uint32(t.Height)},
		Pad:     t.Pad,
		Content: [4]uint32{uint32(l.X), uint32(l.Y), uint32(l.Width), uint32(l.Height)},
		Step:    [2]float32{float32(pictureWidth) / float32(l.Width), float32(pictureHeight) / float32(l.Height)},
		Scale:   t.Scale,
		Bias:    t.Bias,
	}
	if t.BGR {
		p.BGR = 1
	}
	return p, nil
}

// TensorParams is the uniform TensorParams of lib/tensor.wgsl, which explains the fields.
type TensorParams struct {
	Size        [2]uint32
	BGR         uint32
	Pad         float32
	Content     [4]uint32
	Step        [2]float32
	Scale, Bias [3]float32
}

// TensorParamsSize is the uniform's size in bytes.
const TensorParamsSize = 80

// Append appends the uniform's bytes: size (0), bgr (8), pad (12), content (16), step (32), 8 bytes
// of padding, scale (48) and bias (64), each three values and 4 bytes of padding.
func (p TensorParams) Append(b []byte) []byte {
	b = appendWords(b, p.Size[0], p.Size[1], p.BGR)
	b = appendFloats(b, p.Pad)
	b = appendWords(b, p.Content[:]...)
	b = appendFloats(b, p.Step[0], p.Step[1], 0, 0)
	b = appendFloats(b, p.Scale[0], p.Scale[1], p.Scale[2], 0)
	return appendFloats(b, p.Bias[0], p.Bias[1], p.Bias[2], 0)
}

// Dispatch returns the workgroups, across and down, of a compute permutation for the size of the
// picture it makes and of the tensor it makes; 0, 0 for what it does not make.
func (s *Shader) Dispatch(pictureWidth, pictureHeight, tensorWidth, tensorHeight int) (x, y uint32) {
	e, ok := s.EntryPoint(Compute)
	if !ok {
		return 0, 0
	}
	// An invocation makes four pixels of a row.
	columns := (max(pictureWidth, tensorWidth) + 3) / 4
	rows := max(pictureHeight, tensorHeight)
	groups := func(n int, size uint32) uint32 { return (uint32(n) + size - 1) / size }
	return groups(columns, e.WorkgroupSize[0]), groups(rows, e.WorkgroupSize[1])
}
