package source

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
)

// Pauses between tries.
const (
	firstPause  = 500 * time.Millisecond
	pauseGrowth = 1.7
	maxPause    = 15 * time.Second
	personPause = time.Minute
	// settled is how long a run has to have delivered pictures before a
	// failure counts as a new one, with a short pause.
	settled = 5 * time.Second
	// silence is how long a source that has delivered pictures may deliver
	// none before it is started again.
	silence = 30 * time.Second
)

// Supervisor runs a source as a stream's feed: it starts it again when it
// fails, by the class of the failure, and when it has delivered pictures and
// then none for a while without failing. It states each change on the stream.
type Supervisor struct {
	Source Source
	Logger *slog.Logger
	// Silence is how long a source may deliver no picture after the first one;
	// default 30 s, negative: for ever.
	Silence time.Duration
}

// errStalled is why the supervisor ends a run.
var errStalled = errors.New("source: no picture has come for too long")

// Run implements hub.Feed. It returns when ctx ends, when the source has come
// to its end, and when the failure is none that passes.
func (v *Supervisor) Run(ctx context.Context, s *hub.Stream) error {
	log := v.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("stream", s.Name())
	pause := firstPause
	var shown health.Code
	for {
		s.Status(hub.Connecting, time.Time{}, nil)
		run, err := v.once(ctx, s)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			c := health.New(health.SourceEnded, "%s has come to its end.", s.Name())
			log.Info("source ended", "condition", c)
			s.Status(hub.Ended, time.Time{}, &c)
			return nil
		}
		f := Sorted(err)
		if !run.first.IsZero() && time.Since(run.first) > settled {
			pause = firstPause
			shown = ""
		}
		wait := time.Duration(float64(pause) * (0.75 + rand.Float64()/2))
		pause = min(time.Duration(float64(pause)*pauseGrowth), maxPause)
		state := hub.Backoff
		switch f.Class {
		case NeedsPerson:
			state, wait = hub.Failed, personPause
		case GiveUp:
			log.Error("source failed", "condition", f.Condition, "cause", f.Err, "retry", "never")
			s.Status(hub.Failed, time.Time{}, &f.Condition)
			return nil
		}
		// The same failure again is no news.
		level := slog.LevelWarn
		if f.Condition.Code == shown {
			level = slog.LevelDebug
		}
		shown = f.Condition.Code
		log.Log(ctx, level, "source failed", "condition", f.Condition, "cause", f.Err, "retry", wait.Round(time.Millisecond).String())
		s.Status(state, time.Now().Add(wait).UTC(), &f.Condition)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// once runs the source, watched.
func (v *Supervisor) once(ctx context.Context, s *hub.Stream) (*run, error) {
	limit := v.Silence
	if limit == 0 {
		limit = silence
	}
	rctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{Stream: s, limit: limit}
	if limit > 0 {
		r.watchdog = time.AfterFunc(limit, func() { cancel(errStalled) })
		r.watchdog.Stop() // until the first picture: how long that may take the source knows
		defer r.watchdog.Stop()
	}
	err := v.Source.Run(rctx, r)
	if err != nil && ctx.Err() == nil && context.Cause(rctx) == errStalled {
		err = Fail(Retry, health.New(health.SourceSilent, "%s has sent no picture for %v although it is connected.", s.Name(), limit), errStalled)
	}
	return r, err
}

// run is one run's sink; it notes when the first picture came, and winds the
// watchdog with each.
type run struct {
	*hub.Stream
	first    time.Time
	limit    time.Duration
	watchdog *time.Timer
}

// AccessUnit implements Sink.
func (r *run) AccessUnit(au media.AccessUnit) {
	if r.first.IsZero() {
		r.first = time.Now()
	}
	if r.watchdog != nil {
		r.watchdog.Reset(r.limit)
	}
	r.Stream.AccessUnit(au)
}
