// Package light tells what happens to the light and to the view of a fixed camera from sums over a grid
// of cells: lights switched on and off with their place, glare, flicker, steps of the exposure, and
// tampering: a lens covered or out of focus, a camera moved, another scene.
//
// It owns the state machines and the reference that the cells are compared with; it knows neither how
// the sums are made (package shaders) nor who hears of the events.
package light

import (
	"math"
	"time"

	"sightline/vision/annot"
)

// The grid: cells across and down, samples of a cell.
const (
	Columns = 32
	Rows    = 18
	Samples = 64

	cellCount = Columns * Rows
)

// Params are what a picture's kernels must know, in the units of light_cells.wgsl.
type Params struct {
	ReferenceRate uint32
	Saturated     uint32
}

// Cell is what the kernels sum up for one cell, over its Samples.
type Cell struct {
	// Luma and Reference are sums of 0..255; LumaSquared, ReferenceSquared and Product of their products.
	Luma, Reference, LumaSquared, ReferenceSquared, Product int
	// Gradient and Change are sums of differences to neighbours and to the picture before.
	Gradient, Change int
	// Saturated counts samples; a tenth of the samples exceeds High; Greatest and Least are luma.
	Saturated, High, Greatest, Least int
}

// Kind is what happened: one of the kinds of package annot.
type Kind string

// The kinds. A light and an exposure step only occur, the others begin and end.
const (
	On           Kind = annot.EventLightOn
	Off          Kind = annot.EventLightOff
	ExposureStep Kind = annot.EventExposureStep
	Glare        Kind = annot.EventGlare
	Flicker      Kind = annot.EventFlicker
	Covered      Kind = annot.EventLensCovered
	Defocused    Kind = annot.EventDefocused
	Moved        Kind = annot.EventCameraMoved
	SceneChanged Kind = annot.EventSceneChanged
)

// Change is something that began, ended or occurred.
type Change struct {
	Kind  Kind
	State annot.State
	// ID is the same in both changes of one event, from 1.
	ID uint64
	// Box is where; the whole picture where it concerns all of it.
	Box annot.Box
}

// whole is the box of what concerns the whole picture.
var whole = annot.Box{W: 1, H: 1}

// Times of the detector.
const (
	// warmUp is how long the reference is learned before there are events.
	warmUp = 2 * time.Second
	// follow is how fast the reference follows what stays.
	follow = 10 * time.Second
	// resettle is the same after the camera was moved.
	resettle = 2 * time.Second
	// maxPause after which the view may be another one.
	maxPause = 10 * time.Second
	// kept is how much of the past is kept, maxKept how many pictures.
	kept    = 1500 * time.Millisecond
	maxKept = 64
)

// saturated is the least luma that is saturated.
const saturated = 248

// Detector follows one camera. It is for one goroutine; Params and Cells take pictures in their order,
// and Cells may lag behind.
type Detector struct {
	begun         bool
	started, last time.Duration
	learned       int

	past     []picture
	gradient [cellCount]float64 // what a cell's gradient is like
	known    int

	tamper   tamper
	glare    lasting
	flicker  flicker
	steps    steps
	nextID   uint64
	disturbs time.Duration // no light events before
}

// picture is what is remembered of one picture.
type picture struct {
	at                              time.Duration
	mean, least, greatest, gradient [cellCount]float64
	saturated                       [cellCount]bool
	reference, deviation            [cellCount]float64
	similarity                      [cellCount]float64
	referenceDeviation              [cellCount]float64
	gain                            float64
}

// New makes a detector that has seen nothing.
func New() *Detector { return &Detector{} }

// Params returns the kernels' parameters for the picture taken at a time of the stream's own clock. A
// clock that jumps begins anew.
func (d *Detector) Params(at time.Duration) Params {
	if !d.begun || at < d.last || at-d.last > maxPause {
		id, ongoing := d.nextID, d.tamper.ongoing
		*d = Detector{begun: true, started: at, last: at, nextID: id}
		d.tamper.stale = ongoing
	}
	since := at - d.last
	d.last = at
	d.learned++
	p := Params{Saturated: saturated}
	switch {
	case at-d.started < warmUp:
		p.ReferenceRate = uint32(65535 / d.learned)
	case d.tamper.moved():
		p.ReferenceRate = rate(since, resettle)
	case d.tamper.active(), d.tamper.suspected, d.glare.active():
		// What is in front of the lens is not the view.
	default:
		p.ReferenceRate = rate(since, follow)
	}
	return p
}

func share(since, over time.Duration) float64 { return 1 - math.Exp(-since.Seconds()/over.Seconds()) }

func rate(since, over time.Duration) uint32 {
	return uint32(math.Round(65535 * share(since, over)))
}

// Cells takes the sums of the picture taken at a time, row by row, and returns what changed.
func (d *Detector) Cells(at time.Duration, cells []Cell) []Change {
	if !d.begun || at < d.started || len(cells) != cellCount {
		return nil
	}
	p := measure(at, cells)
	var out []Change
	if d.tamper.stale.kind != "" {
		out = append(out, d.ended(&d.tamper.stale))
	}
	warm := at-d.started >= warmUp
	if warm {
		out = append(out, d.watchTamper(&p)...)
		if d.tamper.active() || d.tamper.suspected {
			d.disturbs = at + kept
		}
		out = append(out, d.watchGlare(&p)...)
	}
	d.learn(&p)
	d.past = append(d.past, p)
	for len(d.past) > maxKept || at-d.past[0].at > kept {
		d.past = d.past[1:]
	}
	if warm {
		out = append(out, d.watchFlicker(&p)...)
		out = append(out, d.watchSteps(at)...)
	}
	return out
}

// learn follows the gradients, with the same patience as the kernels' reference.
func (d *Detector) learn(p *picture) {
	d.known++
	s := 0.0
	switch {
	case p.at-d.started < warmUp:
		s = 1 / float64(d.known)
	case len(d.past) == 0:
	case d.tamper.moved():
		s = share(p.at-d.past[len(d.past)-1].at, resettle)
	case d.tamper.active(), d.tamper.suspected, d.glare.active():
	default:
		s = share(p.at-d.past[len(d.past)-1].at, follow)
	}
	for i, g := range p.gradient {
		d.gradient[i] += (g - d.gradient[i]) * s
	}
}

// began makes the change that begins an event.
func (d *Detector) began(l *lasting, kind Kind, box annot.Box) Change {
	d.nextID++
	*l = lasting{kind: kind, id: d.nextID, box: box}
	return Change{kind, annot.Began, l.id, box}
}

// ended makes the change that ends one.
func (d *Detector) ended(l *lasting) Change {
	c := Change{l.kind, annot.Ended, l.id, l.box}
	*l = lasting{}
	return c
}

func (d *Detector) occurred(kind Kind, box annot.Box) Change {
	d.nextID++
	return Change{kind, annot.Occurred, d.nextID, box}
}

// lasting is an event under way, or none.
type lasting struct {
	kind Kind
	id   uint64
	box  annot.Box
	// held is since when a change of state is due, if pending.
	held    time.Duration
	pending bool
	// dark are cells that were not saturated before glare.
	cells []int
}

func (l *lasting) active() bool { return l.kind != "" }

// due tells whether a condition has held for some time.
func (l *lasting) due(condition bool, at, hold time.Duration) bool {
	if !condition {
		l.pending = false
		return false
	}
	if !l.pending {
		l.pending, l.held = true, at
	}
	return at-l.held >= hold
}
