// Package scene turns what detectors see into events: an object entered and
// left, motion began and ended, a lamp went out. One [Scene] stands for one
// stream and takes detections and reports from the relay's own detectors and
// from any number of viewers'; what several of them saw is one event. It is a
// pure state machine: time is given to it, and it does no input or output.
package scene

import (
	"slices"
	"time"

	"sightline/vision/annot"
)

// RelaySource is the name under which the relay's own detectors report.
const RelaySource = "relay"

// Config of a scene; zero fields take the defaults.
type Config struct {
	Stream string
	// EnterAfter is on how many analysed pictures a track must be seen before
	// it counts as an object; default 3.
	EnterAfter int
	// LeaveAfter is how long an object may be unseen before it has left;
	// default 2 s.
	LeaveAfter time.Duration
	// Gap is how long an event may pause and still be the same, and how far
	// apart two reports of one thing may be; default 2 s.
	Gap time.Duration
	// NewID makes the ID of an event; it must be set.
	NewID func(time.Time) string
}

// Seen says who saw an event.
type Seen string

// Who saw an event.
const (
	ByRelay  Seen = "relay"
	ByClient Seen = "client"
	ByBoth   Seen = "both"
)

// Change is one step of an event.
type Change struct {
	// Event is the message for viewers. Its time is the moment of the step.
	Event annot.Event
	// Began is when the event began.
	Began time.Time
	// First names the picture on which the event began.
	First annot.Key
	// By says who has seen it so far.
	By Seen
	// Objects are what was seen on the picture First.
	Objects []annot.Object
}

// Bounds of one scene: what a client sends must not grow without end.
const (
	maxOngoing = 256
	maxTracks  = 1024
	// sameIoU is from which overlap on two boxes of one class are one object.
	sameIoU = 0.3
	ticks   = 90000 // RTP ticks in a second
)

// ongoing is an event that has begun and not ended.
type ongoing struct {
	id      string
	kind    string
	label   string
	zone    string
	origin  annot.Origin // of its first report
	relay   bool
	client  bool
	began   time.Time
	first   annot.Key
	last    annot.Key
	box     *annot.Box
	objects []annot.Object
	// holders are the reports that keep it going, by source and their ID.
	holders map[holder]bool
	// since is when the last holder let go; zero while there is one.
	since time.Time
}

type holder struct {
	source, id string
}

// track is one tracked object of one source.
type track struct {
	source string
	id     uint64
	label  string
	seen   int
	last   time.Time
	box    annot.Box
	event  *ongoing // nil until it counts
}

// short is an event that only occurred, kept to know it again.
type short struct {
	kind, zone string
	at         time.Time
	key        annot.Key
	box        *annot.Box
}

// Scene is the state of one stream. It is not safe for concurrent use.
type Scene struct {
	cfg     Config
	events  []*ongoing
	tracks  []*track
	shorts  []short
	dropped uint64
}

// New makes a scene in which nothing goes on.
func New(cfg Config) *Scene {
	if cfg.EnterAfter <= 0 {
		cfg.EnterAfter = 3
	}
	if cfg.LeaveAfter <= 0 {
		cfg.LeaveAfter = 2 * time.Second
	}
	if cfg.Gap <= 0 {
		cfg.Gap = 2 * time.Second
	}
	return &Scene{cfg: cfg}
}

// Dropped counts reports and tracks that were left out because of a bound.
func (s *Scene) Dropped() uint64 { return s.dropped }

// Ongoing is the number of events that go on.
func (s *Scene) Ongoing() int { return len(s.events) }

// Next is when Tick has something to do; zero while it has not.
func (s *Scene) Next() time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, t := range s.tracks {
		sooner(t.last.Add(s.cfg.LeaveAfter))
	}
	for _, e := range s.events {
		if !e.since.IsZero() {
			sooner(e.since.Add(e.pause(s.cfg)))
		}
	}
	return next
}

// pause is how long an event may be without a holder. Objects were waited for
// by their tracks already.
func (e *ongoing) pause(c Config) time.Duration {
	if e.kind == annot.EventObject {
		return 0
	}
	return c.Gap
}

// Tick lets time pass: objects that were not seen for a while have left, and
// events that nobody reports any more are over.
func (s *Scene) Tick(now time.Time) []Change {
	s.tracks = slices.DeleteFunc(s.tracks, func(t *track) bool {
		if now.Sub(t.last) < s.cfg.LeaveAfter {
			return false
		}
		if t.event != nil {
			s.release(t.event, holder{t.source, trackID(t.id)}, t.last)
		}
		return true
	})
	var out []Change
	s.events = slices.DeleteFunc(s.events, func(e *ongoing) bool {
		if e.since.IsZero() || now.Sub(e.since) < e.pause(s.cfg) {
			return false
		}
		out = append(out, s.change(e, annot.Ended, e.since, e.last))
		return true
	})
	s.shorts = slices.DeleteFunc(s.shorts, func(o short) bool { return now.Sub(o.at) > 10*s.cfg.Gap })
	return out
}

// Gone says that a source reports no more.
func (s *Scene) Gone(now time.Time, source string) []Change {
	s.tracks = slices.DeleteFunc(s.tracks, func(t *track) bool {
		if t.source != source {
			return false
		}
		if t.event != nil {
			s.release(t.event, holder{t.source, trackID(t.id)}, now)
		}
		return true
	})
	for _, e := range s.events {
		for h := range e.holders {
			if h.source == source {
				s.release(e, h, now)
			}
		}
	}
	return s.Tick(now)
}

// release takes a holder away from an event.
func (s *Scene) release(e *ongoing, h holder, at time.Time) {
	delete(e.holders, h)
	if len(e.holders) == 0 && e.since.IsZero() {
		e.since = at
	}
}

// hold adds a holder to an event that goes on.
func (e *ongoing) hold(source, id string) {
	e.holders[holder{source, id}] = true
	e.since = time.Time{}
	e.saw(source)
}

func (e *ongoing) saw(source string) {
	if source == RelaySource {
		e.relay = true
	} else {
		e.client = true
	}
}

func (e *ongoing) by() Seen {
	switch {
	case e.relay && e.client:
		return ByBoth
	case e.relay:
		return ByRelay
	}
	return ByClient
}

func (s *Scene) change(e *ongoing, state annot.State, at time.Time, key annot.Key) Change {
	key.Stream = s.cfg.Stream
	ids := make([]uint64, 0, len(e.objects))
	for _, o := range e.objects {
		if o.ID != 0 {
			ids = append(ids, o.ID)
		}
	}
	return Change{
		Event: annot.Event{Key: key, Time: at, Event: e.kind, State: state, ID: e.id, Origin: e.origin,
			Objects: ids, Label: e.label, Zone: e.zone, Box: e.box},
		Began: e.began, First: e.first, By: e.by(), Objects: e.objects,
	}
}

func originOf(source string) annot.Origin {
	if source == RelaySource {
		return annot.Relay
	}
	return annot.Client
}
