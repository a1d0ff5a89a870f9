// Package detect runs detectors on the pictures that a player has drawn, motion and light, which need no
// model, and a neural one: it decides which pictures are analysed, sets the kernels' parameters, and makes annotations
// of what comes back, by the pictures' RTP timestamps.
//
// It is plain Go and knows no GPU but the interface Device. A picture is analysed only when nothing of
// its detector is under way: when the GPU is behind, pictures are left out, never queued.
package detect

import (
	"strconv"
	"time"

	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/wasm/engine"
)

// Device runs kernels.
type Device interface {
	// NewPass prepares the kernels and memory of a detector. It does not wait for compilation.
	NewPass(Spec) (Pass, error)
}

// Spec describes a detector's kernels.
type Spec struct {
	// Name is the detector's, for labels.
	Name  string
	Steps []Step
	// Storage are the sizes of the storage buffers that the steps name, which begin as zeros.
	Storage map[string]int
	// Params is the size of the uniform "params".
	Params int
	// Result names the buffer that comes back; its first Clear bytes are zero before each picture.
	Result string
	Clear  int
	// Network stands instead of all that for a neural detector.
	Network *Network
}

// Network is a neural detector's plan, and how its input is made of a picture.
type Network struct {
	Plan   *engine.Plan
	Tensor shaders.Tensor
	// Width and Height are the picture's.
	Width, Height int
	// Least is the least score of a box that comes back.
	Least float32
}

// Step is one dispatch.
type Step struct {
	Permutation string
	// Buffers names the buffer behind each binding but "picture".
	Buffers map[string]string
	// X and Y are the workgroups.
	X, Y uint32
}

// Pass is a detector's kernels and memory.
type Pass interface {
	// Run analyses a picture and calls done with what came back, later and from another goroutine of the
	// same thread. It reports false, and does not call done, while the pass is not ready or all its
	// results are on their way.
	Run(picture Picture, params []byte, done func(result []byte, err error)) bool
	// Close frees it; results under way come with an error.
	Close()
}

// Picture is an upright RGBA picture on the GPU.
type Picture interface {
	Size() (width, height int)
}

// Sink takes what the detectors found; it puts stream and epoch into the keys.
type Sink interface {
	// Detections are of one picture; none is a result too.
	Detections(annot.Detections)
	// Event is what began, ended or occurred; its ID is unique within the Runner.
	Event(annot.Event)
	// Fault is why a detector had to stop.
	Fault(detector string, err error)
}

// Options say which detectors run.
type Options struct {
	Motion, Light bool
	// Model is the neural detector; nil for none. Another one is another pointer.
	Model *Model
	// Rate is the most pictures a second that a detector analyses; 0 for DefaultRate.
	Rate float64
}

// DefaultRate is enough for a lamp that is told within a second, and little for a GPU.
const DefaultRate = 12

// busyShare is the part of the time that a detector may be under way: what a slow GPU needs for drawing
// is left to it.
const busyShare = 0.3

// Stats are a detector's figures of the last time.
type Stats struct {
	Name string
	// Rate is pictures analysed a second, Latency from a picture's drawing to its result, the median.
	Rate    float64
	Latency time.Duration
	// Analysed and Skipped count pictures since the start: skipped were due, but the GPU was behind.
	Analysed, Skipped int
}

// Runner runs the detectors of one player. It is for one thread, as all of the client is.
type Runner struct {
	device Device
	sink   Sink
	now    func() time.Time

	options Options
	model   *Model
	lanes   []*lane
	clock   clock
	closed  bool

	// open are the events under way, by ID, and serial numbers the detectors' beginnings for the IDs.
	open   map[string]openEvent
	serial uint64
}

type openEvent struct {
	detector string
	event    annot.Event
}

// New makes a Runner that does nothing until Configure. now is time.Now, but in tests.
func New(device Device, sink Sink, now func() time.Time) *Runner {
	return &Runner{device: device, sink: sink, now: now, open: map[string]openEvent{}}
}

// Configure starts and stops detectors.
func (r *Runner) Configure(o Options) {
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	r.options = o
	r.set("motion", o.Motion, newMotion)
	r.set("light", o.Light, newLight)
	if o.Model != r.model {
		// Another model is another detector, though its lane has the same name.
		r.set(neural, false, nil)
		r.model = o.Model
	}
	r.set(neural, o.Model != nil, func(r *Runner) detector { return &neuralLane{runner: r, model: o.Model} })
}

func (r *Runner) set(name string, on bool, make func(*Runner) detector) {
	for i, l := range r.lanes {
		if l.name == name {
			if on {
				return
			}
			l.close()
			r.lanes = append(r.lanes[:i], r.lanes[i+1:]...)
			break
		}
	}
	if on && !r.closed {
		r.lanes = append(r.lanes, &lane{runner: r, name: name, detector: make(r)})
	}
}

// Due reports whether the next picture will be analysed by any detector.
func (r *Runner) Due() bool {
	for _, l := range r.lanes {
		if l.due() {
			return true
		}
	}
	return false
}

// Frame analyses a picture that was just drawn, by the detectors that are due. It does not wait.
func (r *Runner) Frame(p Picture, rtp uint32) {
	at := r.clock.at(rtp)
	for _, l := range r.lanes {
		l.frame(p, rtp, at)
	}
}

// Stats returns the figures of the detectors that run.
func (r *Runner) Stats() []Stats {
	var out []Stats
	for _, l := range r.lanes {
		out = append(out, l.stats())
	}
	return out
}

// Reset forgets the GPU's memory, after the loss of a device; device is the new one.
func (r *Runner) Reset(device Device) {
	r.device = device
	for _, l := range r.lanes {
		l.close()
	}
}

// Close stops all detectors.
func (r *Runner) Close() {
	r.closed = true
	r.Configure(Options{})
}

// event hands an event to the sink, and remembers it while it is under way.
func (r *Runner) event(detector string, e annot.Event) {
	switch e.State {
	case annot.Began:
		r.open[e.ID] = openEvent{detector, e}
	case annot.Ended:
		delete(r.open, e.ID)
	}
	r.sink.Event(e)
}

// endAll ends what a detector that stops can no longer end.
func (r *Runner) endAll(detector string) {
	for _, o := range r.open {
		if o.detector == detector {
			e := o.event
			e.State, e.Time = annot.Ended, r.now()
			r.event(detector, e)
		}
	}
}

// eventID is unique though a detector begins to count anew.
func (r *Runner) eventID(serial, id uint64) string {
	return strconv.FormatUint(serial, 10) + "-" + strconv.FormatUint(id, 10)
}

// clock makes a time that goes on of RTP timestamps that wrap.
type clock struct {
	begun bool
	last  uint32
	ticks int64
}

const clockRate = 90000

func (c *clock) at(rtp uint32) time.Duration {
	if !c.begun {
		c.begun, c.last = true, rtp
	}
	c.ticks += int64(int32(rtp - c.last))
	c.last = rtp
	return time.Duration(c.ticks) * time.Second / clockRate
}
