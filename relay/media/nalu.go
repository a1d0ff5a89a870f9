package media

// naluKind is what a NAL unit is for, whatever the codec.
type naluKind int

const (
	naluNone naluKind = iota // empty, or of no use
	naluOther
	naluDelimiter // access unit delimiter or filler
	naluIsVPS
	naluIsSPS
	naluIsPPS
	naluPicture // a slice
	naluKey     // a slice of a picture where decoding can start
	naluLeading // a slice of a picture that the key picture before it spoils
	naluPrefix  // what may stand before a picture's first slice only
)

// kindOf sorts a NAL unit of H.264 (table 7-1) or H.265 (table 7-1 there).
func kindOf(codec Codec, n []byte) naluKind {
	if codec == H265 {
		return h265Kind(n)
	}
	switch t := NALUType(n); {
	case t == 0 || t >= 24:
		return naluNone
	case t == naluAUD || t == naluFiller:
		return naluDelimiter
	case t == naluSPS:
		return naluIsSPS
	case t == naluPPS:
		return naluIsPPS
	case t == naluIDR:
		return naluKey
	case t >= naluSlice && t < naluIDR:
		return naluPicture
	case t == 6:
		return naluPrefix
	}
	return naluOther
}

// isSlice says whether a NAL unit holds a part of a picture.
func isSlice(k naluKind) bool { return k == naluPicture || k == naluKey || k == naluLeading }

// beginsPicture says whether a slice is the first of its picture: for H.264
// first_mb_in_slice is 0, which ue(v) codes as a single 1 bit; H.265 has
// first_slice_segment_in_pic_flag in that place.
func beginsPicture(codec Codec, slice []byte) bool {
	at := 1
	if codec == H265 {
		at = 2
	}
	return len(slice) > at && slice[at]&0x80 != 0
}

// isRecovery says whether the NAL units have a recovery point SEI message
// without a distance (H.264 sections D.1.8 and D.2.8): whoever decodes from
// here on is right at once.
func isRecovery(nalus [][]byte) bool {
	for _, n := range nalus {
		if NALUType(n) != 6 {
			continue
		}
		b := unescape(n[1:min(len(n), 256)])
		for len(b) > 2 {
			kind, size := 0, 0
			for len(b) > 1 && b[0] == 0xff {
				kind, b = kind+255, b[1:]
			}
			kind, b = kind+int(b[0]), b[1:]
			for len(b) > 1 && b[0] == 0xff {
				size, b = size+255, b[1:]
			}
			if len(b) == 0 {
				break
			}
			size, b = size+int(b[0]), b[1:]
			if kind == 6 && len(b) > 0 {
				r := bitReader{b: b}
				return r.ue() == 0 && !r.failed
			}
			b = b[min(size, len(b)):]
		}
	}
	return false
}
