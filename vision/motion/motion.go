// Package motion finds what moves in front of a fixed camera: it sets the parameters of the mixture of
// Gaussians that a GPU keeps for each pixel, and makes boxes of the regions that come back.
//
// It owns warm-up, learning rates by time instead of by frame, what to do when the light of the whole
// picture changes, and which regions are one thing. It knows neither how pixels get to the GPU nor what
// draws the boxes. The kernels are in package shaders.
package motion

import (
	"math"
	"slices"
	"time"

	"sightline/vision/annot"
)

// Config says what counts as motion. Default gives all fields.
type Config struct {
	// History is how long the background remembers: what stands still for about a tenth of it becomes
	// background.
	History time.Duration
	// Follow is how fast the background follows slow changes of light.
	Follow time.Duration
	// WarmUp is how long the background is learned before there are boxes.
	WarmUp time.Duration
	// Settle is how long boxes are withheld, and the background learned anew, after the light of the
	// whole picture has changed at once.
	Settle time.Duration
	// LeastArea is the smallest thing that gets a box, as a share of the picture.
	LeastArea float64
	// Gap is how far apart two regions of one thing may be, as a share of the picture's larger side.
	Gap float64
	// Confirm is in how many frames one after the other a thing must be seen.
	Confirm int
}

// Default is right for streets, yards and rooms.
func Default() Config {
	return Config{
		History: 30 * time.Second, Follow: 2 * time.Second, WarmUp: 2 * time.Second, Settle: time.Second,
		LeastArea: 0.0008, Gap: 0.006, Confirm: 2,
	}
}

// Params are what a frame's kernels must know, in the units of lib/motion.wgsl.
type Params struct {
	Width, Height                              uint32
	WeightRate, MeanRate                       uint32
	VarianceStart, VarianceLeast, VarianceMost uint32
	Reach, Background                          uint32
	ShadowLuma, ShadowChroma                   uint32
	LeastArea                                  uint32
}

// Region is a region of moving pixels: its box in pixels of the analysed picture (Right and Bottom lie
// one beyond the last pixel) and the number of its pixels.
type Region struct {
	Left, Top, Right, Bottom int
	Area                     int
}

// Result is what the kernels make of a frame.
type Result struct {
	// Moving, Shadow, Brighter and Darker count pixels, before regions are cleaned up.
	Moving, Shadow, Brighter, Darker int
	// Found is the number of regions, also those that did not fit.
	Found   int
	Regions []Region
	// Gain is how much brighter the picture is than the background.
	Gain float64
}

// The mixture's constants; variances are in squared grey levels, of luma and both colour differences
// together.
const (
	varianceStart = 20
	varianceLeast = 8
	varianceMost  = 75
	reach         = 16    // a value belongs to a mode within four deviations
	background    = 58982 // the share of time that background shows: 0.9 of 65536
	shadowLuma    = 0.55  // shadow keeps so much of the light
	shadowChroma  = 8
)

// A change of the whole picture's light that no gain explains: so much more of the picture moves than at
// the calmest moment of the time before; half of that, if so much of it has become brighter or darker.
const (
	suddenWindow     = 600 * time.Millisecond
	suddenMoving     = 0.25
	suddenBrightness = 0.35
	// allMoving is too much of the picture for things that move.
	allMoving = 0.7
)

// After a change of light the background is learned anew in so many frames, the first of which counts a
// quarter: what was background keeps enough weight to be it again when the light changes back.
const (
	anewFrames = 8
	anewFirst  = 3
)

// maxPause after which the background may have become another one.
const maxPause = 10 * time.Second

// Detector follows one camera. It is for one goroutine; Params and Result take frames in their order,
// and Result may lag behind.
type Detector struct {
	cfg           Config
	width, height int

	begun, warm bool
	started     time.Duration // of the learning under way
	last        time.Duration
	learned     int // frames learned since started

	settled time.Duration // no boxes before
	shares  []share
	tracks  []sighting
	nextID  uint64
}

// share is how much of a frame changed.
type share struct {
	at                 time.Duration
	moving, brightness float64
}

// sighting is a region of the frame before, in how many frames it was seen, and how its box changes.
type sighting struct {
	region   Region
	at       time.Duration
	seen     int
	id       uint64
	box      annot.Box
	velocity annot.Box
}

// New makes a detector for pictures analysed at a size in pixels.
func New(c Config, width, height int) *Detector {
	return &Detector{cfg: c, width: width, height: height}
}

// Params returns the kernels' parameters for the frame taken at a time of the stream's own clock. A
// clock that jumps begins a new background.
func (d *Detector) Params(at time.Duration) Params {
	if !d.begun || at < d.last || at-d.last > maxPause {
		*d = Detector{cfg: d.cfg, width: d.width, height: d.height, nextID: d.nextID, begun: true, started: at, last: at}
	}
	since := at - d.last
	d.last = at
	// A plain average at first, then one that forgets.
	rate := func(over time.Duration, least int) uint32 {
		r := 1 - math.Exp(-since.Seconds()/over.Seconds())
		return uint32(math.Round(65535 * max(r, 1/float64(least), 1.0/32768)))
	}
	n := math.MaxInt32
	switch d.learned++; {
	case !d.warm && at-d.started < d.cfg.WarmUp:
		n = d.learned
	case d.warm && d.learned <= anewFrames:
		n = anewFirst + d.learned
	}
	p := Params{
		Width: uint32(d.width), Height: uint32(d.height),
		WeightRate: rate(d.cfg.History, n), MeanRate: rate(d.cfg.Follow, n),
		VarianceStart: varianceStart * 256, VarianceLeast: varianceLeast * 256, VarianceMost: varianceMost * 256,
		Reach: reach, Background: background,
		ShadowLuma: uint32(math.Round(shadowLuma * 256)), ShadowChroma: shadowChroma * 256,
		LeastArea: uint32(max(1, d.leastArea()/4)),
	}
	return p
}

// leastArea is the pixels of the smallest thing. Its regions may be smaller: they are joined first.
func (d *Detector) leastArea() int {
	return max(4, int(math.Round(d.cfg.LeastArea*float64(d.width*d.height))))
}

// Result takes what the kernels made of the frame taken at a time and returns what moves: the ID is the
// same while regions of one frame after the other overlap.
// ok is false while the background is being learned: then nothing is known of motion.
func (d *Detector) Result(at time.Duration, r Result) (objects []annot.Object, ok bool) {
	if !d.begun || at < d.started {
		return nil, false // of a frame before the background was begun anew
	}
	pixels := float64(d.width * d.height)
	now := share{at, float64(r.Moving+r.Shadow) / pixels, float64(r.Brighter-r.Darker) / pixels}
	sudden := d.sudden(now)
	d.shares = append(d.shares, now)
	if !d.warm {
		if at-d.started < d.cfg.WarmUp {
			return nil, false
		}
		d.warm, d.learned = true, anewFrames
		d.shares = append(d.shares[:0], now)
		sudden = false
	}
	if sudden {
		d.started, d.learned, d.settled = at, 0, at+d.cfg.Settle
		d.shares, d.tracks = d.shares[:0], nil
	}
	if at < d.settled {
		return nil, false
	}
	return d.follow(at, d.join(r.Regions)), true
}

// sudden tells whether the light of the whole picture has changed.
func (d *Detector) sudden(now share) bool {
	d.shares = slices.DeleteFunc(d.shares, func(s share) bool { return now.at-s.at > suddenWindow })
	if now.moving > allMoving {
		return true
	}
	for _, s := range d.shares {
		brightened := math.Abs(now.brightness-s.brightness) > suddenBrightness
		if more := now.moving - s.moving; more > suddenMoving || brightened && more > suddenMoving/2 {
			return true
		}
	}
	return false
}

// join makes one region of those that overlap or nearly touch, and drops what is too small.
func (d *Detector) join(regions []Region) []Region {
	gap := int(d.cfg.Gap * float64(max(d.width, d.height)))
	list := slices.Clone(regions)
	for again := true; again; {
		again = false
		for i := 0; i < len(list); i++ {
			for j := i + 1; j < len(list); j++ {
				if near(list[i], list[j], gap) {
					list[i] = union(list[i], list[j])
					list = slices.Delete(list, j, j+1)
					again, j = true, i
				}
			}
		}
	}
	least := d.leastArea()
	return slices.DeleteFunc(list, func(r Region) bool { return r.Area < least })
}

func near(a, b Region, gap int) bool {
	return a.Left < b.Right+gap && b.Left < a.Right+gap && a.Top < b.Bottom+gap && b.Top < a.Bottom+gap
}

func union(a, b Region) Region {
	return Region{min(a.Left, b.Left), min(a.Top, b.Top), max(a.Right, b.Right), max(a.Bottom, b.Bottom), a.Area + b.Area}
}

// newest is what the newest frame counts for in a velocity.
const newest = 0.4

// follow returns the regions seen often enough.
func (d *Detector) follow(at time.Duration, regions []Region) []annot.Object {
	var objects []annot.Object
	now := make([]sighting, 0, len(regions))
	taken := make([]bool, len(d.tracks))
	w, h := float32(d.width), float32(d.height)
	for _, r := range regions {
		s := sighting{region: r, at: at, seen: 1, box: annot.Box{X: float32(r.Left) / w, Y: float32(r.Top) / h,
			W: float32(r.Right-r.Left) / w, H: float32(r.Bottom-r.Top) / h}}
		// What was near counts as seen before; what overlaps most is the same thing.
		best, overlap := -1, float32(0)
		for i, before := range d.tracks {
			if near(r, before.region, 1+max(r.Right-r.Left, r.Bottom-r.Top)/4) {
				s.seen = max(s.seen, before.seen+1)
			}
			if iou := s.box.IoU(before.box); iou > overlap && !taken[i] {
				best, overlap = i, iou
			}
		}
		if best >= 0 {
			before := &d.tracks[best]
			taken[best] = true
			s.id = before.id
			if dt := float32((at - before.at).Seconds()); dt > 0 {
				mix := func(old, from, to float32) float32 { return old + newest*((to-from)/dt-old) }
				s.velocity = annot.Box{X: mix(before.velocity.X, before.box.X, s.box.X), Y: mix(before.velocity.Y, before.box.Y, s.box.Y),
					W: mix(before.velocity.W, before.box.W, s.box.W), H: mix(before.velocity.H, before.box.H, s.box.H)}
			}
		}
		if s.seen >= d.cfg.Confirm {
			if s.id == 0 {
				d.nextID++
				s.id = d.nextID
			}
			velocity := s.velocity
			objects = append(objects, annot.Object{ID: s.id, Label: "motion", Score: 1, Box: s.box, Velocity: &velocity})
		}
		now = append(now, s)
	}
	d.tracks = now
	return objects
}
