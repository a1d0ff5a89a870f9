package app

import (
	"context"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/hub"
	"sightline/relay/infer"
	"sightline/relay/infer/ort"
	"sightline/relay/store"
	"sightline/vision/annot"
)

// Detector is a detector of the embedding program's own, run for each stream
// until ctx ends. What it publishes goes the way of the relay's detectors'.
type Detector func(ctx context.Context, s *hub.Stream, publish func(annot.Message))

// newEngine makes the engine of the streams that the relay analyses.
func (a *App) newEngine(w *watcher, models *ModelStore) *infer.Engine {
	var analyses []infer.Analysis
	for _, name := range a.order {
		c := a.cfg.Streams[name].Analyze
		if c.Where != config.WhereRelay && c.Where != config.WhereAuto {
			continue
		}
		analyses = append(analyses, infer.Analysis{Stream: a.streams[name], Model: c.Model, FPS: c.FPS, Classes: c.Classes, Threshold: float32(c.Threshold), Wake: c.Where == config.WhereRelay})
	}
	return infer.New(infer.Config{
		Runtime: ort.Options{Provider: ort.Provider(a.cfg.Infer.Provider)}, MaxBatch: a.cfg.Infer.MaxBatch, MaxDelay: a.cfg.Infer.MaxDelay,
		Models: models, Publish: w, Board: a.board, Logger: a.log,
	}, analyses)
}

// analysis describes for the API what is to be detected in a stream.
func (a *App) analysis(models *servedModels, stream string) *api.Analysis {
	s, ok := a.cfg.Streams[stream]
	if !ok || s.Analyze.Where == config.WhereOff {
		return nil
	}
	c := s.Analyze
	return &api.Analysis{Where: string(c.Where), Model: models.name(c.Model), FPS: c.FPS, Classes: append([]string{}, c.Classes...), Threshold: c.Threshold}
}

// openStore opens the store; without it the relay goes on, and its condition
// says so.
func (a *App) openStore() *store.Store {
	s, err := store.Open(store.Config{Path: a.cfg.Store.File(a.cfg.DataDir), Keep: a.cfg.Store.Keep, MaxBytes: int64(a.cfg.Store.MaxBytes),
		Conditions: a.board, Logger: a.log})
	if err != nil {
		c := asCondition(err)
		a.board.Raise("relay", c)
		a.log.Warn("events are not kept", "condition", c)
		return nil
	}
	return s
}

// vision describes detection for the API and the metrics.
func (a *App) vision(w *watcher, e *infer.Engine) api.Vision {
	v := api.Vision{Annotations: w.hub.Stats(), Detectors: []api.Detector{}}
	if r := e.Runtime(); r != nil {
		v.Provider, v.ProviderReason = string(r.Provider), r.Reason
	}
	for _, s := range e.Stats() {
		v.Detectors = append(v.Detectors, api.Detector{Stream: s.Stream, Model: s.Model, Where: "relay", FPS: s.FPS, Rate: s.Rate,
			LatencyP50: s.LatencyP50, LatencyP95: s.LatencyP95, Sampled: s.Sampled, Replaced: s.Replaced, Failed: s.Failed, Results: s.Results,
			DecodeSeconds: s.DecodeSeconds, PrepareSeconds: s.PrepareSeconds, InferSeconds: s.InferSeconds})
	}
	w.mu.Lock()
	for k, n := range w.counts {
		v.Events = append(v.Events, api.EventCount{Stream: k.stream, Kind: k.kind, Count: n})
	}
	w.mu.Unlock()
	p := w.snapshots.Stats()
	v.Snapshots = api.SnapshotCounts{Made: p.Made, Failed: p.Failed, Dropped: p.Dropped}
	if w.store != nil {
		s := w.store.Stats()
		v.Store = api.StoreCounts{Events: s.Events, DroppedEvents: s.DroppedEvents, DroppedSnapshots: s.DroppedSnapshots, Removed: s.Removed,
			Bytes: s.Bytes, Failing: s.Failing}
	}
	return v
}
