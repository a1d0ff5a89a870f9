package gb28181

import (
	"encoding/binary"
	"errors"
)

// framer cuts a TCP stream into RTP packets: by lengths of RFC 4571, or framed
// as in RTSP ('$', channel, length), which some devices do. Bytes that are
// neither, such as the 256 in front of EHOME streams, are left out.
type framer struct {
	buf     []byte
	dollar  bool
	synced  bool
	skipped int // since the last packet
}

// maxSkip is how much garbage a connection may send before it counts as
// something else altogether.
const maxSkip = 1 << 20

var errNotRTP = errors.New("gb28181: what comes over TCP is no RTP")

// space gives room to read into.
func (f *framer) space() []byte {
	const room = 64 << 10
	if cap(f.buf)-len(f.buf) < room {
		grown := make([]byte, len(f.buf), len(f.buf)+4*room)
		copy(grown, f.buf)
		f.buf = grown
	}
	return f.buf[len(f.buf):cap(f.buf)]
}

// add takes n bytes that were read into space, and calls out with each packet;
// a packet is valid during the call only.
func (f *framer) add(n int, out func([]byte)) error {
	f.buf = f.buf[:len(f.buf)+n]
	b := f.buf
	for {
		used, packet := f.next(b)
		if used == 0 {
			break
		}
		b = b[used:]
		if packet == nil {
			if f.skipped += used; f.skipped > maxSkip {
				return errNotRTP
			}
			continue
		}
		f.skipped = 0
		out(packet)
	}
	f.buf = f.buf[:copy(f.buf, b)]
	return nil
}

// next takes the next packet, or bytes to leave out; 0 means more are needed.
func (f *framer) next(b []byte) (used int, packet []byte) {
	if len(b) < 6 {
		return 0, nil
	}
	if f.synced {
		head, size := f.length(b, f.dollar)
		if size == 0 {
			return head, nil // somebody's keepalive
		}
		if size > 0 && (size < 12 || b[head]>>6 == 2) {
			if len(b) < head+size {
				return 0, nil
			}
			if size < 12 {
				return head + size, nil
			}
			return head + size, b[head : head+size]
		}
		f.synced = false
	}
	// A beginning is one after which another follows, or the data ends.
	for _, dollar := range []bool{false, true} {
		head, size := f.length(b, dollar)
		if size < 12 || len(b) <= head || b[head]>>6 != 2 || !plausible(b[head:]) {
			continue
		}
		if len(b) < head+size {
			return 0, nil // wait for its end before believing it
		}
		if rest := b[head+size:]; len(rest) >= 6 {
			h, n := f.length(rest, dollar)
			if n < 0 || n > 0 && n >= 12 && rest[h]>>6 != 2 {
				continue
			}
		}
		f.synced, f.dollar = true, dollar
		return head + size, b[head : head+size]
	}
	return 1, nil
}

// plausible says whether a payload type is one that media has here.
func plausible(rtp []byte) bool {
	kind := rtp[1] & 0x7f
	return kind >= 96 || kind == 8 || kind == 0 || kind == 20 || kind == 33
}

// length reads a frame's header: its size, and how much follows; -1 for none.
func (f *framer) length(b []byte, dollar bool) (head, size int) {
	if !dollar {
		return 2, int(binary.BigEndian.Uint16(b))
	}
	if b[0] != '$' || b[1] > 3 {
		return 4, -1
	}
	return 4, int(binary.BigEndian.Uint16(b[2:]))
}
