package infer

import (
	"context"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/relay/infer/letterbox"
	"sightline/relay/infer/ort"
	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/vision/card"
	"sightline/vision/detect"
)

// retryAfter is the pause before a model that cannot be loaded is tried again.
const retryAfter = 10 * time.Second

// model runs one model for all streams that ask for it, in a pipeline of two:
// while ONNX Runtime runs a batch, the next one is prepared of the newest
// pictures. Nothing queues: what is prepared waits for one run at the most.
type model struct {
	name    string
	engine  *Engine
	streams []*analyser
	wake    chan struct{} // a picture waits

	// Set by load, before any goroutine uses them.
	card    card.Card
	session *ort.Session
	heads   *detect.Decoder
	tensor  shaders.Tensor
}

// batch is the pictures of one run.
type batch struct {
	streams  []*analyser
	pictures []*picture
	boxes    []shaders.Letterbox
	input    []float32
	results  []annot.Detections
}

func newModel(name string, e *Engine) *model {
	return &model{name: name, engine: e, wake: make(chan struct{}, 1)}
}

func (m *model) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// run loads the model, again and again until it can be, and analyses until ctx
// ends.
func (m *model) run(ctx context.Context, r *ort.Runtime) {
	said := ""
	for {
		err := m.load(r)
		if err == nil {
			break
		}
		c := condition(err, health.ModelInvalid)
		for _, s := range m.streams {
			m.engine.cfg.Board.Raise(subject(s.name), c)
		}
		if c.Text != said {
			said = c.Text
			m.engine.cfg.Logger.Error("model", "model", m.name, "condition", c)
		}
		t := time.NewTimer(retryAfter)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
	defer m.session.Close()
	m.engine.cfg.Logger.Info("model loaded", "model", m.name, "provider", string(m.session.Provider()),
		"input", fmt.Sprintf("%dx%d", m.card.Input.Width, m.card.Input.Height), "batch", m.limit())
	var wg sync.WaitGroup
	for _, s := range m.streams {
		m.engine.cfg.Board.Clear(subject(s.name))
		if unknown := s.prepare(); len(unknown) > 0 {
			m.engine.cfg.Board.Raise(subject(s.name), health.New(health.ModelInvalid, "The model %s has no class %s.", m.name, strings.Join(unknown, ", ")).
				WithFix("Correct streams.%s.analyze.classes; sightline models list %s shows the classes.", s.name, m.name))
		}
		wg.Go(func() { s.run(ctx) })
	}
	ready := make(chan *batch)
	empty := make(chan *batch, 2)
	for range 2 {
		empty <- &batch{}
	}
	wg.Go(func() {
		defer close(ready)
		m.prepare(ctx, empty, ready)
	})
	for b := range ready {
		m.infer(b)
		empty <- b
	}
	wg.Wait()
}

// load reads the model's card and file and makes its session.
func (m *model) load(r *ort.Runtime) error {
	c, data, err := m.engine.cfg.Models.Load(m.name)
	if err != nil {
		return err
	}
	heads, err := detect.NewDecoder(c)
	if err != nil {
		return err
	}
	session, err := r.Load(data)
	if err != nil {
		return health.New(health.ModelInvalid, "The model %s: %v.", m.name, err)
	}
	m.card, m.heads, m.session, m.tensor = c, heads, session, Tensor(c.Input)
	if err := m.check(); err != nil {
		session.Close()
		return health.New(health.ModelInvalid, "The model %s: %v.", m.name, err)
	}
	return nil
}

// check runs the model once on an empty picture, so that outputs which do not
// fit the card are known now. It also warms the model up.
func (m *model) check() error {
	if err := m.session.Fits(m.card.Input.Width, m.card.Input.Height); err != nil {
		return err
	}
	return m.session.Run(make([]float32, m.tensor.Bytes()/4), 1, func(_ int, outputs []detect.Tensor) error {
		_, err := m.heads.Decode(outputs, shaders.Letterbox{Width: 1, Height: 1}, 1, nil)
		return err
	})
}

// Tensor says in the kernels' words what a card's input asks for.
func Tensor(in card.Input) shaders.Tensor {
	t := shaders.Tensor{Width: in.Width, Height: in.Height, Stretch: in.Fit == card.FitStretch, BGR: in.Order == card.BGR, Pad: in.Pad / 255}
	for i := range 3 {
		t.Scale[i] = 255 * in.Scale[i]
		t.Bias[i] = -in.Mean[i] * in.Scale[i]
	}
	return t
}

// limit is how many pictures one run may have.
func (m *model) limit() int { return m.session.Batch(m.engine.cfg.MaxBatch) }

// prepare makes batches of what waits, until ctx ends.
func (m *model) prepare(ctx context.Context, empty <-chan *batch, ready chan<- *batch) {
	resizers := make([]letterbox.Resizer, runtime.GOMAXPROCS(0))
	for {
		var b *batch
		select {
		case b = <-empty:
		case <-ctx.Done():
			return
		}
		if !m.gather(ctx, b) {
			return
		}
		began := time.Now()
		m.resize(b, resizers)
		spent := time.Since(began)
		for _, s := range b.streams {
			s.count(func(c *counters) { c.prepareTime += spent / time.Duration(len(b.streams)) })
		}
		select {
		case ready <- b:
		case <-ctx.Done():
			m.release(b)
			return
		}
	}
}

// gather waits for pictures and takes the newest of the streams that were
// served longest ago. It reports false when ctx has ended.
func (m *model) gather(ctx context.Context, b *batch) bool {
	b.streams, b.pictures, b.boxes = b.streams[:0], b.pictures[:0], b.boxes[:0]
	for {
		if n := m.waiting(); n > 0 {
			if n < min(m.limit(), len(m.streams)) {
				m.linger(ctx)
			}
			for _, s := range m.byNeed() {
				if p := s.take(); p != nil {
					b.streams, b.pictures = append(b.streams, s), append(b.pictures, p)
				}
				if len(b.pictures) == m.limit() {
					break
				}
			}
			if m.waiting() > 0 {
				m.poke()
			}
			return true
		}
		select {
		case <-m.wake:
		case <-ctx.Done():
			return false
		}
	}
}

// linger waits a little for more pictures, where a batch can hold more.
func (m *model) linger(ctx context.Context) {
	if m.limit() < 2 || m.engine.cfg.MaxDelay <= 0 {
		return
	}
	t := time.NewTimer(m.engine.cfg.MaxDelay)
	defer t.Stop()
	for {
		select {
		case <-m.wake:
			if m.waiting() >= min(m.limit(), len(m.streams)) {
				return
			}
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// waiting counts the streams with a picture.
func (m *model) waiting() (n int) {
	for _, s := range m.streams {
		if _, has := s.since(); has {
			n++
		}
	}
	return n
}

// byNeed orders the streams by when they were served, longest ago first: when
// there is too much to do, all get the same.
func (m *model) byNeed() []*analyser {
	type need struct {
		s  *analyser
		at time.Time
	}
	order := make([]need, 0, len(m.streams))
	for _, s := range m.streams {
		if at, has := s.since(); has {
			order = append(order, need{s, at})
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return order[i].at.Before(order[j].at) })
	out := make([]*analyser, len(order))
	for i, o := range order {
		out[i] = o.s
	}
	return out
}

// resize fills the batch's input, with as many resizers at once as there are; a
// picture that cannot be resized leaves the batch.
func (m *model) resize(b *batch, resizers []letterbox.Resizer) {
	size := m.tensor.Bytes() / 4
	if cap(b.input) < size*len(b.pictures) {
		b.input = make([]float32, size*max(len(b.pictures), min(m.limit(), len(m.streams))))
	}
	b.input = b.input[:size*len(b.pictures)]
	errs := make([]error, len(b.pictures))
	workers := min(len(resizers), len(b.pictures))
	work := func(w int) {
		for i := w; i < len(b.pictures); i += workers {
			p := b.pictures[i]
			errs[i] = resizers[w].Fill(p.frame, p.planes, m.tensor, b.input[i*size:(i+1)*size])
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	if workers > 0 {
		work(0)
	}
	wg.Wait()
	n := 0
	for i, p := range b.pictures {
		if errs[i] != nil {
			m.fail([]*analyser{b.streams[i]}, errs[i])
			b.streams[i].done(p)
			continue
		}
		if n != i {
			copy(b.input[n*size:(n+1)*size], b.input[i*size:])
		}
		b.streams[n], b.pictures[n] = b.streams[i], p
		b.boxes = append(b.boxes, m.tensor.Letterbox(p.frame.Size()))
		n++
	}
	b.streams, b.pictures, b.input = b.streams[:n], b.pictures[:n], b.input[:n*size]
}

// infer runs a batch and publishes what it shows.
func (m *model) infer(b *batch) {
	n := len(b.pictures)
	if n == 0 {
		return
	}
	began := time.Now()
	var ran time.Duration
	b.results = b.results[:0]
	err := m.session.Run(b.input, n, func(i int, outputs []detect.Tensor) error {
		if i == 0 {
			ran = time.Since(began)
		}
		d, err := b.streams[i].finish(b.pictures[i], outputs, b.boxes[i])
		b.results = append(b.results, d)
		return err
	})
	if err != nil {
		m.fail(b.streams, err)
	}
	for i, s := range b.streams {
		s.done(b.pictures[i])
		if err != nil {
			continue
		}
		m.engine.cfg.Publish.Publish(b.results[i])
		latency := time.Since(b.results[i].Time)
		s.count(func(c *counters) { c.analysed(latency, ran, n) })
		m.engine.cfg.Board.Clear(subject(s.name), health.ModelFailed)
	}
}

func (m *model) release(b *batch) {
	for i, s := range b.streams {
		s.done(b.pictures[i])
	}
}

// fail raises a condition, and logs it when it is new.
func (m *model) fail(streams []*analyser, err error) {
	for _, s := range streams {
		c := health.New(health.ModelFailed, "The model %s on stream %s: %v.", m.name, s.name, err)
		known := false
		for _, old := range m.engine.cfg.Board.Of(subject(s.name)) {
			known = known || old.Code == c.Code
		}
		m.engine.cfg.Board.Raise(subject(s.name), c)
		s.count(func(c *counters) { c.failed++ })
		if !known {
			m.engine.cfg.Logger.Error("analysis", "stream", s.name, "condition", c)
		}
	}
}
