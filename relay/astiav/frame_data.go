package astiav

//#include <libavutil/imgutils.h>
//#include <libavutil/pixdesc.h>
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// FrameData copies samples between a Frame and Go memory.
type FrameData struct {
	f *Frame
}

// Bytes returns a copy of all planes, one after the other without gaps, rows being
// a multiple of align (1: none added).
func (d *FrameData) Bytes(align int) ([]byte, error) {
	size, fill := d.f.ImageBufferSize, d.f.ImageCopyToBuffer
	if d.f.c.nb_samples > 0 {
		size, fill = d.f.SamplesBufferSize, d.f.SamplesCopyToBuffer
	}
	n, err := size(align)
	if err != nil {
		return nil, fmt.Errorf("astiav: size of frame data: %w", err)
	}
	if n == 0 || d.f.c.data[0] == nil {
		return nil, errors.New("astiav: frame has no data")
	}
	b := make([]byte, n)
	if _, err = fill(b, align); err != nil {
		return nil, fmt.Errorf("astiav: copy of frame data: %w", err)
	}
	return b, nil
}

// SetBytes copies a picture, laid out as Bytes returns it, into the frame, which
// has planes and is writable.
func (d *FrameData) SetBytes(b []byte, align int) error {
	planes, err := d.split(b, align)
	if err != nil {
		return err
	}
	return d.fill(planes)
}

// plane is one plane of a picture in Go memory.
type plane struct {
	pix    []byte
	stride int
}

// rows returns how many rows plane i has and how many bytes of each are samples; 0
// rows where the format has no such plane.
func (d *FrameData) rows(i int) (rows, width int) {
	desc := C.av_pix_fmt_desc_get(C.enum_AVPixelFormat(d.f.c.format))
	if desc == nil || i >= int(C.av_pix_fmt_count_planes(C.enum_AVPixelFormat(d.f.c.format))) {
		return 0, 0
	}
	rows = d.f.Height()
	if i == 1 || i == 2 {
		shift := uint(desc.log2_chroma_h)
		rows = (rows + 1<<shift - 1) >> shift
	}
	width = int(C.av_image_get_linesize(C.enum_AVPixelFormat(d.f.c.format), d.f.c.width, C.int(i)))
	return rows, max(width, 0)
}

// split cuts a picture without gaps into its planes.
func (d *FrameData) split(b []byte, align int) (planes []plane, err error) {
	need, err := d.f.ImageBufferSize(align)
	if err != nil {
		return nil, fmt.Errorf("astiav: size of frame data: %w", err)
	}
	if len(b) < need {
		return nil, fmt.Errorf("astiav: %d bytes for a %s picture of %dx%d that needs %d",
			len(b), d.f.PixelFormat(), d.f.Width(), d.f.Height(), need)
	}
	for i := 0; ; i++ {
		rows, width := d.rows(i)
		if rows == 0 {
			return planes, nil
		}
		stride := (width + align - 1) / align * align
		planes = append(planes, plane{b[:rows*stride], stride})
		b = b[rows*stride:]
	}
}

// fill copies planes into the frame.
func (d *FrameData) fill(planes []plane) error {
	if !d.f.IsWritable() {
		return errors.New("astiav: frame is not writable")
	}
	// The rows are read by C through pointers into Go memory, which must not move.
	var pin runtime.Pinner
	defer pin.Unpin()
	var data [4]*C.uint8_t
	var linesizes [4]C.int
	for i := 0; ; i++ {
		rows, width := d.rows(i)
		if rows == 0 {
			if i != len(planes) {
				return fmt.Errorf("astiav: %d planes for pixel format %s", len(planes), d.f.PixelFormat())
			}
			break
		}
		if i >= len(planes) || planes[i].stride < width || len(planes[i].pix) < (rows-1)*planes[i].stride+width {
			return fmt.Errorf("astiav: plane %d is smaller than a %s picture of %dx%d needs",
				i, d.f.PixelFormat(), d.f.Width(), d.f.Height())
		}
		data[i] = (*C.uint8_t)(unsafe.SliceData(planes[i].pix))
		pin.Pin(data[i])
		linesizes[i] = C.int(planes[i].stride)
	}
	C.av_image_copy(&d.f.c.data[0], &d.f.c.linesize[0], &data[0], &linesizes[0],
		C.enum_AVPixelFormat(d.f.c.format), d.f.c.width, d.f.c.height)
	return nil
}
