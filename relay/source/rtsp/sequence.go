package rtsp

import (
	"math"
	"time"

	"github.com/pion/rtp"
)

// Limits of RFC 3550 appendix A.1: a sequence number further ahead or behind
// means that the sender began anew.
const (
	maxDropout  = 3000
	maxMisorder = 100
)

// arrival is a packet with the time at which it was read.
type arrival struct {
	packet *rtp.Packet
	at     time.Time
}

// ordered is a packet in its place: lost packets are missing before it;
// restart says that the sender began a new sequence with it.
type ordered struct {
	arrival
	lost    int
	restart bool
}

// sequencer puts the packets of one sender in order and accounts for gaps. A
// gap is kept open until window packets wait behind it or the oldest of them
// has waited for hold; without a window gaps count at once (TCP keeps order).
type sequencer struct {
	window int
	hold   time.Duration
	rate   int // ticks per second of the RTP clock

	started   bool
	ssrc      uint32
	next      uint16
	held      []arrival // behind the gap, by sequence number
	candidate arrival   // first packet of what may be a new sequence

	// Statistics of RFC 3550 section 6.4.1.
	cycles         uint32
	received, lost uint64
	duplicates     uint64
	jitter         float64 // in ticks
	measured       bool
	lastAt         time.Time
	lastTicks      uint32

	reportedReceived, reportedLost uint64
}

// push takes a packet and returns those that are in order now.
func (q *sequencer) push(a arrival) []ordered {
	seq := a.packet.SequenceNumber
	if !q.started {
		q.restart(a)
		return []ordered{q.release(a, 0, false)}
	}
	ahead := int(int16(seq - q.next))
	if a.packet.SSRC != q.ssrc || ahead >= maxDropout || ahead < -maxMisorder {
		return q.stranger(a)
	}
	q.candidate = arrival{}
	q.measure(a)
	switch {
	case ahead < 0:
		q.duplicates++ // a copy, or too late to be of use
		return nil
	case ahead == 0:
		return q.drain([]ordered{q.release(a, 0, false)})
	case q.window == 0:
		return []ordered{q.release(a, ahead, false)}
	}
	at := len(q.held)
	for at > 0 {
		d := int16(seq - q.held[at-1].packet.SequenceNumber)
		if d == 0 {
			q.duplicates++
			return nil
		}
		if d > 0 {
			break
		}
		at--
	}
	q.held = append(q.held, arrival{})
	copy(q.held[at+1:], q.held[at:])
	q.held[at] = a
	if len(q.held) > q.window {
		return q.skip(nil)
	}
	return nil
}

// stranger takes a packet that does not fit the sequence. Two in a row that
// follow each other are a new sequence; a single one is dropped.
func (q *sequencer) stranger(a arrival) []ordered {
	c := q.candidate
	if c.packet == nil || c.packet.SSRC != a.packet.SSRC || c.packet.SequenceNumber+1 != a.packet.SequenceNumber {
		q.candidate = a
		return nil
	}
	var out []ordered
	for len(q.held) > 0 {
		out = q.skip(out)
	}
	q.restart(c)
	out = append(out, q.release(c, 0, true))
	q.measure(a)
	return append(out, q.release(a, 0, false))
}

func (q *sequencer) restart(a arrival) {
	q.started = true
	q.ssrc, q.next = a.packet.SSRC, a.packet.SequenceNumber
	q.candidate, q.held = arrival{}, nil
	q.cycles, q.measured, q.jitter = 0, false, 0
	q.measure(a)
}

func (q *sequencer) release(a arrival, lost int, restart bool) ordered {
	seq := a.packet.SequenceNumber
	if seq+1 < q.next { // wrapped
		q.cycles++
	}
	q.next = seq + 1
	q.received++
	q.lost += uint64(lost)
	return ordered{arrival: a, lost: lost, restart: restart}
}

// drain releases what follows without a gap.
func (q *sequencer) drain(out []ordered) []ordered {
	for len(q.held) > 0 && q.held[0].packet.SequenceNumber == q.next {
		a := q.held[0]
		q.held = q.held[1:]
		out = append(out, q.release(a, 0, false))
	}
	return out
}

// skip gives up the first gap.
func (q *sequencer) skip(out []ordered) []ordered {
	a := q.held[0]
	q.held = q.held[1:]
	return q.drain(append(out, q.release(a, int(a.packet.SequenceNumber-q.next), false)))
}

// deadline is when flush has something to do; zero without a gap.
func (q *sequencer) deadline() time.Time {
	var t time.Time
	for _, a := range q.held {
		if t.IsZero() || a.at.Before(t) {
			t = a.at
		}
	}
	if t.IsZero() {
		return t
	}
	return t.Add(q.hold)
}

// flush gives up gaps that have been open for too long.
func (q *sequencer) flush(now time.Time) []ordered {
	var out []ordered
	for len(q.held) > 0 && !q.deadline().After(now) {
		out = q.skip(out)
	}
	return out
}

// measure updates the interarrival jitter (RFC 3550 appendix A.8).
func (q *sequencer) measure(a arrival) {
	if q.rate == 0 {
		return
	}
	if q.measured {
		arrived := a.at.Sub(q.lastAt).Microseconds() * int64(q.rate) / 1e6
		d := int32(uint32(arrived) - (a.packet.Timestamp - q.lastTicks)) // both wrap
		q.jitter += (math.Abs(float64(d)) - q.jitter) / 16
	}
	q.lastAt, q.lastTicks, q.measured = a.at, a.packet.Timestamp, true
}

// jitterTime is the jitter as a time.
func (q *sequencer) jitterTime() time.Duration {
	if q.rate == 0 {
		return 0
	}
	return time.Duration(q.jitter / float64(q.rate) * float64(time.Second))
}

// highest is the extended highest sequence number received in order.
func (q *sequencer) highest() uint32 {
	last := q.next - 1
	cycles := q.cycles
	if last == 0xffff {
		cycles-- // next has wrapped already
	}
	return cycles<<16 | uint32(last)
}

// fraction is the fraction of packets lost since the last call, as the fixed
// point number of RFC 3550 section 6.4.1.
func (q *sequencer) fraction() uint8 {
	received, lost := q.received-q.reportedReceived, q.lost-q.reportedLost
	q.reportedReceived, q.reportedLost = q.received, q.lost
	if lost == 0 {
		return 0
	}
	return uint8(min(255, lost*256/(received+lost)))
}
