package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sightline/relay/api"
	"sightline/relay/egress/snapshot"
	"sightline/relay/hub"
	"sightline/relay/scene"
	"sightline/relay/store"
	"sightline/vision/annot"
)

// watcher is where annotations meet: it hands those of the relay to the
// viewers, makes events of what relay and viewers see, and has events kept and
// pictured.
type watcher struct {
	stream func(name string) (*hub.Stream, bool)
	hub    *api.Annotations
	// store is nil where events cannot be kept.
	store     *store.Store
	snapshots *snapshot.Maker

	mu     sync.Mutex
	scenes map[string]*watched
	counts map[eventCount]uint64
	wake   chan struct{}
}

// watched is one stream's scene.
type watched struct {
	scene *scene.Scene
	// seen are the newest detections of each source, for the boxes of reports
	// about the same picture.
	seen map[string]annot.Detections
}

// eventCount is a counter's labels; kinds are bounded, see [annot.KnownEvent].
type eventCount struct{ stream, kind string }

// How far from now the picture of a viewer's report may be, in RTP ticks.
const (
	reportPast   = 60 * 90000
	reportFuture = 2 * 90000
)

func (a *App) newWatcher() *watcher {
	w := &watcher{stream: a.stream, scenes: map[string]*watched{}, counts: map[eventCount]uint64{}, wake: make(chan struct{}, 1)}
	w.hub = api.NewAnnotations(api.AnnotationsConfig{Epoch: w.epoch, Report: w.report, Gone: w.gone, Logger: a.log})
	w.snapshots = snapshot.New(snapshot.Config{Frames: w.frames, Logger: a.log})
	return w
}

func (w *watcher) epoch(name string) (uint32, bool) {
	s, ok := w.stream(name)
	if !ok {
		return 0, false
	}
	return s.Epoch(), true
}

func (w *watcher) frames(name string, rtp uint32) ([]*hub.Frame, error) {
	s, ok := w.stream(name)
	if !ok {
		return nil, hub.ErrNotHeld
	}
	return s.Excerpt(rtp)
}

// Publish implements infer.Publisher: what the relay's own detectors say.
func (w *watcher) Publish(m annot.Message) {
	w.hub.Publish(m)
	w.take(scene.RelaySource, m)
}

// report takes what a viewer's detectors say. What it says of pictures that
// cannot be is left out: a viewer may be a restart behind.
func (w *watcher) report(reporter string, m annot.Message) {
	s, ok := w.stream(m.StreamName())
	if !ok {
		return
	}
	now := time.Now()
	var key annot.Key
	switch m := m.(type) {
	case annot.Event:
		key = m.Key
	case annot.Detections:
		key = m.Key
	}
	newest, live := s.RTPAt(now)
	if ahead := int32(key.RTP - newest); key.Epoch != s.Epoch() || !live || ahead > reportFuture || ahead < -reportPast {
		return
	}
	w.take(reporter, m)
}

func (w *watcher) take(source string, m annot.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	s := w.scene(m.StreamName())
	switch m := m.(type) {
	case annot.Detections:
		s.seen[source] = m
		w.apply(s.scene.Detections(now, source, m))
	case annot.Event:
		var objects []annot.Object
		if d, ok := s.seen[source]; ok && d.Key == m.Key {
			objects = d.Objects
		}
		w.apply(s.scene.Report(now, source, m, objects))
	}
	w.poke()
}

func (w *watcher) gone(reporter string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.scenes {
		delete(s.seen, reporter)
		w.apply(s.scene.Gone(time.Now(), reporter))
	}
	w.poke()
}

// scene returns a stream's scene. The caller holds the lock, and has made sure
// that the stream exists.
func (w *watcher) scene(stream string) *watched {
	s := w.scenes[stream]
	if s == nil {
		s = &watched{scene: scene.New(scene.Config{Stream: stream, NewID: store.NewID}), seen: map[string]annot.Detections{}}
		w.scenes[stream] = s
	}
	return s
}

// apply tells viewers of changes, and has them kept. The caller holds the lock.
func (w *watcher) apply(changes []scene.Change) {
	for _, c := range changes {
		w.hub.Publish(c.Event)
		if c.Event.State != annot.Ended {
			w.counts[eventCount{c.Event.Stream, annot.KnownEvent(c.Event.Event)}]++
		}
		if w.store == nil {
			continue
		}
		w.store.Put(stored(c))
		if c.Event.State != annot.Ended {
			w.picture(c)
		}
	}
}

// picture asks for the snapshot of an event that has begun.
func (w *watcher) picture(c scene.Change) {
	r := snapshot.Request{Stream: c.Event.Stream, RTP: c.First.RTP, Done: func(jpeg []byte) { w.store.PutSnapshot(c.Event.ID, jpeg) }}
	for _, o := range c.Objects {
		text := o.Label
		if o.Score > 0 && o.Score < 1 {
			text = fmt.Sprintf("%s %.0f %%", o.Label, 100*o.Score)
		}
		r.Boxes = append(r.Boxes, snapshot.Box{Box: o.Box, Text: text, Origin: c.Event.Origin})
	}
	w.snapshots.Ask(r)
}

func (w *watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run lets time pass in the scenes until ctx ends, and ends what goes on then.
func (w *watcher) Run(ctx context.Context) {
	for {
		timer := time.NewTimer(w.wait())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.wake:
			timer.Stop()
		case <-timer.C:
			w.mu.Lock()
			for _, s := range w.scenes {
				w.apply(s.scene.Tick(time.Now()))
			}
			w.mu.Unlock()
		}
	}
}

// wait is how long nothing is due in any scene.
func (w *watcher) wait() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	least := time.Minute
	for _, s := range w.scenes {
		if next := s.scene.Next(); !next.IsZero() {
			least = min(least, max(time.Until(next), 10*time.Millisecond))
		}
	}
	return least
}

// stored is an event as it is kept.
func stored(c scene.Change) store.Event {
	e := store.Event{ID: c.Event.ID, Stream: c.Event.Stream, Kind: c.Event.Event, Label: c.Event.Label, Origin: string(c.By),
		State: store.State(c.Event.State), Began: c.Began.UTC(), Epoch: c.First.Epoch, RTP: c.First.RTP, Zone: c.Event.Zone}
	if c.Event.State == annot.Ended {
		e.Ended = c.Event.Time.UTC()
	}
	for _, o := range c.Objects {
		e.Boxes = append(e.Boxes, store.Box{ID: o.ID, Label: o.Label, Score: float64(o.Score),
			Rect: [4]float64{float64(o.Box.X), float64(o.Box.Y), float64(o.Box.W), float64(o.Box.H)}})
	}
	return e
}

// keptEvents shows the store to the API.
type keptEvents struct{ *store.Store }

// List implements api.Events.
func (k keptEvents) List(ctx context.Context, q api.EventQuery) (api.EventPage, error) {
	p, err := k.Store.List(ctx, store.Query(q))
	if errors.Is(err, store.ErrCursor) {
		return api.EventPage{}, api.ErrEventCursor
	}
	out := api.EventPage{Next: p.Next}
	for _, e := range p.Events {
		out.Events = append(out.Events, shown(e))
	}
	return out, err
}

// Get implements api.Events.
func (k keptEvents) Get(ctx context.Context, id string) (api.Event, error) {
	e, err := k.Store.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return api.Event{}, api.ErrEventUnknown
	}
	return shown(e), err
}

// Snapshot implements api.Events.
func (k keptEvents) Snapshot(ctx context.Context, id string) ([]byte, error) {
	jpeg, err := k.Store.Snapshot(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.ErrEventUnknown
	}
	return jpeg, err
}

func shown(e store.Event) api.Event {
	out := api.Event{ID: e.ID, Stream: e.Stream, Kind: e.Kind, Label: e.Label, Origin: e.Origin, State: string(e.State),
		Began: e.Began, Ended: e.Ended, Epoch: e.Epoch, RTP: e.RTP, Zone: e.Zone, Boxes: []api.EventBox{}}
	for _, b := range e.Boxes {
		out.Boxes = append(out.Boxes, api.EventBox{ID: b.ID, Label: b.Label, Score: b.Score, Box: b.Rect})
	}
	if e.Snapshot {
		out.Snapshot = "/api/v1/events/" + e.ID + "/snapshot.jpg"
	}
	return out
}
