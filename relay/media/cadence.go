package media

import (
	"math"
	"slices"
)

// window is how many pictures the cadence is judged by, and steady how many of
// them make it regular.
const (
	window = 48
	steady = 8
)

// sample is one picture: its stamp and its arrival in ticks, and its number in
// the cadence.
type sample struct{ u, at, k int64 }

// cadence knows how a stream's pictures follow each other, by their stamps and
// by their arrivals.
type cadence struct {
	samples []sample // the newest
	// period is the distance of two pictures in ticks, 0 while unknown.
	period float64
	// regular says that stamps have one distance, jittery that arrivals have
	// one while stamps have none.
	regular, jittery bool
	settled          int // pictures on time since one was not
	odd              int // pauses among the newest pictures
	pause            int // pictures until the stream may be regular again

	offset float64 // while jittery: from arrival to time given out
}

func (c *cadence) add(u, at int64) {
	s := sample{u: u, at: at}
	if n := len(c.samples); n > 0 {
		s.k = c.samples[n-1].k + 1
	}
	if len(c.samples) == window {
		c.samples = append(c.samples[:0], c.samples[1:]...)
	}
	c.samples = append(c.samples, s)
}

// moveNewest adds to the stamps of the newest n pictures: the clock was set
// anew.
func (c *cadence) moveNewest(n int, by int64) {
	for i := max(0, len(c.samples)-n); i < len(c.samples); i++ {
		c.samples[i].u += by
	}
}

// onTime and offBeat say that a picture of a regular stream was where it
// should be, or that the camera has paused.
func (c *cadence) onTime() {
	if c.settled++; c.settled >= 16 {
		c.odd = 0
	}
}

func (c *cadence) offBeat() {
	c.settled = 0
	if c.odd++; c.odd > 3 {
		c.regular, c.odd, c.pause = false, 0, window
	}
}

// delay is the usual distance of stamps from arrivals, without the newest
// picture's.
func (c *cadence) delay() int64 {
	if n := len(c.samples) - 1; n > 0 {
		return delayOf(c.samples[max(0, n-16):n])
	}
	return 0
}

// delayOf is that of the newest n pictures.
func (c *cadence) delayOf(n int) int64 { return delayOf(c.samples[max(0, len(c.samples)-n):]) }

// steady says whether pictures have arrived as their stamps say. Where they
// come in bursts, as from a playlist of files, or faster than they were taken,
// arrivals say nothing of the stamps.
func (c *cadence) steady() bool {
	n := len(c.samples)
	if n < steady {
		return false
	}
	early := cadence{samples: c.samples[:n-1]}
	return early.disagree(16) <= 2*onGrid
}

func delayOf(samples []sample) int64 {
	var d [window]int64
	for i, s := range samples {
		d[i] = s.u - s.at
	}
	all := d[:len(samples)]
	slices.Sort(all)
	return all[len(all)/2]
}

// judge looks at the newest pictures: how far they are apart, and whether
// their stamps or their arrivals keep a cadence. out is the time given out
// last.
func (c *cadence) judge(out int64) {
	n := len(c.samples)
	if n < steady {
		return
	}
	if c.jittery {
		if n >= 24 && c.rough(stampOf, 24) <= onGrid/2 {
			c.jittery = false
			c.judgeStamps()
			return
		}
		if l := c.line(arrivalOf); l.slope > c.period*0.9 && l.slope < c.period*1.1 {
			c.period = l.slope
		}
		return
	}
	c.judgeStamps()
	if c.regular {
		// A regular stream has to lose its cadence first: wrong stamps in a
		// row do that.
		if c.strays() < steady/2 {
			return
		}
	}
	c.judgeArrivals(out)
}

// judgeStamps finds the distance of the stamps. The period of a regular
// stream follows them slowly, and a stream becomes regular by the newest
// pictures alone.
func (c *cadence) judgeStamps() {
	var steps [window]int64
	n := 0
	for i := 1; i < len(c.samples); i++ {
		if d := c.samples[i].u - c.samples[i-1].u; d > 0 {
			steps[n] = d
			n++
		}
	}
	if n < steady-1 {
		return
	}
	newest := slices.Clone(steps[max(0, n-steady):n])
	slices.Sort(newest)
	t := float64(newest[len(newest)/2])
	if newest[0] > newest[len(newest)-1]-onGrid {
		// All alike: their mean is finer than a stamp in milliseconds.
		sum := int64(0)
		for _, d := range newest {
			sum += d
		}
		t = float64(sum) / float64(len(newest))
	}
	if c.regular && math.Abs(t-c.period) > onGrid && c.strays() < steady {
		return // a few wrong stamps do not change the cadence
	}
	if !c.regular {
		c.period = t
		if c.pause = max(0, c.pause-1); c.pause == 0 && c.strays() == 0 {
			c.regular, c.settled, c.odd = true, 0, 0
		}
		return
	}
	if math.Abs(t-c.period) <= onGrid {
		c.period += (t - c.period) / 8
		return
	}
	c.regular, c.period = false, t // another cadence, or none
}

// strays counts those of the newest pictures whose distance from the one
// before is no multiple of the period.
func (c *cadence) strays() int {
	n := 0
	for i := max(1, len(c.samples)-steady); i < len(c.samples); i++ {
		d := float64(c.samples[i].u - c.samples[i-1].u)
		m := math.Round(d / c.period)
		if m < 1 || m > 3 || math.Abs(d-m*c.period) > onGrid {
			n++
		}
	}
	return n
}

// judgeArrivals finds out whether the arrivals keep a cadence that the stamps
// do not.
func (c *cadence) judgeArrivals(out int64) {
	was := slices.Clone(c.samples)
	period, regular := c.period, c.regular
	steps := make([]int64, 0, window)
	for i := 1; i < len(c.samples); i++ {
		steps = append(steps, c.samples[i].at-c.samples[i-1].at)
	}
	slices.Sort(steps)
	if c.period = float64(steps[len(steps)/2]); c.period >= ms {
		c.renumber()
		n := window
		if regular {
			n = 12 // it has begun just now
		}
		wrong, arrived := c.spread(stampOf, n), c.spread(arrivalOf, n)
		if wrong > 5*ms && arrived < 0.4*wrong && c.disagree(n) > 0.3*wrong {
			c.jittery, c.regular = true, false
			newest := c.samples[len(c.samples)-1].k
			if l := c.line(arrivalOf); regular {
				c.offset = float64(out) - l.at(newest) + l.slope
			} else {
				// No picture is shown before the one that it follows.
				c.offset = max(c.line(stampOf).mean()-l.mean(), float64(out+ms)-l.at(newest))
			}
			c.period = c.line(arrivalOf).slope
			return
		}
	}
	c.samples, c.period = was, period
}

// renumber counts the pictures anew by their arrivals. Where one came late it
// was held up if those behind it are on time, and one is missing if not.
func (c *cadence) renumber() {
	t := c.period
	for i := 1; i < len(c.samples); i++ {
		from := float64(c.samples[i-1].at)
		late := math.Inf(1)
		for j := i; j < min(i+6, len(c.samples)); j++ {
			late = min(late, float64(c.samples[j].at)-from-float64(j-i+1)*t)
		}
		gap := int64(0)
		if late > 0.6*t {
			gap = int64(math.Round(late / t))
		}
		c.samples[i].k = c.samples[i-1].k + 1 + gap
	}
}

// expected is when the m-th picture after those that are numbered should
// arrive if none is missing; the newest m have no number yet.
func (c *cadence) expected(m int) float64 {
	n := len(c.samples) - m
	known := cadence{samples: c.samples[:max(1, n)]}
	last := known.samples[len(known.samples)-1]
	return known.line(arrivalOf).at(last.k + int64(m))
}

// numberNewest numbers the newest m pictures, the first of them after a gap.
func (c *cadence) numberNewest(m int, gap int64) {
	for i := max(1, len(c.samples)-m); i < len(c.samples); i++ {
		c.samples[i].k = c.samples[i-1].k + 1 + gap
		gap = 0
	}
}

// predict is the time by the arrivals of the picture that is back before the
// newest.
func (c *cadence) predict(back int) int64 {
	return int64(math.Round(c.line(arrivalOf).at(c.samples[len(c.samples)-1-back].k) + c.offset))
}

func stampOf(s sample) float64   { return float64(s.u) }
func arrivalOf(s sample) float64 { return float64(s.at) }

// line is a straight line through samples by their numbers.
type line struct{ k0, y0, slope float64 }

func (l line) at(k int64) float64 { return l.y0 + l.slope*(float64(k)-l.k0) }
func (l line) mean() float64      { return l.y0 }

// line fits the samples. What is far off is pulled near in further passes, so
// that a late arrival does not bend it.
func (c *cadence) line(of func(sample) float64) line {
	l := fit(c.samples, of)
	var far [window]float64
	for range 4 {
		for i, s := range c.samples {
			far[i] = math.Abs(of(s) - l.at(s.k))
		}
		all := far[:len(c.samples)]
		slices.Sort(all)
		bound, was := 2*all[len(all)/2], l
		l = fit(c.samples, func(s sample) float64 {
			want := was.at(s.k)
			return want + min(max(of(s)-want, -bound), bound)
		})
	}
	return l
}

func fit(samples []sample, of func(sample) float64) line {
	var l line
	n := float64(len(samples))
	k0, y0 := float64(samples[0].k), of(samples[0])
	var sk, sy, skk, sky float64
	for _, s := range samples {
		k, y := float64(s.k)-k0, of(s)-y0
		sk, sy, skk, sky = sk+k, sy+y, skk+k*k, sky+k*y
	}
	l.k0, l.y0 = k0+sk/n, y0+sy/n
	if d := skk - sk*sk/n; d > 0 {
		l.slope = (sky - sk*sy/n) / d
	}
	return l
}

// spread is the usual distance of the newest n pictures from their line.
func (c *cadence) spread(of func(sample) float64, n int) float64 {
	part := cadence{samples: c.samples[max(0, len(c.samples)-n):]}
	l := part.line(of)
	var far [window]float64
	for i, s := range part.samples {
		far[i] = math.Abs(of(s) - l.at(s.k))
	}
	all := far[:len(part.samples)]
	slices.Sort(all)
	return all[len(all)/2]
}

// disagree is how far stamps and arrivals of the newest n pictures differ.
func (c *cadence) disagree(n int) float64 {
	part := c.samples[max(0, len(c.samples)-n):]
	mid := delayOf(part)
	var far [window]float64
	for i, s := range part {
		far[i] = math.Abs(float64(s.u - s.at - mid))
	}
	all := far[:len(part)]
	slices.Sort(all)
	return all[len(all)/2]
}

// rough is the same, but what is far off counts in full.
func (c *cadence) rough(of func(sample) float64, n int) float64 {
	part := c.samples[max(0, len(c.samples)-n):]
	l := fit(part, of)
	sum := 0.0
	for _, s := range part {
		sum += math.Abs(of(s) - l.at(s.k))
	}
	return sum / float64(len(part))
}
