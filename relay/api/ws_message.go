package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sightline/relay/config"
	"sightline/vision/annot"
)

// Bounds of what a client may send.
const (
	// maxWSMessage is the size of one message in bytes.
	maxWSMessage = 64 << 10
	// maxWSStreams is how many streams a client may subscribe to.
	maxWSStreams = 1024
	// maxReported is how many objects a client may report on one picture.
	maxReported = 256
)

// WSVersion is the version of the protocol of /api/v1/ws, the "v" of each
// message.
const WSVersion = annot.Version

// Subscription is one stream that a client wants, and what it has of it.
type Subscription struct {
	Name string `json:"name"`
	// Epoch and Seq are those of the last message that the client got; Seq is
	// absent when it got none.
	Epoch uint32  `json:"epoch,omitempty"`
	Seq   *uint64 `json:"seq,omitempty"`
}

// clientMessage is what a client sends: hello first, then subscribe whenever
// its wishes change, and messages of vision/annot as reports of its own
// detectors.
type clientMessage struct {
	kind    string // hello, subscribe, report
	token   string
	streams []Subscription
	report  annot.Message
}

// parseClientMessage reads and checks a message. The error is worded for the
// client.
func parseClientMessage(b []byte) (clientMessage, error) {
	var m struct {
		V       *int           `json:"v"`
		Type    string         `json:"type"`
		Token   string         `json:"token"`
		Streams []Subscription `json:"streams"`
	}
	// Only the frame of a report: its fields are for annot, which is stricter.
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return clientMessage{}, errors.New("the message is no JSON object with a text as type")
	}
	switch head.Type {
	case "hello", "subscribe":
	case "event", "detections":
		return parseReport(head.Type, b)
	default:
		return clientMessage{}, fmt.Errorf("type %q is none of hello, subscribe, event, detections", clip(head.Type))
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return clientMessage{}, fmt.Errorf("%s: a field has the wrong type: %s", head.Type, clip(err.Error()))
	}
	if m.V == nil || *m.V != WSVersion {
		return clientMessage{}, fmt.Errorf("%s: v must be %d", head.Type, WSVersion)
	}
	if len(m.Streams) > maxWSStreams {
		return clientMessage{}, fmt.Errorf("%s: streams holds %d, more than %d", head.Type, len(m.Streams), maxWSStreams)
	}
	seen := make(map[string]bool, len(m.Streams))
	for _, s := range m.Streams {
		if !config.ValidStreamName(s.Name) {
			return clientMessage{}, fmt.Errorf("%s: %q is no stream name", head.Type, clip(s.Name))
		}
		if seen[s.Name] {
			return clientMessage{}, fmt.Errorf("%s: stream %q comes twice", head.Type, s.Name)
		}
		seen[s.Name] = true
	}
	return clientMessage{kind: head.Type, token: m.Token, streams: m.Streams}, nil
}

func parseReport(kind string, b []byte) (clientMessage, error) {
	m, err := annot.Decode(b)
	if errors.Is(err, annot.ErrUnknown) {
		return clientMessage{}, fmt.Errorf("%s: v must be %d", kind, annot.Version)
	}
	if err != nil {
		return clientMessage{}, errors.New(clip(err.Error()))
	}
	if !config.ValidStreamName(m.StreamName()) {
		return clientMessage{}, fmt.Errorf("%s: %q is no stream name", kind, clip(m.StreamName()))
	}
	switch r := m.(type) {
	case annot.Event:
		if r.Origin != annot.Client {
			return clientMessage{}, fmt.Errorf("%s: origin must be client", kind)
		}
		if !eventName(r.Event) {
			return clientMessage{}, fmt.Errorf("%s: event must be 1 to 32 of a-z, 0-9 and -", kind)
		}
		if len(r.ID) > 64 || len(r.Label) > 64 || len(r.Zone) > 64 || len(r.Objects) > maxReported {
			return clientMessage{}, fmt.Errorf("%s: id, label and zone may have 64 bytes, objects %d entries", kind, maxReported)
		}
		r.Time = time.Time{} // the relay's clock counts
		m = r
	case annot.Detections:
		if r.Origin != annot.Client {
			return clientMessage{}, fmt.Errorf("%s: origin must be client", kind)
		}
		if len(r.Objects) > maxReported || len(r.Model) > 64 {
			return clientMessage{}, fmt.Errorf("%s: objects may have %d entries, model 64 bytes", kind, maxReported)
		}
		for _, o := range r.Objects {
			if len(o.Label) > 64 {
				return clientMessage{}, fmt.Errorf("%s: a label may have 64 bytes", kind)
			}
		}
		r.Time = time.Time{}
		m = r
	}
	return clientMessage{kind: "report", report: m}, nil
}

// eventName keeps kinds of events to plain words: they end up in the store, in
// filters and on pages.
func eventName(s string) bool {
	if len(s) < 1 || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// welcome answers hello and subscribe.
type welcome struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	// HeartbeatS is the longest silence of the relay, in seconds.
	HeartbeatS float64         `json:"heartbeat_s"`
	Streams    []welcomeStream `json:"streams"`
}

type welcomeStream struct {
	Stream string `json:"stream"`
	Epoch  uint32 `json:"epoch"`
	// Seq is the number of the newest message.
	Seq uint64 `json:"seq"`
	// Resumed says what of the past follows: "all" the client has missed,
	// "part" of it, or "none", where the client had nothing or the epoch is
	// another.
	Resumed string `json:"resumed"`
}

// lostMessage tells a client what it was too slow for.
type lostMessage struct {
	V          int    `json:"v"`
	Type       string `json:"type"`
	Stream     string `json:"stream"`
	Detections uint64 `json:"detections"`
	Events     uint64 `json:"events"`
}

type errorMessage struct {
	V      int    `json:"v"`
	Type   string `json:"type"`
	Code   string `json:"code"`
	Stream string `json:"stream,omitempty"`
	Text   string `json:"text"`
}

type heartbeatMessage struct {
	V    int    `json:"v"`
	Type string `json:"type"`
}

func encodeWS(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types always encode
	}
	return b
}
