// Package letterbox fills a detector's input tensor from the planes of a
// decoded picture: colour conversion, half-pixel bilinear resize, bars and
// normalisation in one pass, as the kernels of package shaders do it on a GPU,
// with the same parameters. It knows neither decoders nor models.
package letterbox

// The loops are C because compilers make vector instructions of it: a third of
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
	tables  C.letterbox_tables
	columns []C.letterbox_column
	rows    []C.letterbox_row
	cache   []C.float // two source rows, resized in width
}

// Fill resizes one frame into out, which must hold t's values: three planes of
// rows. The planes must be in memory as frame says; rotated and flipped frames
// are refused. The result differs from the kernels' by rounding alone, less
// than a twentieth of one step of 8 bits.
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
	if len(r.columns) == 0 || len(r.rows) == 0 {
		return nil
	}
	C.letterbox_fill(&r.plan, &r.tables, &r.columns[0], &r.rows[0], (*C.uint8_t)(unsafe.SliceData(planes)),
		&r.cache[0], (*C.float)(unsafe.SliceData(out)))
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

// build makes the tables for frames and tensors of one kind.
func (r *Resizer) build(frame shaders.Frame, f shaders.FrameParams, t shaders.Tensor, p shaders.TensorParams) {
	colours := [3][4]float32{f.ToR, f.ToG, f.ToB}
	if t.BGR {
		colours[0], colours[2] = colours[2], colours[0]
	}
	for i := range 256 {
		v := float32(i) / 255
		for plane, c := range colours {
			r.tables.luma[i][plane] = C.float(c[0]*v + c[3])
			r.tables.cb[i][plane] = C.float(c[1] * v)
			r.tables.cr[i][plane] = C.float(c[2] * v)
		}
	}
	r.plan = C.letterbox_plan{columns: C.int32_t(p.Content[2]), rows: C.int32_t(p.Content[3]),
		plane: C.int32_t(p.Size[0] * p.Size[1]), width: C.int32_t(p.Size[0]), left: C.int32_t(p.Content[0]), top: C.int32_t(p.Content[1])}
	chroma := frame.Planes
	if frame.Format == shaders.NV12 { // Cb and Cr take turns in one plane
		chroma[2] = chroma[1]
		chroma[2].Offset++
	}
	for i := range 3 {
		r.plan.offset[i], r.plan.stride[i] = C.int32_t(chroma[i].Offset), C.int32_t(chroma[i].Stride)
		r.plan.scale[i], r.plan.bias[i] = C.float(t.Scale[i]), C.float(t.Bias[i])
	}
	apart := int32(1) // of neighbouring chroma samples
	if frame.Format == shaders.NV12 {
		apart = 2
	}
	r.columns, r.rows = r.columns[:0], r.rows[:0]
	for x := range int(p.Content[2]) {
		left, right, weight := pair(x, p.Step[0], f.Size[0], f.Origin[0])
		r.columns = append(r.columns, C.letterbox_column{left: C.int32_t(left), right: C.int32_t(right),
			chroma_left: C.int32_t(left / 2 * apart), chroma_right: C.int32_t(right / 2 * apart), weight: C.float(weight)})
	}
	for y := range int(p.Content[3]) {
		upper, lower, weight := pair(y, p.Step[1], f.Size[1], f.Origin[1])
		r.rows = append(r.rows, C.letterbox_row{upper: C.int32_t(upper), lower: C.int32_t(lower), weight: C.float(weight)})
	}
	r.cache = make([]C.float, 6*len(r.columns))
}

// pair finds the two source pixels between whose centres a pixel of the result
// lies, along one side of size pixels that begin at origin, and the weight of
// the second.
func pair(at int, step float32, size uint32, origin int32) (first, second int32, weight float32) {
	source := (float32(at)+0.5)*step - 0.5
	source = min(max(source, 0), float32(size-1))
	first = int32(source)
	second = min(first+1, int32(size)-1)
	weight = source - float32(first)
	return first + origin, second + origin, weight
}
