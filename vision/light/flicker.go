package light

import (
	"math"
	"slices"
	"time"
)

// Flicker: brightness that turns so often within the window, in so many cells that touch.
const (
	flickerTurns   = 5
	flickerWindow  = time.Second
	flickerCells   = 10
	flickerEndHold = time.Second
	// A turn is a way back from an extreme by a share of it, and some levels.
	turnShare  = 0.06
	turnLevels = 5
	// flickerSwing is the part of its range by which the mean of all cells must turn.
	flickerSwing = 0.5
	// flickerDepth is the least range of that mean, as a part of its greatest value.
	flickerDepth = 0.1
)

type flicker struct {
	ongoing lasting
	cells   [cellCount]swing
}

// swing follows the brightness of a cell between its turns.
type swing struct {
	extreme float64
	rising  bool
	begun   bool
	least   float64 // what counts as a way back; 0 for the share
	turns   []time.Duration
}

// turn takes a brightness and tells how many turns there were within the window.
func (s *swing) turn(at time.Duration, v float64) int {
	if !s.begun {
		s.begun, s.extreme = true, v
	}
	least := s.least
	if least == 0 {
		least = max(turnLevels, turnShare*s.extreme)
	}
	switch {
	case s.rising && v > s.extreme || !s.rising && v < s.extreme:
		s.extreme = v
	case s.rising && v < s.extreme-least || !s.rising && v > s.extreme+least:
		s.rising, s.extreme = !s.rising, v
		if len(s.turns) >= 2*flickerTurns {
			s.turns = s.turns[1:]
		}
		s.turns = append(s.turns, at)
	}
	s.turns = slices.DeleteFunc(s.turns, func(t time.Duration) bool { return at-t > flickerWindow })
	return len(s.turns)
}

// watchFlicker begins and ends flicker.
func (d *Detector) watchFlicker(p *picture) []Change {
	f := &d.flicker
	var flickering [cellCount]bool
	for i := range p.mean {
		flickering[i] = f.cells[i].turn(p.at, p.mean[i]) >= flickerTurns
	}
	var largest []int
	for _, g := range groups(&flickering) {
		if len(g) > len(largest) && sameView(p, g) && d.together(g, p.at) {
			largest = g
		}
	}
	enough := len(largest) >= flickerCells && !d.tamper.active()
	if len(largest) >= flickerCells/2 || f.ongoing.active() {
		d.disturbs = max(d.disturbs, p.at+kept)
	}
	if f.ongoing.active() {
		if f.ongoing.due(len(largest) < flickerCells/2, p.at, flickerEndHold-flickerWindow/2) {
			return []Change{d.ended(&f.ongoing)}
		}
		return nil
	}
	if !enough {
		return nil
	}
	box := around(largest)
	if len(largest) > cellCount/2 {
		box = whole
	}
	return []Change{d.began(&f.ongoing, Flicker, box)}
}

// together tells whether the cells of a group flicker as one: their mean turns as often as they do, each
// time by a good part of its whole range. What walks past makes some brighter while it makes others
// darker, and a light that passes comes and goes once.
func (d *Detector) together(group []int, at time.Duration) bool {
	var means []float64
	low, high := math.Inf(1), math.Inf(-1)
	for n := range d.past {
		if at-d.past[n].at > flickerWindow {
			continue
		}
		sum := 0.0
		for _, i := range group {
			sum += d.past[n].mean[i]
		}
		means = append(means, sum/float64(len(group)))
		low, high = min(low, sum/float64(len(group))), max(high, sum/float64(len(group)))
	}
	s := swing{least: max(turnLevels, flickerSwing*(high-low))}
	turns := 0
	for _, v := range means {
		turns = s.turn(at, v)
	}
	return turns >= flickerTurns-1 && high-low >= flickerDepth*high
}

// sameView tells whether most of a group's cells show what they showed, in whatever light: what walks
// past hides it.
func sameView(p *picture, group []int) bool { return likeness(p, group) > 0.7 }

// likeness is the share of a group's cells that show what they showed.
func likeness(p *picture, group []int) float64 {
	same := 0
	for _, i := range group {
		if p.similarity[i] > 0.6 || p.referenceDeviation[i] < textured && p.deviation[i] < 2*textured {
			same++
		}
	}
	return float64(same) / float64(len(group))
}
