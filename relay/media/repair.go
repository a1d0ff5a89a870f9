package media

import (
	"math"
	"time"
)

// Repairs counts what was repaired in a stream, by kind.
type Repairs struct {
	// Jumps are leaps of the source's clock, for good or for one picture.
	Jumps uint64 `json:"jump"`
	// Wraps are counters of 32 or 33 bits that began again.
	Wraps uint64 `json:"wrap"`
	// Duplicates are pictures with the timestamp of the one before.
	Duplicates uint64 `json:"duplicate"`
	// Missing are pictures without a timestamp.
	Missing uint64 `json:"missing"`
	// Backward are timestamps that went back in a stream without B-frames.
	Backward uint64 `json:"non_monotonic"`
	// Decode are decoding times that went back, or lay behind the picture's.
	Decode uint64 `json:"decode_time"`
	// Reordered are pictures of a stream with B-frames that were stamped in
	// the order of decoding, and got the time of their place in the show.
	Reordered uint64 `json:"b_order"`
	// Jitter are stamps of a disturbed clock, moved onto the cadence.
	Jitter uint64 `json:"jitter"`
	// Stalls are pictures that were stamped late because the encoder stood,
	// with those that crowded behind them.
	Stalls uint64 `json:"stall"`
	// Drifts are clocks found to run too fast or too slow.
	Drifts uint64 `json:"drift"`
	// ParameterSets are key frames that came without theirs.
	ParameterSets uint64 `json:"parameter_sets"`
	// Changes are parameter sets that changed while the stream ran.
	Changes uint64 `json:"parameter_sets_changed"`
	// Resolutions are changes of the picture's size.
	Resolutions uint64 `json:"resolution"`
}

// Kinds are the counts by kind, without those that are zero.
func (r Repairs) Kinds() map[string]uint64 {
	out := map[string]uint64{}
	for kind, n := range map[string]uint64{
		"jump": r.Jumps, "wrap": r.Wraps, "duplicate": r.Duplicates, "missing": r.Missing, "non_monotonic": r.Backward,
		"decode_time": r.Decode, "b_order": r.Reordered, "jitter": r.Jitter, "stall": r.Stalls, "drift": r.Drifts,
		"parameter_sets": r.ParameterSets, "parameter_sets_changed": r.Changes, "resolution": r.Resolutions,
	} {
		if n > 0 {
			out[kind] = n
		}
	}
	return out
}

// Limits of the repair, in ticks where they have no unit.
const (
	ms = ClockRate / 1000
	// onGrid is how far from its place in the cadence a truthful picture is.
	onGrid = 5 * ms
	// leap is the least distance that is a jump of the clock at once.
	leap = 300 * ms
	// agrees is how far stamp and arrival of a truthful picture differ.
	agrees = 12 * ms
	// maxHeld bounds the pictures that wait.
	maxHeld = 12
	// HoldJump is the longest time that a picture waits for the next ones to
	// say whether its leap is the encoder's stall or a pause.
	HoldJump = 300 * time.Millisecond
)

// Repairer gives the pictures of a source timestamps that can be trusted. It
// works on the source's own timeline: a truthful source, also one of variable
// rate, is left as it is to the tick. What is repaired is counted.
//
// It tells damage from truth by what stamp and arrival say together. A picture
// that is off the cadence but arrived when it says is a pause; one that arrived
// on the cadence has a wrong stamp; and one that came late with the next ones
// crowding behind it stood in the encoder. Only the last has to wait for the
// next picture, [HoldJump] at most; see Due and Flush.
//
// It is not safe for concurrent use. The zero value is ready.
type Repairer struct {
	// Counts are the repairs so far.
	Counts Repairs

	started  bool
	zero     time.Time // arrival times count from here
	wrapped  int64     // added to the source's time for wraps of its counter
	shift    int64     // and this, for jumps
	slewed   float64   // and this, for drift
	lastIn   int64     // newest source time, unwrapped
	lastU    int64     // the same with the additions
	lastAt   int64
	out      int64 // newest timestamp given out
	dts      int64
	timed    bool    // dts is set
	base     float64 // least delay seen, as timestamp minus arrival
	former   int64   // shift before a jump that may have been one picture's
	doubt    int     // pictures since that jump, 0: none
	off      int64   // how far the newest wrong stamp was off the grid
	offs     int     // wrong stamps in a row that were off as far
	settle   int     // pictures until a jump is looked at again
	wasDelay int64   // before that jump
	stuck    int     // stamps in a row at or behind the newest one given out

	cadence cadence
	drift   drift
	order   order
	held    []waiting
}

// waiting is a picture whose time the next ones decide.
type waiting struct {
	au    AccessUnit
	u, at int64
	wrong bool // the stamp counts for nothing
}

// Restart says that the next picture comes from a new run of the source. It
// returns those that wait.
func (r *Repairer) Restart() []AccessUnit {
	out := r.release()
	*r = Repairer{Counts: r.Counts}
	return out
}

// Shift is what has been added to the source's newest timestamp.
func (r *Repairer) Shift() int64 { return r.shift + r.wrapped + int64(math.Round(r.slewed)) }

// Due is when Flush has something to do, zero if nothing waits.
func (r *Repairer) Due() time.Time {
	if len(r.held) == 0 {
		return time.Time{}
	}
	return r.held[0].au.Received.Add(HoldJump)
}

// Flush gives out what has waited for long enough.
func (r *Repairer) Flush(now time.Time) []AccessUnit {
	if due := r.Due(); due.IsZero() || now.Before(due) {
		return nil
	}
	return r.release()
}

// Push takes the next picture in decoding order and returns those that may go
// on: usually itself.
func (r *Repairer) Push(au AccessUnit) []AccessUnit {
	if !r.started {
		return r.begin(au)
	}
	at := int64(au.Received.Sub(r.zero)) * ClockRate / int64(time.Second)
	elapsed := max(0, at-r.lastAt)
	if au.Untimed {
		r.Counts.Missing++
		return r.untimed(au, at, elapsed)
	}
	in := au.PTS + r.wrapped
	if w := wrapOf(in-r.lastIn, elapsed); w != 0 {
		r.wrapped += w
		in += w
		r.Counts.Wraps++
	}
	ahead := in - r.lastIn
	r.lastIn = in
	r.slewed += r.drift.rate * float64(min(max(ahead, 0), ClockRate))
	u := in + r.shift + int64(math.Round(r.slewed))
	var out []AccessUnit
	leads, falls := r.limits()
	if alt := u - r.shift + r.former; r.doubt > 0 && r.doubt < 3 && !r.plausible(u, at) && r.plausible(alt, at) {
		// It was one picture's fault.
		u, r.shift, r.doubt = alt, r.former, 0
	}
	if float64(u-at)-r.base > float64(leads) || u < r.lastU-falls {
		out = r.release()
		u = r.jumped(u, at, elapsed)
		r.drift.reset()
	} else {
		r.drift.add(u-int64(math.Round(r.slewed)), at, &r.Counts.Drifts)
		if r.doubt > 0 {
			r.doubt = (r.doubt + 1) % 5
		}
	}
	r.base = max(r.base-float64(elapsed)/1000, float64(u-at))
	if r.settle > 0 {
		before := r.shift
		r.settled()
		u += r.shift - before
	}
	before := r.lastU
	r.lastU, r.lastAt = u, at
	if r.order.reorders() {
		out = append(out, r.release()...)
		if p, ok := r.order.place(&au, u); ok {
			r.Counts.Reordered++
			u = p
		} else if u == before {
			r.Counts.Duplicates++
			u++
		}
		return append(out, r.stamp(au, u))
	}
	r.cadence.add(u, at)
	return append(out, r.place(au, u, before, at, elapsed)...)
}

func (r *Repairer) begin(au AccessUnit) []AccessUnit {
	r.started, r.zero = true, au.Received
	if au.Untimed {
		au.PTS = 0
		r.Counts.Missing++
	}
	r.lastIn, r.lastU, r.out, r.base = au.PTS, au.PTS, au.PTS, float64(au.PTS)
	r.cadence.add(au.PTS, 0)
	return []AccessUnit{r.stamp(au, au.PTS)}
}

// Reorder says whether the stream has B-frames, with what the pictures say of
// their order if that is known: picture is nil if not.
func (r *Repairer) Reorder(bFrames bool, picture func(nalus [][]byte) (PictureOrder, bool)) {
	r.order.bFrames, r.order.picture = bFrames, picture
}

// plausible says whether a time fits what came before.
func (r *Repairer) plausible(u, at int64) bool {
	leads, falls := r.limits()
	if u <= r.out || u < r.lastU-falls || float64(u-at)-r.base > float64(leads) {
		return false
	}
	t := r.cadence.period
	return !r.cadence.regular || math.Abs(float64(u-r.out)-t*math.Round(float64(u-r.out)/t)) <= onGrid
}

// limits are how far a stamp may lead the arrival, and fall behind the one
// before, without being a jump for certain.
func (r *Repairer) limits() (leads, falls int64) {
	t := r.cadence.period
	switch {
	case r.order.reorders():
		return ClockRate, ClockRate
	case t == 0:
		return 3 * ClockRate, 3 * ClockRate
	}
	leads = max(leap, int64(3*t))
	falls = leads
	if !r.cadence.steady() {
		return max(leads, 3*ClockRate), falls
	}
	if r.cadence.regular && len(r.held) == 0 {
		// Nothing comes before it was taken: more than a picture ahead of the
		// quickest one so far is the clock's doing.
		leads = int64(1.2*t) + 2*onGrid
	}
	return leads, falls
}

// wrapOf is what to add where a counter of 32 or 33 bits began again, 0 where
// none did.
func wrapOf(d, elapsed int64) int64 {
	for _, w := range [...]int64{1 << 32, 1 << 33} {
		switch {
		case abs(d+w-elapsed) < 3*ClockRate:
			return w
		case abs(d-w) < 3*ClockRate: // a B-frame from before the wrap
			return -w
		}
	}
	return 0
}

func abs(v int64) int64 { return max(v, -v) }

// step is the distance of the next picture from the one before, by what the
// cadence and the arrival say.
func (r *Repairer) step(elapsed int64) int64 {
	t := r.cadence.period
	switch {
	case t > 0 && (r.cadence.regular || r.cadence.jittery || elapsed == 0):
		return int64(math.Round(t * max(1, math.Round(float64(elapsed)/t))))
	case elapsed > 0:
		return elapsed
	}
	return ms
}

// places is how many places of the cadence a picture is behind the newest one
// given out, by its arrival. One that is a little late was held up on its way.
func (r *Repairer) places(at int64) float64 {
	n := math.Round(float64(at+r.cadence.delay()-r.out) / r.cadence.period)
	if n < 3 {
		n = 1
	}
	return n
}

// jumped takes a stamp that leapt: the picture follows the one before as the
// arrival says. Should the clock leap back at once, it was one picture's fault.
func (r *Repairer) jumped(u, at, elapsed int64) int64 {
	target := r.out + r.step(elapsed)
	if r.cadence.regular {
		target = r.out + int64(math.Round(r.cadence.period*r.places(at)))
	}
	r.Counts.Jumps++
	r.former, r.doubt = r.shift, 1
	r.shift += target - u
	r.wasDelay, r.settle = r.cadence.delay(), settleAfter
	return target
}

// settleAfter is how many pictures after a jump it is clear whether some were
// missing there.
const settleAfter = 6

// settled corrects a jump of a regular stream by the arrivals since.
func (r *Repairer) settled() {
	if r.settle == 0 {
		return
	}
	if r.settle--; r.settle > 0 || !r.cadence.regular {
		return
	}
	t := r.cadence.period
	if n := math.Round(float64(r.wasDelay-r.cadence.delayOf(settleAfter-1)) / t); n >= 1 && n < 4 {
		r.rebase(int64(math.Round(n*t)), settleAfter)
	}
}

// untimed gives a picture without a stamp its time.
func (r *Repairer) untimed(au AccessUnit, at, elapsed int64) []AccessUnit {
	u := r.lastU + r.step(elapsed)
	r.lastIn += u - r.lastU
	r.lastU, r.lastAt = u, at
	r.cadence.add(u, at)
	if r.cadence.regular && !r.order.reorders() {
		return r.wrong(au, u, at, elapsed)
	}
	return append(r.release(), r.stamp(au, max(u, r.out+1)))
}

// place gives a picture of a stream without B-frames its time.
func (r *Repairer) place(au AccessUnit, u, before, at, elapsed int64) []AccessUnit {
	c := &r.cadence
	was := c.jittery
	c.judge(r.out)
	switch {
	case c.jittery:
		return r.jittery(au, u, at, was)
	case was: // the clock has come to its senses
		out := r.release()
		t := max(c.predict(0), r.out+ms)
		r.rebase(t-u, window)
		return append(out, r.stamp(au, t))
	case c.regular || len(r.held) > 0:
		return r.regular(au, u, before, at, elapsed)
	case u > r.out:
		r.stuck = 0
		return []AccessUnit{r.stamp(au, u)}
	}
	r.backward(u, before)
	t := r.out + min(r.step(elapsed), max(ms, elapsed))
	if r.stuck++; r.stuck > 3 {
		r.Counts.Jumps++
		r.rebase(t-u, window)
		r.stuck = 0
	}
	return []AccessUnit{r.stamp(au, t)}
}

// rebase moves the source's time, and what is known of the newest n pictures.
func (r *Repairer) rebase(by int64, n int) {
	r.shift += by
	r.lastU += by
	r.cadence.moveNewest(n, by)
}

func (r *Repairer) backward(u, before int64) {
	switch {
	case u == before:
		r.Counts.Duplicates++
	case u < before:
		r.Counts.Backward++
	default:
		r.Counts.Jitter++
	}
}

// jittery takes a picture whose stamp counts for nothing: the cadence of the
// arrivals gives its time. One that comes late was held up on its way, or one
// before it is missing; that shows with the next.
func (r *Repairer) jittery(au AccessUnit, u, at int64, was bool) []AccessUnit {
	c := &r.cadence
	t := c.period
	n := len(r.held)
	late := float64(at) - c.expected(n+1)
	if was && late > t/2 && n < max(2, int(60*ms/t)) {
		r.held = append(r.held, waiting{au: au, u: u, at: at, wrong: true})
		return nil
	}
	if was && late < -t/2 {
		// A gap that was seen before was none.
		c.renumber()
	} else if was {
		c.numberNewest(n+1, max(0, int64(math.Round(late/t))))
	}
	out := r.releaseLate(r.held, 1)
	r.held = nil
	return append(out, r.onCadence(au, u, c.predict(0)))
}

func (r *Repairer) onCadence(au AccessUnit, u, t int64) AccessUnit {
	if abs(t-u) > ms {
		r.Counts.Jitter++
	}
	// A picture cannot be shown before the one that it follows.
	return r.stamp(au, max(t, r.out+ms))
}

// stamp gives a picture its time, and its decoding time one that does not go
// back and does not lie behind it.
func (r *Repairer) stamp(au AccessUnit, u int64) AccessUnit {
	if au.HasDTS {
		d := au.DTS + u - au.PTS
		if au.Untimed || r.timed && d <= r.dts || d > u {
			d = min(u, max(d, r.dts+1))
			if !au.Untimed {
				r.Counts.Decode++
			}
		}
		au.DTS, r.dts, r.timed = d, max(d, r.dts), true
	}
	au.PTS, au.Untimed = u, false
	r.out = u
	return au
}
