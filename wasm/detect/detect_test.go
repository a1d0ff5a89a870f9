package detect

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sightline/shaders"
	"sightline/shaders/ref"
	"sightline/vision/annot"
	"sightline/vision/motion"
)

// fakeDevice holds passes whose results come when the test says so.
type fakeDevice struct {
	passes []*fakePass
	err    error
}

type fakePass struct {
	spec     Spec
	notReady bool
	ran      int
	params   [][]byte
	waiting  []func([]byte, error)
	closed   bool
}

func (d *fakeDevice) NewPass(s Spec) (Pass, error) {
	if d.err != nil {
		return nil, d.err
	}
	p := &fakePass{spec: s}
	d.passes = append(d.passes, p)
	return p, nil
}

func (p *fakePass) Run(_ Picture, params []byte, done func([]byte, error)) bool {
	if p.notReady {
		return false
	}
	p.ran++
	p.params = append(p.params, params)
	p.waiting = append(p.waiting, done)
	return true
}

func (p *fakePass) Close() { p.closed = true }

// answer gives the oldest result under way.
func (p *fakePass) answer(b []byte, err error) {
	done := p.waiting[0]
	p.waiting = p.waiting[1:]
	done(b, err)
}

type size [2]int

func (s size) Size() (int, int) { return s[0], s[1] }

type fakeSink struct{ lines []string }

func (s *fakeSink) Detections(d annot.Detections) {
	line := fmt.Sprintf("%d %s", d.RTP, d.Model)
	for _, o := range d.Objects {
		line += fmt.Sprintf(" %d at %.2f,%.2f", o.ID, o.Box.X, o.Box.Y)
	}
	s.lines = append(s.lines, line)
}

func (s *fakeSink) Event(e annot.Event) {
	s.lines = append(s.lines, fmt.Sprintf("%d %s %s %s", e.RTP, e.Event, e.State, e.ID))
}

func (s *fakeSink) Fault(detector string, err error) {
	s.lines = append(s.lines, detector+": "+err.Error())
}

func (s *fakeSink) take() string {
	text := strings.Join(s.lines, "; ")
	s.lines = nil
	return text
}

// bench is a Runner with a clock of its own.
type bench struct {
	device fakeDevice
	sink   fakeSink
	runner *Runner
	at     time.Time
}

func newBench(o Options) *bench {
	b := &bench{at: time.Unix(1000, 0)}
	b.runner = New(&b.device, &b.sink, func() time.Time { return b.at })
	b.runner.Configure(o)
	return b
}

// region is the result of a motion pass with one region, or none.
func region(left, top, right, bottom int) []byte {
	b := make([]byte, shaders.MotionResultBytes)
	if right > left {
		b[0], b[1] = 200, 1
		b[16] = 1
		for i, v := range []int{left, top, right, bottom, (right - left) * (bottom - top)} {
			at := shaders.MotionHeaderBytes + 2*i
			b[at], b[at+1] = byte(v), byte(v>>8)
		}
	}
	return b
}

const frameTicks = 90000 / 25

func TestBoxesHaveTheirFramesKey(t *testing.T) {
	b := newBench(Options{Motion: true, Rate: 25})
	const start = 0xffff_ff00 // wraps on the way
	var lines []string
	for n := range uint32(200) {
		rtp := start + n*frameTicks
		if !b.runner.Due() {
			t.Fatalf("frame %d is not due", n)
		}
		b.runner.Frame(size{640, 360}, rtp)
		b.at = b.at.Add(5 * time.Millisecond)
		if n >= 100 && n < 110 {
			b.device.passes[0].answer(region(100, 50, 140, 100), nil)
		} else {
			b.device.passes[0].answer(region(0, 0, 0, 0), nil)
		}
		for _, l := range b.sink.lines {
			if !strings.HasSuffix(l, " motion") {
				lines = append(lines, strings.Replace(l, fmt.Sprint(rtp), fmt.Sprint("frame ", n), 1))
			}
		}
		b.sink.lines = nil
		b.at = b.at.Add(35 * time.Millisecond)
	}
	want := "frame 101 motion 1 at 0.26,0.23; frame 101 motion began 1-1; "
	for n := 102; n < 110; n++ {
		want += fmt.Sprintf("frame %d motion 1 at 0.26,0.23; ", n)
	}
	want += "frame 159 motion ended 1-1"
	if got := strings.Join(lines, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s := b.runner.Stats()[0]
	if s.Name != "motion" || s.Analysed != 200 || s.Skipped != 0 || s.Latency != 5*time.Millisecond || s.Rate < 23 || s.Rate > 26 {
		t.Errorf("stats %+v", s)
	}
}

// While a result is on its way nothing is queued, and a slow GPU is asked less often.
func TestSlowGPUIsNotQueued(t *testing.T) {
	b := newBench(Options{Motion: true, Light: true, Rate: 10})
	for n := range uint32(250) { // ten seconds
		b.runner.Frame(size{640, 360}, n*frameTicks)
		for _, p := range b.device.passes {
			if len(p.waiting) > 1 {
				t.Fatalf("frame %d: %d results of %s under way", n, len(p.waiting), p.spec.Name)
			}
			if n%5 == 4 && len(p.waiting) > 0 { // each takes up to 200 ms
				p.answer(make([]byte, max(shaders.MotionResultBytes, shaders.LightCellsBytes)), nil)
			}
		}
		b.at = b.at.Add(40 * time.Millisecond)
	}
	for i, p := range b.device.passes {
		if s := b.runner.Stats()[i]; s.Skipped == 0 || p.ran > 30 || p.ran < 10 {
			t.Errorf("%s: ran %d times, %+v", p.spec.Name, p.ran, s)
		}
	}
}

func TestRateIsBounded(t *testing.T) {
	b := newBench(Options{Light: true, Rate: 12})
	for n := range uint32(300) { // ten seconds of 30 frames
		b.runner.Frame(size{640, 360}, n*3000)
		if p := b.device.passes[0]; len(p.waiting) > 0 {
			p.answer(make([]byte, shaders.LightCellsBytes), nil)
		}
		b.at = b.at.Add(time.Second / 30)
	}
	if ran := b.device.passes[0].ran; ran < 100 || ran > 121 {
		t.Errorf("%d pictures analysed in ten seconds at 12 a second", ran)
	}
}

func TestFaults(t *testing.T) {
	b := newBench(Options{Motion: true})
	b.runner.Frame(size{640, 360}, 0)
	b.device.passes[0].answer(nil, errors.New("device lost"))
	if got := b.sink.take(); got != "motion: device lost" {
		t.Errorf("a lost device: %q", got)
	}
	b.at = b.at.Add(time.Second)
	b.runner.Frame(size{640, 360}, frameTicks)
	if !b.device.passes[0].closed || len(b.device.passes) != 1 || b.runner.Due() {
		t.Error("a detector that failed goes on")
	}

	b = newBench(Options{Motion: true})
	b.device.err = errors.New("no memory")
	b.runner.Frame(size{640, 360}, 0)
	if got := b.sink.take(); got != "motion: no memory" {
		t.Errorf("no memory: %q", got)
	}

	b = newBench(Options{Motion: true})
	b.runner.Frame(size{640, 360}, 0)
	b.device.passes[0].answer([]byte{1}, nil)
	if got := b.sink.take(); !strings.HasPrefix(got, "motion: shaders: motion result") {
		t.Errorf("a short result: %q", got)
	}
}

// A picture of another size, another device and the end free the pass, and what was under way is not
// heard.
func TestChanges(t *testing.T) {
	b := newBench(Options{Motion: true})
	step := func(s size, n uint32) {
		b.at = b.at.Add(5 * time.Second)
		b.runner.Frame(s, n*45000)
	}
	step(size{640, 360}, 0)
	late := b.device.passes[0].waiting[0]
	b.device.passes[0].waiting = nil
	b.runner.Reset(&b.device)
	if !b.device.passes[0].closed {
		t.Error("the pass of a lost device stays")
	}
	late(nil, errors.New("device lost"))
	step(size{640, 360}, 1)
	b.device.passes[1].answer(region(0, 0, 0, 0), nil)
	step(size{320, 180}, 2)
	if len(b.device.passes) != 3 || !b.device.passes[1].closed || b.device.passes[2].spec.Steps == nil {
		t.Fatalf("%d passes", len(b.device.passes))
	}
	b.runner.Configure(Options{Light: true})
	if !b.device.passes[2].closed {
		t.Error("a detector that was switched off keeps its pass")
	}
	step(size{320, 180}, 3)
	b.runner.Close()
	if !b.device.passes[3].closed || b.device.passes[3].spec.Name != "light" {
		t.Error("a closed runner keeps its passes")
	}
	if got := b.sink.take(); got != "" {
		t.Errorf("heard %q", got)
	}
}

// An event under way ends with its detector.
func TestEventsEndWithTheirDetector(t *testing.T) {
	b := newBench(Options{Motion: true, Rate: 25})
	for n := range uint32(120) {
		b.runner.Frame(size{640, 360}, n*frameTicks)
		b.device.passes[0].answer(region(100, 50, 140, 100), nil)
		b.at = b.at.Add(40 * time.Millisecond)
	}
	b.sink.lines = nil
	b.runner.Configure(Options{})
	if got := b.sink.take(); !strings.HasSuffix(got, "motion ended 1-1") {
		t.Errorf("heard %q", got)
	}
}

// twinPass runs the Go twin of the motion kernels: the whole chain from pixels to annotation.
type twinPass struct {
	twin   ref.Motion
	pixels *ref.Pixels
	fakePass
}

func (p *twinPass) Run(_ Picture, params []byte, done func([]byte, error)) bool {
	word := func(i int) uint32 {
		return uint32(params[4*i]) | uint32(params[4*i+1])<<8 | uint32(params[4*i+2])<<16 | uint32(params[4*i+3])<<24
	}
	r := p.twin.Frame(shaders.MotionParams{Params: motion.Params{Width: word(0), Height: word(1), WeightRate: word(3), MeanRate: word(4),
		VarianceStart: word(5), VarianceLeast: word(6), VarianceMost: word(7), Reach: word(8), Background: word(9),
		ShadowLuma: word(10), ShadowChroma: word(11), LeastArea: word(12)}}, *p.pixels)
	b := make([]byte, shaders.MotionResultBytes)
	if len(r.Regions) > 0 {
		g := r.Regions[0]
		b = region(g.Left, g.Top, g.Right, g.Bottom)
	}
	done(b, nil)
	return true
}

type twinDevice struct{ pass *twinPass }

func (d twinDevice) NewPass(Spec) (Pass, error) { return d.pass, nil }

func TestFromPixelsToAnnotation(t *testing.T) {
	const width, height = 96, 54
	pixels := ref.Pixels{Width: width, Height: height, RGBA: make([]byte, 4*width*height)}
	at := time.Unix(0, 0)
	var sink fakeSink
	r := New(twinDevice{&twinPass{pixels: &pixels}}, &sink, func() time.Time { return at })
	r.Configure(Options{Motion: true, Rate: 10})
	for n := range uint32(50) {
		for i := range pixels.RGBA {
			pixels.RGBA[i] = 90
			if x, y := i/4%width, i/4/width; n >= 40 && x >= int(n) && x < int(n)+12 && y >= 20 && y < 40 {
				pixels.RGBA[i] = 220
			}
		}
		r.Frame(size{width, height}, n*9000)
		at = at.Add(100 * time.Millisecond)
	}
	if got := sink.take(); !strings.Contains(got, "369000 motion 1 at 0.43,0.37; 369000 motion began") {
		t.Errorf("heard %q", got)
	}
}
