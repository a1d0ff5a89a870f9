package api

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/relay/health"
)

var update = flag.Bool("update", false, "write docs/metrics.md")

func TestMetrics(t *testing.T) {
	r := newRelay()
	r.board.Raise("stream/gate", health.New(health.SourceLoss, "x"))
	r.board.Raise("stream/yard", health.New(health.SourceLoss, "x"))
	r.cfg.Vision = func() Vision {
		return Vision{Detectors: []Detector{{Stream: "gate", Model: "fastestdet", Results: 9, Replaced: 3, InferSeconds: 0.5, LatencyP95: 0.25}},
			Annotations: AnnotationStats{Clients: 2, LostEvents: 1}, Events: []EventCount{{"gate", "motion", 4}}, Store: StoreCounts{DroppedEvents: 5, Failing: true}}
	}
	resp, body := do(t, r.handler(t), "GET", "/metrics")
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	for _, want := range []string{
		`sightline_stream_up{stream="gate"} 1`, `sightline_stream_up{stream="yard"} 0`,
		`sightline_stream_received_bytes_total{stream="gate"} 12345`, `sightline_stream_received_packets_total{stream="gate"} 100`,
		`sightline_lost_packets_total{place="upstream",reason="sequence_gap",stream="gate"} 7`,
		`sightline_viewers{stream="gate"} 2`, `sightline_stream_restarts_total{stream="gate"} 3`,
		`sightline_stream_jitter_seconds{stream="gate"} 0.0015`, `sightline_stream_frames_dropped_total{stream="gate"} 2`,
		`sightline_stream_repairs_total{kind="jump",stream="gate"} 6`,
		`sightline_conditions{code="source-loss",severity="warning"} 2`, `sightline_build_info{go="`,
		`sightline_infer_results_total{model="fastestdet",stream="gate"} 9`, `sightline_infer_dropped_total{model="fastestdet",reason="replaced",stream="gate"} 3`,
		`sightline_infer_seconds_total{model="fastestdet",stage="infer",stream="gate"} 0.5`,
		`sightline_infer_latency_seconds{model="fastestdet",quantile="0.95",stream="gate"} 0.25`,
		`sightline_annotation_clients 2`, `sightline_annotations_lost_total{type="events"} 1`, `sightline_events_total{kind="motion",stream="gate"} 4`,
		`sightline_events_dropped_total{what="event"} 5`, `sightline_store_failing 1`,
		"go_goroutines ", "process_open_fds ",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, m := range metrics() {
		if !strings.Contains(body, "\n# TYPE "+m.name+" ") {
			t.Errorf("%s is not served", m.name)
		}
	}
	if strings.Contains(body, "camera") {
		t.Error("a source's address is in the metrics")
	}
}

// docs/metrics.md lists every metric; -update writes it.
func TestMetricsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Metrics\n\n`GET /metrics` answers in the Prometheus text format. Besides these there are the usual `go_*` and\n`process_*` metrics.\n\n" +
		"| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n")
	for _, m := range metrics() {
		kind := map[prometheus.ValueType]string{prometheus.GaugeValue: "gauge", prometheus.CounterValue: "counter"}[m.kind]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, kind, strings.Join(m.labels, ", "), m.help)
	}
	const file = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("docs/metrics.md is not current; go test ./relay/api -update writes it")
	}
}
