package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// shot is one picture of a generated camera: when it was taken, what its stamp
// says, and when it arrived, in ticks.
type shot struct {
	ideal, stamp, arrival float64
	untimed               bool
}

// damaged is one run of a generated camera.
type damaged struct {
	kind  string
	rng   *rand.Rand
	fps   float64
	shots []shot
	// truthful says that nothing may be changed.
	truthful, bFrames bool
	// quiet is a network that delays each picture by 6 ms at most.
	quiet bool
}

const second = float64(ClockRate)

// network gives the delay of one picture: a few milliseconds, now and then
// more.
func (d *damaged) network() float64 {
	v := d.rng.Float64() * 6 * ms
	if d.rng.IntN(100) == 0 && !d.quiet {
		v += d.rng.Float64() * 40 * ms
	}
	return v
}

// clean makes a camera in order.
func (d *damaged) clean(seconds float64) {
	t := 0.0
	for t < seconds*second {
		d.shots = append(d.shots, shot{ideal: t, stamp: math.Round(t), arrival: t + 20*ms + d.network()})
		t += second / d.fps
	}
}

// send brings the arrivals in order: one connection keeps it.
func (d *damaged) send() {
	last := 0.0
	for i := range d.shots {
		last = max(last+10, d.shots[i].arrival)
		d.shots[i].arrival = last
	}
}

// crowd lets the encoder stand: pictures taken meanwhile are stamped and sent
// when it goes on, one soon after the other.
func (d *damaged) crowd(i int, stall float64) {
	free := d.shots[i].ideal + stall
	for ; i < len(d.shots) && d.shots[i].ideal < free; i++ {
		late := free - d.shots[i].ideal
		d.shots[i].stamp = math.Round(free)
		d.shots[i].arrival += late
		free += ms + d.rng.Float64()*6*ms
	}
}

// kinds make damage in a clean run.
var kinds = []struct {
	name string
	make func(d *damaged)
}{
	{"constant rate", func(d *damaged) { d.truthful = true }},
	{"millisecond stamps", func(d *damaged) {
		d.truthful = true
		for i := range d.shots {
			d.shots[i].stamp = math.Floor(d.shots[i].ideal/ms) * ms
		}
	}},
	{"variable rate", func(d *damaged) {
		d.truthful = true
		t, rate := 0.0, d.fps
		for i := range d.shots {
			d.shots[i] = shot{ideal: t, stamp: math.Round(t), arrival: math.Round(t) + 20*ms + d.network()}
			switch {
			case i%200 == 150: // night
				rate = []float64{5, 8, 12.5, 15, 25}[d.rng.IntN(5)]
			case i/200%3 == 2: // by motion
				rate = 4 + d.rng.Float64()*26
			}
			t += second / rate
		}
	}},
	{"pauses and dropped pictures", func(d *damaged) {
		d.truthful = true
		d.shots = slices.DeleteFunc(d.shots, func(s shot) bool { return d.rng.IntN(20) == 0 })
		pause := 0.0
		for i := range d.shots {
			if i%120 == 100 {
				pause += d.rng.Float64() * 2 * second
			}
			s := &d.shots[i]
			s.ideal, s.stamp, s.arrival = s.ideal+pause, math.Round(s.ideal+pause), s.arrival+pause
		}
	}},
	{"jitter of 42 ms", func(d *damaged) {
		for i := range d.shots {
			d.shots[i].stamp += math.Round((d.rng.Float64()*2 - 1) * 42 * ms)
		}
	}},
	{"jitter of 42 ms, pictures lost", func(d *damaged) {
		for i := range d.shots {
			d.shots[i].stamp += math.Round((d.rng.Float64()*2 - 1) * 42 * ms)
		}
		d.shots = slices.DeleteFunc(d.shots, func(s shot) bool { return d.rng.IntN(40) == 0 })
	}},
	{"jitter that begins and ends", func(d *damaged) {
		for i := range d.shots {
			if i > 100 && i < 500 {
				d.shots[i].stamp += math.Round((d.rng.Float64()*2 - 1) * 42 * ms)
			}
		}
	}},
	{"encoder stalls of 86 ms", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 20 + d.rng.IntN(40) {
			d.crowd(i, 86*ms)
		}
	}},
	{"encoder stalls of 60 to 200 ms", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 25 + d.rng.IntN(60) {
			d.crowd(i, (60+140*d.rng.Float64())*ms)
		}
	}},
	{"single stamps late by 86 ms", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 10 + d.rng.IntN(40) {
			d.shots[i].stamp += 86 * ms
		}
	}},
	{"jumps of the clock", func(d *damaged) {
		by := 0.0
		for i := range d.shots {
			if i%150 == 60 {
				by += math.Round((d.rng.Float64()*2 - 1) * []float64{0.5, 2, 60, 36000}[d.rng.IntN(4)] * second)
			}
			d.shots[i].stamp += by
		}
	}},
	{"steps of the clock below 300 ms", func(d *damaged) {
		by := 0.0
		for i := range d.shots {
			if i%150 == 60 {
				by += math.Round((d.rng.Float64()*2 - 1) * 250 * ms)
			}
			d.shots[i].stamp += by
		}
	}},
	{"wild single stamps", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 10 + d.rng.IntN(60) {
			d.shots[i].stamp += math.Round((d.rng.Float64()*2 - 1) * []float64{1, 30, 3600, 1e5}[d.rng.IntN(4)] * second)
		}
	}},
	{"wrap of 32 bits", func(d *damaged) {
		for i := range d.shots {
			d.shots[i].stamp = math.Mod(d.shots[i].stamp+1<<32-30*second, 1<<32)
		}
	}},
	{"wrap of 33 bits", func(d *damaged) {
		for i := range d.shots {
			d.shots[i].stamp = math.Mod(d.shots[i].stamp+1<<33-30*second, 1<<33)
		}
	}},
	{"duplicates", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 5 + d.rng.IntN(10) {
			d.shots[i].stamp = d.shots[i-1].stamp
		}
	}},
	{"stamps that go back", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 10 + d.rng.IntN(20) {
			d.shots[i].stamp = d.shots[i-1].stamp - math.Round(d.rng.Float64()*100*ms)
		}
	}},
	{"missing stamps", func(d *damaged) {
		for i := 40; i < len(d.shots); i += 5 + d.rng.IntN(10) {
			d.shots[i].stamp, d.shots[i].untimed = 0, true
		}
	}},
	{"clock too fast by 0.3 %", func(d *damaged) { d.drifts(1.003) }},
	{"clock too slow by 0.2 %", func(d *damaged) { d.drifts(0.998) }},
	{"B-frames", func(d *damaged) {
		d.truthful, d.bFrames = true, true
		t := second / d.fps
		for i := 0; i+3 < len(d.shots); i += 3 { // P B B
			for j, back := range []float64{3, 1, 2} {
				s := &d.shots[i+j]
				s.ideal = float64(i)*t + back*t
				s.stamp = math.Round(s.ideal)
			}
		}
		d.shots = d.shots[:len(d.shots)/3*3-3]
	}},
}

func (d *damaged) drifts(by float64) {
	for i := range d.shots {
		d.shots[i].stamp = math.Round(d.shots[i].stamp * by)
	}
}

// generate makes one run.
func generate(kind int, seed uint64, seconds float64) *damaged {
	d := &damaged{kind: kinds[kind].name, rng: rand.New(rand.NewPCG(seed, uint64(kind)))}
	d.fps = []float64{10, 12.5, 15, 20, 25, 30000. / 1001, 30}[d.rng.IntN(7)]
	d.clean(seconds)
	kinds[kind].make(d)
	d.send()
	return d
}

// repaired is what came of a run: times in the order of the pictures, and how
// long each waited.
type repaired struct {
	times  []float64
	waited []time.Duration
	counts Repairs
}

// repair runs the pictures through, with a timer as the hub has one.
func (d *damaged) repair() repaired {
	var r Repairer
	r.Reorder(d.bFrames, nil)
	zero := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	when := func(ticks float64) time.Time {
		return zero.Add(time.Duration(ticks * float64(time.Second) / second))
	}
	out := repaired{}
	take := func(now time.Time, units []AccessUnit) {
		for _, au := range units {
			out.times = append(out.times, float64(au.PTS))
			out.waited = append(out.waited, now.Sub(au.Received))
		}
	}
	for _, s := range d.shots {
		now := when(s.arrival)
		if due := r.Due(); !due.IsZero() && due.Before(now) {
			take(due, r.Flush(due))
		}
		take(now, r.Push(AccessUnit{PTS: int64(s.stamp), Untimed: s.untimed, Received: now}))
	}
	due := r.Due()
	take(due, r.Flush(due))
	out.counts = r.Counts
	return out
}

// raw are the stamps as they came.
func (d *damaged) raw() []float64 {
	var out []float64
	for _, s := range d.shots {
		out = append(out, s.stamp)
	}
	return out
}

// errors are the distances from the ideal times but for one constant, since
// where a stream's clock begins is of no matter: half of the pictures are early
// by it.
func (d *damaged) errors(times []float64) []float64 {
	out := make([]float64, len(times))
	for i, t := range times {
		out[i] = t - d.shots[i].ideal
	}
	sorted := slices.Sorted(slices.Values(out))
	mid := sorted[len(sorted)/2]
	for i := range out {
		out[i] = math.Abs(out[i] - mid)
	}
	return out
}

func beyond(errs []float64, limit float64) (n int) {
	for _, e := range errs {
		if e > limit {
			n++
		}
	}
	return n
}

// The share of pictures whose time is off by more than 10 ms, over generated
// damage of every kind.
func TestRepairOverCorpus(t *testing.T) {
	var all, before, after int
	var longest time.Duration
	for kind := range kinds {
		var n, b, a int
		var worst float64
		var counts Repairs
		for seed := range uint64(4) {
			d := generate(kind, seed, 90)
			got := d.repair()
			if len(got.times) != len(d.shots) {
				t.Fatalf("%s, seed %d: %d pictures of %d", d.kind, seed, len(got.times), len(d.shots))
			}
			errs := d.errors(got.times)
			n += len(errs)
			b += beyond(d.errors(d.raw()), 10*ms)
			off := beyond(errs, 10*ms)
			a += off
			worst = max(worst, slices.Max(errs)/ms)
			longest = max(longest, slices.Max(got.waited))
			if d.truthful {
				for i, v := range got.times {
					if v != d.shots[i].stamp {
						t.Errorf("%s, seed %d: picture %d of a truthful camera moved from %.1f to %.1f ms", d.kind, seed, i, d.shots[i].stamp/ms, v/ms)
						break
					}
				}
			}
			for i := 1; i < len(got.times) && !d.bFrames; i++ {
				if got.times[i] <= got.times[i-1] {
					t.Errorf("%s, seed %d: picture %d goes back by %.1f ms", d.kind, seed, i, (got.times[i-1]-got.times[i])/ms)
					break
				}
			}
			counts = got.counts
		}
		t.Logf("%-32s %6d pictures, off by more than 10 ms: %6.2f %% before, %5.2f %% after (worst %.1f ms) %s",
			kinds[kind].name, n, 100*float64(b)/float64(n), 100*float64(a)/float64(n), worst, short(counts))
		all, before, after = all+n, before+b, after+a
	}
	was, is := 100*float64(before)/float64(all), 100*float64(after)/float64(all)
	t.Logf("corpus: %d pictures, PTS off by more than 10 ms: %.2f %% before, %.3f %% after; longest wait %v", all, was, is, longest)
	if was < 12 {
		t.Errorf("only %.2f %% of the corpus are damaged", was)
	}
	if is > 0.3 {
		t.Errorf("%.3f %% are still off by more than 10 ms", is)
	}
	if longest > HoldJump {
		t.Errorf("a picture waited for %v", longest)
	}
}

// short names the counts that are not zero.
func short(r Repairs) string {
	return fmt.Sprint(r.Kinds())
}

// After ten pictures of jitter, and ten after a stall, every picture is within
// 5 ms of its ideal time, where the network itself delays by no more.
func TestRepairWithinTenPictures(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(d *damaged)
		from int // the first picture that counts
	}{
		{"jitter of 42 ms", func(d *damaged) {
			for i := range d.shots {
				d.shots[i].stamp += math.Round((d.rng.Float64()*2 - 1) * 42 * ms)
			}
		}, 10},
		{"stall of 86 ms", func(d *damaged) { d.crowd(60, 86*ms) }, 70},
		{"stall of 86 ms, one stamp", func(d *damaged) { d.shots[60].stamp += 86 * ms }, 70},
	} {
		var worst float64
		n := 0
		for _, fps := range []float64{10, 12.5, 15, 20, 25, 30, 50} {
			for seed := range uint64(20) {
				d := &damaged{rng: rand.New(rand.NewPCG(seed, 7)), fps: fps, quiet: true}
				d.clean(20)
				c.make(d)
				d.send()
				for i, e := range d.errors(d.repair().times) {
					if i < c.from {
						continue
					}
					n++
					worst = max(worst, e/ms)
					if e > 5*ms {
						t.Errorf("%s at %g fps, seed %d: picture %d is off by %.1f ms", c.name, fps, seed, i, e/ms)
						break
					}
				}
			}
		}
		t.Logf("%s: %d pictures after the first ten, worst |repaired - ideal| %.2f ms", c.name, n, worst)
	}
}
