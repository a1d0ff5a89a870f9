package mpegps

import "encoding/binary"

// Quirk is something that real cameras get wrong in their program streams; the
// simulated camera does the same on request.
type Quirk uint

// Quirks of a Muxer, to be combined.
const (
	NoMap        Quirk = 1 << iota // never a program stream map
	BadMapCRC                      // a map with a wrong CRC
	BadMapLength                   // a map whose descriptor lengths lead out of it
	ZeroLength                     // video PES packets of length 0
	ShortLength                    // the length modulo 65,536 of a picture in one PES packet
	PrivateData                    // a private_stream_1 packet before each picture
	MapAudio                       // the map names audio that never comes
	MarkEnd                        // a program end code after each picture
)

// Muxer makes program streams. The zero value writes H.264 with one PES packet
// per 65,000 bytes. It is not safe for concurrent use.
type Muxer struct {
	// Codec of the pictures, default H264; Audio that of the sound, default
	// none.
	Codec, Audio Codec
	// PESSize bounds a PES packet with its header, default 65,000 bytes.
	PESSize int
	Quirks  Quirk
}

const (
	videoStream = 0xe0
	audioStream = 0xc0
	muxRate     = 25000 // in units of 50 bytes/s
)

// Picture appends one picture: pack header, with key frames system header and
// map, and the PES packets. es is in Annex B form; pts and scr are in ticks of
// 90 kHz.
func (m *Muxer) Picture(dst, es []byte, pts int64, key bool) []byte {
	dst = appendPack(dst, pts)
	if key {
		dst = m.appendSystem(dst)
		if m.Quirks&NoMap == 0 {
			dst = m.appendMap(dst)
		}
	}
	if m.Quirks&PrivateData != 0 {
		dst = append(dst, 0, 0, 1, codePrivate1, 0, 12, 0x80, 0, 0, 0, 0, 1, codePack, 0, 0, 0, 0, 0)
	}
	limit := m.PESSize
	if limit <= 32 || limit > 65000 {
		limit = 65000
	}
	if m.Quirks&(ZeroLength|ShortLength) != 0 {
		limit = len(es) + 32
	}
	for first := true; first || len(es) > 0; first = false {
		n := min(len(es), limit-14)
		if !first {
			n = min(len(es), limit-9)
		}
		dst = m.appendPES(dst, videoStream, es[:n], pts, first)
		es = es[n:]
	}
	if m.Quirks&MarkEnd != 0 {
		dst = append(dst, 0, 0, 1, codeEnd)
	}
	return dst
}

// Sound appends one piece of audio in a pack of its own.
func (m *Muxer) Sound(dst, es []byte, pts int64) []byte {
	return m.appendPES(appendPack(dst, pts), audioStream, es, pts, true)
}

// appendPack writes a pack header (ISO/IEC 13818-1 table 2-33).
func appendPack(dst []byte, scr int64) []byte {
	return append(dst, 0, 0, 1, codePack,
		0x44|byte(scr>>27)&0x38|byte(scr>>28)&3, byte(scr>>20),
		byte(scr>>12)&0xf8|4|byte(scr>>13)&3, byte(scr>>5), byte(scr<<3)|4, 1,
		muxRate>>14, muxRate>>6&0xff, muxRate<<2&0xff|3, 0xf8)
}

// appendSystem writes a system header (table 2-34).
func (m *Muxer) appendSystem(dst []byte) []byte {
	return append(dst, 0, 0, 1, codeSystem, 0, 12,
		0x80|muxRate>>15, muxRate>>7&0xff, muxRate<<1&0xff|1, 0x04, 0xe1, 0x7f,
		videoStream, 0xe0, 0x80, audioStream, 0xc0, 0x08)
}

// appendMap writes a program stream map (table 2-41).
func (m *Muxer) appendMap(dst []byte) []byte {
	start := len(dst)
	codec := m.Codec
	if codec == Unknown {
		codec = H264
	}
	dst = append(dst, 0, 0, 1, codeMap, 0, 0, 0xe0, 0xff, 0, 0, 0, 0)
	at := len(dst)
	dst = append(dst, streamTypeOf(codec), videoStream, 0, 0)
	if m.Quirks&BadMapLength != 0 {
		dst[len(dst)-1] = 200
		dst[start+9] = 77
	}
	if audio := m.Audio; audio != Unknown || m.Quirks&MapAudio != 0 {
		if audio == Unknown {
			audio = PCMA
		}
		dst = append(dst, streamTypeOf(audio), audioStream, 0, 0)
	}
	binary.BigEndian.PutUint16(dst[at-2:], uint16(len(dst)-at))
	binary.BigEndian.PutUint16(dst[start+4:], uint16(len(dst)-start-6+4))
	crc := crc32(dst[start:])
	if m.Quirks&BadMapCRC != 0 {
		crc = 0xdeadbeef
	}
	return binary.BigEndian.AppendUint32(dst, crc)
}

func (m *Muxer) appendPES(dst []byte, id byte, es []byte, pts int64, first bool) []byte {
	n := 3 + len(es)
	if first {
		n += 5
	}
	if m.Quirks&ZeroLength != 0 && id == videoStream {
		n = 0
	}
	dst = append(dst, 0, 0, 1, id, byte(n>>8), byte(n), 0x80)
	if !first {
		return append(append(dst, 0, 0), es...)
	}
	dst = append(dst, 0x80, 5, 0x21|byte(pts>>29)&0x0e, byte(pts>>22), byte(pts>>14)|1, byte(pts>>7), byte(pts<<1)|1)
	return append(dst, es...)
}

// crc32 is the CRC of ISO/IEC 13818-1 annex A: not reflected, not inverted.
func crc32(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc ^= uint32(v) << 24
		for range 8 {
			if crc&0x80000000 != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
