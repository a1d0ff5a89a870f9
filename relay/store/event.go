package store

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// State says how far an event has come.
type State string

// States of an event.
const (
	// Began: it goes on.
	Began State = "began"
	// Ended: it is over.
	Ended State = "ended"
	// Occurred: it had no duration.
	Occurred State = "occurred"
	// Interrupted: the relay stopped before it was over.
	Interrupted State = "interrupted"
)

// Event is something that began in a stream, and perhaps ended.
type Event struct {
	// ID is a ULID: it sorts by the time it was made.
	ID     string `json:"id"`
	Stream string `json:"stream"`
	// Kind says what: motion, object, light-on, lens-covered and so on.
	Kind string `json:"kind"`
	// Label is the object's class, where it is about one.
	Label string `json:"label,omitempty"`
	// Origin is who saw it: relay, client, or both.
	Origin string    `json:"origin"`
	State  State     `json:"state"`
	Began  time.Time `json:"began"`
	// Ended is zero while the event goes on.
	Ended time.Time `json:"ended,omitzero"`
	// Epoch and RTP name the frame on which it began.
	Epoch uint32 `json:"epoch"`
	RTP   uint32 `json:"rtp"`
	Zone  string `json:"zone,omitempty"`
	// Boxes are what was seen on that frame.
	Boxes []Box `json:"boxes,omitempty"`
	// Snapshot says that there is a picture.
	Snapshot bool `json:"snapshot"`
}

// Box is one box of an event.
type Box struct {
	ID    uint64  `json:"id,omitempty"`
	Label string  `json:"label,omitempty"`
	Score float64 `json:"score,omitempty"`
	// Rect is x, y, width, height, 0..1 of the upright picture.
	Rect [4]float64 `json:"box"`
}

// NewID makes an event's ID for a moment.
func NewID(t time.Time) string {
	return ulid.MustNew(ulid.Timestamp(t), rand.Reader).String()
}

// Query selects events; zero fields select all.
type Query struct {
	Stream, Kind string
	// From and To bound when the event began: From <= began < To.
	From, To time.Time
	// Limit is the most events of a page; 1 to MaxLimit.
	Limit int
	// Cursor is Page.Next of the page before.
	Cursor string
}

// MaxLimit bounds a page.
const MaxLimit = 500

// Page is a part of a list of events, newest first.
type Page struct {
	Events []Event
	// Next asks for the page after this one; empty when it is the last.
	Next string
}

// ErrCursor says that a cursor was not made by this store.
var ErrCursor = errors.New("store: the cursor is not one of a page's next")

// ErrNotFound says that there is no such event or snapshot.
var ErrNotFound = errors.New("store: not found")

// cursor is the position after an event: pages go on behind it even if events
// were added meanwhile.
type cursor struct {
	began int64 // milliseconds
	id    string
}

func (c cursor) String() string { return strconv.FormatInt(c.began, 36) + "." + c.id }

func parseCursor(s string) (cursor, error) {
	at, id, ok := strings.Cut(s, ".")
	began, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil {
		return cursor{}, ErrCursor
	}
	if _, err := ulid.ParseStrict(id); err != nil {
		return cursor{}, ErrCursor
	}
	return cursor{began, id}, nil
}

// row is an event as it is stored: columns for what is asked for, JSON for the
// rest.
type row struct {
	began int64
	ended any // nil while it goes on
	data  []byte
}

func encode(e Event) (row, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return row{}, fmt.Errorf("store: event %s: %w", e.ID, err)
	}
	r := row{began: e.Began.UnixMilli(), data: data}
	if !e.Ended.IsZero() {
		r.ended = e.Ended.UnixMilli()
	}
	return r, nil
}

func decode(data []byte, state string, snapshot bool) (Event, error) {
	var e Event
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("store: stored event: %w", err)
	}
	e.State, e.Snapshot = State(state), snapshot
	return e, nil
}
