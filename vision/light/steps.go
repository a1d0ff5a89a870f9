package light

import (
	"math"
	"time"
)

// A step is looked for between two spans in which nothing changes.
const (
	afterSpan  = 520 * time.Millisecond
	gapSpan    = 250 * time.Millisecond
	beforeSpan = 450 * time.Millisecond
)

const (
	// stepLevels and stepShare are the least step of a cell's mean, in levels and of its brightness.
	stepLevels = 8
	stepShare  = 0.12
	// calm is how much a cell may change within a span, as a part of its step.
	calm = 0.2
	// stepCells is the least number of touching cells that a light reaches.
	stepCells = 6
	// stepCalm and stepTogether are the shares of a group's cells that are calm before and after, and
	// that step at the same time: what moves changes one cell after the other.
	stepCalm     = 0.5
	stepTogether = 0.8
	// exposureGain is the least gain of an exposure step, exposureRest the most cells it leaves
	// unexplained.
	exposureGain = 1.09
	exposureRest = cellCount / 4
	// coreShare is the part of its group's greatest step that makes a cell part of the light's place.
	coreShare = 0.5
	// placeCells and placeShare are the least number of touching cells, and the least part of the greatest
	// step of all, that count for the place.
	placeCells = 2
	placeShare = 0.3
	// likeBefore and likeAfter are the shares of a group's cells that must show what they ever did: before
	// a light is switched most of them, after it fewer, because it shows what was dark.
	likeBefore = 0.7
	likeAfter  = 0.3
	// stepPause is how long a cell's step is not told again.
	stepPause = 1200 * time.Millisecond
	// samePause is how long what follows is part of the same light.
	samePause = 500 * time.Millisecond
)

type steps struct {
	told     [cellCount]time.Duration
	exposure time.Duration
	begun    bool
	last     map[Kind]time.Duration
	split    int // the last picture before the steps that were looked for last
}

// cellStep is how a cell's brightness changed between the spans.
type cellStep struct {
	from, to float64
	calm     bool
	// brightest is the greatest luma before and after.
	brightest [2]float64
	frame     int // in which the greatest part of the change came
}

// watchSteps tells of lights and exposure.
func (d *Detector) watchSteps(at time.Duration) []Change {
	if at < d.disturbs {
		return nil
	}
	all, ok := d.cellSteps(at)
	if !ok {
		return nil
	}
	if at-d.steps.exposure <= stepPause {
		return nil
	}
	if gain := stepGain(all); math.Abs(math.Log(gain)) > math.Log(exposureGain) {
		switch exposed(all, gain) {
		case restless:
			return nil
		case uniform:
			d.steps.exposure = at
			return []Change{d.occurred(ExposureStep, whole)}
		}
	}
	return d.lightSteps(at, all)
}

// stepGain is by how much the picture has become brighter.
func stepGain(all *[cellCount]cellStep) float64 {
	var ratios []float64
	for _, s := range all {
		if s.from >= dim && s.to < saturated {
			ratios = append(ratios, s.to/s.from)
		}
	}
	return median(ratios, 1)
}

// How a gain explains what changed.
const (
	restless = iota // it is still changing
	uniform         // it does
	uneven          // it does not
)

func exposed(all *[cellCount]cellStep, gain float64) int {
	changed, calm, rest := 0, 0, 0
	for _, s := range all {
		if math.Abs(s.to-s.from) >= stepLevels/2 {
			changed++
			if s.calm {
				calm++
			}
		}
		if !stepped(s.from*gain, s.to) {
			continue
		}
		// What was cut off before or is now did not change as much.
		cutBefore, cutNow := s.brightest[0] >= saturated && s.to > s.from*gain, s.brightest[1] >= saturated && s.to < s.from*gain
		if !cutBefore && !cutNow {
			rest++
		}
	}
	switch {
	case float64(calm) < stepCalm*float64(changed):
		return restless
	case rest <= exposureRest:
		return uniform
	}
	return uneven
}

// lightSteps tells of lights. What several groups of cells do at the same time is one light: the lamp
// and what it shines on.
func (d *Detector) lightSteps(at time.Duration, all *[cellCount]cellStep) []Change {
	var changed [cellCount]bool
	for i := range all {
		s := &all[i]
		changed[i] = stepped(s.from, s.to) && at-d.steps.told[i] > stepPause
	}
	lit, parts, reaches := map[Kind][]int{}, map[Kind][][]int{}, map[Kind]bool{}
	for _, group := range groups(&changed) {
		// What comes or goes in front of the view is no light.
		before, after := likeness(&d.past[d.steps.split], group), likeness(&d.past[len(d.past)-1], group)
		if kind, ok := lightStep(group, all); ok && before > likeBefore && after > likeAfter {
			lit[kind] = append(lit[kind], group...)
			reaches[kind] = reaches[kind] || len(group) >= stepCells
			if len(group) >= placeCells {
				parts[kind] = append(parts[kind], group)
			}
		}
	}
	var out []Change
	for _, kind := range []Kind{On, Off} {
		if cells := lit[kind]; reaches[kind] {
			for _, i := range cells {
				d.steps.told[i] = at
			}
			if last, ok := d.steps.last[kind]; ok && at-last < samePause {
				continue // the rest of the light that was just told
			}
			if d.steps.last == nil {
				d.steps.last = map[Kind]time.Duration{}
			}
			d.steps.last[kind] = at
			out = append(out, d.occurred(kind, around(place(parts[kind], all))))
		}
	}
	return out
}

func stepped(from, to float64) bool {
	return math.Abs(to-from) > max(stepLevels, stepShare*max(from, to))
}

// cellSteps compares the spans; ok is false where there are too few pictures.
func (d *Detector) cellSteps(at time.Duration) (*[cellCount]cellStep, bool) {
	if !d.steps.begun {
		d.steps.begun = true
		for i := range d.steps.told {
			d.steps.told[i] = at - 2*stepPause
		}
		d.steps.exposure = at - 2*stepPause
	}
	var first, second, third = len(d.past), len(d.past), len(d.past) // where each span begins
	for i := len(d.past) - 1; i >= 0; i-- {
		age := at - d.past[i].at
		if age <= afterSpan {
			third = i
		}
		if age < afterSpan+gapSpan {
			second = i
		}
		if age <= afterSpan+gapSpan+beforeSpan {
			first = i
		}
	}
	if second-first < 2 || len(d.past)-third < 2 {
		return nil, false
	}
	d.steps.split = second - 1
	var out [cellCount]cellStep
	for c := range out {
		s := &out[c]
		from, low0, high0 := d.span(c, first, second)
		to, low1, high1 := d.span(c, third, len(d.past))
		s.from, s.to = from, to
		s.brightest = [2]float64{d.past[first].greatest[c], d.past[len(d.past)-1].greatest[c]}
		limit := calm * math.Abs(to-from)
		s.calm = high0-low0 < limit && high1-low1 < limit
		best := 0.0
		for i := second; i <= third; i++ {
			if change := math.Abs(d.past[i].mean[c] - d.past[i-1].mean[c]); change > best {
				best, s.frame = change, i
			}
		}
	}
	return &out, true
}

func (d *Detector) span(cell, from, to int) (mean, low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := from; i < to; i++ {
		v := d.past[i].mean[cell]
		mean += v
		low, high = min(low, v), max(high, v)
	}
	return mean / float64(to-from), low, high
}

// lightStep tells whether a group of changed cells is a light that was switched.
func lightStep(group []int, all *[cellCount]cellStep) (Kind, bool) {
	up, still := 0, 0
	frames := map[int]int{}
	for _, i := range group {
		if all[i].to > all[i].from {
			up++
		}
		if all[i].calm {
			still++
			frames[all[i].frame]++
		}
	}
	together := 0
	for f, n := range frames {
		together = max(together, n+frames[f+1])
	}
	n := float64(len(group))
	if float64(still) < stepCalm*n || float64(together) < stepTogether*float64(still) {
		return "", false
	}
	switch {
	case float64(up) > 0.85*n:
		return On, true
	case float64(up) < 0.15*n:
		return Off, true
	}
	return "", false
}

// place are the cells that changed most in each of the groups that a light reaches.
func place(parts [][]int, all *[cellCount]cellStep) []int {
	most := 0.0
	greatest := make([]float64, len(parts))
	for n, group := range parts {
		for _, i := range group {
			greatest[n] = max(greatest[n], math.Abs(all[i].to-all[i].from))
		}
		most = max(most, greatest[n])
	}
	var out []int
	for n, group := range parts {
		for _, i := range group {
			if greatest[n] >= placeShare*most && math.Abs(all[i].to-all[i].from) >= coreShare*greatest[n] {
				out = append(out, i)
			}
		}
	}
	return out
}
