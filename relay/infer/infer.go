// Package infer analyses streams on the relay: it samples a stream's frames,
// decodes and resizes them, runs models over the pictures of many streams in
// batches, follows the objects found, and publishes annotations that carry the
// RTP timestamps of their frames. Streams are never delayed: infer takes from
// their rings, and where it is too slow it takes less. It does not know who
// hears the annotations.
package infer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/infer/ort"
	"sightline/vision/annot"
	"sightline/vision/card"
)

// Publisher hears the annotations, those of one stream in order. Publish must
// not wait.
type Publisher interface {
	Publish(m annot.Message)
}

// Models finds a model's card and file by its name. The error is best a
// [health.Condition].
type Models interface {
	Load(name string) (card.Card, []byte, error)
}

// Config of an engine.
type Config struct {
	// Runtime says how models are run; its Logger is set to Logger.
	Runtime ort.Options
	// MaxBatch is how many pictures one run may have, for models that take
	// more than one; default 16.
	MaxBatch int
	// MaxDelay is how long a picture may wait for others to fill the batch;
	// none with 0.
	MaxDelay time.Duration
	Models   Models
	Publish  Publisher
	// Board takes conditions: the runtime's under "infer", a stream's under
	// "analysis/NAME".
	Board  *health.Board
	Logger *slog.Logger
}

// Analysis is one stream's share.
type Analysis struct {
	Stream *hub.Stream
	// Model is the model's name, for [Models].
	Model string
	// FPS is how many frames per second are analysed, at most.
	FPS float64
	// Classes are the labels that count; none for all.
	Classes []string
	// Threshold is the least score of a box that is shown; the model's own
	// with 0.
	Threshold float32
	// Wake keeps an on-demand stream running while it is analysed; otherwise
	// it is analysed while others watch it.
	Wake bool
}

// Engine analyses a set of streams.
type Engine struct {
	cfg     Config
	streams []*analyser
	models  map[string]*model

	mu      sync.Mutex
	runtime *ort.Runtime
}

// New makes an engine; nothing is opened before Run.
func New(cfg Config, analyses []Analysis) *Engine {
	if cfg.MaxBatch == 0 {
		cfg.MaxBatch = 16
	}
	if cfg.Board == nil {
		cfg.Board = &health.Board{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Runtime.Logger = cfg.Logger
	e := &Engine{cfg: cfg, models: map[string]*model{}}
	for _, a := range analyses {
		m := e.models[a.Model]
		if m == nil {
			m = newModel(a.Model, e)
			e.models[a.Model] = m
		}
		s := newAnalyser(a, m)
		m.streams = append(m.streams, s)
		e.streams = append(e.streams, s)
	}
	return e
}

// Run analyses until ctx ends, and returns nil then; everything it started has
// ended when it returns. Faults are conditions on the board: they never end it,
// and never touch the streams.
func (e *Engine) Run(ctx context.Context) error {
	if len(e.streams) == 0 {
		<-ctx.Done()
		return nil
	}
	r, err := ort.Open(e.cfg.Runtime)
	if err != nil {
		c := condition(err, health.InferLibraryMissing)
		e.cfg.Board.Raise("infer", c)
		e.cfg.Logger.Error("models cannot be run", "condition", c)
		<-ctx.Done()
		return nil
	}
	e.mu.Lock()
	e.runtime = r
	e.mu.Unlock()
	choice := r.Choice()
	e.cfg.Logger.Info("models run on the relay", "provider", string(choice.Provider), "reason", choice.Reason,
		"onnxruntime", r.Version(), "library", r.Library())
	if c, missing := r.Condition(); missing {
		e.cfg.Board.Raise("infer", c)
		e.cfg.Logger.Warn("inference provider", "condition", c)
	}
	var wg sync.WaitGroup
	for _, m := range e.models {
		wg.Go(func() { m.run(ctx, r) })
	}
	wg.Wait()
	return nil
}

// condition takes the condition that an error carries, or makes one.
func condition(err error, code health.Code) health.Condition {
	for e := err; e != nil; {
		if c, ok := e.(health.Condition); ok {
			return c
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	return health.New(code, "%v", err)
}

// Runtime describes the loaded library, nil while there is none.
func (e *Engine) Runtime() *RuntimeInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.runtime == nil {
		return nil
	}
	return &RuntimeInfo{Version: e.runtime.Version(), Choice: e.runtime.Choice()}
}

// RuntimeInfo is what computes and why.
type RuntimeInfo struct {
	Version string `json:"version"`
	ort.Choice
}

func subject(stream string) string { return fmt.Sprintf("analysis/%s", stream) }

// Try loads a model and runs it once on an empty picture, as the engine does
// before it analyses. The error is a [health.Condition].
func Try(r *ort.Runtime, models Models, name string) error {
	m := newModel(name, New(Config{Models: models}, nil))
	if err := m.load(r); err != nil {
		return condition(err, health.ModelInvalid)
	}
	m.session.Close()
	return nil
}
