package astiav

//#include "compat.h"
//#include <stdlib.h>
import "C"

import "unsafe"

// InputFormat is a demuxer. It is static.
type InputFormat struct {
	c *C.AVInputFormat
}

// ptr returns nil for a nil InputFormat.
func (f *InputFormat) ptr() *C.AVInputFormat {
	if f == nil {
		return nil
	}
	return f.c
}

// FindInputFormat returns the demuxer of a short name such as "rtsp", nil if there
// is none.
func FindInputFormat(name string) *InputFormat {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return newInputFormatFromC(C.av_find_input_format(n))
}

func newInputFormatFromC(c *C.AVInputFormat) *InputFormat {
	if c == nil {
		return nil
	}
	return &InputFormat{c: c}
}

// Name returns the short names, separated by commas.
func (f *InputFormat) Name() string { return C.GoString(f.c.name) }

// LongName returns a name for people.
func (f *InputFormat) LongName() string { return C.GoString(f.c.long_name) }

// Flags returns the properties.
func (f *InputFormat) Flags() IOFormatFlags { return IOFormatFlags(f.c.flags) }

// String returns Name.
func (f *InputFormat) String() string { return f.Name() }

// OutputFormat is a muxer. It is static.
type OutputFormat struct {
	c *C.AVOutputFormat
}

// ptr returns nil for a nil OutputFormat.
func (f *OutputFormat) ptr() *C.AVOutputFormat {
	if f == nil {
		return nil
	}
	return f.c
}

// FindOutputFormat returns the muxer of a short name such as "mp4", nil if there is
// none.
func FindOutputFormat(name string) *OutputFormat {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return newOutputFormatFromC(C.av_guess_format(n, nil, nil))
}

func newOutputFormatFromC(c *C.AVOutputFormat) *OutputFormat {
	if c == nil {
		return nil
	}
	return &OutputFormat{c: c}
}

// Name returns the short names, separated by commas.
func (f *OutputFormat) Name() string { return C.GoString(f.c.name) }

// LongName returns a name for people.
func (f *OutputFormat) LongName() string { return C.GoString(f.c.long_name) }

// Flags returns the properties.
func (f *OutputFormat) Flags() IOFormatFlags { return IOFormatFlags(f.c.flags) }

// String returns Name.
func (f *OutputFormat) String() string { return f.Name() }
