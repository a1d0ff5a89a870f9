package infer

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sightline/relay/infer/ort"
	"sightline/relay/media"
	"sightline/shaders"
	"sightline/vision/annot"
)

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// busy is the processor time of the whole machine so far, 0 where /proc does
// not tell.
func busy() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	var user, nice, system int64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d", &user, &nice, &system); err != nil {
		return 0
	}
	return time.Duration(user+nice+system) * 10 * time.Millisecond
}

// counting is a publisher that counts.
type counting struct{ n atomic.Uint64 }

func (c *counting) Publish(m annot.Message) {
	if m.Kind() == "detections" {
		c.n.Add(1)
	}
}

// BenchmarkRate compares the pipeline, always full, with a bare loop of ONNX
// Runtime on one tensor. The two take short turns, so that whatever else the
// machine does meets both alike, and the figures are medians over the turns:
// go test -run XXX -bench Rate -benchtime 20x ./relay/infer
func BenchmarkRate(b *testing.B) {
	r, err := ort.Open(ort.Options{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	out := &counting{}
	e := New(Config{Runtime: ort.Options{Threads: 1}, Models: store(b), Publish: out}, nil)
	m := newModel("fastestdet", e)
	if err := m.load(r); err != nil {
		b.Fatal(err)
	}
	defer m.session.Close()
	for i := range 3 {
		st, _ := stream(b, fmt.Sprint(i))
		a := newAnalyser(Analysis{Stream: st, Model: "fastestdet"}, m)
		a.prepare()
		m.streams = append(m.streams, a)
	}
	bare := newPlain(b, store(b).Path("fastestdet"))
	const turn = 60
	var looped, piped, ratios, inferring, piping []float64 // medians are taken of these
	loop := func() {
		from, spent := time.Now(), cpu()
		for range turn {
			if err := bare.session.Run(); err != nil {
				b.Fatal(err)
			}
		}
		looped = append(looped, turn/time.Since(from).Seconds())
		inferring = append(inferring, (cpu()-spent).Seconds()/turn)
	}
	pipe := func() {
		rate, each := full(m, out, turn)
		piped, piping = append(piped, rate), append(piping, each.Seconds())
	}
	began, machine, own := time.Now(), busy(), cpu()
	for turns := 0; b.Loop(); turns++ {
		if turns%2 == 0 {
			loop()
			pipe()
		} else {
			pipe()
			loop()
		}
		ratios = append(ratios, piped[len(piped)-1]/looped[len(looped)-1])
	}
	others := (busy() - machine) - (cpu() - own)
	b.ReportMetric(100*others.Seconds()/time.Since(began).Seconds(), "others-cpu%")
	b.ReportMetric(median(looped), "bare/s")
	b.ReportMetric(median(piped), "pipeline/s")
	b.ReportMetric(median(ratios), "ratio")
	// What holds on a busy machine too: processor time for each picture.
	b.ReportMetric(1e6*median(inferring), "bare-cpu-us")
	b.ReportMetric(1e6*median(piping), "pipeline-cpu-us")
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// full runs a model's pipeline with a picture always waiting until n results
// are out after the first, and says how many there were per second between
// those two and what processor time each took.
func full(m *model, out *counting, n uint64) (rate float64, each time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	frame, size := shaders.PackedFrame(shaders.I420, 768, 432)
	planes := make([]byte, size)
	refill := func(a *analyser) {
		a.mu.Lock()
		if a.waiting == nil {
			a.waiting = &picture{key: a.key(0), received: time.Now(), frame: frame, planes: planes, ticks: time.Now().UnixMilli() * 90}
		}
		a.free = a.free[:0]
		a.mu.Unlock()
		m.poke()
	}
	ready, empty := make(chan *batch), make(chan *batch, 2)
	empty <- &batch{}
	empty <- &batch{}
	for _, a := range m.streams {
		refill(a)
	}
	wg.Go(func() {
		defer close(ready)
		m.prepare(ctx, empty, ready)
	})
	var began time.Time
	var spent time.Duration
	var first uint64
	for b := range ready {
		for _, a := range b.streams {
			refill(a)
		}
		m.infer(b)
		switch done := out.n.Load(); {
		case ctx.Err() != nil:
		case first == 0:
			first, began, spent = done, time.Now(), cpu()
		case done-first >= n:
			rate = float64(done-first) / time.Since(began).Seconds()
			each = (cpu() - spent) / time.Duration(done-first)
			cancel()
		}
		empty <- b
	}
	wg.Wait()
	return rate, each
}

// BenchmarkStreams measures streams in real time, analysed at 5 fps: the
// processor time for each, the decoder's share of it, and the time from the
// receipt of a frame to its annotation.
func BenchmarkStreams(b *testing.B) {
	for _, c := range []struct {
		name    string
		streams int
		rate    int
		scale   string
	}{
		{"1x768x432@10", 1, 10, "scale=768:432"}, {"5x768x432@10", 5, 10, "scale=768:432"}, {"10x768x432@10", 10, 10, "scale=768:432"},
		{"1x1920x1080@25", 1, 25, "scale=1920:1080"},
	} {
		b.Run(c.name, func(b *testing.B) {
			step := int64(media.ClockRate / c.rate)
			units := pictures(b, "one-by-one-person-detection.mp4", 300, step, "-vf", c.scale)
			var analyses []Analysis
			var feeds []feed
			for i := range c.streams {
				st, f := stream(b, fmt.Sprint(i))
				analyses, feeds = append(analyses, Analysis{Stream: st, Model: "fastestdet", FPS: 5}), append(feeds, f)
			}
			e := New(Config{Models: store(b), Publish: &counting{}}, analyses)
			start(b, e.Run)
			for i, f := range feeds {
				start(b, func(ctx context.Context) error {
					// Cameras do not send at the same moment.
					time.Sleep(time.Duration(i) * 37 * time.Millisecond)
					tick := time.NewTicker(time.Second / time.Duration(c.rate))
					defer tick.Stop()
					for n := int64(0); ; n++ {
						au := units[n%int64(len(units))]
						au.PTS, au.Received = n*step, time.Now()
						au.NALUs = append([][]byte(nil), au.NALUs...)
						select {
						case f.units <- au:
						case <-ctx.Done():
							return ctx.Err()
						}
						select {
						case <-tick.C:
						case <-ctx.Done():
							return ctx.Err()
						}
					}
				})
			}
			for e.Stats()[0].Results < 5 {
				time.Sleep(100 * time.Millisecond)
			}
			before, spent, began := e.Stats(), cpu(), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			spent, took := cpu()-spent, time.Since(began)
			var decode, all, results, p50, p95 float64
			for i, s := range e.Stats() {
				decode += s.DecodeSeconds - before[i].DecodeSeconds
				all += s.DecodeSeconds + s.PrepareSeconds + s.InferSeconds - before[i].DecodeSeconds - before[i].PrepareSeconds - before[i].InferSeconds
				results += float64(s.Results - before[i].Results)
				p50, p95 = max(p50, s.LatencyP50), max(p95, s.LatencyP95)
			}
			n := float64(c.streams)
			b.ReportMetric(100*spent.Seconds()/took.Seconds()/n, "cpu%/stream")
			b.ReportMetric(100*decode/all, "decode%")
			b.ReportMetric(results/took.Seconds()/n, "results/s/stream")
			b.ReportMetric(1000*p50, "p50-ms")
			b.ReportMetric(1000*p95, "p95-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
