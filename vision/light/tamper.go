package light

import (
	"math"
	"time"
)

// Thresholds of tampering, as shares of the cells that have something to see.
const (
	// textured is the least deviation of a cell's reference, in levels.
	textured = 3
	// judged is the least number of textured cells to say anything.
	judged = cellCount / 20
	// unlike is the similarity below which a cell shows something else.
	unlike = 0.4
	// likeEver is the similarity above which it shows the very same.
	likeEver = 0.85
	// faint is the part of its gradient below which a cell is blurred.
	faint = 0.45

	// coveredLost of the cells are lost when the lens is covered, and coveredShape of the shapes is left.
	coveredLost, coveredShape    = 0.75, 0.3
	defocusedFaint               = 0.6
	movedLost                    = 0.6
	samePattern                  = 0.75 // correlation of the cells' means with their reference
	tamperHold                   = 300 * time.Millisecond
	tamperEndHold                = 700 * time.Millisecond
	movedPattern                 = 0.7 // correlation after the best shift
	maxShiftAcross, maxShiftDown = 10, 6
	goodLost, goodFaint          = 0.35, 0.35
	suspectLost, suspectFaint    = 0.45, 0.45
	maxTamper                    = 10 * time.Minute
)

// tamper is the state of the view.
type tamper struct {
	ongoing lasting
	since   time.Duration
	// candidate is what seems to begin, suspected that something does.
	candidate Kind
	hold      lasting
	suspected bool
	// stale is an event from before the clock jumped.
	stale lasting
}

func (t *tamper) active() bool { return t.ongoing.active() }

// moved tells that another view is to be learned.
func (t *tamper) moved() bool {
	return t.ongoing.kind == Moved || t.ongoing.kind == SceneChanged
}

// view is how much of the view is left.
type view struct {
	cells                int
	lost, faint, pattern float64
	// shape is how much cells differ from their neighbours, as a part of what they did.
	shape float64
}

func (d *Detector) view(p *picture) view {
	var v view
	lost, blurred := 0, 0
	dark := min(p.gain, 1)
	for i := range p.mean {
		if p.referenceDeviation[i] < textured {
			continue
		}
		v.cells++
		if p.similarity[i] < unlike {
			lost++
		}
		if p.gradient[i] < faint*d.gradient[i]*dark {
			blurred++
		}
	}
	if v.cells > 0 {
		v.lost, v.faint = float64(lost)/float64(v.cells), float64(blurred)/float64(v.cells)
	}
	v.pattern = correlation(&p.mean, &p.reference, 0, 0)
	v.shape = shape(p)
	return v
}

// shape compares the differences between neighbouring cells with those of the reference: unlike
// gradients they hold no noise. Cells that look as ever are left out: a clock burnt into the picture
// shows on a covered lens too.
func shape(p *picture) float64 {
	var now, before float64
	for i := range p.mean {
		if p.similarity[i] > likeEver {
			continue
		}
		for _, j := range []int{i + 1, i + Columns} {
			if j < cellCount && (j != i+1 || j%Columns != 0) && p.similarity[j] <= likeEver {
				now += math.Abs(p.mean[i] - p.mean[j])
				before += math.Abs(p.reference[i] - p.reference[j])
			}
		}
	}
	if before == 0 {
		return 1
	}
	return now / before
}

// watchTamper begins and ends events of the view.
func (d *Detector) watchTamper(p *picture) []Change {
	t := &d.tamper
	v := d.view(p)
	if v.cells < judged {
		t.suspected, t.hold.pending = false, false
		return nil // too dark, or nothing in view: nobody can tell
	}
	if t.active() {
		good := v.lost < goodLost && v.faint < goodFaint
		if t.ongoing.due(good, p.at, tamperEndHold) || p.at-t.since > maxTamper {
			t.suspected = false
			return []Change{d.ended(&t.ongoing)}
		}
		return nil
	}
	t.suspected = v.lost > suspectLost || v.faint > suspectFaint
	kind := Kind("")
	switch {
	case v.lost > coveredLost && v.shape < coveredShape:
		kind = Covered
	case v.faint > defocusedFaint && v.pattern >= samePattern:
		kind = Defocused
	case v.lost > movedLost:
		kind = Moved
	}
	if kind != t.candidate {
		t.candidate, t.hold.pending = kind, false
	}
	if !t.hold.due(kind != "", p.at, tamperHold) {
		return nil
	}
	if kind == Moved && !shifted(p) {
		kind = SceneChanged
	}
	t.since, t.candidate, t.hold = p.at, "", lasting{}
	return []Change{d.began(&t.ongoing, kind, whole)}
}

// shifted tells whether the picture is the reference, moved.
func shifted(p *picture) bool {
	best := 0.0
	for dy := -maxShiftDown; dy <= maxShiftDown; dy++ {
		for dx := -maxShiftAcross; dx <= maxShiftAcross; dx++ {
			best = max(best, correlation(&p.mean, &p.reference, dx, dy))
		}
	}
	return best > movedPattern
}

// Glare: so many cells saturate while haze lies over the darkest.
const (
	glareCells   = 5
	haze         = 10 // levels
	glareHold    = 250 * time.Millisecond
	glareEndHold = 500 * time.Millisecond
)

// watchGlare begins and ends glare.
func (d *Detector) watchGlare(p *picture) []Change {
	g := &d.glare
	if g.active() {
		left := 0
		for _, i := range g.cells {
			if p.saturated[i] {
				left++
			}
		}
		if g.due(2*left < len(g.cells), p.at, glareEndHold) {
			d.disturbs = p.at + kept
			return []Change{d.ended(g)}
		}
		d.disturbs = p.at + kept
		return nil
	}
	before := d.before(p.at)
	if d.tamper.active() || before == nil {
		g.pending = false
		return nil
	}
	var fresh [cellCount]bool
	count := 0
	for i, s := range p.saturated {
		if s && !before.saturated[i] {
			fresh[i] = true
			count++
		}
	}
	glaring := count >= glareCells && hazy(p, before)
	if glaring {
		d.disturbs = max(d.disturbs, p.at+glareHold+200*time.Millisecond)
	}
	if !g.due(glaring, p.at, glareHold) {
		return nil
	}
	var largest []int
	for _, group := range groups(&fresh) {
		if len(group) > len(largest) {
			largest = group
		}
	}
	c := d.began(g, Glare, around(largest))
	g.cells = largest
	return []Change{c}
}

// hazy tells whether the darkest cells have lost their black, more than a gain does to them.
func hazy(p, before *picture) bool {
	limit := median(append([]float64(nil), before.least[:]...), 0)
	var rises []float64
	for i, v := range before.least {
		if v <= limit {
			rises = append(rises, p.least[i]-v*max(p.gain, 1))
		}
	}
	return median(rises, 0) >= haze
}

// before is a picture from before what happens now began: about half a second old, or older.
func (d *Detector) before(at time.Duration) *picture {
	for i := len(d.past) - 1; i >= 0; i-- {
		if at-d.past[i].at >= glareHold+glareHold {
			return &d.past[i]
		}
	}
	return nil
}
