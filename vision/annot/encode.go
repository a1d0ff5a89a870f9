package annot

import (
	"time"

	"sightline/vision/jsontext"
)

// decimals of boxes and scores: a hundredth of a pixel of a picture 10000 wide.
const decimals = 6

// Append appends a message as one JSON object to b. Numbers are rounded to six
// decimals, times to milliseconds.
func Append(b []byte, m Message) []byte {
	w := jsontext.NewWriter(b)
	w.Object(func() {
		w.Key("v")
		w.Int(Version)
		text(w, "type", m.Kind())
		text(w, "stream", m.StreamName())
		switch m := m.(type) {
		case Analysing:
			m.append(w)
		case Detections:
			m.append(w)
		case Event:
			m.append(w)
		case Drop:
			clock(w, m.Time)
			text(w, "place", m.Place)
			text(w, "reason", m.Reason)
			w.Key("packets")
			w.Uint(m.Packets)
		case Stall:
			clock(w, m.Time)
			w.Key("risk")
			w.Fixed(m.Risk, decimals)
			w.Key("lead_s")
			w.Fixed(m.Lead.Seconds(), 3)
			text(w, "reason", m.Reason)
			text(w, "advice", m.Advice)
		}
	})
	return w.Bytes()
}

func text(w *jsontext.Writer, key, value string) {
	w.Key(key)
	w.String(value)
}

// optional leaves out what is empty.
func optional(w *jsontext.Writer, key, value string) {
	if value != "" {
		text(w, key, value)
	}
}

// timeForm always has milliseconds, so that texts sort like times.
const timeForm = "2006-01-02T15:04:05.000Z"

func clock(w *jsontext.Writer, t time.Time) {
	text(w, "ts", t.UTC().Format(timeForm))
}

func (k Key) append(w *jsontext.Writer) {
	w.Key("epoch")
	w.Uint(uint64(k.Epoch))
	w.Key("rtp")
	w.Uint(uint64(k.RTP))
}

func (b Box) append(w *jsontext.Writer, key string) {
	w.Key(key)
	w.Array(func() {
		for _, v := range []float32{b.X, b.Y, b.W, b.H} {
			w.Fixed(float64(v), decimals)
		}
	})
}

func (d Detections) append(w *jsontext.Writer) {
	d.Key.append(w)
	clock(w, d.Time)
	text(w, "origin", string(d.Origin))
	text(w, "model", d.Model)
	w.Key("objects")
	w.Array(func() {
		for _, o := range d.Objects {
			w.Object(func() {
				if o.ID != 0 {
					w.Key("id")
					w.Uint(o.ID)
				}
				text(w, "label", o.Label)
				w.Key("score")
				w.Fixed(float64(o.Score), decimals)
				o.Box.append(w, "box")
				if o.Velocity != nil {
					o.Velocity.append(w, "velocity")
				}
			})
		}
	})
}

func (e Event) append(w *jsontext.Writer) {
	e.Key.append(w)
	clock(w, e.Time)
	text(w, "event", e.Event)
	text(w, "state", string(e.State))
	text(w, "id", e.ID)
	optional(w, "origin", string(e.Origin))
	if len(e.Objects) > 0 {
		w.Key("objects")
		w.Array(func() {
			for _, id := range e.Objects {
				w.Uint(id)
			}
		})
	}
	optional(w, "label", e.Label)
	optional(w, "zone", e.Zone)
	if e.Box != nil {
		e.Box.append(w, "box")
	}
}
