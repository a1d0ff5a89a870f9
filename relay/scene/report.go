package scene

import (
	"time"

	"sightline/vision/annot"
)

// Report takes an event that a detector noticed by itself: motion, light,
// tamper. r.ID is the source's own. objects are what the source saw on the
// picture, if it said.
func (s *Scene) Report(now time.Time, source string, r annot.Event, objects []annot.Object) []Change {
	out := s.Tick(now)
	if r.Event == annot.EventObject {
		return out // those are made here, from detections
	}
	switch r.State {
	case annot.Occurred:
		return s.occur(out, now, source, r, objects)
	case annot.Ended:
		h := holder{source, r.ID}
		for _, e := range s.events {
			if e.holders[h] {
				e.last = r.Key
				s.release(e, h, now)
			}
		}
		return append(out, s.Tick(now)...)
	case annot.Began:
	default:
		return out
	}
	if e := s.like(r); e != nil {
		e.hold(source, r.ID)
		e.last = r.Key
		return out
	}
	if len(s.events) >= maxOngoing {
		s.dropped++
		return out
	}
	e := s.ongoing(now, source, r, objects)
	e.hold(source, r.ID)
	s.events = append(s.events, e)
	return append(out, s.change(e, annot.Began, now, r.Key))
}

func (s *Scene) ongoing(now time.Time, source string, r annot.Event, objects []annot.Object) *ongoing {
	if objects == nil && r.Box != nil {
		objects = []annot.Object{{Label: r.Event, Score: 1, Box: *r.Box}}
	}
	e := &ongoing{id: s.cfg.NewID(now), kind: r.Event, label: r.Label, zone: r.Zone, origin: originOf(source), began: now,
		first: r.Key, last: r.Key, box: r.Box, objects: objects, holders: map[holder]bool{}}
	e.saw(source)
	return e
}

// occur takes an event without duration.
func (s *Scene) occur(out []Change, now time.Time, source string, r annot.Event, objects []annot.Object) []Change {
	for _, o := range s.shorts {
		if o.kind == r.Event && o.zone == r.Zone && samePlace(o.kind, o.box, r.Box) && s.sameTime(o, now, r.Key) {
			return out
		}
	}
	if len(s.shorts) >= maxOngoing {
		s.dropped++
		return out
	}
	s.shorts = append(s.shorts, short{r.Event, r.Zone, now, r.Key, r.Box})
	e := s.ongoing(now, source, r, objects)
	return append(out, s.change(e, annot.Occurred, now, r.Key))
}

// sameTime says whether two reports can be of one moment: they came close to
// each other, or speak of pictures close to each other, however late they are.
func (s *Scene) sameTime(o short, now time.Time, k annot.Key) bool {
	if now.Sub(o.at) <= s.cfg.Gap {
		return true
	}
	ahead := int64(int32(k.RTP - o.key.RTP))
	limit := int64(s.cfg.Gap.Seconds() * ticks)
	return k.Epoch == o.key.Epoch && ahead >= -limit && ahead <= limit
}

// like finds the event that a report is about, if it goes on already.
func (s *Scene) like(r annot.Event) *ongoing {
	for _, e := range s.events {
		if e.kind == r.Event && e.zone == r.Zone && samePlace(e.kind, e.box, r.Box) {
			return e
		}
	}
	return nil
}

// samePlace says whether two boxes can be of one thing: they touch once each
// has grown by half its size. No box is the whole picture.
func samePlace(kind string, a, b *annot.Box) bool {
	if kind == annot.EventMotion || a == nil || b == nil {
		return true
	}
	grown := func(c *annot.Box) annot.Box {
		return annot.Box{X: c.X - c.W/4, Y: c.Y - c.H/4, W: c.W * 1.5, H: c.H * 1.5}
	}
	return grown(a).IoU(grown(b)) > 0
}
