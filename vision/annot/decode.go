package annot

import (
	"errors"
	"math"
	"time"

	"sightline/vision/jsontext"
)

// ErrUnknown is what Decode returns for a message of another version or type:
// one from a newer program, which is best left out.
var ErrUnknown = errors.New("annot: unknown version or type of message")

// Bounds of a message; larger ones come from nobody's detector.
const (
	maxMessage = 1 << 20
	maxObjects = 4096
	maxText    = 1024
)

// idLimit keeps object ids exact in JavaScript's numbers.
const idLimit = 1<<53 - 1

// fields are all that a message may have.
type fields struct {
	stream                      string
	epoch, rtp                  uint32
	at                          time.Time
	origin, model, event, state string
	id, label, zone             string
	place, reason, advice       string
	packets                     uint64
	risk, lead                  float64
	objects                     []Object
	ids                         []uint64
	box                         *Box
	seen                        map[string]bool
}

// Decode reads one message. Fields that it does not know are left out;
// everything it knows is checked. The error is [ErrUnknown] for what is not
// meant for this version.
func Decode(b []byte) (Message, error) {
	if len(b) > maxMessage {
		return nil, errors.New("annot: a message of more than 1 MB")
	}
	kind, err := peekKind(b)
	if err != nil {
		return nil, err
	}
	f := fields{seen: map[string]bool{}}
	r := jsontext.NewReader(b)
	r.Object(func(key string) {
		if f.seen[key] {
			r.Fail(key, "comes twice")
		}
		f.seen[key] = true
		f.read(r, kind, key)
	})
	for _, key := range required[kind] {
		if !f.seen[key] {
			r.Fail(key, "is missing")
		}
	}
	if err := r.End(); err != nil {
		return nil, errors.New("annot: " + kind + ": " + err.Error())
	}
	return f.message(kind), nil
}

var required = map[string][]string{
	"analysing":  {"stream", "epoch", "rtp"},
	"detections": {"stream", "epoch", "rtp", "ts", "origin", "model", "objects"},
	"event":      {"stream", "epoch", "rtp", "ts", "event", "state", "id"},
	"drop":       {"stream", "ts", "place", "reason", "packets"},
	"stall":      {"stream", "ts", "risk", "lead_s", "reason", "advice"},
}

// peekKind finds version and type, which may stand anywhere in the object.
func peekKind(b []byte) (string, error) {
	var version float64
	var kind string
	r := jsontext.NewReader(b)
	r.Object(func(key string) {
		switch key {
		case "v":
			version = r.Number()
		case "type":
			kind = r.String()
		default:
			r.Skip()
		}
	})
	if err := r.End(); err != nil {
		return "", errors.New("annot: " + err.Error())
	}
	if _, known := required[kind]; version != Version || !known {
		return "", ErrUnknown
	}
	return kind, nil
}

func (f *fields) read(r *jsontext.Reader, kind, key string) {
	switch key {
	case "stream":
		if f.stream = short(r, key); f.stream == "" {
			r.Fail(key, "is empty")
		}
	case "epoch":
		f.epoch = uint32(r.Uint(32))
	case "rtp":
		f.rtp = uint32(r.Uint(32))
	case "ts":
		f.at = instant(r)
	case "origin":
		f.origin = oneOf(r, key, string(Relay), string(Client))
	case "model":
		f.model = short(r, key)
	case "event":
		f.event = short(r, key)
	case "state":
		f.state = oneOf(r, key, string(Began), string(Ended), string(Occurred))
	case "id":
		f.id = short(r, key)
	case "label":
		f.label = short(r, key)
	case "zone":
		f.zone = short(r, key)
	case "place":
		f.place = oneOf(r, key, "upstream", "kernel", "relay", "viewer")
	case "reason":
		f.reason = short(r, key)
	case "advice":
		f.advice = short(r, key)
	case "packets":
		f.packets = r.Uint(53)
	case "risk":
		f.risk = between(r, key, 0, 1)
	case "lead_s":
		f.lead = between(r, key, 0, 1e6)
	case "box":
		b := rectangle(r, key)
		f.box = &b
	case "objects":
		r.Array(func() {
			if len(f.objects)+len(f.ids) >= maxObjects {
				r.Fail(key, "holds more than 4096")
				r.Skip()
				return
			}
			if kind == "event" {
				f.ids = append(f.ids, identifier(r))
			} else {
				f.objects = append(f.objects, object(r))
			}
		})
	default:
		r.Skip()
	}
}

func (f *fields) message(kind string) Message {
	key := Key{f.stream, f.epoch, f.rtp}
	switch kind {
	case "analysing":
		return Analysing{key}
	case "detections":
		return Detections{Key: key, Time: f.at, Origin: Origin(f.origin), Model: f.model, Objects: f.objects}
	case "event":
		return Event{Key: key, Time: f.at, Event: f.event, State: State(f.state), ID: f.id, Origin: Origin(f.origin),
			Objects: f.ids, Label: f.label, Zone: f.zone, Box: f.box}
	case "drop":
		return Drop{Stream: f.stream, Time: f.at, Place: f.place, Reason: f.reason, Packets: f.packets}
	}
	return Stall{Stream: f.stream, Time: f.at, Risk: f.risk, Lead: time.Duration(math.Round(f.lead*1e3)) * time.Millisecond,
		Reason: f.reason, Advice: f.advice}
}

func short(r *jsontext.Reader, key string) string {
	s := r.String()
	if len(s) > maxText {
		r.Fail(key, "is longer than 1024 bytes")
	}
	return s
}

func oneOf(r *jsontext.Reader, key string, values ...string) string {
	s := r.String()
	for _, v := range values {
		if s == v {
			return s
		}
	}
	r.Fail(key, "has an unknown value")
	return ""
}

func between(r *jsontext.Reader, key string, low, high float64) float64 {
	v := r.Number()
	if v < low || v > high {
		r.Fail(key, "is out of its range")
	}
	return v
}

func instant(r *jsontext.Reader) time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.String())
	if err != nil {
		r.Fail("ts", "is no time of RFC 3339")
	}
	return t.UTC()
}

func identifier(r *jsontext.Reader) uint64 {
	id := r.Uint(64)
	if id > idLimit {
		r.Fail("id", "is 2^53 or more")
	}
	return id
}

func object(r *jsontext.Reader) Object {
	var o Object
	var label, score, box bool
	r.Object(func(key string) {
		switch key {
		case "id":
			o.ID = identifier(r)
		case "label":
			o.Label, label = short(r, key), true
		case "score":
			o.Score, score = float32(between(r, key, 0, 1)), true
		case "box":
			o.Box, box = rectangle(r, key), true
		case "velocity":
			v := four(r, key)
			o.Velocity = &v
		default:
			r.Skip()
		}
	})
	if !label || !score || !box {
		r.Fail("objects", "one has no label, score or box")
	}
	return o
}

// rectangle allows for boxes that were rounded at the picture's borders.
func rectangle(r *jsontext.Reader, key string) Box {
	const slack = 1e-5
	b := four(r, key)
	if b.X < -slack || b.Y < -slack || b.W < 0 || b.H < 0 || b.X+b.W > 1+slack || b.Y+b.H > 1+slack {
		r.Fail(key, "is not within the picture, 0 to 1")
	}
	return b
}

func four(r *jsontext.Reader, key string) Box {
	var v [4]float32
	n := 0
	r.Array(func() {
		x := between(r, key, -1e6, 1e6)
		if n < len(v) {
			v[n] = float32(x)
		}
		n++
	})
	if n != len(v) {
		r.Fail(key, "must hold four numbers")
	}
	return Box{v[0], v[1], v[2], v[3]}
}
