package media

import "bytes"

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

// ParameterSets keeps a stream's newest SPS and PPS and puts them before key
// frames that come without them.
type ParameterSets struct {
	sps, pps []byte
}

// Learn takes parameter sets known out of band.
func (p *ParameterSets) Learn(sps, pps []byte) {
	if len(sps) > 0 {
		p.sps = sps
	}
	if len(pps) > 0 {
		p.pps = pps
	}
}

// SPS returns the sequence parameter set in force, nil while unknown.
func (p *ParameterSets) SPS() []byte { return p.sps }

// Apply learns the sets in the access unit, removes access unit delimiters and
// filler, and completes a key frame with the sets it lacks. It reports whether
// the SPS differs from the one before, and whether the unit can be decoded
// from (a key frame whose sets are known).
func (p *ParameterSets) Apply(au *AccessUnit) (changed, decodable bool) {
	kept := au.NALUs[:0]
	var hasSPS, hasPPS bool
	for _, n := range au.NALUs {
		switch NALUType(n) {
		case 0, naluAUD, naluFiller:
			continue
		case naluSPS:
			hasSPS = true
			if !bytes.Equal(p.sps, n) {
				changed = true
				p.sps = n
			}
		case naluPPS:
			hasPPS = true
			p.pps = n
		}
		kept = append(kept, n)
	}
	au.NALUs = kept
	if !au.Key {
		return changed, false
	}
	if p.sps == nil || p.pps == nil {
		return changed, false
	}
	if !hasSPS || !hasPPS {
		full := make([][]byte, 0, len(kept)+2)
		if !hasSPS {
			full = append(full, p.sps)
		}
		if !hasPPS && hasSPS {
			// The PPS belongs behind the SPS that the unit brings itself.
			for i, n := range kept {
				full = append(full, n)
				if NALUType(n) == naluSPS {
					full = append(full, p.pps)
					full = append(full, kept[i+1:]...)
					break
				}
			}
			au.NALUs = full
			return changed, true
		}
		if !hasPPS {
			full = append(full, p.pps)
		}
		au.NALUs = append(full, kept...)
	}
	return changed, true
}
