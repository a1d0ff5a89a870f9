package media

import "bytes"

// maxParamSet bounds a parameter set that is kept; real ones have tens of
// bytes.
const maxParamSet = 4096

type paramSet struct {
	id   uint32
	nalu []byte
}

// ParameterSets are a stream's parameter sets in force, by their identifiers: a
// stream may use several PPS, and each must come again with a key frame. They
// are put before key frames that come without them. The zero value is empty.
type ParameterSets struct {
	sps, pps  []paramSet
	newestSPS []byte
}

// Learn takes parameter sets known out of band; other NAL units are ignored.
func (s *ParameterSets) Learn(nalus ...[]byte) {
	for _, n := range nalus {
		s.store(n)
	}
}

// SPS returns the newest sequence parameter set, nil while unknown.
func (s *ParameterSets) SPS() []byte { return s.newestSPS }

// PPS returns the picture parameter set with the least identifier that came
// first, nil while unknown.
func (s *ParameterSets) PPS() []byte {
	if len(s.pps) == 0 {
		return nil
	}
	return s.pps[0].nalu
}

// Apply learns the sets in the access unit, removes access unit delimiters and
// filler, and completes a key frame with the sets it lacks. It reports whether
// the newest SPS differs from the one before, and whether the unit can be
// decoded from (a key frame whose sets are known).
func (s *ParameterSets) Apply(au *AccessUnit) (changed, decodable bool) {
	before := s.newestSPS
	kept := au.NALUs[:0]
	for _, n := range au.NALUs {
		switch NALUType(n) {
		case 0, naluAUD, naluFiller:
			continue
		case naluSPS, naluPPS:
			s.store(n)
		}
		kept = append(kept, n)
	}
	au.NALUs = kept
	if au.Key {
		au.NALUs, decodable = s.complete(kept)
		au.SetsAdded = au.SetsAdded || len(au.NALUs) > len(kept)
	}
	return !bytes.Equal(before, s.newestSPS), decodable
}

// store takes an SPS or PPS; other NAL units are ignored.
func (s *ParameterSets) store(nalu []byte) {
	if len(nalu) > maxParamSet {
		return
	}
	switch NALUType(nalu) {
	case naluSPS:
		if len(nalu) < 5 {
			return
		}
		// The identifier follows profile, constraints and level (7.3.2.1.1).
		r := bitReader{b: nalu[4:]}
		if id := r.ue(); !r.failed && id <= 31 {
			s.sps, s.newestSPS = put(s.sps, id, nalu)
		}
	case naluPPS:
		if len(nalu) < 2 {
			return
		}
		r := bitReader{b: nalu[1:]}
		if id := r.ue(); !r.failed && id <= 255 {
			s.pps, _ = put(s.pps, id, nalu)
		}
	}
}

// put keeps a copy, since the NAL unit itself is given away.
func put(sets []paramSet, id uint32, nalu []byte) ([]paramSet, []byte) {
	for i := range sets {
		if sets[i].id == id {
			if !bytes.Equal(sets[i].nalu, nalu) {
				sets[i].nalu = bytes.Clone(nalu)
			}
			return sets, sets[i].nalu
		}
	}
	nalu = bytes.Clone(nalu)
	return append(sets, paramSet{id, nalu}), nalu
}

// complete puts the sets that a key frame lacks before its first slice and
// says whether there is one of each then.
func (s *ParameterSets) complete(nalus [][]byte) ([][]byte, bool) {
	var hasSPS, hasPPS bool
	for _, n := range nalus {
		hasSPS = hasSPS || NALUType(n) == naluSPS
		hasPPS = hasPPS || NALUType(n) == naluPPS
	}
	ok := (hasSPS || len(s.sps) > 0) && (hasPPS || len(s.pps) > 0)
	if hasSPS && hasPPS || !ok {
		return nalus, ok
	}
	out := make([][]byte, 0, len(nalus)+len(s.sps)+len(s.pps))
	after := 0 // a PPS refers to an SPS before it
	if !hasSPS {
		for _, p := range s.sps {
			out = append(out, bytes.Clone(p.nalu))
		}
	} else {
		for i, n := range nalus {
			if NALUType(n) == naluSPS {
				after = i + 1
			}
		}
	}
	out = append(out, nalus[:after]...)
	if !hasPPS {
		for _, p := range s.pps {
			out = append(out, bytes.Clone(p.nalu))
		}
	}
	return append(out, nalus[after:]...), true
}
