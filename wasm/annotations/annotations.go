// Package annotations keeps what the relay and this browser's own detectors
// say of a stream's pictures, by RTP timestamp, and answers what to draw on
// one picture: the boxes found on that very picture, or, between analysed
// pictures, where they are predicted to be. It is plain Go: it knows no
// socket, no browser and no GPU.
package annotations

import (
	"sync"
	"time"

	"sightline/vision/annot"
)

// MaxHold is how long a picture may be held for its annotation.
const MaxHold = 30 * time.Millisecond

// Bounds of one stream: pictures and sources kept.
const (
	maxPictures = 256
	maxSources  = 8
)

// For so long after an announcement more are expected, and a picture gives messages that have arrived
// one turn of the browser's queue before it is drawn.
const (
	announcing = 5 * time.Second
	turn       = time.Millisecond
)

// source is who made detections; each has its own newest picture.
type source struct {
	origin annot.Origin
	model  string
}

// found are one source's detections on one picture.
type found struct {
	source  source
	rtp     uint32
	objects []annot.Object
}

// picture is what is known of one picture.
type picture struct {
	rtp       uint32
	announced bool // by the relay, and not yet answered
	found     []found
}

// Counts say what became of annotations.
type Counts struct {
	// Announced pictures were to be analysed by the relay.
	Announced int
	// Arrived detections were for a picture not yet shown, Late ones for one
	// shown before.
	Arrived, Late int
	// Shown pictures were drawn with detections of their own, Predicted ones
	// with predictions alone, Missed ones were announced and drawn without.
	Shown, Predicted, Missed int
	// Held is how many pictures waited, HeldFor for how long together.
	Held    int
	HeldFor time.Duration
}

// Stream is what is known of one stream. Its methods are safe for concurrent
// use: a picture waits in one goroutine for what arrives in another.
type Stream struct {
	mu       sync.Mutex
	epoch    uint32
	begun    bool
	pictures []picture // oldest first
	newest   []found   // of each source
	changed  chan struct{}
	// announced is when the relay announced a picture last.
	announced time.Time
	shown     uint32
	hasShown  bool
	counts    Counts
}

// NewStream returns a stream of which nothing is known.
func NewStream() *Stream { return &Stream{changed: make(chan struct{})} }

// Counts returns the counts so far.
func (s *Stream) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Epoch is the epoch of the newest message that has one, 0 before the first.
func (s *Stream) Epoch() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// Sources returns who found something so far, "relay fastestdet", for the
// panel.
func (s *Stream) Sources() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.newest))
	for _, f := range s.newest {
		out = append(out, string(f.source.origin)+" "+f.source.model)
	}
	return out
}

// Take keeps a message; those that are not about a picture's objects change
// nothing. Detections of another epoch make everything before meaningless.
func (s *Stream) Take(m annot.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := m.(type) {
	case annot.Analysing:
		s.enter(m.Epoch)
		if p := s.picture(m.RTP); len(p.found) == 0 && !p.announced {
			p.announced = true
			s.announced = time.Now()
			s.counts.Announced++
		}
	case annot.Detections:
		s.enter(m.Epoch)
		if s.hasShown && int32(m.RTP-s.shown) <= 0 {
			s.counts.Late++
		} else {
			s.counts.Arrived++
		}
		f := found{source{m.Origin, m.Model}, m.RTP, m.Objects}
		p := s.picture(m.RTP)
		if m.Origin == annot.Relay {
			p.announced = false
		}
		p.put(f)
		s.renew(f)
	default:
		return
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Stream) enter(epoch uint32) {
	if s.begun && epoch == s.epoch {
		return
	}
	s.epoch, s.begun = epoch, true
	s.pictures, s.newest, s.hasShown = nil, nil, false
}

// picture returns the entry of a picture, a new one in its place if there is
// none.
func (s *Stream) picture(rtp uint32) *picture {
	at := len(s.pictures)
	for at > 0 && int32(s.pictures[at-1].rtp-rtp) >= 0 {
		at--
		if s.pictures[at].rtp == rtp {
			return &s.pictures[at]
		}
	}
	if len(s.pictures) == maxPictures {
		if at == 0 {
			return &picture{rtp: rtp} // older than all that is kept
		}
		copy(s.pictures, s.pictures[1:])
		s.pictures = s.pictures[:maxPictures-1]
		at--
	}
	s.pictures = append(s.pictures, picture{})
	copy(s.pictures[at+1:], s.pictures[at:])
	s.pictures[at] = picture{rtp: rtp}
	return &s.pictures[at]
}

func (s *Stream) find(rtp uint32) *picture {
	for i := len(s.pictures) - 1; i >= 0; i-- {
		if s.pictures[i].rtp == rtp {
			return &s.pictures[i]
		}
	}
	return nil
}

func (p *picture) put(f found) {
	for i := range p.found {
		if p.found[i].source == f.source {
			p.found[i] = f
			return
		}
	}
	if len(p.found) < maxSources {
		p.found = append(p.found, f)
	}
}

// renew keeps a source's newest detections, from which others are predicted.
func (s *Stream) renew(f found) {
	for i := range s.newest {
		if s.newest[i].source == f.source {
			if int32(f.rtp-s.newest[i].rtp) >= 0 {
				s.newest[i] = f
			}
			return
		}
	}
	if len(s.newest) < maxSources {
		s.newest = append(s.newest, f)
	}
}

// Pending says whether a picture was announced as being analysed and its
// detections are still to come.
func (s *Stream) Pending(rtp uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending(rtp)
}

func (s *Stream) pending(rtp uint32) bool {
	p := s.find(rtp)
	return p != nil && p.announced
}

// Wait holds a picture until its detections are there, MaxHold at most, and
// returns how long that took. A picture that was not announced is not held, but
// for the millisecond that it takes to hear whether it was.
func (s *Stream) Wait(rtp uint32) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pending(rtp) && !s.announced.IsZero() && time.Since(s.announced) < announcing {
		// What has arrived by now may wait behind the frame in the browser's queue.
		s.mu.Unlock()
		time.Sleep(turn)
		s.mu.Lock()
	}
	if !s.pending(rtp) {
		return 0
	}
	begun := time.Now()
	limit := time.NewTimer(MaxHold)
	defer limit.Stop()
	for late := false; !late && s.pending(rtp); {
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-limit.C:
			late = true
		}
		s.mu.Lock()
	}
	held := time.Since(begun)
	s.counts.Held++
	s.counts.HeldFor += held
	return held
}

// Box is one box to draw.
type Box struct {
	annot.Box
	Label     string
	Origin    annot.Origin
	ID        uint64
	Predicted bool
}

// Draw appends what to draw on a picture to out, and notes that the picture is
// shown: each source's detections on this very picture, or its newest ones
// from before it, moved to where they should be by now, for
// [annot.MaxPrediction] at most.
func (s *Stream) Draw(rtp uint32, out []Box) []Box {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown, s.hasShown = rtp, true
	p := s.find(rtp)
	exact := false
	for _, n := range s.newest {
		if f := p.of(n.source); f != nil {
			exact = true
			for _, o := range f.objects {
				out = append(out, Box{Box: o.Box, Label: o.Label, Origin: n.source.origin, ID: o.ID})
			}
			continue
		}
		before := s.before(n, rtp)
		if before == nil {
			continue
		}
		d := time.Duration(int32(rtp-before.rtp)) * time.Second / 90000
		for _, o := range before.objects {
			if b, ok := o.After(d); ok {
				out = append(out, Box{Box: b, Label: o.Label, Origin: n.source.origin, ID: o.ID, Predicted: true})
			}
		}
	}
	switch {
	case exact:
		s.counts.Shown++
	case p != nil && p.announced:
		s.counts.Missed++
	case len(out) > 0:
		s.counts.Predicted++
	}
	return out
}

func (p *picture) of(src source) *found {
	if p == nil {
		return nil
	}
	for i := range p.found {
		if p.found[i].source == src {
			return &p.found[i]
		}
	}
	return nil
}

// before finds a source's newest detections at or before a picture: results
// may be ahead of what is shown.
func (s *Stream) before(n found, rtp uint32) *found {
	if int32(rtp-n.rtp) >= 0 {
		return &n
	}
	for i := len(s.pictures) - 1; i >= 0; i-- {
		p := &s.pictures[i]
		if int32(rtp-p.rtp) < 0 {
			continue
		}
		if f := p.of(n.source); f != nil {
			return f
		}
	}
	return nil
}
