package track

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sightline/vision/annot"
	"sightline/vision/detect"
)

// at is a sure detection of a box around a point.
func at(x, y float32) detect.Detection {
	return detect.Detection{Score: 0.9, Box: annot.Box{X: x - 0.05, Y: y - 0.1, W: 0.1, H: 0.2}}
}

const frame = 200 * time.Millisecond

func ids(tracked []Tracked) (out []uint64) {
	for _, t := range tracked {
		out = append(out, t.ID)
	}
	return out
}

func want(t *testing.T, got []Tracked, ids_ ...uint64) {
	t.Helper()
	if !slices.Equal(ids(got), ids_) {
		t.Errorf("ids %v, want %v", ids(got), ids_)
	}
}

func TestIdentitiesAreStable(t *testing.T) {
	tr := New(Config{High: 0.5})
	// Two walk towards each other on two lines and pass.
	for i := range 20 {
		x := 0.1 + 0.04*float32(i)
		got := tr.Update(time.Duration(i)*frame, []detect.Detection{at(x, 0.3), at(1-x, 0.42)}, nil)
		switch {
		case i == 0:
			want(t, got, 0, 0)
		case i > 0:
			want(t, got, 1, 2)
		}
		if i == 19 {
			if v := got[0].Velocity; v == nil || v.X < 0.17 || v.X > 0.23 || v.Y < -0.02 || v.Y > 0.02 {
				t.Errorf("velocity %+v, want 0.2 per second", v)
			}
			o := annot.Object{Box: at(x, 0.3).Box, Velocity: got[0].Velocity}
			if b, ok := o.After(frame); !ok || b.IoU(at(x+0.04, 0.3).Box) < 0.9 {
				t.Errorf("predicted %v for the next frame", b)
			}
		}
	}
}

func TestUnsureDetectionsCarryOnButBeginNothing(t *testing.T) {
	tr := New(Config{High: 0.5})
	unsure := at(0.5, 0.5)
	unsure.Score = 0.2
	for i := range 3 {
		want(t, tr.Update(time.Duration(i)*frame, []detect.Detection{unsure}, nil), 0)
	}
	want(t, tr.Update(3*frame, []detect.Detection{at(0.5, 0.5)}, nil), 0)
	want(t, tr.Update(4*frame, []detect.Detection{at(0.5, 0.5)}, nil), 1)
	for i := range 20 { // hidden in part for 4 s
		want(t, tr.Update(time.Duration(5+i)*frame, []detect.Detection{unsure}, nil), 1)
	}
}

func TestOutOfSight(t *testing.T) {
	for _, c := range []struct {
		away time.Duration
		id   uint64
	}{{time.Second, 1}, {3 * time.Second, 0}, {time.Minute, 0}, {-time.Second, 0}} {
		tr := New(Config{High: 0.5})
		for i := range 10 {
			tr.Update(time.Duration(i)*frame, []detect.Detection{at(0.2+0.01*float32(i), 0.5)}, nil)
		}
		last := 9 * frame
		if c.away < 10*time.Second {
			for d := frame; d < c.away; d += frame {
				tr.Update(last+d, nil, nil)
			}
		}
		x := 0.29 + 0.05*float32(c.away.Seconds()) // it walks on meanwhile
		want(t, tr.Update(last+c.away, []detect.Detection{at(x, 0.5)}, nil), c.id)
	}
}

func TestClassesDoNotMix(t *testing.T) {
	tr := New(Config{High: 0.5})
	dog := at(0.5, 0.5)
	dog.Class = 1
	tr.Update(0, []detect.Detection{at(0.5, 0.5)}, nil)
	want(t, tr.Update(frame, []detect.Detection{dog, at(0.5, 0.5)}, nil), 0, 1)
	want(t, tr.Update(2*frame, []detect.Detection{dog, at(0.5, 0.5)}, nil), 2, 1)
}

func TestOneFlashIsNoObject(t *testing.T) {
	tr := New(Config{High: 0.5})
	for i := range 10 {
		d := []detect.Detection{}
		if i%2 == 0 {
			d = append(d, at(0.5, 0.5))
		}
		for _, id := range ids(tr.Update(time.Duration(i)*frame, d, nil)) {
			if id != 0 {
				t.Errorf("a flash in frame %d is object %d", i, id)
			}
		}
	}
}

func TestManyObjectsStayBounded(t *testing.T) {
	tr := New(Config{High: 0.5})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		var d []detect.Detection
		for range 300 {
			d = append(d, at(r.Float32(), r.Float32()))
		}
		if got := tr.Update(time.Duration(i)*frame, d, nil); len(got) != 300 {
			t.Fatal(len(got))
		}
		if len(tr.tracks) > maxTracks {
			t.Fatalf("%d objects", len(tr.tracks))
		}
	}
}

// TestAssign compares with every possible assignment.
func TestAssign(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		rows, columns := 1+r.IntN(5), 1+r.IntN(5)
		costs := make([]float32, rows*columns)
		for i := range costs {
			costs[i] = float32(r.IntN(8)) / 4
		}
		pairs := assign(costs, rows, columns)
		sum, n, seen := float32(0), 0, map[int]bool{}
		for row, column := range pairs {
			if column < 0 {
				continue
			}
			if seen[column] {
				t.Fatalf("column %d twice: %v", column, pairs)
			}
			seen[column] = true
			sum += costs[row*columns+column]
			n++
		}
		if n != min(rows, columns) {
			t.Fatalf("%d pairs of %dx%d", n, rows, columns)
		}
		if least := cheapest(costs, rows, columns, 0, 0); sum > least+1e-6 {
			t.Fatalf("%v of %dx%d costs %v, the least is %v", pairs, rows, columns, sum, least)
		}
	}
}

// cheapest tries everything; taken is a set of columns.
func cheapest(costs []float32, rows, columns, row int, taken uint) float32 {
	if row == rows {
		return 0
	}
	least := float32(1e9)
	for c := range columns {
		if taken&(1<<c) == 0 {
			least = min(least, costs[row*columns+c]+cheapest(costs, rows, columns, row+1, taken|1<<c))
		}
	}
	used := 0
	for c := range columns {
		used += int(taken >> c & 1)
	}
	// A row may stay alone only where there are more rows than columns.
	if rows-row > columns-used {
		least = min(least, cheapest(costs, rows, columns, row+1, taken))
	}
	return least
}

func BenchmarkUpdate20(b *testing.B) {
	tr := New(Config{High: 0.5})
	var out []Tracked
	for i := 0; b.Loop(); i++ {
		var d []detect.Detection
		for k := range 20 {
			d = append(d, at(0.05*float32(k), 0.1+0.001*float32(i%100)))
		}
		out = tr.Update(time.Duration(i)*frame, d, out[:0])
	}
}
