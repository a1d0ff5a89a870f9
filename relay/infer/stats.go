package infer

import (
	"slices"
	"time"

	"sightline/relay/health"
)

// recent is how many results a stream's latency and rate are taken from.
const recent = 128

// counters are what an analyser has done.
type counters struct {
	decoded, sampled, replaced, failed, results uint64

	decodeTime, prepareTime, inferTime time.Duration

	latencies [recent]time.Duration
	times     [recent]time.Time
	batches   uint64 // sum of the sizes of the batches
}

// analysed notes a result, of a run of n pictures.
func (c *counters) analysed(latency, ran time.Duration, n int) {
	i := c.results % recent
	c.latencies[i], c.times[i] = latency, time.Now()
	c.results++
	c.inferTime += ran / time.Duration(n)
	c.batches += uint64(n)
}

// rate is how many results per second there were in the last window.
func (c *counters) rate(now time.Time, window time.Duration) float64 {
	n, oldest := 0, now
	for i := range min(c.results, recent) {
		t := c.times[(c.results-1-i)%recent]
		if now.Sub(t) > window {
			break
		}
		n, oldest = n+1, t
	}
	if n == recent { // the window holds more than is kept
		return float64(n-1) / max(now.Sub(oldest).Seconds(), 1e-3)
	}
	return float64(n) / window.Seconds()
}

// Stats are what the analysis of one stream does.
type Stats struct {
	Stream string  `json:"stream"`
	Model  string  `json:"model"`
	FPS    float64 `json:"fps"` // asked for
	// Rate is how many results per second there were in the last 10 s.
	Rate float64 `json:"rate"`
	// LatencyP50 and LatencyP95 are from the receipt of a frame to its result,
	// in seconds, over the last results.
	LatencyP50 float64 `json:"latency_p50_s"`
	LatencyP95 float64 `json:"latency_p95_s"`
	// Decoded, Sampled, Replaced, Failed and Results count frames: decoded;
	// chosen for analysis; replaced by a newer one before their turn; without
	// result because of an error; with a result.
	Decoded  uint64 `json:"decoded"`
	Sampled  uint64 `json:"sampled"`
	Replaced uint64 `json:"replaced"`
	Failed   uint64 `json:"failed"`
	Results  uint64 `json:"results"`
	// DecodeSeconds, PrepareSeconds and InferSeconds are the time spent so
	// far on decoding, on tensors, and the stream's share of model runs.
	DecodeSeconds  float64 `json:"decode_seconds"`
	PrepareSeconds float64 `json:"prepare_seconds"`
	InferSeconds   float64 `json:"infer_seconds"`
	// Batch is the mean size of the batches that the stream's pictures were in.
	Batch float64 `json:"batch"`
}

const rateWindow = 10 * time.Second

// Stats returns what each stream's analysis does, in the order they were given.
func (e *Engine) Stats() []Stats {
	now := time.Now()
	out := make([]Stats, 0, len(e.streams))
	for _, a := range e.streams {
		a.mu.Lock()
		c := a.stats
		a.mu.Unlock()
		s := Stats{Stream: a.name, Model: a.Model, FPS: a.FPS, Rate: c.rate(now, rateWindow), Decoded: c.decoded, Sampled: c.sampled,
			Replaced: c.replaced, Failed: c.failed, Results: c.results, DecodeSeconds: c.decodeTime.Seconds(),
			PrepareSeconds: c.prepareTime.Seconds(), InferSeconds: c.inferTime.Seconds()}
		latencies := slices.Clone(c.latencies[:min(c.results, recent)])
		if n := len(latencies); n > 0 {
			slices.Sort(latencies)
			s.LatencyP50, s.LatencyP95 = latencies[n/2].Seconds(), latencies[n*95/100].Seconds()
			s.Batch = float64(c.batches) / float64(c.results)
		}
		out = append(out, s)
	}
	return out
}

// damage raises the condition of damaged pictures, and clears it when a whole
// group of pictures could be decoded.
type damage struct {
	board           *health.Board
	subject, stream string
	raised          bool
	sinceKey        int // damaged frames since the last key frame
}

func (d *damage) note(key bool, err error) {
	if key {
		if d.raised && d.sinceKey == 0 {
			d.board.Clear(d.subject, health.AnalysisDamaged)
			d.raised = false
		}
		d.sinceKey = 0
	}
	if err == nil {
		return
	}
	d.sinceKey++
	d.board.Raise(d.subject, health.New(health.AnalysisDamaged, "A picture of %s could not be decoded (%v).", d.stream, err))
	d.raised = true
}

// overload raises a condition while fewer pictures are analysed than were
// sampled, for a while.
type overload struct {
	analyser *analyser
	checked  time.Time
	sampled  uint64
	replaced uint64
	raised   bool
}

func (o *overload) note(now time.Time) {
	if o.checked.IsZero() {
		o.checked = now
	}
	elapsed := now.Sub(o.checked)
	if elapsed < rateWindow {
		return
	}
	a := o.analyser
	a.mu.Lock()
	sampled, replaced := a.stats.sampled-o.sampled, a.stats.replaced-o.replaced
	o.sampled, o.replaced, o.checked = a.stats.sampled, a.stats.replaced, now
	a.mu.Unlock()
	board := a.model.engine.cfg.Board
	switch {
	case replaced*5 > sampled:
		board.Raise(subject(a.name), health.New(health.AnalysisOverloaded, "%s: %.1f pictures per second are analysed, of %.1f.",
			a.name, float64(sampled-replaced)/elapsed.Seconds(), float64(sampled)/elapsed.Seconds()))
		o.raised = true
	case o.raised:
		board.Clear(subject(a.name), health.AnalysisOverloaded)
		o.raised = false
	}
}
