package astiav

//#include "compat.h"
//#include <libavutil/mem.h>
import "C"

import "unsafe"

// CodecContext is a decoder or an encoder at work (AVCodecContext). A decoder:
// FromCodecParameters, Open, then SendPacket and ReceiveFrame in turns. An encoder:
// size, pixel format, time base and so on, Open, then SendFrame and ReceivePacket.
// Receive returns ErrEagain when it needs more input, ErrEof after the end; sending
// nil ends the stream.
type CodecContext struct {
	c *C.AVCodecContext
}

var _ Classer = (*CodecContext)(nil)

// AllocCodecContext returns a context with the defaults of c, nil without memory.
func AllocCodecContext(c *Codec) *CodecContext {
	ptr := C.avcodec_alloc_context3(c.ptr())
	if ptr == nil {
		return nil
	}
	cc := &CodecContext{c: ptr}
	registerClasser(unsafe.Pointer(ptr), cc)
	return cc
}

// Free closes and releases the codec.
func (cc *CodecContext) Free() {
	if cc.c == nil {
		return
	}
	obj := unsafe.Pointer(cc.c)
	C.avcodec_free_context(&cc.c)
	unregisterClasser(obj, cc)
}

// Class returns what FFmpeg's log calls the codec, nil once freed.
func (cc *CodecContext) Class() *Class {
	if cc.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(cc.c))
}

// PrivateData gives access to the options of this codec alone, nil if it has none.
func (cc *CodecContext) PrivateData() *PrivateData { return newPrivateData(cc.c.priv_data) }

// UnsafePointer returns the AVCodecContext, for other C libraries.
func (cc *CodecContext) UnsafePointer() unsafe.Pointer { return unsafe.Pointer(cc.c) }

// String returns FFmpeg's one-line description.
func (cc *CodecContext) String() string {
	var text [256]C.char
	C.avcodec_string(&text[0], C.int(len(text)), cc.c, 0)
	return C.GoString(&text[0])
}

// FromCodecParameters sets the parameters, before Open.
func (cc *CodecContext) FromCodecParameters(cp *CodecParameters) error { return cp.ToCodecContext(cc) }

// ToCodecParameters overwrites cp with the parameters of cc.
func (cc *CodecContext) ToCodecParameters(cp *CodecParameters) error { return cp.FromCodecContext(cc) }

// Open starts the codec. Options of d that were understood are removed from it; c
// and d may be nil.
func (cc *CodecContext) Open(c *Codec, d *Dictionary) error {
	return newError(C.avcodec_open2(cc.c, c.ptr(), d.ptr()))
}

// SendPacket gives the decoder a packet, whose data it references; nil ends the
// stream. ErrEagain: receive first, then send it again.
func (cc *CodecContext) SendPacket(p *Packet) error {
	return newError(C.avcodec_send_packet(cc.c, p.ptr()))
}

// ReceiveFrame replaces f by the next decoded frame.
func (cc *CodecContext) ReceiveFrame(f *Frame) error {
	return newError(C.avcodec_receive_frame(cc.c, f.c))
}

// SendFrame gives the encoder a frame, whose planes it references; nil ends the
// stream. ErrEagain: receive first, then send it again.
func (cc *CodecContext) SendFrame(f *Frame) error {
	return newError(C.avcodec_send_frame(cc.c, f.ptr()))
}

// ReceivePacket replaces p by the next coded packet.
func (cc *CodecContext) ReceivePacket(p *Packet) error {
	return newError(C.avcodec_receive_packet(cc.c, p.c))
}

// ExtraData returns a copy of the out-of-band headers, nil if there are none. An
// encoder has them after Open with CodecContextFlagGlobalHeader.
func (cc *CodecContext) ExtraData() []byte { return copyBytes(cc.c.extradata, cc.c.extradata_size) }

// SetExtraData replaces the headers by a copy of b; an empty b changes nothing.
func (cc *CodecContext) SetExtraData(b []byte) error {
	return replacePadded(b, &cc.c.extradata, &cc.c.extradata_size)
}
