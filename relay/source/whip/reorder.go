package whip

import (
	"time"

	"github.com/pion/rtp"
)

// Bounds of the wait for packets that are missing: asked for again, one comes
// after a round trip; what comes later than a viewer waits is lost.
const (
	maxWait    = 250 * time.Millisecond
	maxWaiting = 512 // packets, a key frame at a high rate
)

// arrived is a packet and when it came.
type arrived struct {
	*rtp.Packet
	at time.Time
}

// reorder puts packets into the order of their numbers. It holds what comes
// after a gap until the gap is filled, or for maxWait.
type reorder struct {
	started bool
	next    uint16
	held    map[uint16]arrived
	lost    uint64 // packets given up
}

// ordered is a packet in its place; lost says that some before it are missing.
type ordered struct {
	arrived
	lost bool
}

// push takes a packet and returns those whose turn has come.
func (r *reorder) push(p arrived) []ordered {
	if !r.started {
		r.started, r.next, r.held = true, p.SequenceNumber, map[uint16]arrived{}
	}
	if int16(p.SequenceNumber-r.next) < 0 {
		return nil // a copy, or too late
	}
	r.held[p.SequenceNumber] = p
	return r.release(p.at)
}

// release returns the packets that need not wait any more.
func (r *reorder) release(now time.Time) (out []ordered) {
	gap := false
	for len(r.held) > 0 {
		if p, ok := r.held[r.next]; ok {
			delete(r.held, r.next)
			r.next++
			out = append(out, ordered{p, gap})
			gap = false
			continue
		}
		first, oldest := r.first()
		if now.Sub(oldest) < maxWait && len(r.held) < maxWaiting {
			break
		}
		r.lost += uint64(first - r.next)
		r.next, gap = first, true
	}
	return out
}

// first is the least number held, and the earliest arrival of all.
func (r *reorder) first() (first uint16, oldest time.Time) {
	least := -1
	for n, p := range r.held {
		if d := int(n - r.next); least < 0 || d < least {
			least, first = d, n
		}
		if oldest.IsZero() || p.at.Before(oldest) {
			oldest = p.at
		}
	}
	return first, oldest
}
