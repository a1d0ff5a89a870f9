package media

import "math"

// regular takes a picture of a stream whose pictures have had one distance.
func (r *Repairer) regular(au AccessUnit, u, before, at, elapsed int64) []AccessUnit {
	c := &r.cadence
	t := c.period
	m := len(r.held) + 1
	n := int(math.Round(float64(u-r.out) / t))
	fits := n >= m && abs(u-r.out-int64(math.Round(float64(n)*t))) <= onGrid
	gap := float64(u - before)
	ahead := u - at - c.delay()
	switch {
	case u > r.out && u > before && !c.steady():
		// Nothing speaks against the stamp.
		return append(r.release(), r.stamp(au, max(u, r.out+1)))
	case fits && n == m && (m == 1 || r.wrongly(m) || gap < 0.75*t || r.crowded()):
		r.offs = 0
		c.onTime()
		out := r.releaseOnGrid(n)
		return append(out, r.stamp(au, u))
	case u <= r.out, m > 1 && u <= before, ahead > agrees,
		m == 1 && n <= 1 && ahead < -agrees && abs(at+c.delay()-r.out-int64(math.Round(t))) <= agrees:
		// Nothing comes before it is taken.
		if r.wrongly(m) && fits && gap > t/2 {
			// What waits had wrong stamps; this one is right.
			return append(r.releaseOnGrid(n), r.stamp(au, u))
		}
		r.backward(u, before)
		return r.wrong(au, u, at, elapsed)
	case m > 1 && gap >= t/2:
		if r.wrongly(m) && fits {
			return append(r.releaseOnGrid(n), r.stamp(au, u))
		}
		// The camera has paused, or has another cadence.
		out := r.release()
		c.offBeat()
		return append(out, r.stamp(au, max(u, r.out+1)))
	case n <= 1 && float64(u-r.out) < t && abs(ahead) <= agrees && m == 1:
		c.offBeat()
		return []AccessUnit{r.stamp(au, u)}
	}
	return r.hold(waiting{au: au, u: u, at: at})
}

// crowded says whether pictures that wait came closer together than the
// cadence has them.
func (r *Repairer) crowded() bool {
	for i := 1; i < len(r.held); i++ {
		if float64(r.held[i].u-r.held[i-1].u) < r.cadence.period/2 {
			return true
		}
	}
	return false
}

// wrongly says whether all that wait for the m-th picture have wrong stamps.
func (r *Repairer) wrongly(m int) bool {
	for _, w := range r.held {
		if !w.wrong {
			return false
		}
	}
	return m > 1
}

func (r *Repairer) hold(w waiting) []AccessUnit {
	r.held = append(r.held, w)
	if len(r.held) > maxHeld {
		return r.release()
	}
	return nil
}

// wrong takes a picture of a regular stream whose stamp counts for nothing. It
// takes the next place, unless it is so late that the next picture has to show
// whether one is missing.
func (r *Repairer) wrong(au AccessUnit, u, at, elapsed int64) []AccessUnit {
	if len(r.held) == 0 && float64(elapsed) > 1.4*r.cadence.period || len(r.held) > 0 && !r.wrongly(2) {
		return r.hold(waiting{au: au, u: u, at: at, wrong: true})
	}
	r.held = append(r.held, waiting{au: au, u: u, at: at, wrong: true})
	return r.release()
}

// release gives out what waits, as it was stamped or as it arrived.
func (r *Repairer) release() []AccessUnit {
	if len(r.held) == 0 {
		return nil
	}
	held := r.held
	r.held = nil
	if r.cadence.jittery {
		return r.releaseLate(held, 0)
	}
	t := int64(math.Round(r.cadence.period))
	last := held[len(held)-1]
	missing := max(0, int64(math.Round(float64(last.at+r.cadence.delay()-r.out)/max(r.cadence.period, 1)))-int64(len(held)))
	var out []AccessUnit
	for i, w := range held {
		if !w.wrong {
			out = append(out, r.stamp(w.au, max(w.u, r.out+1)))
			continue
		}
		if len(held) == 1 {
			missing = 0 // late on its way, as far as can be seen
		}
		g := r.out + t
		if i == 0 {
			g += missing * t
		}
		if d := w.u - g; r.offs > 0 && abs(d-r.off) <= onGrid {
			r.offs++
		} else {
			r.off, r.offs = d, 1
		}
		out = append(out, r.stamp(w.au, g))
		if r.offs == 4 && i == len(held)-1 { // the clock stays where it leapt to
			r.Counts.Jumps++
			r.rebase(g-w.u, 4)
			r.offs = 0
		}
	}
	return out
}

// releaseLate gives out pictures of a jittery stream by the cadence of their
// arrivals; back is how many came behind them.
func (r *Repairer) releaseLate(held []waiting, back int) []AccessUnit {
	var out []AccessUnit
	for i, w := range held {
		out = append(out, r.onCadence(w.au, w.u, r.cadence.predict(len(held)-1-i+back)))
	}
	return out
}

// releaseOnGrid gives out what waits at places of the cadence, n places before
// the next picture: one after the other, or with a space where it arrived after
// one.
func (r *Repairer) releaseOnGrid(n int) []AccessUnit {
	var out []AccessUnit
	start, t := r.out, r.cadence.period
	place := 0
	for i, w := range r.held {
		place++
		if spare := n - (len(r.held) - i) - place; spare > 0 {
			late := float64(w.at+r.cadence.delay()-start)/t - float64(place)
			place += min(spare, max(0, int(math.Round(late))))
		}
		r.Counts.Stalls++
		out = append(out, r.stamp(w.au, start+int64(math.Round(float64(place)*t))))
	}
	r.held = nil
	return out
}
