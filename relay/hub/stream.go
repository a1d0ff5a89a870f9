// Package hub holds the streams: each one camera channel with its state, its
// ring of RTP packets, and its readers. It starts a stream's source when
// somebody wants the stream and stops it a while after the last reader has
// left. It knows no protocol: a [Feed] fills a stream, a [Reader] empties it.
//
// Locks: a Stream's is taken before a Reader's.
package hub

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
)

// Feed fills a stream until ctx ends: the supervised source. It returns when
// stopped, or when there is nothing more to expect; then the stream stays as
// Status has left it until it is wanted anew.
type Feed interface {
	Run(ctx context.Context, s *Stream) error
}

// Config of one stream.
type Config struct {
	Name string
	// Source is the source's address for people, without credentials.
	Source string
	// OnDemand starts the source with the first reader and stops it Linger
	// after the last; otherwise it always runs.
	OnDemand bool
	Linger   time.Duration // default 60 s
	// RingAge and RingBytes bound the ring; default 10 s and 16 MB.
	RingAge   time.Duration
	RingBytes int
	Feed      Feed
	// Board takes the stream's conditions under "stream/NAME".
	Board  *health.Board
	Logger *slog.Logger
}

// stallAfter is how long a live stream may be without a picture.
const stallAfter = 2 * time.Second

// Stream is one camera channel. Its methods are safe for concurrent use.
type Stream struct {
	cfg     Config
	subject string
	epoch   uint32

	mu      sync.Mutex
	wake    chan struct{} // closed and made anew when readers should look
	closed  bool
	readers map[*Reader]struct{}
	wakers  int // taps that keep the source running
	ring    ring
	clock   *media.Clock
	repair  media.Repairer
	sets    media.ParameterSets
	broken  bool      // damaged or not yet begun: pictures wait for a key frame
	holding time.Time // since when, by the pictures' arrival
	lossy   float64   // share of the packets of the last 10 s that are missing
	state   State
	since   time.Time
	retryAt time.Time
	track   *media.Track
	sps     media.SPSInfo
	counts  Received
	late    Late
	starts  int
	latest  Latest
	rates   rates
	bFrames bool
	anew    bool // a run has begun, its track is not known yet
	sound   sound
	demand  chan struct{} // a reader came or left
}

// New makes a stream; Run brings it to life.
func New(cfg Config) *Stream {
	if cfg.Linger == 0 {
		cfg.Linger = 60 * time.Second
	}
	if cfg.RingAge == 0 {
		cfg.RingAge = 10 * time.Second
	}
	if cfg.RingBytes == 0 {
		cfg.RingBytes = 16 << 20
	}
	if cfg.Board == nil {
		cfg.Board = &health.Board{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Stream{
		cfg:     cfg,
		subject: "stream/" + cfg.Name,
		epoch:   randomUint32(),
		wake:    make(chan struct{}),
		readers: map[*Reader]struct{}{},
		ring:    ring{maxAge: cfg.RingAge, maxBytes: cfg.RingBytes},
		clock:   media.NewClock(int64(randomUint32())),
		broken:  true,
		state:   Idle,
		since:   time.Now(),
		demand:  make(chan struct{}, 1),
	}
}

func randomUint32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint32(b[:])
}

// Name is the stream's name.
func (s *Stream) Name() string { return s.cfg.Name }

// Run drives the stream's life until ctx ends; it returns ctx's error, with
// the feed stopped and all readers told.
func (s *Stream) Run(ctx context.Context) error {
	defer s.close()
	for {
		if err := s.awaitDemand(ctx); err != nil {
			return err
		}
		s.runFeed(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// awaitDemand waits until the source is wanted.
func (s *Stream) awaitDemand(ctx context.Context) error {
	for !s.wanted() {
		select {
		case <-s.demand:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// runFeed runs the feed until nobody has wanted the stream for the linger.
func (s *Stream) runFeed(ctx context.Context) {
	fctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.cfg.Feed.Run(fctx, s); err != nil && fctx.Err() == nil {
			s.cfg.Logger.Error("stream feed ended", "stream", s.cfg.Name, "err", err)
		}
		<-fctx.Done() // an ended source is not started again while it is watched
	}()
	defer func() {
		cancel()
		<-done
		s.reset()
	}()
	linger := time.NewTimer(s.cfg.Linger)
	linger.Stop()
	defer linger.Stop()
	stall := time.NewTicker(stallAfter / 4)
	defer stall.Stop()
	held := time.NewTimer(time.Hour)
	defer held.Stop()
	lingering := false
	for {
		wanted := s.wanted()
		if wanted && lingering {
			linger.Stop()
			lingering = false
		} else if !wanted && !lingering {
			linger.Reset(s.cfg.Linger)
			lingering = true
		}
		held.Reset(s.flush(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-s.demand:
		case <-held.C:
		case <-linger.C:
			if !s.wanted() {
				return
			}
		case <-stall.C:
			s.checkStall()
		}
	}
}

func (s *Stream) checkStall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs() && time.Since(s.latest.Received) > stallAfter {
		s.setState(Stalled)
	}
	s.judge()
}

// Limits of a degraded stream: the share of packets lost, where it begins and
// ends, and how long pictures may be left out.
const (
	degradedFrom = 0.02
	degradedTo   = 0.01
	heldBack     = time.Second
)

// runs says whether pictures arrive.
func (s *Stream) runs() bool { return s.state == Live || s.state == Degraded }

// judge says whether what arrives is what the camera sends. The caller holds
// the lock.
func (s *Stream) judge() {
	if !s.runs() {
		return
	}
	limit := degradedFrom
	if s.state == Degraded {
		limit = degradedTo
	}
	bad := s.lossy > limit || s.broken && s.latest.Received.Sub(s.holding) > heldBack
	switch {
	case bad:
		s.setState(Degraded)
	default:
		s.setState(Live)
	}
}

// reset returns the stream to idle: nothing of the last run is replayed.
func (s *Stream) reset() {
	s.mu.Lock()
	s.ring.clear()
	s.repair.Restart()
	s.clock.Restart()
	s.broken, s.holding, s.lossy = true, time.Time{}, 0
	s.rates = rates{}
	s.retryAt = time.Time{}
	s.setState(Idle)
	s.pokeLocked()
	s.mu.Unlock()
	s.cfg.Board.Clear(s.subject)
}

func (s *Stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for l := range s.sound.listeners {
		delete(s.sound.listeners, l)
		close(l.done)
	}
	s.pokeLocked()
}

// poke wakes the readers and the life cycle.
func (s *Stream) poke() {
	s.mu.Lock()
	s.pokeLocked()
	s.mu.Unlock()
	s.call()
}

// call makes the life cycle look at the stream anew.
func (s *Stream) call() {
	select {
	case s.demand <- struct{}{}:
	default:
	}
}

// flush gives out pictures that have waited long enough for their time, and
// returns when to come again.
func (s *Stream) flush(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, au := range s.repair.Flush(now) {
		s.deliver(au)
	}
	if due := s.repair.Due(); !due.IsZero() {
		return due.Sub(now)
	}
	return time.Hour
}

func (s *Stream) pokeLocked() {
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *Stream) setState(state State) {
	if s.state == state {
		return
	}
	// A camera that is away goes back and forth between these two for hours.
	level := slog.LevelInfo
	if state == Connecting || state == Backoff {
		level = slog.LevelDebug
	}
	s.cfg.Logger.Log(context.Background(), level, "stream state", "stream", s.cfg.Name, "from", string(s.state), "to", string(state))
	s.state, s.since = state, time.Now()
}

// Viewers is the number of readers.
func (s *Stream) Viewers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.readers)
}

// Info describes the stream now.
func (s *Stream) Info() Info {
	conditions := s.cfg.Board.Of(s.subject)
	s.mu.Lock()
	defer s.mu.Unlock()
	info := Info{
		Name: s.cfg.Name, State: s.state, Since: s.since.UTC(), RetryAt: s.retryAt,
		Source: s.cfg.Source, OnDemand: s.cfg.OnDemand, Epoch: s.epoch,
		Viewers: len(s.readers), Restarts: max(0, s.starts-1), Received: s.counts,
		Late: s.late, Ring: s.ring.info(), Repairs: s.repair.Counts, Conditions: conditions,
	}
	if t := s.track; t != nil {
		info.Video = &VideoInfo{Codec: string(t.Codec), Profile: t.Profile, Width: t.Width, Height: t.Height,
			Transport: t.Transport, FPS: s.rates.fps(), BitsPerS: s.rates.bitsPerSecond(), GOPSec: s.rates.gop}
		if t.CounterTicks > 0 && s.counts.Frames > 0 {
			info.Counter = &CounterMap{RTP: uint32(s.clock.Offset()), TicksPerFrame: t.CounterTicks}
		}
	}
	if s.sound.track != nil {
		a := s.sound.info
		info.Audio = &a
	}
	if s.sound.document != nil {
		m := s.sound.documents
		info.Metadata = &m
	}
	if !s.latest.Received.IsZero() && (s.runs() || s.state == Stalled) {
		l := s.latest
		info.Latest = &l
	}
	return info
}

// RTPAt extrapolates the stream clock to a moment: the RTP timestamp that a
// picture received then would have (for RTCP sender reports). It reports false
// before the first picture.
func (s *Stream) RTPAt(t time.Time) (uint32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest.Received.IsZero() {
		return 0, false
	}
	return s.latest.RTP + uint32(int64(t.Sub(s.latest.Received))*media.ClockRate/int64(time.Second)), true
}
