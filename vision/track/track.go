// Package track gives the detections of one stream identities that are stable
// over its frames: a Kalman filter for each object, and an association in two
// stages, first of the sure detections and then of the unsure ones, after
// ByteTrack (Zhang et al., 2022). It knows neither detectors nor pictures.
package track

import (
	"time"

	"sightline/vision/annot"
	"sightline/vision/detect"
)

// Config of a tracker.
type Config struct {
	// High is the score from which a detection may begin an object, 0..1.
	High float32
	// MaxLost is how long an object may be out of sight; default 2 s.
	MaxLost time.Duration
}

// Association needs so much overlap of prediction and detection.
const (
	overlapSure      = 0.15 // sure detections with known objects
	overlapUnsure    = 0.4  // unsure detections with objects in sight
	overlapTentative = 0.25 // sure detections with what was seen once
)

// maxGap is the pause after which all objects are forgotten.
const maxGap = 10 * time.Second

// maxTracks bounds the objects of one stream.
const maxTracks = 512

// Tracker follows the objects of one stream. It is for one goroutine.
type Tracker struct {
	cfg    Config
	tracks []*object
	next   uint64
	now    time.Duration
	begun  bool
	costs  []float32
}

// object is something that was detected at least once.
type object struct {
	id       uint64 // 0 while it was seen once only
	class    int
	motion   motion
	seen     time.Duration // when it was last seen
	inSight  bool
	detected int // index of this update's detection, -1 for none
}

// New makes a tracker without objects.
func New(cfg Config) *Tracker {
	if cfg.MaxLost == 0 {
		cfg.MaxLost = 2 * time.Second
	}
	return &Tracker{cfg: cfg, next: 1}
}

// Tracked says which object a detection is.
type Tracked struct {
	// ID is the object's number, 0 while it is not sure to be one.
	ID uint64
	// Velocity is how fast x, y, w and h of its box change, per second; nil
	// while it is not known.
	Velocity *annot.Box
}

// Update takes the detections of the next picture, taken at a time on any
// scale that runs on, and appends one Tracked for each detection to out, in
// their order. Detections below High carry known objects on, and begin none.
// After a step back or a long pause all objects are new.
func (t *Tracker) Update(at time.Duration, found []detect.Detection, out []Tracked) []Tracked {
	dt := at - t.now
	if t.begun && (dt <= 0 || dt > maxGap) {
		t.tracks = t.tracks[:0]
	}
	if !t.begun || dt <= 0 || dt > maxGap {
		dt = 0
	}
	t.begun, t.now = true, at
	for _, o := range t.tracks {
		o.motion.predict(float32(dt.Seconds()))
		o.detected = -1
	}
	sure, unsure := t.sort(found)
	known, tentative := t.split(func(o *object) bool { return o.id != 0 })
	sure, known = t.associate(found, sure, known, overlapSure)
	inSight := make([]*object, 0, len(known))
	for _, o := range known {
		if o.inSight {
			inSight = append(inSight, o)
		}
	}
	t.associate(found, unsure, inSight, overlapUnsure)
	sure, _ = t.associate(found, sure, tentative, overlapTentative)
	t.forget()
	for _, i := range sure {
		if len(t.tracks) < maxTracks {
			t.tracks = append(t.tracks, &object{class: found[i].Class, motion: newMotion(found[i].Box), seen: at, inSight: true, detected: i})
		}
	}
	from := len(out)
	out = append(out, make([]Tracked, len(found))...)
	for _, o := range t.tracks {
		if o.detected < 0 || o.id == 0 {
			continue
		}
		v := o.motion.velocity()
		out[from+o.detected] = Tracked{ID: o.id, Velocity: &v}
	}
	return out
}

// sort tells sure detections from unsure ones.
func (t *Tracker) sort(found []detect.Detection) (sure, unsure []int) {
	for i, d := range found {
		if d.Score >= t.cfg.High {
			sure = append(sure, i)
		} else {
			unsure = append(unsure, i)
		}
	}
	return sure, unsure
}

func (t *Tracker) split(first func(*object) bool) (yes, no []*object) {
	for _, o := range t.tracks {
		if first(o) {
			yes = append(yes, o)
		} else {
			no = append(no, o)
		}
	}
	return yes, no
}

// associate matches detections with objects of their class so that the overlap
// of all pairs together is greatest, and returns who is left.
func (t *Tracker) associate(found []detect.Detection, which []int, objects []*object, least float32) ([]int, []*object) {
	if len(which) == 0 || len(objects) == 0 {
		return which, objects
	}
	// What must not be paired costs as much as remaining alone, twice.
	const never = 2
	t.costs = t.costs[:0]
	for _, o := range objects {
		predicted := o.motion.box()
		for _, i := range which {
			cost := float32(never)
			if found[i].Class == o.class {
				if iou := predicted.IoU(found[i].Box); iou >= least {
					cost = 1 - iou*(0.5+0.5*found[i].Score)
				}
			}
			t.costs = append(t.costs, cost)
		}
	}
	pairs := assign(t.costs, len(objects), len(which))
	taken := make([]bool, len(which))
	var alone []*object
	for row, column := range pairs {
		if column < 0 || t.costs[row*len(which)+column] >= never {
			alone = append(alone, objects[row])
			continue
		}
		taken[column] = true
		t.see(objects[row], which[column], found[which[column]])
	}
	var left []int
	for column, i := range which {
		if !taken[column] {
			left = append(left, i)
		}
	}
	return left, alone
}

func (t *Tracker) see(o *object, i int, d detect.Detection) {
	o.motion.correct(d.Box)
	o.seen, o.inSight, o.detected = t.now, true, i
	if o.id == 0 {
		o.id = t.next
		t.next++
	}
}

// forget drops what was not seen now: at once if it was seen once only, after
// a while otherwise.
func (t *Tracker) forget() {
	kept := t.tracks[:0]
	for _, o := range t.tracks {
		if o.detected < 0 {
			o.inSight = false
			_, inPicture := o.motion.box().Clip()
			if o.id == 0 || !inPicture || t.now-o.seen > t.cfg.MaxLost {
				continue
			}
		}
		kept = append(kept, o)
	}
	clear(t.tracks[len(kept):])
	t.tracks = kept
}
