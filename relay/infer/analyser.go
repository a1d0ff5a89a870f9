package infer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/vision/card"
	"sightline/vision/detect"
	"sightline/vision/track"
)

// stale is how old a frame may be and still be worth analysing when newer ones
// are there already.
const stale = 250 * time.Millisecond

// picture is a decoded frame that waits for analysis.
type picture struct {
	key      annot.Key
	ticks    int64 // the timestamp, unwrapped
	received time.Time
	frame    shaders.Frame
	planes   []byte
}

// analyser is one stream's analysis: it decodes and samples in a goroutine of
// its own, and keeps the newest sampled picture for the model to take. Lock
// order: a model's before an analyser's.
type analyser struct {
	Analysis
	model *model
	name  string

	mu      sync.Mutex
	waiting *picture
	free    []*picture
	busy    int // pictures of it that are in the model's hands
	served  time.Time
	stats   counters

	// The model's goroutines alone use these.
	tracker *track.Tracker
	allowed []bool // by class; nil for all
	// thresholds are the card's, with the analysis's own.
	thresholds card.Thresholds
	found      []detect.Detection
	kept       []detect.Detection
	tracked    []track.Tracked
}

func newAnalyser(a Analysis, m *model) *analyser {
	if a.FPS <= 0 {
		a.FPS = 5
	}
	return &analyser{Analysis: a, model: m, name: a.Stream.Name()}
}

// run decodes the stream until ctx ends.
func (a *analyser) run(ctx context.Context) {
	tap := a.Stream.Tap(a.Wake)
	defer tap.Close()
	log := a.model.engine.cfg.Logger
	d, err := newDecoder()
	if err != nil {
		a.model.engine.cfg.Board.Raise(subject(a.name), health.New(health.Internal, "%v", err))
		log.Error("analysis", "stream", a.name, "err", err)
		return
	}
	defer d.close()
	s := sampler{interval: int64(media.ClockRate / a.FPS)}
	damage := damage{board: a.model.engine.cfg.Board, subject: subject(a.name), stream: a.name}
	overload := overload{analyser: a}
	for {
		f, err := tap.Next(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		present := f.Newest || now.Sub(f.Received) < stale
		chosen := present && s.due(d.unwrap(f.TS))
		if chosen && !a.occupied() {
			a.model.engine.cfg.Publish.Publish(annot.Analysing{Key: a.key(f.TS)})
		}
		ticks := d.unwrap(f.TS)
		err = d.decode(f.Frame, func(got int64, frame *astiav.Frame) error {
			if !chosen || got != ticks {
				return nil
			}
			return a.offer(d, got, f.Frame, frame)
		})
		a.count(func(c *counters) { c.decoded++; c.decodeTime += time.Since(now) })
		damage.note(f.Key, err)
		overload.note(now)
	}
}

func (a *analyser) key(ts uint32) annot.Key {
	return annot.Key{Stream: a.name, Epoch: a.Stream.Epoch(), RTP: ts}
}

// occupied says whether a picture of the stream waits or is being analysed.
func (a *analyser) occupied() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting != nil || a.busy > 0
}

// offer puts a decoded picture where the model takes it from, in place of an
// older one.
func (a *analyser) offer(d *decoder, ticks int64, f *hub.Frame, frame *astiav.Frame) error {
	a.mu.Lock()
	var p *picture
	if n := len(a.free); n > 0 {
		p, a.free = a.free[n-1], a.free[:n-1]
	} else {
		p = &picture{}
	}
	a.mu.Unlock()
	var err error
	p.frame, p.planes, err = d.planes(frame, p.planes)
	p.key, p.ticks, p.received = a.key(f.TS), ticks, f.Received
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stats.sampled++
	if err != nil {
		a.free = append(a.free, p)
		return err
	}
	if a.waiting != nil {
		a.stats.replaced++
		a.free = append(a.free, a.waiting)
	}
	a.waiting = p
	a.model.poke()
	return nil
}

// take hands the waiting picture out, nil without one; done gives it back.
func (a *analyser) take() *picture {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.waiting
	if p != nil {
		a.waiting, a.served = nil, time.Now()
		a.busy++
	}
	return p
}

func (a *analyser) done(p *picture) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy--
	a.free = append(a.free, p)
}

// since is when the stream was last served, and whether a picture waits.
func (a *analyser) since() (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.served, a.waiting != nil
}

// finish turns a picture's detections into an annotation.
func (a *analyser) finish(p *picture, outputs []detect.Tensor, m detect.Mapping) (annot.Detections, error) {
	t := a.thresholds
	var err error
	a.found, err = a.model.heads.Decode(outputs, m, t.Low, a.found[:0])
	if err != nil {
		return annot.Detections{}, err
	}
	a.kept = a.kept[:0]
	for _, d := range a.found {
		if a.allowed == nil || a.allowed[d.Class] {
			a.kept = append(a.kept, d)
		}
	}
	a.tracked = a.tracker.Update(instant(p.ticks), a.kept, a.tracked[:0])
	out := annot.Detections{Key: p.key, Time: p.received, Origin: annot.Relay, Model: a.model.card.Name, Objects: []annot.Object{}}
	for i, d := range a.kept {
		if d.Score < t.Score && a.tracked[i].ID == 0 {
			continue
		}
		out.Objects = append(out.Objects, annot.Object{ID: a.tracked[i].ID, Label: a.model.card.Classes[d.Class], Score: d.Score,
			Box: d.Box, Velocity: a.tracked[i].Velocity})
	}
	return out, nil
}

// instant is a time of the stream clock, without overflow for centuries.
func instant(ticks int64) time.Duration {
	return time.Duration(ticks/media.ClockRate)*time.Second + time.Duration(ticks%media.ClockRate)*time.Second/media.ClockRate
}

// prepare readies what depends on the model's card.
func (a *analyser) prepare() (unknown []string) {
	c := a.model.card
	a.thresholds = c.Thresholds
	if a.Threshold > 0 {
		a.thresholds.Score = a.Threshold
		a.thresholds.Low = min(c.Thresholds.Low, a.Threshold)
	}
	a.tracker = track.New(track.Config{High: a.thresholds.Score})
	a.allowed = nil
	if len(a.Classes) == 0 {
		return nil
	}
	a.allowed = make([]bool, len(c.Classes))
	for _, label := range a.Classes {
		i := slices.Index(c.Classes, label)
		if i < 0 {
			unknown = append(unknown, label)
			continue
		}
		a.allowed[i] = true
	}
	return unknown
}

func (a *analyser) count(add func(*counters)) {
	a.mu.Lock()
	add(&a.stats)
	a.mu.Unlock()
}

// sampler picks frames at a rate by their timestamps: never more than the rate
// asks for over time, and as evenly as the frames allow.
type sampler struct {
	interval int64
	next     int64
	begun    bool
}

func (s *sampler) due(ticks int64) bool {
	if !s.begun || ticks < s.next-2*s.interval {
		s.begun, s.next = true, ticks // the first frame, or a step back
	}
	if ticks < s.next {
		return false
	}
	s.next += s.interval
	if s.next <= ticks { // frames were missing: no catching up
		s.next = ticks + s.interval
	}
	return true
}
