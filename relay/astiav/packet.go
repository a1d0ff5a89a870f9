package astiav

//#include "compat.h"
//#include <string.h>
import "C"

import "unsafe"

// Packet is a piece of a coded stream, with a reference to its data (AVPacket).
type Packet struct {
	c *C.AVPacket
}

func newPacketFromC(c *C.AVPacket) *Packet {
	if c == nil {
		return nil
	}
	return &Packet{c: c}
}

// ptr returns nil for a nil Packet, which FFmpeg takes as the end of the stream.
func (p *Packet) ptr() *C.AVPacket {
	if p == nil {
		return nil
	}
	return p.c
}

// AllocPacket returns a packet without data, nil without memory.
func AllocPacket() *Packet { return newPacketFromC(C.av_packet_alloc()) }

// Free releases the packet and its reference.
func (p *Packet) Free() { C.av_packet_free(&p.c) }

// Unref drops the data and resets the fields; the packet can be used again.
func (p *Packet) Unref() { C.av_packet_unref(p.c) }

// Ref makes p, which must be blank, a further reference to the data of src.
func (p *Packet) Ref(src *Packet) error { return newError(C.av_packet_ref(p.c, src.c)) }

// MoveRef moves everything from src to p, which must be blank; src becomes blank.
func (p *Packet) MoveRef(src *Packet) { C.av_packet_move_ref(p.c, src.c) }

// Clone returns a further reference to the same data, nil without memory.
func (p *Packet) Clone() *Packet { return newPacketFromC(C.av_packet_clone(p.c)) }

// CopyProperties copies all but the data from src.
func (p *Packet) CopyProperties(src *Packet) error {
	return newError(C.av_packet_copy_props(p.c, src.c))
}

// AllocPayload gives the packet, which must be blank, s bytes of data.
func (p *Packet) AllocPayload(s int) error {
	if s < 0 {
		return errInvalidArgument
	}
	return newError(C.av_new_packet(p.c, C.int(s)))
}

// Data returns a copy of the data, nil if there is none.
func (p *Packet) Data() []byte { return copyBytes(p.c.data, p.c.size) }

// FromData gives the packet a copy of data; other fields but size are kept. Data
// that the packet had is dropped.
func (p *Packet) FromData(data []byte) error {
	// av_packet_from_data takes the buffer over and needs zeroed padding behind it.
	buf := C.av_mallocz(C.size_t(len(data)) + C.AV_INPUT_BUFFER_PADDING_SIZE)
	if buf == nil {
		return errNoMemory
	}
	C.memcpy(buf, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	C.av_buffer_unref(&p.c.buf)
	if err := newError(C.av_packet_from_data(p.c, (*C.uint8_t)(buf), C.int(len(data)))); err != nil {
		C.av_free(buf)
		p.c.data, p.c.size = nil, 0
		return err
	}
	return nil
}

// IsWritable reports whether no other reference to the data exists.
func (p *Packet) IsWritable() bool {
	return p.c.buf != nil && C.av_buffer_is_writable(p.c.buf) != 0
}

// MakeWritable copies the data if another reference exists.
func (p *Packet) MakeWritable() error { return newError(C.av_packet_make_writable(p.c)) }

// MakeReferenceCounted copies the data into a buffer of its own if it has none.
func (p *Packet) MakeReferenceCounted() error { return newError(C.av_packet_make_refcounted(p.c)) }

// RescaleTs converts all times from time base src to time base dst.
func (p *Packet) RescaleTs(src, dst Rational) { C.av_packet_rescale_ts(p.c, src.c, dst.c) }

// Size returns the length of the data in bytes.
func (p *Packet) Size() int { return int(p.c.size) }

// SetSize shortens the data to s bytes.
func (p *Packet) SetSize(s int) { p.c.size = C.int(s) }

// Dts returns the decoding time in the stream's time base, or NoPtsValue.
func (p *Packet) Dts() int64 { return int64(p.c.dts) }

// SetDts sets the decoding time in the stream's time base, or NoPtsValue.
func (p *Packet) SetDts(v int64) { p.c.dts = C.int64_t(v) }

// Duration returns the duration in the stream's time base, 0 if unknown.
func (p *Packet) Duration() int64 { return int64(p.c.duration) }

// SetDuration sets the duration in the stream's time base, 0 if unknown.
func (p *Packet) SetDuration(v int64) { p.c.duration = C.int64_t(v) }

// Flags returns the flags; PacketFlagKey marks a key frame.
func (p *Packet) Flags() PacketFlags { return PacketFlags(p.c.flags) }

// SetFlags sets the flags; PacketFlagKey marks a key frame.
func (p *Packet) SetFlags(v PacketFlags) { p.c.flags = C.int(v) }

// Pos returns the byte position in the input, -1 if unknown.
func (p *Packet) Pos() int64 { return int64(p.c.pos) }

// SetPos sets the byte position in the input, -1 if unknown.
func (p *Packet) SetPos(v int64) { p.c.pos = C.int64_t(v) }

// Pts returns the presentation time in the stream's time base, or NoPtsValue.
func (p *Packet) Pts() int64 { return int64(p.c.pts) }

// SetPts sets the presentation time in the stream's time base, or NoPtsValue.
func (p *Packet) SetPts(v int64) { p.c.pts = C.int64_t(v) }

// StreamIndex returns the index of the stream.
func (p *Packet) StreamIndex() int { return int(p.c.stream_index) }

// SetStreamIndex sets the index of the stream.
func (p *Packet) SetStreamIndex(v int) { p.c.stream_index = C.int(v) }
