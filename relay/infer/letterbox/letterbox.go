// Package letterbox fills a detector's input tensor from the planes of a
// decoded picture: colour conversion, half-pixel bilinear resize, bars and
// normalisation in one pass, as the kernels of package shaders do it on a GPU,
// with the same parameters. It knows neither decoders nor models.
package letterbox

import (
	"fmt"

	"sightline/shaders"
)

// Values between source and result are whole numbers: one step of 8 bits is
// 64, and a weight of the interpolation is out of 1024.
const (
	valueBits  = 6
	weightBits = 14
	most       = 255 << valueBits
)

// Resizer fills tensors. It keeps tables from picture to picture and is for
// one goroutine at a time.
type Resizer struct {
	frame  shaders.FrameParams
	tables tables
	built  bool

	columns []column
	step    [2]float32
	content [4]uint32
	size    [2]uint32
	rows    [2][]int32 // two source rows, resized in width: R, G, B planes
	cached  [2]int     // which source rows those are
}

// tables hold what each sample adds to a colour.
type tables struct {
	luma               [256]int32
	crR, cbG, crG, cbB [256]int32
}

// column says where a column of the result comes from: luma and chroma
// columns of two source pixels, and the weight of the right one.
type column struct {
	left, right             int32
	chromaLeft, chromaRight int32
	weight                  int32
}

// Fill resizes one frame into out, which must hold t's values: three planes of
// rows. The planes must be in memory as frame says; rotated and flipped frames
// are refused. The result differs from the kernels' by rounding alone, less
// than a twentieth of one step of 8 bits.
func (r *Resizer) Fill(frame shaders.Frame, planes []byte, t shaders.Tensor, out []float32) error {
	if frame.Rotation != 0 || frame.Flip {
		return fmt.Errorf("letterbox: rotation %d, flip %v: only upright frames are resized", frame.Rotation, frame.Flip)
	}
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
	r.prepare(fp, tp, frame.Format)
	width, height := int(tp.Size[0]), int(tp.Size[1])
	left, top := int(tp.Content[0]), int(tp.Content[1])
	right, bottom := left+int(tp.Content[2]), top+int(tp.Content[3])
	r.cached = [2]int{-1, -1}
	for plane := range 3 {
		bar := t.Pad*t.Scale[plane] + t.Bias[plane]
		values := out[plane*width*height : (plane+1)*width*height]
		fill(values[:top*width], bar)
		fill(values[bottom*width:], bar)
		for y := top; y < bottom; y++ {
			fill(values[y*width:y*width+left], bar)
			fill(values[y*width+right:(y+1)*width], bar)
		}
	}
	for y := range bottom - top {
		source := (float32(y)+0.5)*tp.Step[1] - 0.5
		source = min(max(source, 0), float32(fp.Size[1]-1))
		upper := int(source)
		lower := min(upper+1, int(fp.Size[1])-1)
		weight := int32((source-float32(upper))*(1<<weightBits) + 0.5)
		a, b := r.row(upper, frame, planes), r.row(lower, frame, planes)
		n := right - left
		for channel := range 3 {
			plane := channel
			if t.BGR {
				plane = 2 - channel
			}
			scale := t.Scale[plane] / (most * (1 << weightBits))
			bias := t.Bias[plane]
			to := out[(plane*height+top+y)*width+left:][:n]
			up, low := a[channel*n:][:n], b[channel*n:][:n]
			for x := range to {
				to[x] = float32(up[x]<<weightBits+(low[x]-up[x])*weight)*scale + bias
			}
		}
	}
	return nil
}

func fill(values []float32, v float32) {
	for i := range values {
		values[i] = v
	}
}

// prepare makes the tables anew where the frame or the tensor differ from the
// last ones.
func (r *Resizer) prepare(f shaders.FrameParams, t shaders.TensorParams, format shaders.PlaneFormat) {
	if !r.built || f.ToR != r.frame.ToR || f.ToG != r.frame.ToG || f.ToB != r.frame.ToB {
		fixed := func(v float32) int32 {
			if v < 0 {
				return int32(v*(255<<valueBits) - 0.5)
			}
			return int32(v*(255<<valueBits) + 0.5)
		}
		for i := range 256 {
			v := float32(i) / 255
			// The rows' constants go with chroma, of which each colour has
			// one term, or two that share it.
			r.tables.luma[i] = fixed(f.ToR[0] * v)
			r.tables.crR[i] = fixed(f.ToR[2]*v + f.ToR[3])
			r.tables.cbG[i] = fixed(f.ToG[1]*v + f.ToG[3])
			r.tables.crG[i] = fixed(f.ToG[2] * v)
			r.tables.cbB[i] = fixed(f.ToB[1]*v + f.ToB[3])
		}
	}
	if !r.built || f.Size != r.frame.Size || f.Origin != r.frame.Origin || t.Content != r.content || t.Step != r.step {
		n := int(t.Content[2])
		r.columns = r.columns[:0]
		step := 1
		if format == shaders.NV12 {
			step = 2
		}
		for x := range n {
			source := (float32(x)+0.5)*t.Step[0] - 0.5
			source = min(max(source, 0), float32(f.Size[0]-1))
			left := int(source)
			weight := int32((source-float32(left))*(1<<weightBits) + 0.5)
			right := min(left+1, int(f.Size[0])-1)
			left, right = left+int(f.Origin[0]), right+int(f.Origin[0])
			r.columns = append(r.columns, column{int32(left), int32(right), int32(left / 2 * step), int32(right / 2 * step), weight})
		}
		for i := range r.rows {
			r.rows[i] = make([]int32, 3*n)
		}
	}
	r.frame, r.content, r.step, r.size, r.built = f, t.Content, t.Step, t.Size, true
}

// row returns a row of the picture, resized in width: R, G and B one after the
// other. Neighbouring rows of the result share most of the source's.
func (r *Resizer) row(y int, frame shaders.Frame, planes []byte) []int32 {
	at := y & 1 // the two rows needed at once are neighbours, or the same
	if r.cached[at] == y {
		return r.rows[at]
	}
	r.cached[at] = y
	into := r.rows[at]
	y += int(r.frame.Origin[1])
	luma := planes[frame.Planes[0].Offset+y*frame.Planes[0].Stride:]
	cb := planes[frame.Planes[1].Offset+y/2*frame.Planes[1].Stride:]
	var cr []byte
	if frame.Format == shaders.NV12 {
		cr = cb[1:]
	} else {
		cr = planes[frame.Planes[2].Offset+y/2*frame.Planes[2].Stride:]
	}
	n := len(r.columns)
	red, green, blue := into[:n], into[n:2*n], into[2*n:3*n]
	t := &r.tables
	for x := range r.columns {
		c := &r.columns[x]
		u, v := cb[c.chromaLeft], cr[c.chromaLeft]
		addR, addG, addB := t.crR[v], t.cbG[u]+t.crG[v], t.cbB[u]
		l := t.luma[luma[c.left]]
		r0, g0, b0 := clamp(l+addR), clamp(l+addG), clamp(l+addB)
		if c.chromaRight != c.chromaLeft { // else both pixels share their chroma
			u, v = cb[c.chromaRight], cr[c.chromaRight]
			addR, addG, addB = t.crR[v], t.cbG[u]+t.crG[v], t.cbB[u]
		}
		l = t.luma[luma[c.right]]
		r1, g1, b1 := clamp(l+addR), clamp(l+addG), clamp(l+addB)
		const half = 1 << (weightBits - 1)
		red[x] = r0 + ((r1-r0)*c.weight+half)>>weightBits
		green[x] = g0 + ((g1-g0)*c.weight+half)>>weightBits
		blue[x] = b0 + ((b1-b0)*c.weight+half)>>weightBits
	}
	return into
}

func clamp(v int32) int32 {
	if uint32(v) <= most {
		return v
	}
	if v < 0 {
		return 0
	}
	return most
}
