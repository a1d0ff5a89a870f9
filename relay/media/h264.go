package media

// NAL unit types of H.264 that the relay acts on (ITU-T H.264 table 7-1).
const (
	naluSlice  = 1
	naluIDR    = 5
	naluSPS    = 7
	naluPPS    = 8
	naluAUD    = 9
	naluFiller = 12
)

// NALUType is the nal_unit_type of an H.264 NAL unit, 0 for an empty one.
func NALUType(nalu []byte) int {
	if len(nalu) == 0 {
		return 0
	}
	return int(nalu[0] & 0x1f)
}

// IsKey says whether the NAL units hold an IDR slice, where decoding can start.
func IsKey(nalus [][]byte) bool {
	for _, n := range nalus {
		if NALUType(n) == naluIDR {
			return true
		}
	}
	return false
}

// HasBSlice says whether a unit's slices include a B slice (H.264 section
// 7.4.3, slice_type). Such a stream needs reordering, which WebRTC receivers
// do not do.
func HasBSlice(nalus [][]byte) bool {
	for _, n := range nalus {
		if t := NALUType(n); t != naluSlice && t != naluIDR {
			continue
		}
		r := bitReader{b: n[1:]}
		r.ue() // first_mb_in_slice
		if t := r.ue(); !r.failed && t%5 == 1 {
			return true
		}
	}
	return false
}
