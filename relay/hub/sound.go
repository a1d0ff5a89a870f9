package hub

import (
	"context"
	"time"

	"sightline/relay/media"
)

// AudioInfo describes the sound as the API shows it.
type AudioInfo struct {
	Codec     string `json:"codec"`
	ClockRate int    `json:"clock_rate"`
	Channels  int    `json:"channels"`
	Units     uint64 `json:"units"`
	// Lost is how often sound was missing before a unit.
	Lost uint64 `json:"lost"`
}

// MetadataInfo says what the camera's metadata stream has brought.
type MetadataInfo struct {
	Documents uint64    `json:"documents"`
	Bytes     uint64    `json:"bytes"`
	Latest    time.Time `json:"latest"`
}

// sound is what a stream keeps of its sound and its metadata.
type sound struct {
	track     *media.AudioTrack
	info      AudioInfo
	listeners map[*Listener]struct{}

	documents MetadataInfo
	document  *media.Metadata // the newest
}

// AudioTrack announces the sound of the run; it is as source.AudioSink has it.
func (s *Stream) AudioTrack(t media.AudioTrack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sound.track = &t
	i := &s.sound.info
	i.Codec, i.ClockRate, i.Channels = string(t.Codec), t.ClockRate, t.Channels
}

// AudioUnit takes one piece of sound and hands it to those who listen.
func (s *Stream) AudioUnit(u media.AudioUnit) {
	if u.Received.IsZero() {
		u.Received = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sound.info.Units++
	if u.Lost {
		s.sound.info.Lost++
	}
	if s.sound.track == nil {
		return
	}
	ts, ok := s.soundTime(&u)
	for l := range s.sound.listeners {
		l.offer(Heard{AudioUnit: u, Track: s.sound.track, TS: ts, Timed: ok})
	}
}

// soundTime is a unit's place on the stream clock: by the camera's wall clock
// if both pictures and sound have one, else by arrival. The caller holds the
// lock.
func (s *Stream) soundTime(u *media.AudioUnit) (uint32, bool) {
	if s.latest.Received.IsZero() {
		return 0, false
	}
	d := u.Received.Sub(s.latest.Received)
	if !u.Captured.IsZero() && !s.latest.Captured.IsZero() {
		d = u.Captured.Sub(s.latest.Captured)
	}
	return s.latest.RTP + uint32(int64(d)*media.ClockRate/int64(time.Second)), true
}

// Metadata takes one document; it is as source.MetadataSink has it.
func (s *Stream) Metadata(m media.Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sound.documents.Documents++
	s.sound.documents.Bytes += uint64(len(m.Document))
	s.sound.documents.Latest = m.Received.UTC()
	s.sound.document = &m
}

// LatestMetadata is the newest document of the camera's metadata stream. It is
// not to be modified.
func (s *Stream) LatestMetadata() (media.Metadata, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sound.document == nil {
		return media.Metadata{}, false
	}
	return *s.sound.document, true
}

// listenerQueue bounds what waits for one listener: more than a second of
// sound. The oldest goes when it is full.
const listenerQueue = 64

// Listener gets a stream's sound as it comes, from when it began to listen on.
// It keeps no source running; a reader does. Next is for one goroutine; Close
// may be called from any.
type Listener struct {
	s     *Stream
	queue chan Heard
	done  chan struct{}
}

// Heard is one piece of sound on the stream clock.
type Heard struct {
	media.AudioUnit
	Track *media.AudioTrack
	// TS is the RTP timestamp that a picture taken at the same time has; it is
	// valid if Timed, which it is from the first picture on.
	TS    uint32
	Timed bool
}

// Listen adds a listener. The caller must Close it.
func (s *Stream) Listen() *Listener {
	l := &Listener{s: s, queue: make(chan Heard, listenerQueue), done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sound.listeners == nil {
		s.sound.listeners = map[*Listener]struct{}{}
	}
	s.sound.listeners[l] = struct{}{}
	return l
}

// offer queues a piece of sound; the stream's lock makes it the only sender.
func (l *Listener) offer(h Heard) {
	for {
		select {
		case l.queue <- h:
			return
		default:
		}
		select {
		case <-l.queue:
		default:
		}
	}
}

// Close removes the listener; Next then returns [ErrClosed].
func (l *Listener) Close() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if _, open := l.s.sound.listeners[l]; open {
		delete(l.s.sound.listeners, l)
		close(l.done)
	}
}

// Next waits for the next piece of sound. It returns ctx's error or
// [ErrClosed].
func (l *Listener) Next(ctx context.Context) (Heard, error) {
	select {
	case h := <-l.queue:
		return h, nil
	case <-l.done:
		return Heard{}, ErrClosed
	case <-ctx.Done():
		return Heard{}, ctx.Err()
	}
}
