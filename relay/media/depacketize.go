package media

import (
	"bytes"
	"time"

	"github.com/pion/rtp"
)

// RTP payload structures of RFC 6184 table 1, beside single NAL units (1-23).
const (
	payloadSTAPA = 24
	payloadFUA   = 28
)

// Bounds of what one access unit may hold before it is given up.
const (
	maxUnitBytes = 16 << 20
	maxUnitNALUs = 4096
)

// Depacketizer joins RTP packets of H.264 (RFC 6184, packetization modes 0 and
// 1) or H.265 (RFC 7798) into access units. It expects the packets of one stream in the order of
// their sequence numbers and holds one access unit at most.
//
// A unit ends at the marker bit or where the timestamp changes. NAL units that
// come without a picture, such as parameter sets with a timestamp or a marker
// of their own, are put before the next picture. If a sender sets the marker
// inside pictures, only the timestamp is trusted from then on. The low 32 bits
// of a unit's PTS are its RTP timestamp.
//
// Units are Damaged from a loss until the next whole key picture or recovery
// point, and before the first one. Pictures of H.265 that such a key picture
// spoils (RASL) are left out. A key picture that comes without parameter sets gets those
// known from the stream or from [Depacketizer.Learn].
type Depacketizer struct {
	// DON says that the packets of H.265 carry decoding order numbers
	// (sprop-max-don-diff above 0); they are read past.
	DON bool

	codec Codec
	sets  ParameterSets

	nalus    [][]byte
	size     int
	open     bool // a unit has begun
	pts      int64
	last     time.Time // arrival of the unit's newest packet
	picture  bool      // the unit has a slice
	key      bool
	leading  bool // the picture is spoilt by a key picture decoding began with
	broken   bool // part of the unit is missing
	sameTime bool // the unit before ended at its marker with this timestamp

	fragment     []byte // NAL unit whose fragments are being joined
	fragmentSize int    // of the previous such NAL unit

	started    bool
	ended      bool // the unit before ended at its marker
	endedAt    uint32
	badMarkers bool
	undamaged  bool // decoding has been possible since the last key picture
	begun      bool // a whole key picture has come
	spoils     bool // decoding began with the newest key picture
}

// NewDepacketizer makes a Depacketizer for H264 or H265; the zero value is one
// for H264.
func NewDepacketizer(codec Codec) *Depacketizer {
	return &Depacketizer{codec: codec, sets: ParameterSets{Codec: codec}}
}

// VPS returns the video parameter set of H.265, nil while none is known.
func (d *Depacketizer) VPS() []byte { return d.sets.VPS() }

// Learn takes parameter sets known out of band, such as an SDP's
// sprop-parameter-sets, without start codes. Other NAL units are ignored.
func (d *Depacketizer) Learn(nalus ...[]byte) { d.sets.Learn(nalus...) }

// SPS returns the newest sequence parameter set, nil while none is known.
func (d *Depacketizer) SPS() []byte { return d.sets.SPS() }

// PPS returns the picture parameter set that was learned first of those in
// force, nil while none is known.
func (d *Depacketizer) PPS() []byte { return d.sets.PPS() }

// Push takes the next packet, received at the given time, and returns the
// access units that it completes: none, one or two. lost says that packets
// before it are missing. The packet's payload must not be changed afterwards.
func (d *Depacketizer) Push(p *rtp.Packet, lost bool, received time.Time) []AccessUnit {
	var out []AccessUnit
	if lost {
		d.fragment = nil
		d.undamaged = false
		d.broken = d.broken || d.open
	}
	if d.open && p.Timestamp != uint32(d.pts) {
		out = d.finish(out)
	}
	if !d.open {
		d.begin(p.Timestamp)
		// What is lost before a whole beginning belonged to other pictures.
		d.broken = d.broken || lost && !d.beginsUnit(p.Payload)
	}
	d.last = received
	d.payload(p.Payload)
	if p.Marker && d.picture && !d.badMarkers {
		d.ended, d.endedAt = true, p.Timestamp
		out = d.finish(out)
	}
	return out
}

func (d *Depacketizer) begin(timestamp uint32) {
	if d.started {
		d.pts += int64(int32(timestamp - uint32(d.pts)))
	} else {
		d.pts, d.started = int64(timestamp), true
	}
	d.open = true
	d.sameTime = d.ended && d.endedAt == timestamp
	d.ended = false
}

// finish ends the unit. NAL units without a picture stay for the next one.
func (d *Depacketizer) finish(out []AccessUnit) []AccessUnit {
	if d.fragment != nil {
		d.fragment, d.broken = nil, true
	}
	d.open = false
	if d.broken {
		d.undamaged = false
	}
	if !d.picture {
		// A broken unit without a slice has lost a picture, or only its
		// parameter sets; either way the next picture is judged by itself.
		d.broken = false
		return out
	}
	au := AccessUnit{PTS: d.pts, Key: d.key, NALUs: d.nalus, Received: d.last}
	skip := d.leading && d.spoils
	if d.key {
		var complete bool
		au.NALUs, complete = d.sets.complete(au.NALUs)
		au.SetsAdded = len(au.NALUs) > len(d.nalus)
		if d.spoils = complete && !d.broken && !d.undamaged; d.spoils {
			d.undamaged, d.begun = true, true
		}
	} else if d.begun && !d.undamaged && !d.broken && d.codec != H265 && isRecovery(d.nalus) {
		d.undamaged, au.Recovery = true, true
	}
	au.Damaged = !d.undamaged
	n := len(d.nalus)
	d.nalus, d.size = make([][]byte, 0, min(n+2, 64)), 0
	d.picture, d.key, d.broken, d.leading = false, false, false, false
	if skip {
		return out
	}
	return append(out, au)
}

// payload takes one RTP payload apart.
func (d *Depacketizer) payload(b []byte) {
	if len(b) == 0 {
		return // an empty packet keeps a path open; it holds nothing
	}
	if d.codec == H265 {
		d.h265Payload(b)
		return
	}
	kind := b[0] & 0x1f
	if kind != payloadFUA && d.fragment != nil {
		d.fragment, d.broken = nil, true
	}
	switch {
	case kind == 0 && len(b) > 3 && bytes.HasPrefix(b, []byte{0, 0}):
		d.annexB(b) // some cameras leave the start codes in
	case kind >= 1 && kind <= 23:
		d.nalu(b)
	case kind == payloadSTAPA:
		d.aggregate(b[1:])
	case kind == payloadFUA:
		d.fragmentUnit(b)
	default: // interleaved mode and reserved types
		d.broken = true
	}
}

// aggregate takes an STAP-A apart (RFC 6184 section 5.7.1).
func (d *Depacketizer) aggregate(b []byte) {
	for len(b) > 0 {
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

// fragmentUnit joins an FU-A (RFC 6184 section 5.8).
func (d *Depacketizer) fragmentUnit(b []byte) {
	if len(b) < 2 {
		d.broken = true
		return
	}
	start, end := b[1]&0x80 != 0, b[1]&0x40 != 0
	if start {
		if d.fragment != nil {
			d.broken = true
		}
		// Room for as much as the unit before, so that most grow once.
		d.fragment = make([]byte, 1, max(2*len(b), d.fragmentSize+d.fragmentSize/4))
		d.fragment[0] = b[0]&0xe0 | b[1]&0x1f
	}
	if d.fragment == nil {
		d.broken = true
		return
	}
	if d.size+len(d.fragment)+len(b) > maxUnitBytes {
		d.fragment, d.broken = nil, true
		return
	}
	d.fragment = append(d.fragment, b[2:]...)
	if end {
		n := d.fragment
		d.fragment, d.fragmentSize = nil, len(n)
		d.nalu(n)
	}
}

// annexB takes NAL units with start codes apart.
func (d *Depacketizer) annexB(b []byte) {
	for len(b) > 0 {
		i := bytes.Index(b, []byte{0, 0, 1})
		if i < 0 {
			i = len(b)
		}
		if n := bytes.TrimRight(b[:i:i], "\x00"); len(n) > 0 {
			d.one(n)
		}
		b = b[min(i+3, len(b)):]
	}
}

// nalu takes one NAL unit. No NAL unit holds a start code (emulation
// prevention), but cameras exist that send their headers as one piece.
func (d *Depacketizer) nalu(n []byte) {
	if !isSlice(kindOf(d.codec, n)) && bytes.Contains(n, []byte{0, 0, 1}) {
		d.annexB(n)
		return
	}
	d.one(n)
}

func (d *Depacketizer) one(n []byte) {
	k := kindOf(d.codec, n)
	if k == naluNone || k == naluDelimiter {
		return
	}
	if d.size+len(n) > maxUnitBytes || len(d.nalus) >= maxUnitNALUs {
		d.broken = true
		return
	}
	if isSlice(k) {
		if d.sameTime && !d.picture && !beginsPicture(d.codec, n) {
			d.badMarkers, d.broken = true, true // the marker has cut a picture
		}
		d.picture = true
		d.key = d.key || k == naluKey
		d.leading = d.leading || k == naluLeading
	}
	d.sets.store(n)
	d.nalus = append(d.nalus, n)
	d.size += len(n)
}

// beginsUnit says whether an RTP payload begins an access unit: with a first
// slice, or with what may stand before slices only (H.264 section 7.4.1.2.3).
func (d *Depacketizer) beginsUnit(payload []byte) bool {
	if d.codec == H265 {
		return h265BeginsUnit(payload, d.DON)
	}
	if len(payload) < 2 {
		return false
	}
	t, n := payload[0]&0x1f, payload
	switch t {
	case payloadSTAPA:
		if len(payload) < 5 {
			return false
		}
		n = payload[3:]
		t = n[0] & 0x1f
	case payloadFUA:
		if payload[1]&0x80 == 0 {
			return false
		}
		t, n = payload[1]&0x1f, payload[1:]
	}
	switch {
	case t == naluSlice || t == naluIDR:
		return beginsPicture(H264, n)
	case t >= 6 && t <= naluAUD:
		return true
	}
	return false
}
