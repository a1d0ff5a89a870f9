// Package letterbox fills a detector's input tensor from the planes of a
// decoded picture: colour conversion, half-pixel bilinear resize, bars and
// normalisation in one pass, as the kernels of package shaders do it on a GPU,
// with the same parameters. It knows neither decoders nor models.
package letterbox

// The loops are C because compilers make vector instructions of it: a fifth of
// the time, of what every analysed picture costs.

/*
#cgo CFLAGS: -O3
#include "resize.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"sightline/shaders"
)

// Resizer fills tensors. It keeps tables from picture to picture and is for
// one goroutine at a time.
type Resizer struct {
	frame  shaders.Frame
	tensor shaders.Tensor
	built  bool

	plan    C.letterbox_plan
	at      []C.int32_t
	weights []C.letterbox_weights
	rows    []C.letterbox_pair
	scratch []C.int16_t
}

// Fill resizes one frame into out, which must hold t's values: three planes of
// rows. The planes must be in memory as frame says; rotated and flipped frames
// are refused. The result differs from the kernels' by rounding alone, less
// than a tenth of one step of 8 bits.
func (r *Resizer) Fill(frame shaders.Frame, planes []byte, t shaders.Tensor, out []float32) error {
	if frame.Rotation != 0 || frame.Flip {
		return fmt.Errorf("letterbox: rotation %d, flip %v: only upright frames are resized", frame.Rotation, frame.Flip)
	}
	// Params checks that the frame lies within the planes.
	fp, err := frame.Params(len(planes))
	if err != nil {
		return fmt.Errorf("letterbox: %w", err)
	}
	tp, err := t.Params(int(fp.Size[0]), int(fp.Size[1]))
	if err != nil {
		return fmt.Errorf("letterbox: %w", err)
	}
	if len(out) != t.Bytes()/4 {
		return fmt.Errorf("letterbox: tensor of %d values, want %d", len(out), t.Bytes()/4)
	}
	if !r.built || frame != r.frame || t != r.tensor {
		r.build(frame, fp, t, tp)
		r.frame, r.tensor, r.built = frame, t, true
	}
	bars(t, tp, out)
	C.letterbox_fill(&r.plan, &r.at[0], &r.weights[0], &r.rows[0], (*C.uint8_t)(unsafe.SliceData(planes)), &r.scratch[0],
		(*C.float)(unsafe.SliceData(out)))
	return nil
}

// bars writes what lies around the picture.
func bars(t shaders.Tensor, p shaders.TensorParams, out []float32) {
	width, height := int(p.Size[0]), int(p.Size[1])
	left, top := int(p.Content[0]), int(p.Content[1])
	right, bottom := left+int(p.Content[2]), top+int(p.Content[3])
	for plane := range 3 {
		bar := t.Pad*t.Scale[plane] + t.Bias[plane]
		values := out[plane*width*height : (plane+1)*width*height]
		fill(values[:top*width], bar)
		fill(values[bottom*width:], bar)
		if right-left == width {
			continue
		}
		for y := top; y < bottom; y++ {
			fill(values[y*width:y*width+left], bar)
			fill(values[y*width+right:(y+1)*width], bar)
		}
	}
}

func fill(values []float32, v float32) {
	for i := range values {
		values[i] = v
	}
}

// build makes the plan for frames and tensors of one kind. Both sides of the
// picture are at least one pixel.
func (r *Resizer) build(frame shaders.Frame, f shaders.FrameParams, t shaders.Tensor, p shaders.TensorParams) {
	from := f.Origin[0] &^ 1
	r.plan = C.letterbox_plan{from: C.int32_t(from), count: C.int32_t(f.Origin[0] + int32(f.Size[0]) - from), apart: 1,
		columns: C.int32_t(p.Content[2]), rows: C.int32_t(p.Content[3]), left: C.int32_t(p.Content[0]), top: C.int32_t(p.Content[1]),
		width: C.int32_t(p.Size[0]), plane: C.int32_t(p.Size[0] * p.Size[1])}
	planes := frame.Planes
	if frame.Format == shaders.NV12 { // Cb and Cr take turns in one plane
		r.plan.apart = 2
		planes[2] = planes[1]
		planes[2].Offset++
	}
	colours := [3][4]float32{f.ToR, f.ToG, f.ToB}
	if t.BGR {
		colours[0], colours[2] = colours[2], colours[0]
	}
	r.plan.luma = C.float(f.ToR[0] / 255) // the same for all colours
	for i, c := range colours {
		r.plan.offset[i], r.plan.stride[i] = C.int32_t(planes[i].Offset), C.int32_t(planes[i].Stride)
		r.plan.cb[i], r.plan.cr[i] = C.float(c[1]/255), C.float(c[2]/255)
		r.plan.constant[i], r.plan.scale[i], r.plan.bias[i] = C.float(c[3]), C.float(t.Scale[i]), C.float(t.Bias[i])
	}
	r.at, r.weights, r.rows = r.at[:0], r.weights[:0], r.rows[:0]
	for x := range int(p.Content[2]) {
		left, _, weight := pair(x, p.Step[0], f.Size[0], f.Origin[0])
		r.at, r.weights = append(r.at, C.int32_t(left-from)), append(r.weights, C.letterbox_weights{first: C.int16_t(C.LETTERBOX_ONE - weight), second: C.int16_t(weight)})
	}
	for y := range int(p.Content[3]) {
		upper, lower, weight := pair(y, p.Step[1], f.Size[1], f.Origin[1])
		r.rows = append(r.rows, C.letterbox_pair{first: C.int32_t(upper), second: C.int32_t(lower), weight: C.int32_t(weight)})
	}
	r.scratch = make([]C.int16_t, C.letterbox_scratch(&r.plan))
}

// pair finds the two source pixels between whose centres a pixel of the result
// lies, along one side of size pixels that begin at origin, and the weight of
// the second, out of LETTERBOX_ONE.
func pair(at int, step float32, size uint32, origin int32) (first, second, weight int32) {
	source := (float32(at)+0.5)*step - 0.5
	source = min(max(source, 0), float32(size-1))
	first = int32(source)
	second = min(first+1, int32(size)-1)
	weight = int32((source-float32(first))*C.LETTERBOX_ONE + 0.5)
	return first + origin, second + origin, weight
}
