// Package annot holds the annotations that travel from the relay to a viewer,
// and from a viewer's own detectors to the relay: one JSON object for each
// message, with the access unit that it belongs to. The files in testdata are
// the samples that Go and TypeScript both read. The package knows neither how
// annotations are made nor how they travel.
package annot

import "time"

// Version is the value of "v" in every message.
const Version = 1

// Message is one of [Analysing], [Detections], [Event], [Drop] and [Stall].
type Message interface {
	// Kind is the message's "type".
	Kind() string
	// StreamName is the stream that the message is about.
	StreamName() string
}

// Key names one picture of a stream.
type Key struct {
	// Stream is the stream's name.
	Stream string
	// Epoch changes when RTP timestamps of before mean nothing any more.
	Epoch uint32
	// RTP is the RTP timestamp, in ticks of 1/90000 s, that every viewer of
	// the stream sees on the picture.
	RTP uint32
}

// StreamName implements [Message].
func (k Key) StreamName() string { return k.Stream }

// Origin says who made an annotation.
type Origin string

// The origins.
const (
	Relay  Origin = "relay"
	Client Origin = "client"
)

// Box is a rectangle of the upright picture: its left upper corner and its
// size, all 0..1 of the picture's width and height.
type Box struct{ X, Y, W, H float32 }

// Object is one thing found in a picture.
type Object struct {
	// ID is the same for the same thing over frames; 0 for what is not tracked.
	ID uint64
	// Label is the class, such as "person".
	Label string
	// Score is the detector's confidence, 0..1.
	Score float32
	// Box is where it is in this very picture.
	Box Box
	// Velocity is how fast x, y, w and h change, per second; nil where it is
	// not known. It is for drawing the object on the pictures that follow:
	// see [Object.After].
	Velocity *Box
}

// MaxPrediction is how long after its picture an object's predicted box may be
// shown.
const MaxPrediction = 500 * time.Millisecond

// After predicts the object's box on a picture that was taken d later. It
// reports false for an object without velocity, a time before the object's
// picture or more than [MaxPrediction] after it, and for a box that has left
// the picture. What is left of the box stays within the picture.
func (o Object) After(d time.Duration) (Box, bool) {
	if o.Velocity == nil || d < 0 || d > MaxPrediction {
		return Box{}, false
	}
	s := float32(d.Seconds())
	b := Box{o.Box.X + s*o.Velocity.X, o.Box.Y + s*o.Velocity.Y, o.Box.W + s*o.Velocity.W, o.Box.H + s*o.Velocity.H}
	return b.Clip()
}

// Clip cuts the box at the picture's borders and reports whether anything is
// left of it.
func (b Box) Clip() (Box, bool) {
	left, top := max(b.X, 0), max(b.Y, 0)
	right, bottom := min(b.X+b.W, 1), min(b.Y+b.H, 1)
	if !(right > left && bottom > top) { // false for NaN too
		return Box{}, false
	}
	return Box{left, top, right - left, bottom - top}, true
}

// IoU is the area that two boxes share, divided by the area that they cover
// together: 0 for boxes apart, 1 for equal ones.
func (b Box) IoU(c Box) float32 {
	w := min(b.X+b.W, c.X+c.W) - max(b.X, c.X)
	h := min(b.Y+b.H, c.Y+c.H) - max(b.Y, c.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	shared := w * h
	return shared / (b.W*b.H + c.W*c.H - shared)
}

// Analysing announces that a picture is being analysed, so that a viewer may
// hold it a moment for its [Detections]. It is a plan and no promise: when the
// analysis fails or falls behind, nothing follows.
type Analysing struct{ Key }

// Kind implements [Message].
func (Analysing) Kind() string { return "analysing" }

// Detections are all objects found in one picture; none is a result too.
type Detections struct {
	Key
	// Time is when the relay received the picture.
	Time   time.Time
	Origin Origin
	// Model names the detector, such as "fastestdet" or "motion".
	Model string
	// Objects are in no order that means anything.
	Objects []Object
}

// Kind implements [Message].
func (Detections) Kind() string { return "detections" }

// State says what an [Event] does.
type State string

// The states of events. Something short only Occurred.
const (
	Began    State = "began"
	Ended    State = "ended"
	Occurred State = "occurred"
)

// Event says that something began or ended.
type Event struct {
	Key
	Time time.Time
	// Event is the kind, such as "motion", "lens-covered" or "loitering".
	Event string
	State State
	// ID is the same in the messages of one event.
	ID string
	// Origin says who noticed.
	Origin Origin
	// Objects are the objects that take part.
	Objects []uint64
	// Label is the class of the object concerned, where it is one.
	Label string
	// Zone is the zone where it happens, if it is one of the configuration's.
	Zone string
	// Box is where it happens, nil for the whole picture.
	Box *Box
}

// Kind implements [Message].
func (Event) Kind() string { return "event" }

// Drop says that packets of a stream were lost, where and why.
type Drop struct {
	Stream string
	Time   time.Time
	// Place is "upstream", "kernel", "relay" or "viewer".
	Place string
	// Reason is the place's own word for it, such as "SOCKET_RCVBUFF".
	Reason string
	// Packets is how many were lost since the last message of this kind.
	Packets uint64
}

// Kind implements [Message].
func (Drop) Kind() string { return "drop" }

// StreamName implements [Message].
func (d Drop) StreamName() string { return d.Stream }

// Stall warns that a stream's picture is about to freeze.
type Stall struct {
	Stream string
	Time   time.Time
	// Risk is the probability, 0..1.
	Risk float64
	// Lead is the time until the freeze is expected.
	Lead time.Duration
	// Reason and Advice are for people.
	Reason, Advice string
}

// Kind implements [Message].
func (Stall) Kind() string { return "stall" }

// StreamName implements [Message].
func (s Stall) StreamName() string { return s.Stream }
