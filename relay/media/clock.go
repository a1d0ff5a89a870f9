package media

import "time"

// maxLead is how far a source's timestamps may run ahead of the wall clock
// between two units before they count as a jump.
const maxLead = 3 * ClockRate

// Clock maps the timeline of a source, run after run, onto one stream clock
// that never goes back: the RTP timestamps that every viewer sees. It is not
// safe for concurrent use.
type Clock struct {
	offset  int64 // stream = source + offset
	last    int64 // newest stream time given out
	lastAt  time.Time
	lastPTS int64
	step    int64 // newest distance of two units
	started bool
	anchor  bool // the next unit sets the offset

	// Jumps counts the repairs: units whose time went back or leapt.
	Jumps uint64
}

// NewClock starts a clock at the given stream time in ticks.
func NewClock(start int64) *Clock {
	return &Clock{last: start, anchor: true}
}

// Restart says that the next unit comes from a new run of the source, whose
// timeline has another zero.
func (c *Clock) Restart() { c.anchor = true }

// Map gives the stream time of a unit that was received at the given time. A
// new run continues where the wall clock says; within a run the source's own
// distances are kept, but for jumps.
func (c *Clock) Map(pts int64, received time.Time) int64 {
	elapsed := int64(0)
	if c.started {
		elapsed = max(0, int64(received.Sub(c.lastAt))*ClockRate/int64(time.Second))
	}
	jump := !c.anchor && (pts <= c.lastPTS || pts-c.lastPTS > elapsed+maxLead)
	if jump {
		c.Jumps++
	}
	if c.anchor || jump {
		next := c.last
		if c.started {
			next += max(elapsed, 1)
			if jump && c.step > 0 && pts <= c.lastPTS {
				next = c.last + c.step
			}
		}
		c.offset = next - pts
		c.anchor = false
	} else {
		c.step = pts - c.lastPTS
	}
	c.started = true
	c.lastPTS, c.lastAt = pts, received
	c.last = pts + c.offset
	return c.last
}

// Place is Map for times that have been repaired before (see [Repairer]): they
// may go back, as those of B-frames do, and are no jumps.
func (c *Clock) Place(pts int64, received time.Time) int64 {
	if c.anchor {
		return c.Map(pts, received)
	}
	t := pts + c.offset
	c.last = max(c.last, t)
	c.lastPTS, c.lastAt = pts, received
	return t
}

// Offset is what Map adds to a source's time to get the stream's, in ticks.
func (c *Clock) Offset() int64 { return c.offset }
