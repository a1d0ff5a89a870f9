package motion

import (
	"testing"
	"time"
)

const (
	width, height = 200, 100
	frame         = 100 * time.Millisecond
)

// run shows a detector results, one each tenth of a second, and returns the objects of the last.
func run(d *Detector, from int, results ...Result) (objects int, ok bool) {
	for n, r := range results {
		at := time.Duration(from+n) * frame
		d.Params(at)
		list, known := d.Result(at, r)
		objects, ok = len(list), known
	}
	return objects, ok
}

func still(n int) []Result { return make([]Result, n) }

func TestVerdicts(t *testing.T) {
	thing := Region{20, 20, 40, 50, 500}
	for _, c := range []struct {
		name    string
		results []Result
		objects int
		ok      bool
	}{
		{"warming up", still(15), 0, false},
		{"nothing moves", still(30), 0, true},
		{"seen once", append(still(30), Result{Regions: []Region{thing}}), 0, true},
		{"seen twice", append(still(30), Result{Regions: []Region{thing}}, Result{Regions: []Region{thing}}), 1, true},
		{"two parts of one thing", append(still(30), Result{Regions: []Region{thing}}, Result{Regions: []Region{thing, {20, 50, 38, 60, 100}}}), 1, true},
		{"two things", append(still(30), Result{Regions: []Region{thing, {100, 20, 120, 40, 300}}}, Result{Regions: []Region{thing, {100, 20, 120, 40, 300}}}), 2, true},
		{"too small", append(still(30), Result{Regions: []Region{{5, 5, 8, 8, 9}}}, Result{Regions: []Region{{5, 5, 8, 8, 9}}}), 0, true},
		{"the light changes", append(still(30), Result{Moving: 8000, Regions: []Region{thing}}), 0, false},
		{"after the light changed", append(append(still(30), Result{Moving: 8000}), still(15)...), 0, true},
		{"a gain explains it", append(still(30), Result{Brighter: 3000, Gain: 1.4}), 0, true},
	} {
		objects, ok := run(New(Default(), width, height), 0, c.results...)
		if objects != c.objects || ok != c.ok {
			t.Errorf("%s: %d objects, %t; want %d, %t", c.name, objects, ok, c.objects, c.ok)
		}
	}
}

func TestRatesGoByTime(t *testing.T) {
	weights := func(fps int) float64 {
		d, left := New(Default(), width, height), 1.0
		for n := range 20 * fps {
			p := d.Params(time.Duration(n) * time.Second / time.Duration(fps))
			if n >= 10*fps {
				left *= 1 - float64(p.WeightRate)/65536
			}
		}
		return left
	}
	if a, b := weights(5), weights(30); a < b*0.97 || a > b*1.03 {
		t.Errorf("in ten seconds a weight fades to %.3f at 5 pictures a second, to %.3f at 30", a, b)
	}
}

func TestClockThatJumpsBeginsAnew(t *testing.T) {
	d := New(Default(), width, height)
	run(d, 0, still(30)...)
	if _, ok := run(d, 1000, Result{}); ok {
		t.Error("a verdict right after a pause")
	}
	if _, ok := run(d, 10, Result{}); ok {
		t.Error("a verdict right after a step back")
	}
}

func TestVelocity(t *testing.T) {
	d := New(Default(), width, height)
	run(d, 0, still(30)...)
	var id uint64
	for n := range 20 {
		at := time.Duration(30+n) * frame
		d.Params(at)
		x := 10 + 2*n // a tenth of the picture a second
		objects, _ := d.Result(at, Result{Regions: []Region{{x, 20, x + 20, 50, 500}}})
		if n == 0 {
			continue
		}
		if len(objects) != 1 || id != 0 && objects[0].ID != id {
			t.Fatalf("frame %d: %+v, want one object %d", n, objects, id)
		}
		id = objects[0].ID
		if v := objects[0].Velocity.X; n == 19 && (v < 0.095 || v > 0.105) {
			t.Errorf("velocity %.3f of the width a second, want 0.1", v)
		}
	}
}
