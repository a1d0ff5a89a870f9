package astiav

//#include "compat.h"
//#include <stdlib.h>
import "C"

import "unsafe"

// AllocOutputFormatContext returns a context to write to, its format given or
// guessed from formatName or filename (empty: not given). Then NewStream, SetPb
// unless the format has IOFormatFlagNofile, WriteHeader, frames, WriteTrailer, Free.
func AllocOutputFormatContext(of *OutputFormat, formatName, filename string) (*FormatContext, error) {
	var cn, cf *C.char
	if formatName != "" {
		cn = C.CString(formatName)
		defer C.free(unsafe.Pointer(cn))
	}
	if filename != "" {
		cf = C.CString(filename)
		defer C.free(unsafe.Pointer(cf))
	}
	var c *C.AVFormatContext
	if err := newError(C.avformat_alloc_output_context2(&c, of.ptr(), cn, cf)); err != nil {
		return nil, err
	}
	return newFormatContextFromC(c), nil
}

// OutputFormat returns the muxer, nil if not for writing.
func (fc *FormatContext) OutputFormat() *OutputFormat { return newOutputFormatFromC(fc.c.oformat) }

// NewStream adds a stream, to be described through its CodecParameters; nil without
// memory. c may be nil.
func (fc *FormatContext) NewStream(c *Codec) *Stream {
	return newStreamFromC(C.avformat_new_stream(fc.c, c.ptr()))
}

// WriteHeader starts the output and settles the time bases of its streams. Options
// of d that were understood are removed from it; d may be nil.
func (fc *FormatContext) WriteHeader(d *Dictionary) error {
	return newError(C.avformat_write_header(fc.c, d.ptr()))
}

// WriteFrame writes a packet at once; the caller keeps it. nil writes what the
// muxer holds back.
func (fc *FormatContext) WriteFrame(p *Packet) error {
	return newError(C.av_write_frame(fc.c, p.ptr()))
}

// WriteInterleavedFrame queues a packet and writes in the order of decoding times;
// p becomes blank. nil writes what is queued.
func (fc *FormatContext) WriteInterleavedFrame(p *Packet) error {
	return newError(C.av_interleaved_write_frame(fc.c, p.ptr()))
}

// WriteTrailer ends the output, also after an error of WriteFrame.
func (fc *FormatContext) WriteTrailer() error { return newError(C.av_write_trailer(fc.c)) }
