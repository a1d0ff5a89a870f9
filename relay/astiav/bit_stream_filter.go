package astiav

//#include "compat.h"
//#include <stdlib.h>
import "C"

import "unsafe"

// BitStreamFilter rewrites packets without decoding them. It is static.
type BitStreamFilter struct {
	c *C.AVBitStreamFilter
}

// FindBitStreamFilterByName returns a filter such as "h264_mp4toannexb", nil if
// there is none.
func FindBitStreamFilterByName(n string) *BitStreamFilter {
	name := C.CString(n)
	defer C.free(unsafe.Pointer(name))
	c := C.av_bsf_get_by_name(name)
	if c == nil {
		return nil
	}
	return &BitStreamFilter{c: c}
}

// Name returns the name.
func (bsf *BitStreamFilter) Name() string { return C.GoString(bsf.c.name) }

// String returns Name.
func (bsf *BitStreamFilter) String() string { return bsf.Name() }

// BitStreamFilterContext is a filter at work (AVBSFContext): set the input's
// parameters and time base and any option, Initialize, then SendPacket and
// ReceivePacket in turns.
type BitStreamFilterContext struct {
	c *C.AVBSFContext
}

var _ Classer = (*BitStreamFilterContext)(nil)

// AllocBitStreamFilterContext returns a context of f.
func AllocBitStreamFilterContext(f *BitStreamFilter) (*BitStreamFilterContext, error) {
	if f == nil {
		return nil, ErrBsfNotFound
	}
	bsfc := &BitStreamFilterContext{}
	if err := newError(C.av_bsf_alloc(f.c, &bsfc.c)); err != nil {
		return nil, err
	}
	registerClasser(unsafe.Pointer(bsfc.c), bsfc)
	return bsfc, nil
}

// Free releases the filter.
func (bsfc *BitStreamFilterContext) Free() {
	if bsfc.c == nil {
		return
	}
	obj := unsafe.Pointer(bsfc.c)
	C.av_bsf_free(&bsfc.c)
	unregisterClasser(obj, bsfc)
}

// Class returns what FFmpeg's log calls the filter, nil once freed.
func (bsfc *BitStreamFilterContext) Class() *Class {
	if bsfc.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(bsfc.c))
}

// PrivateData gives access to the options of this filter, nil if it has none.
func (bsfc *BitStreamFilterContext) PrivateData() *PrivateData {
	return newPrivateData(bsfc.c.priv_data)
}

// InputCodecParameters returns the borrowed parameters of the input, to be filled
// before Initialize.
func (bsfc *BitStreamFilterContext) InputCodecParameters() *CodecParameters {
	return newCodecParametersFromC(bsfc.c.par_in)
}

// OutputCodecParameters returns the borrowed parameters of the output, valid after
// Initialize.
func (bsfc *BitStreamFilterContext) OutputCodecParameters() *CodecParameters {
	return newCodecParametersFromC(bsfc.c.par_out)
}

// InputTimeBase returns the time base of the input.
func (bsfc *BitStreamFilterContext) InputTimeBase() Rational {
	return newRationalFromC(bsfc.c.time_base_in)
}

// SetInputTimeBase sets the time base of the input, before Initialize.
func (bsfc *BitStreamFilterContext) SetInputTimeBase(r Rational) { bsfc.c.time_base_in = r.c }

// Initialize starts the filter.
func (bsfc *BitStreamFilterContext) Initialize() error { return newError(C.av_bsf_init(bsfc.c)) }

// SendPacket moves the packet into the filter and leaves p blank; nil ends the
// stream. ErrEagain: p is untouched, receive first.
func (bsfc *BitStreamFilterContext) SendPacket(p *Packet) error {
	return newError(C.av_bsf_send_packet(bsfc.c, p.ptr()))
}

// ReceivePacket fills p, which must be blank, with the next packet; ErrEagain when
// the filter needs input, ErrEof after the end.
func (bsfc *BitStreamFilterContext) ReceivePacket(p *Packet) error {
	return newError(C.av_bsf_receive_packet(bsfc.c, p.c))
}
