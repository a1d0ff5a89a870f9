package ffmpeg

import (
	"bytes"
	"encoding/binary"
)

// Container is what a stream of bytes is, by its content.
type Container string

// Containers that [Sniff] tells apart. Their names are those of FFmpeg's
// demuxers.
const (
	MP4      Container = "mp4"
	Matroska Container = "matroska"
	AVI      Container = "avi"
	FLV      Container = "flv"
	MPEGTS   Container = "mpegts"
	MPEGPS   Container = "mpeg"
	HLS      Container = "hls"
	H264     Container = "h264" // Annex B
	H265     Container = "hevc" // Annex B
)

// SniffSize is how many bytes are enough for [Sniff], if there are as many.
const SniffSize = 4 * tsPacket

const tsPacket = 188

// Sniff tells what the first bytes of a stream begin. It looks at nothing but
// the content: names and media types lie. It returns false for what it does
// not know and for too few bytes to tell.
func Sniff(b []byte) (Container, bool) {
	switch {
	case len(b) >= 9 && string(b[:3]) == "FLV" && b[3] == 1 && b[4]&^5 == 0 && binary.BigEndian.Uint32(b[5:]) >= 9:
		return FLV, true
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "AVI ":
		return AVI, true
	case bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}): // EBML
		return Matroska, true
	case isMP4(b):
		return MP4, true
	case bytes.HasPrefix(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), []byte("#EXTM3U")):
		return HLS, true
	case isTS(b):
		return MPEGTS, true
	case bytes.HasPrefix(b, []byte{0, 0, 1, 0xba}): // pack header
		return MPEGPS, true
	}
	return sniffAnnexB(b)
}

// isMP4 looks for a first box that files begin with (ISO/IEC 14496-12 section
// 4.2).
func isMP4(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	size := binary.BigEndian.Uint32(b)
	switch string(b[4:8]) {
	case "ftyp", "styp":
		return size >= 16 && size < 4096
	case "moov", "mdat", "free", "wide", "skip", "sidx":
		return size == 1 || size >= 8
	}
	return false
}

// isTS finds sync bytes a packet apart (ISO/IEC 13818-1 section 2.4.3.2). A
// stream may be joined in the middle of a packet.
func isTS(b []byte) bool {
	const enough = 3
	for at := 0; at < tsPacket && at+(enough-1)*tsPacket < len(b); at++ {
		n := 0
		for i := at; i < len(b) && b[i] == 0x47; i += tsPacket {
			n++
		}
		if n >= enough && at+n*tsPacket >= len(b) {
			return true
		}
	}
	return false
}

// sniffAnnexB takes a start code and a NAL unit that a stream begins with:
// delimiter, parameter set or SEI (ITU-T H.264 and H.265, annex B).
func sniffAnnexB(b []byte) (Container, bool) {
	rest := bytes.TrimLeft(b, "\x00")
	if zeros := len(b) - len(rest); zeros < 2 || zeros > 8 || len(rest) < 3 || rest[0] != 1 {
		return "", false
	}
	head := rest[1:]
	// The first byte of H.265's parameter sets (0x40, 0x42, 0x44) is type 0, 2
	// or 4 in H.264, which no stream begins with.
	if t := head[0] >> 1; head[0]&0x81 == 0 && head[1] == 1 && (t >= 32 && t <= 35 || t == 39) {
		return H265, true
	}
	if t := head[0] & 0x1f; head[0]&0x80 == 0 && (t >= 6 && t <= 9 || t == 5) {
		return H264, true
	}
	return "", false
}
