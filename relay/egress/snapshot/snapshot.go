// Package snapshot makes JPEG pictures of single frames of a stream, with
// boxes drawn on them: it takes the frame and those since its key frame from
// the stream's ring and decodes them. It reads the ring aside, so that it is
// no viewer, wakes no camera and delays nobody. It knows no events and keeps
// nothing.
package snapshot

import (
	"context"
	"log/slog"
	"sync"

	"sightline/relay/hub"
)

// Request asks for the picture of one frame.
type Request struct {
	Stream string
	RTP    uint32
	Boxes  []Box
	// Done gets the JPEG, on Run's goroutine. It is not called on failure.
	Done func(jpeg []byte)
}

// Config of a maker.
type Config struct {
	// Frames returns what it takes to decode a frame; see [hub.Stream.Excerpt].
	Frames func(stream string, rtp uint32) ([]*hub.Frame, error)
	// MaxWidth bounds the pictures; default 1280.
	MaxWidth int
	// Queue is how many requests may wait; default 16.
	Queue  int
	Logger *slog.Logger
}

// Stats count requests by outcome.
type Stats struct {
	Made uint64
	// Failed ones were gone from the ring or could not be decoded.
	Failed uint64
	// Dropped ones found the queue full.
	Dropped uint64
}

// Maker makes snapshots one after another.
type Maker struct {
	cfg   Config
	queue chan job

	mu    sync.Mutex
	stats Stats
}

// job holds the frames: the ring may have let go of them when it is its turn.
type job struct {
	Request
	frames []*hub.Frame
}

// New makes a maker; Run serves it.
func New(cfg Config) *Maker {
	if cfg.MaxWidth == 0 {
		cfg.MaxWidth = 1280
	}
	if cfg.Queue == 0 {
		cfg.Queue = 16
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Maker{cfg: cfg, queue: make(chan job, cfg.Queue)}
}

// Ask takes a request and holds its frames. It never waits, and says whether
// the request was taken.
func (m *Maker) Ask(r Request) bool {
	frames, err := m.cfg.Frames(r.Stream, r.RTP)
	if err != nil {
		m.failed(r, err)
		return false
	}
	select {
	case m.queue <- job{r, frames}:
		return true
	default:
		m.mu.Lock()
		m.stats.Dropped++
		m.mu.Unlock()
		return false
	}
}

// Stats returns the counts.
func (m *Maker) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// Run makes what is asked for until ctx ends.
func (m *Maker) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case j := <-m.queue:
			m.make(j)
		}
	}
}

func (m *Maker) make(j job) {
	picture, err := Decode(j.frames)
	var jpeg []byte
	if err == nil {
		jpeg, err = Encode(picture, j.Boxes, m.cfg.MaxWidth)
	}
	if err != nil {
		m.failed(j.Request, err)
		return
	}
	m.mu.Lock()
	m.stats.Made++
	m.mu.Unlock()
	j.Done(jpeg)
}

func (m *Maker) failed(r Request, err error) {
	m.mu.Lock()
	m.stats.Failed++
	m.mu.Unlock()
	m.cfg.Logger.Debug("no snapshot", "stream", r.Stream, "rtp", r.RTP, "err", err)
}
