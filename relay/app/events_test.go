package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sightline/relay/api"
	"sightline/relay/app"
	"sightline/relay/hub"
	"sightline/vision/annot"
)

// walker is a detector that sees one person on every fifth picture, for a while.
func walker(pictures int) app.Detector {
	return func(ctx context.Context, s *hub.Stream, publish func(annot.Message)) {
		tap := s.Tap(true)
		defer tap.Close()
		for n := 0; n < 5*pictures; n++ {
			f, err := tap.Next(ctx)
			if err != nil {
				return
			}
			if n%5 != 0 {
				continue
			}
			key := annot.Key{Stream: s.Name(), Epoch: s.Epoch(), RTP: f.TS}
			publish(annot.Analysing{Key: key})
			publish(annot.Detections{Key: key, Time: f.Received, Origin: annot.Relay, Model: "walker",
				Objects: []annot.Object{{ID: 1, Label: "person", Score: 0.9, Box: annot.Box{X: 0.25, Y: 0.25, W: 0.25, H: 0.5}}}})
		}
		<-ctx.Done()
	}
}

func (r relay) get(path string, into any) int {
	r.t.Helper()
	resp, err := http.Get(strings.TrimSuffix(r.URL(), "/") + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if into != nil && resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, into); err != nil {
			r.t.Fatalf("%s: %v", body, err)
		}
	}
	return resp.StatusCode
}

// What a relay's detector and two viewers see becomes one event each, kept
// with a picture, announced to viewers, and counted.
func TestEvents(t *testing.T) {
	r := startWith(t, "  demo: {source: \"demo:?fps=15&size=640x360\"}\n", app.Options{Detectors: []app.Detector{walker(20)}})
	var viewers [2]*websocket.Conn
	for i := range viewers {
		c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.URL(), "http")+"api/v1/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.WriteMessage(websocket.TextMessage, []byte(`{"v":1,"type":"hello","token":"","streams":[{"name":"demo"}]}`)); err != nil {
			t.Fatal(err)
		}
		viewers[i] = c
	}
	seen := map[string]int{}
	_ = viewers[0].SetReadDeadline(time.Now().Add(patience))
	reported := false
	for seen["object ended"] == 0 || seen["motion ended"] == 0 {
		_, data, err := viewers[0].ReadMessage()
		if err != nil {
			t.Fatalf("%v, after %v", err, seen)
		}
		m, err := annot.Decode(data)
		switch m := m.(type) {
		case annot.Detections:
			seen["detections"]++
			if reported {
				continue
			}
			reported = true
			for i, c := range viewers {
				for _, state := range []string{"began", "ended"} {
					text := fmt.Sprintf(`{"v":1,"type":"event","stream":"demo","epoch":%d,"rtp":%d,"ts":"2026-01-02T15:04:05Z","event":"motion","state":%q,"id":"m%d","origin":"client","box":[0.5,0.5,0.1,0.1]}`,
						m.Epoch, m.RTP, state, i)
					if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
						t.Fatal(err)
					}
				}
			}
		case annot.Event:
			seen[m.Event+" "+string(m.State)]++
		case nil:
			if err == nil {
				t.Fatalf("%s", data)
			}
		}
	}
	if seen["object began"] != 1 || seen["motion began"] != 1 || seen["detections"] == 0 {
		t.Errorf("seen %v", seen)
	}
	var page api.EventPage
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		r.get("/api/v1/events?stream=demo", &page)
		if len(page.Events) == 2 && page.Events[0].Snapshot != "" && page.Events[1].Snapshot != "" && page.Events[0].State == "ended" && page.Events[1].State == "ended" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("events %+v", page)
		}
	}
	for _, e := range page.Events {
		resp, err := http.Get(strings.TrimSuffix(r.URL(), "/") + e.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		picture, err := jpeg.DecodeConfig(resp.Body)
		if err != nil || picture.Width != 640 || picture.Height != 360 {
			t.Errorf("%s: %+v %v", e.Kind, picture, err)
		}
		if want := map[string]string{"motion": "client", "object": "relay"}[e.Kind]; e.Origin != want || len(e.Boxes) != 1 {
			t.Errorf("%+v", e)
		}
	}
	if r.get("/api/v1/events?kind=object", &page); len(page.Events) != 1 || page.Events[0].Label != "person" {
		t.Errorf("%+v", page)
	}
	resp, err := http.Get(r.URL() + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, want := range []string{`sightline_events_total{kind="motion",stream="demo"} 1`, `sightline_events_total{kind="object",stream="demo"} 1`,
		`sightline_snapshots_total{result="made"} 2`, `sightline_annotation_clients 2`, `sightline_annotation_reports_total{result="accepted"} 4`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}

// A store that cannot be opened is a condition; pictures and live events go on.
func TestNoStore(t *testing.T) {
	r := startWith(t, "  demo: {source: \"demo:?fps=15&size=640x360\"}\nstore: {path: /proc/none/events.db}\n", app.Options{Detectors: []app.Detector{walker(20)}})
	r.until("demo", "live", live)
	if status := r.get("/api/v1/events", nil); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	var info api.Relay
	r.get("/api/v1/relay", &info)
	found := false
	for _, c := range info.Conditions {
		found = found || c.Code == "store-unavailable"
	}
	if !found {
		t.Errorf("conditions %+v", info.Conditions)
	}
}
