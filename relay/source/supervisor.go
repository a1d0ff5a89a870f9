package source

import (
	"context"
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
)

// Supervisor runs a source as a stream's feed: it starts it again when it
// fails, by the class of the failure, and states each change on the stream.
type Supervisor struct {
	Source Source
	Logger *slog.Logger
}

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
		run := &run{Stream: s}
		err := v.Source.Run(ctx, run)
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

// run is one run's sink; it notes when the first picture came.
type run struct {
	*hub.Stream
	first time.Time
}

// AccessUnit implements Sink.
func (r *run) AccessUnit(au media.AccessUnit) {
	if r.first.IsZero() {
		r.first = time.Now()
	}
	r.Stream.AccessUnit(au)
}
