package media

import "bytes"

// SplitAnnexB cuts a byte stream at its start codes (H.264 annex B) into NAL
// units; what stands before the first one is left out. The units share the
// stream's memory.
func SplitAnnexB(b []byte) [][]byte {
	var out [][]byte
	code := []byte{0, 0, 1}
	at := bytes.Index(b, code)
	for at >= 0 {
		b = b[at+len(code):]
		at = bytes.Index(b, code)
		nalu := b
		if at >= 0 {
			nalu = b[:at:at]
		}
		// A NAL unit never ends in a zero byte: those belong to the next code.
		if nalu = bytes.TrimRight(nalu, "\x00"); len(nalu) > 0 {
			out = append(out, nalu)
		}
	}
	return out
}
