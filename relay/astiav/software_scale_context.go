package astiav

//#include <libswscale/swscale.h>
import "C"

import "unsafe"

// SoftwareScaleContext scales pictures and converts their pixel format (SwsContext).
type SoftwareScaleContext struct {
	c *C.struct_SwsContext
	// FFmpeg before 8 hides these within the context.
	src, dst scaleSide
	flags    SoftwareScaleContextFlags
}

type scaleSide struct {
	width, height int
	format        PixelFormat
}

var _ Classer = (*SoftwareScaleContext)(nil)

// CreateSoftwareScaleContext returns a context for pictures of exactly this size and
// format. It fails for a size below 1 and for a format that cannot be converted.
func CreateSoftwareScaleContext(srcW, srcH int, srcFormat PixelFormat, dstW, dstH int, dstFormat PixelFormat, flags SoftwareScaleContextFlags) (*SoftwareScaleContext, error) {
	ssc := &SoftwareScaleContext{}
	err := ssc.rebuild(scaleSide{srcW, srcH, srcFormat}, scaleSide{dstW, dstH, dstFormat}, flags)
	if err != nil {
		return nil, err
	}
	return ssc, nil
}

// rebuild replaces the context; on error the old one stays.
func (ssc *SoftwareScaleContext) rebuild(src, dst scaleSide, flags SoftwareScaleContextFlags) error {
	// FFmpeg aborts the process for some formats that it cannot convert.
	if C.sws_isSupportedInput(C.enum_AVPixelFormat(src.format)) == 0 ||
		C.sws_isSupportedOutput(C.enum_AVPixelFormat(dst.format)) == 0 ||
		min(src.width, src.height, dst.width, dst.height) < 1 {
		return errInvalidArgument
	}
	c := C.sws_getContext(C.int(src.width), C.int(src.height), C.enum_AVPixelFormat(src.format),
		C.int(dst.width), C.int(dst.height), C.enum_AVPixelFormat(dst.format), C.int(flags), nil, nil, nil)
	if c == nil {
		return errInvalidArgument
	}
	ssc.Free()
	ssc.c, ssc.src, ssc.dst, ssc.flags = c, src, dst, flags
	registerClasser(unsafe.Pointer(c), ssc)
	return nil
}

// Free releases the context.
func (ssc *SoftwareScaleContext) Free() {
	if ssc.c == nil {
		return
	}
	obj := unsafe.Pointer(ssc.c)
	C.sws_freeContext(ssc.c)
	ssc.c = nil
	unregisterClasser(obj, ssc)
}

// Class returns what FFmpeg's log calls the context, nil once freed.
func (ssc *SoftwareScaleContext) Class() *Class {
	if ssc.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(ssc.c))
}

// ScaleFrame converts src into dst. A dst without planes gets them, with the size
// and format of the context; its other fields (times, colour) are the caller's. A
// frame whose size or format is not that of the context is refused.
func (ssc *SoftwareScaleContext) ScaleFrame(src, dst *Frame) error {
	// FFmpeg before 8 would read and write beyond the planes.
	if !ssc.src.matches(src) || dst.c.data[0] != nil && !ssc.dst.matches(dst) {
		return errInvalidArgument
	}
	return newError(C.sws_scale_frame(ssc.c, dst.c, src.c))
}

func (s scaleSide) matches(f *Frame) bool {
	return f.c.data[0] != nil && s == scaleSide{f.Width(), f.Height(), f.PixelFormat()}
}

// Flags returns the algorithm and its refinements.
func (ssc *SoftwareScaleContext) Flags() SoftwareScaleContextFlags { return ssc.flags }

// SetFlags sets the algorithm and its refinements.
func (ssc *SoftwareScaleContext) SetFlags(swscf SoftwareScaleContextFlags) error {
	return ssc.rebuild(ssc.src, ssc.dst, swscf)
}

// SourceWidth returns the width taken.
func (ssc *SoftwareScaleContext) SourceWidth() int { return ssc.src.width }

// SourceHeight returns the height taken.
func (ssc *SoftwareScaleContext) SourceHeight() int { return ssc.src.height }

// SourceResolution returns the width and height taken.
func (ssc *SoftwareScaleContext) SourceResolution() (int, int) { return ssc.src.width, ssc.src.height }

// SourcePixelFormat returns the format taken.
func (ssc *SoftwareScaleContext) SourcePixelFormat() PixelFormat { return ssc.src.format }

// DestinationWidth returns the width made.
func (ssc *SoftwareScaleContext) DestinationWidth() int { return ssc.dst.width }

// DestinationHeight returns the height made.
func (ssc *SoftwareScaleContext) DestinationHeight() int { return ssc.dst.height }

// DestinationResolution returns the width and height made.
func (ssc *SoftwareScaleContext) DestinationResolution() (width int, height int) {
	return ssc.dst.width, ssc.dst.height
}

// DestinationPixelFormat returns the format made.
func (ssc *SoftwareScaleContext) DestinationPixelFormat() PixelFormat { return ssc.dst.format }

// SetSourceWidth sets the width taken.
func (ssc *SoftwareScaleContext) SetSourceWidth(i int) error {
	return ssc.SetSourceResolution(i, ssc.src.height)
}

// SetSourceHeight sets the height taken.
func (ssc *SoftwareScaleContext) SetSourceHeight(i int) error {
	return ssc.SetSourceResolution(ssc.src.width, i)
}

// SetSourceResolution sets the width and height taken.
func (ssc *SoftwareScaleContext) SetSourceResolution(w int, h int) error {
	return ssc.rebuild(scaleSide{w, h, ssc.src.format}, ssc.dst, ssc.flags)
}

// SetSourcePixelFormat sets the format taken.
func (ssc *SoftwareScaleContext) SetSourcePixelFormat(p PixelFormat) error {
	return ssc.rebuild(scaleSide{ssc.src.width, ssc.src.height, p}, ssc.dst, ssc.flags)
}

// SetDestinationWidth sets the width made.
func (ssc *SoftwareScaleContext) SetDestinationWidth(i int) error {
	return ssc.SetDestinationResolution(i, ssc.dst.height)
}

// SetDestinationHeight sets the height made.
func (ssc *SoftwareScaleContext) SetDestinationHeight(i int) error {
	return ssc.SetDestinationResolution(ssc.dst.width, i)
}

// SetDestinationResolution sets the width and height made.
func (ssc *SoftwareScaleContext) SetDestinationResolution(w int, h int) error {
	return ssc.rebuild(ssc.src, scaleSide{w, h, ssc.dst.format}, ssc.flags)
}

// SetDestinationPixelFormat sets the format made.
func (ssc *SoftwareScaleContext) SetDestinationPixelFormat(p PixelFormat) error {
	return ssc.rebuild(ssc.src, scaleSide{ssc.dst.width, ssc.dst.height, p}, ssc.flags)
}
