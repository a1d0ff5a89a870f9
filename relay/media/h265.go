package media

// NAL unit types of H.265 that the relay acts on (ITU-T H.265 table 7-1).
const (
	h265RASLN   = 8
	h265RASLR   = 9
	h265IRAP    = 16 // up to 23: random access pictures
	h265IRAPEnd = 21
	h265VPS     = 32
	h265SPS     = 33
	h265PPS     = 34
	h265AUD     = 35
	h265Filler  = 38
	h265SEI     = 39
)

// H265NALUType is the nal_unit_type of an H.265 NAL unit, -1 for one without a
// whole header.
func H265NALUType(nalu []byte) int {
	if len(nalu) < 2 {
		return -1
	}
	return int(nalu[0] >> 1 & 0x3f)
}

func h265Kind(n []byte) naluKind {
	switch t := H265NALUType(n); {
	case t < 0 || t >= 48 || n[0]&0x80 != 0:
		return naluNone
	case t == h265AUD || t == h265Filler:
		return naluDelimiter
	case t == h265VPS:
		return naluIsVPS
	case t == h265SPS:
		return naluIsSPS
	case t == h265PPS:
		return naluIsPPS
	case t == h265RASLN || t == h265RASLR:
		return naluLeading
	case t >= h265IRAP && t <= h265IRAPEnd:
		return naluKey
	case t < 16:
		return naluPicture
	case t == h265SEI:
		return naluPrefix
	}
	return naluOther
}

// h265SetID reads the identifier of a parameter set (sections 7.3.2.1 to
// 7.3.2.3).
func h265SetID(kind naluKind, nalu []byte) (uint32, bool) {
	if len(nalu) < 4 {
		return 0, false
	}
	r := bitReader{b: unescape(nalu[2:])}
	switch kind {
	case naluIsVPS:
		return r.bits(4), !r.failed
	case naluIsSPS:
		h265ProfileLevel(&r)
		id := r.ue()
		return id, !r.failed && id <= 15
	}
	id := r.ue()
	return id, !r.failed && id <= 63
}

// h265ProfileLevel reads the head of a sequence parameter set up to its
// identifier, with profile_tier_level (section 7.3.3).
func h265ProfileLevel(r *bitReader) (profile, level uint8, layers int) {
	r.bits(4) // sps_video_parameter_set_id
	layers = int(r.bits(3))
	r.bits(1)
	r.bits(3) // profile space and tier
	profile = uint8(r.bits(5))
	r.bits(32)
	r.bits(32)
	r.bits(16)
	level = uint8(r.bits(8))
	if layers == 0 {
		return profile, level, layers
	}
	var hasProfile, hasLevel [8]bool
	for i := range layers {
		hasProfile[i], hasLevel[i] = r.bits(1) == 1, r.bits(1) == 1
	}
	for range 8 - layers {
		r.bits(2)
	}
	for i := range layers {
		if hasProfile[i] {
			r.bits(32)
			r.bits(32)
			r.bits(24)
		}
		if hasLevel[i] {
			r.bits(8)
		}
	}
	return profile, level, layers
}

// ParseH265SPS reads an H.265 sequence parameter set without start code
// (section 7.3.2.2): the picture's size, profile, level and reordering. It
// returns an error for a truncated or impossible one and never panics.
func ParseH265SPS(nalu []byte) (SPSInfo, error) {
	if H265NALUType(nalu) != h265SPS {
		return SPSInfo{}, errSPS
	}
	r := bitReader{b: unescape(nalu[2:])}
	s := SPSInfo{hevc: true, ReorderFrames: -1}
	var layers int
	s.ProfileIDC, s.LevelIDC, layers = h265ProfileLevel(&r)
	r.ue() // sps_seq_parameter_set_id
	chroma := r.ue()
	if chroma == 3 {
		r.bits(1)
	}
	w, h := int64(r.ue()), int64(r.ue())
	if r.bits(1) == 1 { // conformance_window_flag
		unitX, unitY := int64(1), int64(1)
		if chroma == 1 || chroma == 2 {
			unitX = 2
		}
		if chroma == 1 {
			unitY = 2
		}
		w -= unitX * (int64(r.ue()) + int64(r.ue()))
		h -= unitY * (int64(r.ue()) + int64(r.ue()))
	}
	if r.failed || chroma > 3 || w <= 0 || h <= 0 || w > 16384 || h > 16384 {
		return SPSInfo{}, errSPS
	}
	s.Width, s.Height = int(w), int(h)
	s.BitDepth = int(r.ue()) + 8
	r.ue() // bit_depth_chroma_minus8
	r.ue() // log2_max_pic_order_cnt_lsb_minus4
	from := layers
	if r.bits(1) == 1 {
		from = 0
	}
	for range layers - from + 1 {
		r.ue()
		reorder := r.ue()
		r.ue()
		if !r.failed && reorder <= 16 {
			s.ReorderFrames = int(reorder)
		}
	}
	if r.failed {
		return SPSInfo{}, errSPS
	}
	return s, nil
}

// RTP payload structures of RFC 7798 section 4.4.
const (
	payloadAP   = 48
	payloadFU   = 49
	payloadPACI = 50
)

// h265Payload takes one RTP payload of H.265 apart.
func (d *Depacketizer) h265Payload(b []byte) {
	if len(b) < 3 {
		d.broken = d.broken || len(b) > 0
		return
	}
	kind := H265NALUType(b)
	if kind != payloadFU && d.fragment != nil {
		d.fragment, d.broken = nil, true
	}
	switch {
	case b[0] == 0 && b[1] == 0 && (b[2] == 1 || b[2] == 0):
		d.annexB(b) // some cameras leave the start codes in
	case kind == payloadAP:
		d.h265Aggregate(b[2:])
	case kind == payloadFU:
		d.h265Fragment(b)
	case kind < payloadAP:
		if d.DON && len(b) > 4 {
			b = append(b[:2:2], b[4:]...)
		}
		d.nalu(b)
	default: // PACI and reserved types
		d.broken = true
	}
}

// h265Aggregate takes an aggregation packet apart (section 4.4.2).
func (d *Depacketizer) h265Aggregate(b []byte) {
	for first := true; len(b) > 0; first = false {
		if skip := d.donSize(first); skip > 0 {
			if len(b) < skip {
				d.broken = true
				return
			}
			b = b[skip:]
		}
		if len(b) < 2 {
			d.broken = true
			return
		}
		n := int(b[0])<<8 | int(b[1])
		b = b[2:]
		if n > len(b) {
			d.broken = true
			return
		}
		d.nalu(b[:n:n])
		b = b[n:]
	}
}

// donSize is how long the decoding order number is in an aggregation packet.
func (d *Depacketizer) donSize(first bool) int {
	switch {
	case !d.DON:
		return 0
	case first:
		return 2
	}
	return 1
}

// h265Fragment joins fragmentation units (section 4.4.3).
func (d *Depacketizer) h265Fragment(b []byte) {
	start, end := b[2]&0x80 != 0, b[2]&0x40 != 0
	body := b[3:]
	if d.DON && start {
		if len(body) < 2 {
			d.broken = true
			return
		}
		body = body[2:]
	}
	if start {
		if d.fragment != nil {
			d.broken = true
		}
		d.fragment = make([]byte, 2, max(2*len(b), d.fragmentSize+d.fragmentSize/4))
		d.fragment[0], d.fragment[1] = b[0]&0x81|b[2]&0x3f<<1, b[1]
	}
	if d.fragment == nil {
		d.broken = true
		return
	}
	if d.size+len(d.fragment)+len(body) > maxUnitBytes {
		d.fragment, d.broken = nil, true
		return
	}
	d.fragment = append(d.fragment, body...)
	if end {
		n := d.fragment
		d.fragment, d.fragmentSize = nil, len(n)
		d.nalu(n)
	}
}

// h265BeginsUnit says whether a payload begins an access unit.
func h265BeginsUnit(b []byte, don bool) bool {
	if len(b) < 3 {
		return false
	}
	t, n := H265NALUType(b), b
	if don {
		return false // not looked into
	}
	switch t {
	case payloadAP:
		if len(b) < 7 {
			return false
		}
		n = b[4:]
		t = H265NALUType(n)
	case payloadFU:
		if b[2]&0x80 == 0 {
			return false
		}
		t, n = int(b[2]&0x3f), b[1:]
	}
	switch {
	case t >= h265VPS && t <= h265AUD || t == h265SEI:
		return true
	case t <= h265IRAPEnd:
		return beginsPicture(H265, n)
	}
	return false
}

// PacketizeH265 cuts an access unit into RTP payloads by RFC 7798: small NAL
// units that stand together go into one aggregation packet, one that fits goes
// as it is, a larger one as fragmentation units. The marker bit belongs on the
// last payload.
func PacketizeH265(nalus [][]byte) [][]byte {
	out := make([][]byte, 0, len(nalus)+4)
	for i := 0; i < len(nalus); {
		n := nalus[i]
		if len(n) < 3 {
			i++
			continue
		}
		if len(n) > MaxPayload {
			out = appendFU(out, n)
			i++
			continue
		}
		j, size := i, 2
		layer, tid := byte(0x3f), byte(7)
		for j < len(nalus) && len(nalus[j]) >= 3 && size+2+len(nalus[j]) <= MaxPayload {
			size += 2 + len(nalus[j])
			// The least of both (section 4.4.2).
			layer = min(layer, nalus[j][0]&1<<5|nalus[j][1]>>3)
			tid = min(tid, nalus[j][1]&7)
			j++
		}
		if j-i < 2 {
			out = append(out, n)
			i++
			continue
		}
		p := make([]byte, 2, size)
		p[0], p[1] = payloadAP<<1|layer>>5, layer<<3|tid
		for ; i < j; i++ {
			p = append(p, byte(len(nalus[i])>>8), byte(len(nalus[i])))
			p = append(p, nalus[i]...)
		}
		out = append(out, p)
	}
	return out
}

// appendFU cuts one NAL unit into fragments of equal size.
func appendFU(out [][]byte, nalu []byte) [][]byte {
	kind, body := nalu[0]>>1&0x3f, nalu[2:]
	count := (len(body) + MaxPayload - 4) / (MaxPayload - 3)
	size := (len(body) + count - 1) / count
	for first := true; len(body) > 0; first = false {
		n := min(size, len(body))
		p := make([]byte, 3+n)
		p[0], p[1], p[2] = nalu[0]&0x81|payloadFU<<1, nalu[1], kind
		if first {
			p[2] |= 0x80
		}
		if n == len(body) {
			p[2] |= 0x40
		}
		copy(p[3:], body[:n])
		out = append(out, p)
		body = body[n:]
	}
	return out
}
