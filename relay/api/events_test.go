package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sightline/relay/health"
)

type events struct {
	asked EventQuery
	fail  error
}

var anEvent = Event{ID: "01JABC", Stream: "gate", Kind: "motion", Origin: "client", State: "ended",
	Began: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Ended: time.Date(2026, 1, 2, 15, 4, 9, 0, time.UTC), Epoch: 7, RTP: 42,
	Snapshot: "/api/v1/events/01JABC/snapshot.jpg"}

func (e *events) List(_ context.Context, q EventQuery) (EventPage, error) {
	e.asked = q
	if q.Cursor == "bad" {
		return EventPage{}, ErrEventCursor
	}
	if q.Stream == "yard" {
		return EventPage{}, e.fail
	}
	return EventPage{Events: []Event{anEvent}, Next: "n1"}, e.fail
}

func (e *events) Get(_ context.Context, id string) (Event, error) {
	if id != anEvent.ID && id != "bare" {
		return Event{}, ErrEventUnknown
	}
	return anEvent, nil
}

func (e *events) Snapshot(_ context.Context, id string) ([]byte, error) {
	if id != anEvent.ID {
		return nil, ErrEventUnknown
	}
	return []byte("\xff\xd8jpeg"), nil
}

func withEvents(t *testing.T, e Events) http.Handler {
	r := newRelay()
	r.cfg.Routes = append(r.cfg.Routes, EventRoutes(e))
	return r.handler(t)
}

func TestEvents(t *testing.T) {
	e := &events{}
	h := withEvents(t, e)
	resp, body := do(t, h, "GET", "/api/v1/events?stream=gate&kind=motion&from=2026-01-02T15:00:00Z&to=2026-01-02T16:00:00%2B01:00&limit=7&cursor=c")
	want := `{"events":[{"id":"01JABC","stream":"gate","kind":"motion","origin":"client","state":"ended","began":"2026-01-02T15:04:05Z","ended":"2026-01-02T15:04:09Z","epoch":7,"rtp":42,"boxes":[],"snapshot":"/api/v1/events/01JABC/snapshot.jpg"}],"next":"n1"}`
	if resp.StatusCode != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d\n%s\nwant\n%s", resp.StatusCode, body, want)
	}
	at := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	if q := e.asked; q.Stream != "gate" || q.Kind != "motion" || !q.From.Equal(at) || !q.To.Equal(at) || q.Limit != 7 || q.Cursor != "c" {
		t.Errorf("asked %+v", q)
	}
	if _, body := do(t, h, "GET", "/api/v1/events?stream=yard"); body != `{"events":[]}`+"\n" || e.asked.Limit != 50 {
		t.Errorf("%s, limit %d", body, e.asked.Limit)
	}
	if resp, body := do(t, h, "GET", "/api/v1/events/01JABC"); resp.StatusCode != 200 || !strings.HasPrefix(body, `{"id":"01JABC"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	resp, body = do(t, h, "GET", "/api/v1/events/01JABC/snapshot.jpg")
	if resp.Header.Get("Content-Type") != "image/jpeg" || body != "\xff\xd8jpeg" {
		t.Errorf("%v %q", resp.Header, body)
	}
}

func TestEventsRefused(t *testing.T) {
	e := &events{}
	h := withEvents(t, e)
	for query, names := range map[string]string{
		"stream=a/b": "stream", "kind=Motion!": "kind", "from=yesterday": "from", "to=1": "to", "limit=0": "limit", "limit=501": "limit",
		"limit=x": "limit", "color=red": "color", "kind=a&kind=b": "kind", "cursor=bad": "cursor", "a=%zz": "query",
	} {
		resp, body := do(t, h, "GET", "/api/v1/events?"+query)
		wantProblem(t, resp, body, 400, health.RequestInvalid)
		if !strings.Contains(body, names) {
			t.Errorf("%s: %s", query, body)
		}
	}
	for path, code := range map[string]health.Code{
		"/api/v1/events/none": health.EventUnknown, "/api/v1/events/none/snapshot.jpg": health.EventUnknown, "/api/v1/events/bare/snapshot.jpg": health.SnapshotMissing,
	} {
		resp, body := do(t, h, "GET", path)
		wantProblem(t, resp, body, 404, code)
	}
	e.fail = errors.New("the disk is gone")
	resp, body := do(t, h, "GET", "/api/v1/events")
	wantProblem(t, resp, body, 500, health.StoreFailed)
	for _, path := range []string{"", "/x", "/x/snapshot.jpg"} {
		resp, body := do(t, withEvents(t, nil), "GET", "/api/v1/events"+path)
		wantProblem(t, resp, body, 503, health.StoreUnavailable)
	}
}
