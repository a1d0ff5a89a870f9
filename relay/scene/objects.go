package scene

import (
	"strconv"
	"time"

	"sightline/vision/annot"
)

func trackID(id uint64) string { return "track-" + strconv.FormatUint(id, 10) }

// Detections takes the tracked objects of one picture from one source. What
// has no track's ID says nothing of coming and going.
func (s *Scene) Detections(now time.Time, source string, d annot.Detections) []Change {
	out := s.Tick(now)
	for _, o := range d.Objects {
		if o.ID == 0 {
			continue
		}
		t := s.track(source, o.ID)
		if t == nil {
			if len(s.tracks) >= maxTracks {
				s.dropped++
				continue
			}
			t = &track{source: source, id: o.ID, label: o.Label}
			s.tracks = append(s.tracks, t)
		}
		t.seen++
		t.last, t.box = now, o.Box
		if t.event != nil {
			t.event.last = d.Key
			continue
		}
		t.label = o.Label // the newest name of what does not count yet
		if t.seen < s.cfg.EnterAfter {
			continue
		}
		if e := s.known(t, now); e != nil {
			t.event = e
			e.hold(source, trackID(o.ID))
			e.last = d.Key
			continue
		}
		if c, ok := s.enter(now, t, o, d); ok {
			out = append(out, c)
		}
	}
	return out
}

func (s *Scene) track(source string, id uint64) *track {
	for _, t := range s.tracks {
		if t.id == id && t.source == source {
			return t
		}
	}
	return nil
}

// known finds the event of the object that a new track is of: another source
// sees it too, or its own has lost it and found it again under a new ID.
func (s *Scene) known(n *track, now time.Time) *ongoing {
	var best *ongoing
	var most float32 = sameIoU
	for _, t := range s.tracks {
		if t == n || t.event == nil || t.event.label != n.label {
			continue
		}
		// Two tracks of one source on one picture are two objects.
		if t.source == n.source && t.last.Equal(now) {
			continue
		}
		if t.source != n.source && s.sees(t.event, n.source, now) {
			continue
		}
		if iou := t.box.IoU(n.box); iou >= most {
			best, most = t.event, iou
		}
	}
	return best
}

// sees says whether a source has a track of the event's object right now.
func (s *Scene) sees(e *ongoing, source string, now time.Time) bool {
	for _, t := range s.tracks {
		if t.event == e && t.source == source && t.last.Equal(now) {
			return true
		}
	}
	return false
}

func (s *Scene) enter(now time.Time, t *track, o annot.Object, d annot.Detections) (Change, bool) {
	if len(s.events) >= maxOngoing {
		s.dropped++
		return Change{}, false
	}
	box := o.Box
	e := &ongoing{id: s.cfg.NewID(now), kind: annot.EventObject, label: o.Label, origin: originOf(t.source), began: now,
		first: d.Key, last: d.Key, box: &box, objects: []annot.Object{o}, holders: map[holder]bool{}}
	e.hold(t.source, trackID(o.ID))
	t.event = e
	s.events = append(s.events, e)
	return s.change(e, annot.Began, now, d.Key), true
}
