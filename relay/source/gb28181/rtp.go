package gb28181

import (
	"encoding/binary"
	"time"
)

// packet is an RTP packet as far as media needs it (RFC 3550 section 5.1).
type packet struct {
	ssrc, timestamp uint32
	sequence        uint16
	kind            byte // payload type
	marker          bool
	payload         []byte // part of the bytes parsed
}

// parsePacket reads a packet; it reports false for what is none.
func parsePacket(b []byte) (packet, bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return packet{}, false
	}
	p := packet{marker: b[1]&0x80 != 0, kind: b[1] & 0x7f, sequence: binary.BigEndian.Uint16(b[2:]),
		timestamp: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:])}
	at, end := 12+4*int(b[0]&15), len(b)
	if p.kind >= 72 && p.kind <= 76 && p.marker { // RTCP, types 200 to 204
		return packet{}, false
	}
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return packet{}, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if at > end {
		return packet{}, false
	}
	p.payload = b[at:end:end]
	return p, true
}

// Limits of RFC 3550 appendix A.1, and of the reordering.
const (
	maxDropout  = 3000
	maxMisorder = 100
	window      = 64
	hold        = 100 * time.Millisecond
)

// sequencer puts the packets of one sender in order and counts gaps. Without
// reorder (TCP) a gap is a loss at once; with it, a gap is kept open until
// half a window waits behind it or it is older than hold. Packets that wait
// are copied; in steady state nothing is allocated.
type sequencer struct {
	reorder bool
	deliver func(p packet, lost int) // lost < 0: the sender began anew

	started  bool
	ssrc     uint32
	next     uint16
	held     int
	oldest   time.Time
	slots    [window]slot
	stranger packet // first packet of what may be a new sequence
	hasFirst bool
	lost     uint64
}

type slot struct {
	used bool
	p    packet
	buf  []byte
}

// push takes a packet that was received at now.
func (q *sequencer) push(p packet, now time.Time) {
	if !q.started {
		q.begin(p)
		q.release(p, 0)
		return
	}
	ahead := int(int16(p.sequence - q.next))
	if p.ssrc != q.ssrc || ahead >= maxDropout || ahead < -maxMisorder {
		// Two packets that follow each other are a new sequence; a single one
		// is a stray.
		if !q.hasFirst || q.stranger.ssrc != p.ssrc || q.stranger.sequence+1 != p.sequence {
			q.stranger, q.hasFirst = p, true
			q.stranger.payload = nil
			return
		}
		q.drop()
		q.begin(p)
		q.release(p, -1)
		return
	}
	q.hasFirst = false
	switch {
	case ahead < 0: // a copy, or too late
	case ahead == 0:
		q.release(p, 0)
		q.drain()
	case !q.reorder:
		q.release(p, ahead)
	case ahead >= window:
		q.skipTo(now, true)
		q.release(p, int(p.sequence-q.next))
	default:
		s := &q.slots[p.sequence%window]
		if s.used {
			return
		}
		s.buf = append(s.buf[:0], p.payload...)
		s.p, s.used = p, true
		s.p.payload = s.buf
		if q.held == 0 {
			q.oldest = now
		}
		if q.held++; q.held > window/2 {
			q.skipTo(now, false)
		}
	}
}

func (q *sequencer) begin(p packet) {
	q.started, q.hasFirst = true, false
	q.ssrc, q.next = p.ssrc, p.sequence
}

func (q *sequencer) release(p packet, lost int) {
	q.next = p.sequence + 1
	if lost > 0 {
		q.lost += uint64(lost)
	}
	q.deliver(p, lost)
}

// drain releases what follows without a gap.
func (q *sequencer) drain() {
	for q.held > 0 {
		s := &q.slots[q.next%window]
		if !s.used {
			return
		}
		s.used = false
		q.held--
		q.release(s.p, 0)
	}
}

// skipTo gives up the first gap, or with all everything that waits.
func (q *sequencer) skipTo(now time.Time, all bool) {
	for q.held > 0 {
		gap := 0
		for !q.slots[(q.next+uint16(gap))%window].used {
			gap++
		}
		s := &q.slots[(q.next+uint16(gap))%window]
		s.used = false
		q.held--
		q.release(s.p, gap)
		q.drain()
		if !all {
			break
		}
	}
	q.oldest = now
}

// flush gives up gaps that are older than hold.
func (q *sequencer) flush(now time.Time) {
	for q.held > 0 && now.Sub(q.oldest) > hold {
		q.skipTo(now, false)
	}
}

func (q *sequencer) drop() {
	for i := range q.slots {
		q.slots[i].used = false
	}
	q.held = 0
}
