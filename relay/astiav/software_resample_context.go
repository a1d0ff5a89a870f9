package astiav

//#include <libswresample/swresample.h>
import "C"

import "unsafe"

// SoftwareResampleContext converts sample rate, format and channels of audio
// (SwrContext).
type SoftwareResampleContext struct {
	c *C.SwrContext
}

var _ Classer = (*SoftwareResampleContext)(nil)

// AllocSoftwareResampleContext returns a context that takes its settings from the
// first frames it converts, nil without memory.
func AllocSoftwareResampleContext() *SoftwareResampleContext {
	c := C.swr_alloc()
	if c == nil {
		return nil
	}
	src := &SoftwareResampleContext{c: c}
	registerClasser(unsafe.Pointer(c), src)
	return src
}

// Free releases the context.
func (src *SoftwareResampleContext) Free() {
	if src.c == nil {
		return
	}
	obj := unsafe.Pointer(src.c)
	C.swr_free(&src.c)
	unregisterClasser(obj, src)
}

// Class returns what FFmpeg's log calls the context, nil once freed.
func (src *SoftwareResampleContext) Class() *Class {
	if src.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(src.c))
}

// ConvertFrame converts from into to, whose rate, format and layout say what is
// wanted. A nil from drains what is held back. A frame without buffers gets them;
// what does not fit in one with buffers stays for the next call.
func (src *SoftwareResampleContext) ConvertFrame(from, to *Frame) error {
	var in *C.AVFrame
	if from != nil {
		in = from.c
	}
	return newError(C.swr_convert_frame(src.c, to.c, in))
}

// Delay returns how much input is held back, in units of 1/base of a second.
func (src *SoftwareResampleContext) Delay(base int64) int64 {
	return int64(C.swr_get_delay(src.c, C.int64_t(base)))
}
