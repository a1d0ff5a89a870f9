package api

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// Vision is what detection does, as the panel and the metrics show it.
type Vision struct {
	// Provider computes the relay's models, and why it does; empty while none
	// runs.
	Provider       string          `json:"provider"`
	ProviderReason string          `json:"provider_reason"`
	Detectors      []Detector      `json:"detectors"`
	Annotations    AnnotationStats `json:"-"`
	Events         []EventCount    `json:"-"`
	Snapshots      SnapshotCounts  `json:"-"`
	Store          StoreCounts     `json:"-"`
}

// Detector is one detector at work on one stream.
type Detector struct {
	Stream string `json:"stream"`
	Model  string `json:"model"`
	// Where it runs: relay. Viewers know their own.
	Where string `json:"where"`
	// FPS is the rate asked for, Rate that of the last 10 s.
	FPS  float64 `json:"fps"`
	Rate float64 `json:"rate"`
	// LatencyP50 and LatencyP95 are from a picture's receipt to its result, in
	// seconds.
	LatencyP50 float64 `json:"latency_p50_s"`
	LatencyP95 float64 `json:"latency_p95_s"`
	// Sampled pictures were to be analysed; Replaced gave way to newer ones,
	// Failed ended in an error, Results have an annotation.
	Sampled  uint64 `json:"sampled"`
	Replaced uint64 `json:"replaced"`
	Failed   uint64 `json:"failed"`
	Results  uint64 `json:"results"`
	// Seconds spent so far.
	DecodeSeconds  float64 `json:"decode_seconds"`
	PrepareSeconds float64 `json:"prepare_seconds"`
	InferSeconds   float64 `json:"infer_seconds"`
}

// Analysis says what is to be detected in a stream, and where.
type Analysis struct {
	// Where is off, auto, relay or client.
	Where string `json:"where"`
	// Model is its name at /api/v1/models; empty where it cannot be used.
	Model string `json:"model"`
	// FPS is how many pictures per second are analysed, at most.
	FPS float64 `json:"fps"`
	// Classes are the labels that count; none for all.
	Classes []string `json:"classes"`
	// Threshold is the least score of a box that is shown; absent for the
	// model's own.
	Threshold float64 `json:"threshold,omitempty"`
}

func (s *server) analysis(stream string) *Analysis {
	if s.Analysis == nil {
		return nil
	}
	return s.Analysis(stream)
}

// EventCount is how many events of a kind there were.
type EventCount struct {
	Stream, Kind string
	Count        uint64
}

// SnapshotCounts count the pictures of events by outcome.
type SnapshotCounts struct{ Made, Failed, Dropped uint64 }

// StoreCounts count what was kept.
type StoreCounts struct {
	Events, DroppedEvents, DroppedSnapshots, Removed uint64
	Bytes                                            int64
	Failing                                          bool
}

func (s *server) detectors(w http.ResponseWriter, r *http.Request) {
	v := s.Vision()
	v.Detectors = list(v.Detectors)
	writeJSON(w, http.StatusOK, v)
}

// The metrics of detection. The label kind is bounded by what the relay knows;
// the rest is "other".
var (
	inferResults   = metric{"sightline_infer_results_total", prometheus.CounterValue, []string{"stream", "model"}, "Pictures analysed on the relay."}
	inferSampled   = metric{"sightline_infer_sampled_total", prometheus.CounterValue, []string{"stream", "model"}, "Pictures chosen for analysis on the relay."}
	inferDropped   = metric{"sightline_infer_dropped_total", prometheus.CounterValue, []string{"stream", "model", "reason"}, "Pictures chosen and not analysed. Reason replaced: a newer one came first; failed: an error."}
	inferSeconds   = metric{"sightline_infer_seconds_total", prometheus.CounterValue, []string{"stream", "model", "stage"}, "Time spent on analysis. Stages are decode, prepare and infer."}
	inferLatency   = metric{"sightline_infer_latency_seconds", prometheus.GaugeValue, []string{"stream", "model", "quantile"}, "From a picture's receipt to its result, over the last results."}
	wsClients      = metric{"sightline_annotation_clients", prometheus.GaugeValue, nil, "Connections to /api/v1/ws."}
	wsPublished    = metric{"sightline_annotations_published_total", prometheus.CounterValue, nil, "Annotations published."}
	wsLost         = metric{"sightline_annotations_lost_total", prometheus.CounterValue, []string{"type"}, "Annotations dropped for clients that were too slow. Types are detections and events."}
	wsReports      = metric{"sightline_annotation_reports_total", prometheus.CounterValue, []string{"result"}, "Messages of clients by result: accepted, refused (not valid) or limited (too fast)."}
	eventsTotal    = metric{"sightline_events_total", prometheus.CounterValue, []string{"stream", "kind"}, "Events that began or occurred."}
	eventsStored   = metric{"sightline_events_stored_total", prometheus.CounterValue, nil, "Steps of events written to the store."}
	eventsDropped  = metric{"sightline_events_dropped_total", prometheus.CounterValue, []string{"what"}, "Events and snapshots that could not be kept: the disk was full or slow."}
	eventsRemoved  = metric{"sightline_events_removed_total", prometheus.CounterValue, nil, "Events removed for their age or the store's size."}
	storeBytes     = metric{"sightline_store_bytes", prometheus.GaugeValue, nil, "Size of what the store holds."}
	storeFailing   = metric{"sightline_store_failing", prometheus.GaugeValue, nil, "1 while events cannot be written."}
	snapshotsTotal = metric{"sightline_snapshots_total", prometheus.CounterValue, []string{"result"}, "Snapshots by result: made, failed (gone from the ring, or not decodable) or dropped (too many at once)."}
)

func visionMetrics() []metric {
	return []metric{inferResults, inferSampled, inferDropped, inferSeconds, inferLatency, wsClients, wsPublished, wsLost, wsReports,
		eventsTotal, eventsStored, eventsDropped, eventsRemoved, storeBytes, storeFailing, snapshotsTotal}
}

func collectVision(v Vision, put func(m metric, value float64, labels ...string)) {
	for _, d := range v.Detectors {
		put(inferResults, float64(d.Results), d.Stream, d.Model)
		put(inferSampled, float64(d.Sampled), d.Stream, d.Model)
		put(inferDropped, float64(d.Replaced), d.Stream, d.Model, "replaced")
		put(inferDropped, float64(d.Failed), d.Stream, d.Model, "failed")
		put(inferSeconds, d.DecodeSeconds, d.Stream, d.Model, "decode")
		put(inferSeconds, d.PrepareSeconds, d.Stream, d.Model, "prepare")
		put(inferSeconds, d.InferSeconds, d.Stream, d.Model, "infer")
		put(inferLatency, d.LatencyP50, d.Stream, d.Model, "0.5")
		put(inferLatency, d.LatencyP95, d.Stream, d.Model, "0.95")
	}
	a := v.Annotations
	put(wsClients, float64(a.Clients))
	put(wsPublished, float64(a.Published))
	put(wsLost, float64(a.LostDetections), "detections")
	put(wsLost, float64(a.LostEvents), "events")
	put(wsReports, float64(a.Accepted), "accepted")
	put(wsReports, float64(a.Refused), "refused")
	put(wsReports, float64(a.Limited), "limited")
	for _, e := range v.Events {
		put(eventsTotal, float64(e.Count), e.Stream, e.Kind)
	}
	put(eventsStored, float64(v.Store.Events))
	put(eventsDropped, float64(v.Store.DroppedEvents), "event")
	put(eventsDropped, float64(v.Store.DroppedSnapshots), "snapshot")
	put(eventsRemoved, float64(v.Store.Removed))
	put(storeBytes, float64(v.Store.Bytes))
	failing := 0.0
	if v.Store.Failing {
		failing = 1
	}
	put(storeFailing, failing)
	put(snapshotsTotal, float64(v.Snapshots.Made), "made")
	put(snapshotsTotal, float64(v.Snapshots.Failed), "failed")
	put(snapshotsTotal, float64(v.Snapshots.Dropped), "dropped")
}
