package media

import "math"

// Limits of drift, as a share of time, and what it is judged by.
const (
	// leastDrift is beyond what any crystal does (below 0.01 %).
	leastDrift = 0.0004
	mostDrift  = 0.02
	slot       = ClockRate / 2
	minSlots   = 6
	maxSlots   = 40
	// driftNoise is how far from a straight line the delays may be: what bends
	// is a network's queue and no clock.
	driftNoise = 4 * ms
)

// drift finds out how much faster than the stamps the time of arrival goes,
// by the quickest picture of each half second.
type drift struct {
	// rate is what to add to each tick of the source.
	rate float64

	slots []point
	end   int64 // of the slot that is being filled
	open  bool
}

// point is the least delay of a slot and when it was, in ticks.
type point struct{ at, delay float64 }

func (d *drift) reset() { d.slots, d.open = d.slots[:0], false }

// add takes a picture; found counts a drift that begins to be corrected.
func (d *drift) add(u, at int64, found *uint64) {
	delay := float64(at - u)
	if d.open && at < d.end {
		if p := &d.slots[len(d.slots)-1]; delay < p.delay {
			*p = point{float64(at), delay}
		}
		return
	}
	if d.open {
		d.judge(found)
	}
	if len(d.slots) == maxSlots {
		d.slots = append(d.slots[:0], d.slots[1:]...)
	}
	d.slots = append(d.slots, point{float64(at), delay})
	d.open, d.end = true, at+slot
}

func (d *drift) judge(found *uint64) {
	n := float64(len(d.slots))
	if n < minSlots {
		return
	}
	var st, sy, stt, sty float64
	t0, y0 := d.slots[0].at, d.slots[0].delay
	for _, p := range d.slots {
		t, y := p.at-t0, p.delay-y0
		st, sy, stt, sty = st+t, sy+y, stt+t*t, sty+t*y
	}
	span := stt - st*st/n
	if span <= 0 {
		return
	}
	slope := (sty - st*sy/n) / span
	sum := 0.0
	for _, p := range d.slots {
		e := p.delay - y0 - sy/n - slope*(p.at-t0-st/n)
		sum += e * e
	}
	noise := math.Sqrt(sum / (n - 2))
	switch {
	case noise > driftNoise || math.Abs(slope) > mostDrift:
	case math.Abs(slope) > max(leastDrift, 5*noise/math.Sqrt(span)):
		if d.rate == 0 {
			*found++
		}
		d.rate = slope
	case math.Abs(slope) < leastDrift/2:
		d.rate = 0
	}
}
