package media

import (
	"bytes"
	"slices"
)

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
	// Codec is H264 or H265; default H264.
	Codec Codec

	vps, sps, pps []paramSet
	newestSPS     []byte
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

// VPS returns the video parameter set of H.265 that came first, nil while
// unknown.
func (s *ParameterSets) VPS() []byte {
	if len(s.vps) == 0 {
		return nil
	}
	return s.vps[0].nalu
}

// Apply learns the sets in the access unit, removes access unit delimiters and
// filler, and completes a key frame with the sets it lacks. It reports whether
// the newest SPS differs from the one before, and whether the unit can be
// decoded from (a key frame whose sets are known).
func (s *ParameterSets) Apply(au *AccessUnit) (changed, decodable bool) {
	before := s.newestSPS
	kept := au.NALUs[:0]
	for _, n := range au.NALUs {
		switch kindOf(s.Codec, n) {
		case naluNone, naluDelimiter:
			continue
		}
		s.store(n)
		kept = append(kept, n)
	}
	au.NALUs = kept
	if au.Key {
		au.NALUs, decodable = s.complete(kept)
		au.SetsAdded = au.SetsAdded || len(au.NALUs) > len(kept)
	}
	return !bytes.Equal(before, s.newestSPS), decodable
}

// store takes a parameter set; other NAL units are ignored.
func (s *ParameterSets) store(nalu []byte) {
	if len(nalu) > maxParamSet {
		return
	}
	kind := kindOf(s.Codec, nalu)
	if kind != naluIsVPS && kind != naluIsSPS && kind != naluIsPPS {
		return
	}
	id, ok := setID(s.Codec, kind, nalu)
	if !ok {
		return
	}
	switch kind {
	case naluIsVPS:
		s.vps, _ = put(s.vps, id, nalu)
	case naluIsSPS:
		s.sps, s.newestSPS = put(s.sps, id, nalu)
	case naluIsPPS:
		s.pps, _ = put(s.pps, id, nalu)
	}
}

// setID reads the identifier of a parameter set.
func setID(codec Codec, kind naluKind, nalu []byte) (uint32, bool) {
	if codec == H265 {
		return h265SetID(kind, nalu)
	}
	at, most := 1, uint32(255)
	if kind == naluIsSPS {
		at, most = 4, 31 // behind profile, constraints and level (7.3.2.1.1)
	}
	if len(nalu) <= at {
		return 0, false
	}
	r := bitReader{b: nalu[at:]}
	id := r.ue()
	return id, !r.failed && id <= most
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
// says whether there is one of each then. A set refers to those of the kind
// before it.
func (s *ParameterSets) complete(nalus [][]byte) ([][]byte, bool) {
	groups := []struct {
		kind  naluKind
		known []paramSet
	}{{naluIsVPS, s.vps}, {naluIsSPS, s.sps}, {naluIsPPS, s.pps}}
	if s.Codec != H265 {
		groups = groups[1:]
	}
	has := map[naluKind]bool{}
	for _, n := range nalus {
		has[kindOf(s.Codec, n)] = true
	}
	lacks := 0
	for _, g := range groups {
		if !has[g.kind] && len(g.known) == 0 {
			return nalus, false
		}
		if !has[g.kind] {
			lacks += len(g.known)
		}
	}
	if lacks == 0 {
		return nalus, true
	}
	out := make([][]byte, 0, len(nalus)+lacks)
	rest := nalus
	for _, g := range groups {
		if !has[g.kind] {
			for _, p := range g.known {
				out = append(out, bytes.Clone(p.nalu))
			}
			continue
		}
		for i, n := range slices.Backward(rest) {
			if kindOf(s.Codec, n) == g.kind {
				out, rest = append(out, rest[:i+1]...), rest[i+1:]
				break
			}
		}
	}
	return append(out, rest...), true
}
