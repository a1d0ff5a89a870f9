package api

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sightline/relay/health"
	"sightline/relay/hub"
)

// metric is one row of docs/metrics.md.
type metric struct {
	name   string
	kind   prometheus.ValueType
	labels []string
	help   string
}

// The metrics of the relay, besides those of the Go runtime and the process.
// Labels are bounded by the configuration and the catalogue of conditions.
var (
	buildInfo  = metric{"sightline_build_info", prometheus.GaugeValue, []string{"version", "go"}, "1, with the version of the relay and of Go."}
	streamUp   = metric{"sightline_stream_up", prometheus.GaugeValue, []string{"stream"}, "1 while pictures arrive (states live and degraded), 0 otherwise (an on-demand stream that nobody watches is 0)."}
	received   = metric{"sightline_stream_received_bytes_total", prometheus.CounterValue, []string{"stream"}, "Bytes received from the source."}
	packets    = metric{"sightline_stream_received_packets_total", prometheus.CounterValue, []string{"stream"}, "Packets received from the source."}
	frames     = metric{"sightline_stream_frames_total", prometheus.CounterValue, []string{"stream"}, "Pictures received from the source."}
	dropped    = metric{"sightline_stream_frames_dropped_total", prometheus.CounterValue, []string{"stream"}, "Pictures not passed on: damaged, or before the first key frame."}
	repairs    = metric{"sightline_stream_repairs_total", prometheus.CounterValue, []string{"stream", "kind"}, "What was put right in the source's timestamps and parameter sets, by kind; see docs/repair.md."}
	jitter     = metric{"sightline_stream_jitter_seconds", prometheus.GaugeValue, []string{"stream"}, "Interarrival jitter of the source's packets (RFC 3550)."}
	restarts   = metric{"sightline_stream_restarts_total", prometheus.CounterValue, []string{"stream"}, "Times that the source was started again after a failure."}
	viewers    = metric{"sightline_viewers", prometheus.GaugeValue, []string{"stream"}, "Viewers now."}
	lost       = metric{"sightline_lost_packets_total", prometheus.CounterValue, []string{"stream", "place", "reason"}, "Packets lost, by where and why. Place upstream, reason sequence_gap: lost before this machine. Place kernel: dropped by this machine's kernel, which gives the reason. Place ring, reason reader_late: left out for viewers that were late. Place viewer, reason receiver_report: missing by viewers' own count."}
	tcpLate    = metric{"sightline_tcp_out_of_order_segments_total", prometheus.CounterValue, []string{"stream"}, "TCP segments received that overtook a missing one: lost on the way and sent again, which costs time and no packet."}
	dropsRung  = metric{"sightline_drops_rung", prometheus.GaugeValue, []string{"rung"}, "1 for the way in which the kernel's drops are seen (tp_btf and raw_tp: all; counters: only those of sockets), 0 for the others."}
	conditions = metric{"sightline_conditions", prometheus.GaugeValue, []string{"code", "severity"}, "Conditions that hold now, by code; see docs/conditions.md."}
)

func metrics() []metric {
	return append([]metric{buildInfo, streamUp, received, packets, frames, dropped, repairs, jitter, restarts, viewers, lost, tcpLate, dropsRung, conditions}, visionMetrics()...)
}

// rungs are those of the ladder of relay/dropmon.
var rungs = [...]string{"tp_btf", "raw_tp", "counters"}

// collector makes the metrics from what the streams say when asked.
type collector struct {
	streams    Streams
	conditions Conditions
	vision     func() Vision
	drops      Drops
	version    string
	desc       map[string]*prometheus.Desc
}

func metricsHandler(cfg Config) http.Handler {
	col := &collector{streams: cfg.Streams, conditions: cfg.Conditions, vision: cfg.Vision, drops: cfg.Drops,
		version: cfg.Relay().Version, desc: map[string]*prometheus.Desc{}}
	for _, m := range metrics() {
		col.desc[m.name] = prometheus.NewDesc(m.name, m.help, m.labels, nil)
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(col, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.desc {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	put := func(m metric, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.desc[m.name], m.kind, value, labels...)
	}
	put(buildInfo, 1, c.version, runtime.Version())
	accounted := c.losses(put)
	for _, s := range c.streams.List() {
		up := 0.0
		if s.State == hub.Live || s.State == hub.Degraded {
			up = 1
		}
		put(streamUp, up, s.Name)
		put(received, float64(s.Received.Bytes), s.Name)
		put(packets, float64(s.Received.Packets), s.Name)
		put(frames, float64(s.Received.Frames), s.Name)
		put(dropped, float64(s.Received.Dropped), s.Name)
		for kind, n := range s.Repairs.Kinds() {
			put(repairs, float64(n), s.Name, kind)
		}
		put(jitter, s.Received.JitterMS/1000, s.Name)
		put(restarts, float64(s.Restarts), s.Name)
		put(viewers, float64(s.Viewers), s.Name)
		if !accounted {
			put(lost, float64(s.Received.Lost), s.Name, "upstream", "sequence_gap")
			put(tcpLate, 0, s.Name)
		}
	}
	type kind struct {
		code     health.Code
		severity health.Severity
	}
	n := map[kind]int{}
	for _, cs := range c.conditions.All() {
		for _, one := range cs {
			n[kind{one.Code, one.Severity}]++
		}
	}
	for k, count := range n {
		put(conditions, float64(count), string(k.code), string(k.severity))
	}
	collectVision(c.vision(), put)
}

// losses puts the streams' accounts, and reports whether there are any.
func (c *collector) losses(put func(m metric, value float64, labels ...string)) bool {
	now := ""
	if c.drops != nil {
		report := c.drops.Report()
		now = report.Level.Rung
		for _, s := range report.Streams {
			put(lost, float64(s.Upstream), s.Stream, "upstream", "sequence_gap")
			for _, k := range s.Kernel {
				put(lost, float64(k.Packets), s.Stream, "kernel", k.Reason)
			}
			put(lost, float64(s.Ring), s.Stream, "ring", "reader_late")
			put(lost, float64(s.Viewers), s.Stream, "viewer", "receiver_report")
			put(tcpLate, float64(s.OutOfOrder), s.Stream)
		}
	}
	for _, r := range rungs {
		value := 0.0
		if r == now {
			value = 1
		}
		put(dropsRung, value, r)
	}
	return c.drops != nil
}
