package hub

import (
	"context"
)

// Tap consumes one stream inside the relay, frame by frame, for those that
// decode it. Unlike a [Reader] it is no viewer: it is not counted as one, its
// frames are not paced, since no network is to be spared, and it has no
// sequence numbers. Like a Reader it holds a place in the ring and no queue, so
// a slow tap costs nothing and slows nobody. Next is for one goroutine; Close
// may be called from any.
type Tap struct {
	s    *Stream
	wake bool
	// Guarded by the stream's lock.
	pos     uint64 // number of the frame to hand out next
	waiting bool   // for a key frame
	closed  bool
	skipped uint64
}

// Tapped is one frame for a tap.
type Tapped struct {
	*Frame
	// Newest says that no newer frame is there: what shows the present.
	Newest bool
	// Skipped is how many frames were left out before this one. It is a key
	// frame then.
	Skipped uint64
}

// Tap adds a tap, positioned at the newest key frame. With wake it starts an
// idle stream and keeps it running, as a viewer does. The caller must Close it.
func (s *Stream) Tap(wake bool) *Tap {
	t := &Tap{s: s, wake: wake, waiting: true}
	s.mu.Lock()
	t.pos = s.ring.end()
	if s.ring.hasKey {
		t.pos, t.waiting = s.ring.key, false
	}
	if wake {
		s.wakers++
	}
	s.mu.Unlock()
	s.poke()
	return t
}

// Close removes the tap; Next then returns [ErrClosed].
func (t *Tap) Close() {
	t.s.mu.Lock()
	if !t.closed && t.wake {
		t.s.wakers--
	}
	t.closed = true
	t.s.mu.Unlock()
	t.s.poke()
}

// Next waits for the next frame. A tap that has fallen behind goes on at the
// newest key frame: frames follow each other without a gap, or begin anew with
// a key frame. It returns ctx's error or [ErrClosed].
func (t *Tap) Next(ctx context.Context) (Tapped, error) {
	for {
		t.s.mu.Lock()
		wake, closed := t.s.wake, t.closed || t.s.closed
		out, ok := t.place()
		t.s.mu.Unlock()
		if closed {
			return Tapped{}, ErrClosed
		}
		if ok {
			return out, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Tapped{}, ctx.Err()
		}
	}
}

// place takes the next frame, if there is one. The caller holds the stream's
// lock.
func (t *Tap) place() (Tapped, bool) {
	g := &t.s.ring
	end := g.end()
	if t.pos < g.base {
		t.waiting = true // it fell out of the ring, or the ring was cleared
	}
	if t.waiting || g.hasKey && g.key > t.pos {
		if !g.hasKey || g.key < t.pos {
			if t.waiting && t.pos < end {
				t.skipped += end - t.pos
				t.pos = end
			}
			return Tapped{}, false
		}
		// Whatever lies before a newer key frame is not the present.
		t.skipped += g.key - t.pos
		t.pos, t.waiting = g.key, false
	}
	f := g.frame(t.pos)
	if f == nil {
		return Tapped{}, false
	}
	t.pos++
	out := Tapped{Frame: f, Newest: t.pos == end, Skipped: t.skipped}
	t.skipped = 0
	return out, true
}

// Epoch changes when RTP timestamps of before mean nothing any more.
func (s *Stream) Epoch() uint32 { return s.epoch }

// wanted is whether anybody needs the source to run.
func (s *Stream) wanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.cfg.OnDemand || len(s.readers) > 0 || s.wakers > 0
}
