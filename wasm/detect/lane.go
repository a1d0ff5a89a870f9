package detect

import (
	"slices"
	"time"
)

// detector is what a lane runs: it knows kernels and what their results mean, and no GPU.
type detector interface {
	// spec describes the kernels for pictures of a size.
	spec(width, height int) (Spec, error)
	// params are the uniform's bytes for the picture taken at a time.
	params(at time.Duration) ([]byte, error)
	// result takes what came back for it.
	result(at time.Duration, rtp uint32, b []byte) error
}

// lane is one detector with its pass, its rate and its figures.
type lane struct {
	runner   *Runner
	name     string
	detector detector

	pass          Pass
	width, height int
	generation    int
	busy, broken  bool
	next          time.Time

	analysed, skipped int
	latencies         []time.Duration
	finished          []time.Time
}

// statsWindow is how many results the figures are of.
const statsWindow = 24

// slack lets a picture be analysed that comes a little before its time: pictures jitter.
const slack = 5 * time.Millisecond

func (l *lane) due() bool {
	return !l.broken && !l.busy && !l.runner.now().Before(l.next.Add(-slack))
}

func (l *lane) frame(p Picture, rtp uint32, at time.Duration) {
	now := l.runner.now()
	if l.broken || now.Before(l.next.Add(-slack)) {
		return
	}
	if l.busy {
		l.skipped++
		return
	}
	if width, height := p.Size(); l.pass == nil || width != l.width || height != l.height {
		if err := l.open(width, height); err != nil {
			l.fail(err)
			return
		}
	}
	params, err := l.detector.params(at)
	if err != nil {
		l.fail(err)
		return
	}
	generation := l.generation
	l.busy = true
	if !l.pass.Run(p, params, func(b []byte, err error) {
		if generation == l.generation {
			l.done(now, at, rtp, b, err)
		}
	}) {
		l.busy = false
		l.skipped++
		return
	}
	interval := time.Duration(float64(time.Second) / l.runner.options.Rate)
	if l.next = l.next.Add(interval); l.next.Before(now.Add(-interval)) {
		l.next = now.Add(interval)
	}
}

// open makes the pass for pictures of a size.
func (l *lane) open(width, height int) error {
	l.close()
	spec, err := l.detector.spec(width, height)
	if err != nil {
		return err
	}
	spec.Name = l.name
	l.pass, err = l.runner.device.NewPass(spec)
	l.width, l.height = width, height
	return err
}

func (l *lane) done(begun time.Time, at time.Duration, rtp uint32, b []byte, err error) {
	l.busy = false
	if err == nil {
		err = l.detector.result(at, rtp, b)
	}
	if err != nil {
		l.fail(err)
		return
	}
	now := l.runner.now()
	took := now.Sub(begun)
	if earliest := begun.Add(time.Duration(float64(took) / busyShare)); l.next.Before(earliest) {
		l.next = earliest
	}
	l.analysed++
	l.latencies, l.finished = last(l.latencies, took), last(l.finished, now)
}

func last[T any](list []T, v T) []T {
	if len(list) == statsWindow {
		list = list[1:]
	}
	return append(list, v)
}

// fail stops the detector: what fails once fails on each picture.
func (l *lane) fail(err error) {
	l.close()
	l.broken = true
	l.runner.sink.Fault(l.name, err)
}

// close frees the pass and ends the detector's events; a result under way is not heard.
func (l *lane) close() {
	l.generation++
	l.busy = false
	l.runner.endAll(l.name)
	if l.pass != nil {
		l.pass.Close()
		l.pass = nil
	}
}

func (l *lane) stats() Stats {
	s := Stats{Name: l.name, Analysed: l.analysed, Skipped: l.skipped}
	if n := len(l.finished); n > 1 {
		if span := l.runner.now().Sub(l.finished[0]); span > 0 {
			s.Rate = float64(n-1) / span.Seconds()
		}
		s.Latency = slices.Sorted(slices.Values(l.latencies))[n/2]
	}
	return s
}
