package media

import (
	"errors"
	"fmt"
)

// SPSInfo is what the relay reads from an H.264 sequence parameter set (ITU-T
// H.264 section 7.3.2.1.1).
type SPSInfo struct {
	ProfileIDC, ConstraintFlags, LevelIDC uint8
	// Width and Height are the cropped picture in pixels.
	Width, Height int
	// FrameRate is the rate from the VUI's timing, 0 without one.
	FrameRate float64
	// ReorderFrames is the VUI's max_num_reorder_frames, -1 if unspecified.
	ReorderFrames int

	// BitDepth is that of luma for H.265, 0 for H.264.
	BitDepth int

	hevc bool
	// What it takes to read a slice header (section 7.3.3): the width of
	// frame_num in bits, pic_order_cnt_type, the width of pic_order_cnt_lsb,
	// and two flags.
	frameNumBits, orderType, orderBits int
	frameOnly, separatePlanes          bool
}

// Profile names the profile and level for people: "High 4.0".
func (s SPSInfo) Profile() string {
	if s.hevc {
		name := map[uint8]string{1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Range Extensions"}[s.ProfileIDC]
		if name == "" {
			name = fmt.Sprintf("profile %d", s.ProfileIDC)
		}
		return fmt.Sprintf("%s %d.%d", name, s.LevelIDC/30, s.LevelIDC%30/3)
	}
	name := map[uint8]string{66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10",
		122: "High 4:2:2", 244: "High 4:4:4"}[s.ProfileIDC]
	if name == "" {
		name = fmt.Sprintf("profile %d", s.ProfileIDC)
	}
	if s.ProfileIDC == 66 && s.ConstraintFlags&0x40 != 0 {
		name = "Constrained Baseline"
	}
	return fmt.Sprintf("%s %d.%d", name, s.LevelIDC/10, s.LevelIDC%10)
}

var errSPS = errors.New("media: sequence parameter set is malformed")

// ParseSPS reads an SPS NAL unit without start code. It returns an error for a
// truncated or impossible one and never panics.
func ParseSPS(nalu []byte) (SPSInfo, error) {
	if len(nalu) < 4 || NALUType(nalu) != naluSPS {
		return SPSInfo{}, errSPS
	}
	b := unescape(nalu[1:])
	if len(b) < 3 {
		return SPSInfo{}, errSPS
	}
	s := SPSInfo{ProfileIDC: b[0], ConstraintFlags: b[1], LevelIDC: b[2], ReorderFrames: -1}
	r := bitReader{b: b[3:]}
	r.ue() // seq_parameter_set_id
	chroma := uint32(1)
	switch s.ProfileIDC {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma = r.ue()
		if chroma == 3 {
			s.separatePlanes = r.bits(1) == 1
		}
		r.ue()
		r.ue()
		r.bits(1)
		if r.bits(1) == 1 {
			lists := 8
			if chroma == 3 {
				lists = 12
			}
			for i := range lists {
				if r.bits(1) == 1 {
					skipScalingList(&r, i)
				}
			}
		}
	}
	s.frameNumBits = int(r.ue()) + 4
	s.orderType = int(r.ue())
	switch s.orderType {
	case 0:
		s.orderBits = int(r.ue()) + 4
	case 1:
		r.bits(1)
		r.se()
		r.se()
		n := r.ue()
		if n > 255 {
			return SPSInfo{}, errSPS
		}
		for range n {
			r.se()
		}
	}
	r.ue() // max_num_ref_frames
	r.bits(1)
	wMbs := r.ue() + 1
	hMaps := r.ue() + 1
	frameOnly := r.bits(1)
	s.frameOnly = frameOnly == 1
	if frameOnly == 0 {
		r.bits(1)
	}
	r.bits(1)
	var crop [4]uint32
	if r.bits(1) == 1 {
		for i := range crop {
			crop[i] = r.ue()
		}
	}
	if r.failed || wMbs > 1024 || hMaps > 1024 || s.frameNumBits > 16 || s.orderBits > 16 {
		return SPSInfo{}, errSPS
	}
	unitX, unitY := uint32(1), 2-frameOnly
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	w := int64(wMbs)*16 - int64(unitX)*(int64(crop[0])+int64(crop[1]))
	h := int64(hMaps)*16*int64(2-frameOnly) - int64(unitY)*(int64(crop[2])+int64(crop[3]))
	if w <= 0 || h <= 0 {
		return SPSInfo{}, errSPS
	}
	s.Width, s.Height = int(w), int(h)
	if r.bits(1) == 1 {
		parseVUI(&r, &s)
	}
	return s, nil
}

func parseVUI(r *bitReader, s *SPSInfo) {
	if r.bits(1) == 1 && r.bits(8) == 255 { // aspect_ratio_idc, Extended_SAR
		r.bits(32)
	}
	if r.bits(1) == 1 {
		r.bits(1)
	}
	if r.bits(1) == 1 { // video_signal_type_present_flag
		r.bits(4)
		if r.bits(1) == 1 {
			r.bits(24)
		}
	}
	if r.bits(1) == 1 {
		r.ue()
		r.ue()
	}
	if r.bits(1) == 1 { // timing_info_present_flag
		tick, scale := r.bits(32), r.bits(32)
		r.bits(1)
		if !r.failed && tick > 0 {
			s.FrameRate = float64(scale) / float64(tick) / 2
		}
	}
	nal := r.bits(1)
	if nal == 1 {
		skipHRD(r)
	}
	vcl := r.bits(1)
	if vcl == 1 {
		skipHRD(r)
	}
	if nal+vcl > 0 {
		r.bits(1)
	}
	r.bits(1)
	if r.bits(1) == 1 { // bitstream_restriction_flag
		r.bits(1)
		r.ue()
		r.ue()
		r.ue()
		r.ue()
		reorder := r.ue()
		if !r.failed && reorder <= 16 {
			s.ReorderFrames = int(reorder)
		}
	}
}

func skipHRD(r *bitReader) {
	n := r.ue() + 1
	r.bits(8)
	if n > 32 {
		r.failed = true
		return
	}
	for range n {
		r.ue()
		r.ue()
		r.bits(1)
	}
	r.bits(20)
}

func skipScalingList(r *bitReader, i int) {
	size := 16
	if i >= 6 {
		size = 64
	}
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se() + 256) % 256
		}
		if next != 0 {
			last = next
		}
	}
}

// unescape removes emulation prevention bytes (H.264 section 7.4.1).
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// bitReader reads an RBSP bit by bit; past the end it fails and gives zeros.
type bitReader struct {
	b      []byte
	pos    int
	failed bool
}

func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for range n {
		if r.pos>>3 >= len(r.b) {
			r.failed = true
			return 0
		}
		v = v<<1 | uint32(r.b[r.pos>>3]>>(7-r.pos&7))&1
		r.pos++
	}
	return v
}

// ue reads an unsigned Exp-Golomb code (H.264 section 9.1).
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bits(1) == 0 {
		zeros++
		if zeros > 31 || r.failed {
			r.failed = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32((v + 1) / 2)
	}
	return -int32(v / 2)
}
