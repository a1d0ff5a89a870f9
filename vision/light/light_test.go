package light

import (
	"strings"
	"testing"
	"time"
)

// scene is a street of cells: textured, with means that differ.
type scene struct{ mean, texture [cellCount]float64 }

func newScene() *scene {
	s := &scene{}
	for i := range s.mean {
		s.mean[i], s.texture[i] = float64(60+(i*37)%90), float64(8+i%9)
	}
	return s
}

// cell makes the sums of a cell that shows the reference's texture in another light.
func cell(mean, deviation, reference, referenceDeviation, similarity float64) Cell {
	mean, deviation = min(mean, 255), max(deviation, 0)
	return Cell{
		Luma: int(Samples * mean), Reference: int(Samples * reference),
		LumaSquared: int(Samples * (mean*mean + deviation*deviation)), ReferenceSquared: int(Samples * (reference*reference + referenceDeviation*referenceDeviation)),
		Product:  int(Samples * (mean*reference + similarity*deviation*referenceDeviation)),
		Gradient: int(2 * Samples * deviation * 0.7), Greatest: int(min(mean+2*deviation, 255)), Least: int(max(mean-2*deviation, 0)),
	}
}

// show runs ten pictures a second; change makes a cell of the picture at a time.
func show(seconds float64, change func(s *scene, i int, at float64) Cell) string {
	d, s := New(), newScene()
	var out []string
	for n := range int(seconds * 10) {
		at := time.Duration(n) * 100 * time.Millisecond
		d.Params(at)
		cells := make([]Cell, cellCount)
		for i := range cells {
			cells[i] = change(s, i, at.Seconds())
		}
		for _, c := range d.Cells(at, cells) {
			out = append(out, at.String()+" "+string(c.Kind)+" "+string(c.State))
		}
	}
	return strings.Join(out, ", ")
}

func TestStateMachines(t *testing.T) {
	usual := func(s *scene, i int, gain, similarity float64) Cell {
		return cell(s.mean[i]*gain, s.texture[i]*gain, s.mean[i], s.texture[i], similarity)
	}
	during := func(at float64) bool { return at >= 10 && at < 15 }
	for _, c := range []struct {
		name   string
		change func(s *scene, i int, at float64) Cell
		want   string
	}{
		{"nothing", func(s *scene, i int, at float64) Cell { return usual(s, i, 1, 0.97) }, ""},
		{"slowly darker", func(s *scene, i int, at float64) Cell { return usual(s, i, 1-at/40, 0.97) }, ""},
		{"exposure", func(s *scene, i int, at float64) Cell {
			if at >= 10 {
				return usual(s, i, 1.3, 0.97)
			}
			return usual(s, i, 1, 0.97)
		}, "10.5s exposure-step occurred"},
		{"a light", func(s *scene, i int, at float64) Cell {
			if x, y := i%Columns, i/Columns; at >= 10 && x > 4 && x < 10 && y > 4 && y < 9 {
				return usual(s, i, 1.6, 0.9)
			}
			return usual(s, i, 1, 0.97)
		}, "10.5s light-on occurred"},
		{"something passes", func(s *scene, i int, at float64) Cell {
			if x := float64(i%Columns) - (at-10)*6; x > 0 && x < 5 && i/Columns > 8 {
				return cell(200, 10, s.mean[i], s.texture[i], 0)
			}
			return usual(s, i, 1, 0.97)
		}, ""},
		{"covered", func(s *scene, i int, at float64) Cell {
			if during(at) {
				return cell(20, 1, s.mean[i], s.texture[i], 0)
			}
			return usual(s, i, 1, 0.97)
		}, "10.3s lens-covered began, 15.7s lens-covered ended"},
		{"out of focus", func(s *scene, i int, at float64) Cell {
			if during(at) {
				return cell(s.mean[i], s.texture[i]*0.3, s.mean[i], s.texture[i], 0.6)
			}
			return usual(s, i, 1, 0.97)
		}, "10.3s defocused began, 15.7s defocused ended"},
		{"moved", func(s *scene, i int, at float64) Cell {
			if during(at) {
				j := (i + 3) % cellCount
				return cell(s.mean[j], s.texture[j], s.mean[i], s.texture[i], 0)
			}
			return usual(s, i, 1, 0.97)
		}, "10.3s camera-moved began, 15.7s camera-moved ended"},
		{"another scene", func(s *scene, i int, at float64) Cell {
			if during(at) {
				return cell(float64(40+(i*i*7919)%150), 12, s.mean[i], s.texture[i], 0)
			}
			return usual(s, i, 1, 0.97)
		}, "10.3s scene-changed began, 15.7s scene-changed ended"},
	} {
		if got := show(20, c.change); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
