package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/relay/config"
	"sightline/relay/health"
)

// Event is something that began in a stream, and perhaps ended.
type Event struct {
	ID     string `json:"id"`
	Stream string `json:"stream"`
	// Kind is motion, object, light-on, lens-covered and so on.
	Kind string `json:"kind"`
	// Label is the object's class, where it is about one.
	Label string `json:"label,omitempty"`
	// Origin is relay, client or both: who saw it.
	Origin string `json:"origin"`
	// State is began, ended, occurred (it had no duration) or interrupted (the
	// relay stopped before its end).
	State string    `json:"state"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero"`
	// Epoch and RTP name the frame on which it began.
	Epoch uint32     `json:"epoch"`
	RTP   uint32     `json:"rtp"`
	Zone  string     `json:"zone,omitempty"`
	Boxes []EventBox `json:"boxes"`
	// Snapshot is the path of the picture, absent where there is none.
	Snapshot string `json:"snapshot,omitempty"`
}

// EventBox is one box of an event.
type EventBox struct {
	ID    uint64  `json:"id,omitempty"`
	Label string  `json:"label,omitempty"`
	Score float64 `json:"score,omitempty"`
	// Box is x, y, width, height, 0..1 of the upright picture.
	Box [4]float64 `json:"box"`
}

// EventQuery selects events; zero fields select all.
type EventQuery struct {
	Stream, Kind string
	From, To     time.Time // From <= began < To
	Limit        int
	Cursor       string
}

// EventPage is a part of the list of events, newest first.
type EventPage struct {
	Events []Event `json:"events"`
	// Next asks for the page after this one; absent on the last.
	Next string `json:"next,omitempty"`
}

// Events are those that the relay has kept. Errors are [ErrEventUnknown],
// [ErrEventCursor], and others for what failed.
type Events interface {
	List(ctx context.Context, q EventQuery) (EventPage, error)
	Get(ctx context.Context, id string) (Event, error)
	// Snapshot returns an event's picture as JPEG.
	Snapshot(ctx context.Context, id string) ([]byte, error)
}

// Errors of [Events].
var (
	ErrEventUnknown = errors.New("api: no such event or snapshot")
	ErrEventCursor  = errors.New("api: no such cursor")
)

// Bounds of a page of events.
const (
	defaultEvents = 50
	maxEvents     = 500
)

// EventRoutes add the events to the API. Where events are nil the answer says
// that they are not kept.
func EventRoutes(events Events) func(*http.ServeMux) {
	h := eventHandler{events}
	return func(mux *http.ServeMux) {
		mux.HandleFunc("GET /api/v1/events", h.list)
		mux.HandleFunc("GET /api/v1/events/{id}", h.get)
		mux.HandleFunc("GET /api/v1/events/{id}/snapshot.jpg", h.snapshot)
	}
}

type eventHandler struct{ events Events }

func (h eventHandler) list(w http.ResponseWriter, r *http.Request) {
	if h.missing(w, r) {
		return
	}
	q, fault := parseEventQuery(r.URL.RawQuery)
	if fault != "" {
		Problem(w, r, http.StatusBadRequest, health.New(health.RequestInvalid, "%s", fault))
		return
	}
	page, err := h.events.List(r.Context(), q)
	if errors.Is(err, ErrEventCursor) {
		Problem(w, r, http.StatusBadRequest, health.New(health.RequestInvalid, "cursor %q is not the next of a page.", clip(q.Cursor)))
		return
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	page.Events = list(page.Events)
	for i := range page.Events {
		page.Events[i].Boxes = list(page.Events[i].Boxes)
	}
	writeJSON(w, http.StatusOK, page)
}

func (h eventHandler) get(w http.ResponseWriter, r *http.Request) {
	if h.missing(w, r) {
		return
	}
	e, err := h.events.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	e.Boxes = list(e.Boxes)
	writeJSON(w, http.StatusOK, e)
}

func (h eventHandler) snapshot(w http.ResponseWriter, r *http.Request) {
	if h.missing(w, r) {
		return
	}
	id := r.PathValue("id")
	jpeg, err := h.events.Snapshot(r.Context(), id)
	if errors.Is(err, ErrEventUnknown) {
		if _, known := h.events.Get(r.Context(), id); known == nil {
			Problem(w, r, http.StatusNotFound, health.New(health.SnapshotMissing, "There is no picture of event %s.", clip(id)))
			return
		}
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(jpeg)))
	w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = w.Write(jpeg)
}

func (h eventHandler) missing(w http.ResponseWriter, r *http.Request) bool {
	if h.events == nil {
		Problem(w, r, http.StatusServiceUnavailable, health.New(health.StoreUnavailable, "The relay keeps no events; its own condition says why."))
	}
	return h.events == nil
}

func (h eventHandler) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrEventUnknown):
		Problem(w, r, http.StatusNotFound, health.New(health.EventUnknown, "There is no event %q.", clip(r.PathValue("id"))))
	case r.Context().Err() != nil:
		// Nobody waits for the answer any more.
	default:
		Problem(w, r, http.StatusInternalServerError, health.New(health.StoreFailed, "Events cannot be read: %v.", err))
	}
}

// parseEventQuery reads the filters; fault is worded for the client.
func parseEventQuery(raw string) (q EventQuery, fault string) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, "The query cannot be read: " + clip(err.Error()) + "."
	}
	known := []string{"stream", "kind", "from", "to", "limit", "cursor"}
	for name, v := range values {
		if !slices.Contains(known, name) {
			return q, strconv.Quote(clip(name)) + " is no filter; there are " + strings.Join(known, ", ") + "."
		}
		if len(v) != 1 {
			return q, name + " comes " + strconv.Itoa(len(v)) + " times; once is the rule."
		}
	}
	q.Stream, q.Kind, q.Cursor = values.Get("stream"), values.Get("kind"), values.Get("cursor")
	if q.Stream != "" && !config.ValidStreamName(q.Stream) {
		return q, "stream " + strconv.Quote(clip(q.Stream)) + " is no stream name."
	}
	if q.Kind != "" && !eventName(q.Kind) {
		return q, "kind " + strconv.Quote(clip(q.Kind)) + " is no kind of event; the rule is a-z, 0-9 and -, as in motion."
	}
	for name, to := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if v := values.Get(name); v != "" {
			if *to, err = time.Parse(time.RFC3339Nano, v); err != nil {
				return q, name + " " + strconv.Quote(clip(v)) + " is no time; the rule is RFC 3339, as in 2026-01-02T15:04:05Z (a + is written %2B)."
			}
		}
	}
	q.Limit = defaultEvents
	if v := values.Get("limit"); v != "" {
		if q.Limit, err = strconv.Atoi(v); err != nil || q.Limit < 1 || q.Limit > maxEvents {
			return q, "limit " + strconv.Quote(clip(v)) + " is not a number from 1 to " + strconv.Itoa(maxEvents) + "."
		}
	}
	return q, ""
}
