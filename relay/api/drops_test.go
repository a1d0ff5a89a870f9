package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sightline/relay/quality"
)

var testTime = time.Unix(1000, 0)

type fixedDrops quality.Report

func (f fixedDrops) Report() quality.Report { return quality.Report(f) }

func lossy() fixedDrops {
	var l quality.Ledger
	account := l.Update("gate", quality.Input{Received: 100, Gaps: 12, Ring: 4, Viewers: 5,
		Kernel: []quality.Loss{{Reason: "SOCKET_RCVBUFF", Packets: 9}}}, testTime)
	return fixedDrops{Level: quality.Level{Rung: "raw_tp", Reason: "because", Fix: "do this"}, Streams: []quality.StreamLoss{
		{Stream: "gate", Account: account, Buffer: &quality.Buffer{Size: 100, Used: 50}},
		{Stream: "yard", Account: l.Update("yard", quality.Input{}, testTime)},
	}}
}

func TestDrops(t *testing.T) {
	r := newRelay()
	r.cfg.Drops = lossy()
	h := r.handler(t)
	resp, body := do(t, h, "GET", "/api/v1/drops")
	var got quality.Report
	if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
	}
	if got.Level.Rung != "raw_tp" || got.Level.Reason != "because" || len(got.Streams) != 2 {
		t.Fatalf("%s", body)
	}
	g := got.Streams[0]
	if g.Stream != "gate" || g.Lost != 12 || g.Upstream != 3 || g.Kernel[0] != (quality.Loss{Reason: "SOCKET_RCVBUFF", Packets: 9}) ||
		g.Ring != 4 || g.Viewers != 5 || g.Buffer.Used != 50 || g.Summary != "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream" {
		t.Errorf("%s", body)
	}
	if _, body = do(t, h, "GET", "/api/v1/drops?stream=yard"); strings.Contains(body, "gate") || !strings.Contains(body, `"summary":"0 lost"`) {
		t.Errorf("one stream: %s", body)
	}
	if resp, body = do(t, h, "GET", "/api/v1/drops?stream=none"); resp.StatusCode != 404 || !strings.Contains(body, "stream-unknown") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for _, path := range []string{"/api/v1/streams", "/api/v1/streams/gate"} {
		if _, body = do(t, h, "GET", path); !strings.Contains(body, `"summary":"12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream"`) {
			t.Errorf("%s: %s", path, body)
		}
	}
	_, body = do(t, h, "GET", "/metrics")
	for _, want := range []string{
		`sightline_lost_packets_total{place="upstream",reason="sequence_gap",stream="gate"} 3`,
		`sightline_lost_packets_total{place="kernel",reason="SOCKET_RCVBUFF",stream="gate"} 9`,
		`sightline_lost_packets_total{place="ring",reason="reader_late",stream="gate"} 4`,
		`sightline_lost_packets_total{place="viewer",reason="receiver_report",stream="gate"} 5`,
		`sightline_drops_rung{rung="raw_tp"} 1`, `sightline_drops_rung{rung="tp_btf"} 0`,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestDropsWithoutAMonitor(t *testing.T) {
	_, body := do(t, newRelay().handler(t), "GET", "/api/v1/drops")
	if !strings.Contains(body, `"streams":[]`) {
		t.Errorf("%s", body)
	}
}
