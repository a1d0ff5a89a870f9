//go:build !race

package detectors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sightline/relay/source/demo"
	"sightline/shaders"
	"sightline/shaders/ref"
	"sightline/vision/annot"
	"sightline/vision/light"
)

// watcher is the light detector on the twin.
type watcher struct {
	twin     ref.Light
	detector *light.Detector
}

func newWatcher() *watcher { return &watcher{detector: light.New()} }

func (w *watcher) frame(at time.Duration, p ref.Pixels) []light.Change {
	return w.detector.Cells(at, w.twin.Cells(shaders.LightParams{Params: w.detector.Params(at)}, p))
}

// told is a change with its time.
type told struct {
	at time.Duration
	light.Change
}

func (c told) String() string {
	return fmt.Sprintf("%v %s %s %.2f", c.at, c.Kind, c.State, c.Box)
}

const (
	lightWidth  = 320
	lightHeight = 180
	lightFPS    = 10
)

// watch runs the detector on a scripted scene, coded as the demo camera codes it.
func watch(t *testing.T, lasts, day time.Duration, script demo.Script) []told {
	t.Helper()
	s := scene(t, lightWidth, lightHeight, lightFPS, true, day, script)
	w := newWatcher()
	var out []told
	coded(t, s, lightWidth, lightHeight, lightFPS, int(lasts.Seconds()*lightFPS), func(n int, rgba []byte) {
		at := time.Duration(n) * time.Second / lightFPS
		for _, c := range w.frame(at, ref.Pixels{Width: lightWidth, Height: lightHeight, RGBA: rgba}) {
			out = append(out, told{at, c})
		}
	})
	return out
}

// Each scripted event is told within a second, at its place, and nothing else is.
func TestLightTellsScriptedEvents(t *testing.T) {
	const at, until = 10 * time.Second, 15 * time.Second
	span := demo.Span{From: at, To: until}
	lamps := scene(t, lightWidth, lightHeight, lightFPS, false, demo.DefaultDay, demo.Script{}).Lamps()
	place := func(x, y, radius float64) annot.Box {
		return annot.Box{X: float32(x - radius), Y: float32(y - radius), W: float32(2 * radius), H: float32(2 * radius)}
	}
	// A lamp's place is its head and what is below it down to the ground that it lights.
	lamp := func(i int) annot.Box {
		return annot.Box{X: float32(lamps[i].X)/lightWidth - 0.01, Y: float32(lamps[i].Y)/lightHeight - 0.03, W: 0.02, H: 0.45}
	}
	whole := annot.Box{W: 1, H: 1}
	type want struct {
		kind  light.Kind
		state annot.State
		at    time.Duration
		box   annot.Box
	}
	for _, c := range []struct {
		name   string
		script demo.Script
		most   float32 // of the picture that the place may cover
		want   []want
	}{
		{"lamp on", demo.Script{Lamps: []demo.LampSwitch{{At: at, Lamp: 0, On: true}}, NoLamps: true, Hour: 23},
			0.55, []want{{light.On, annot.Occurred, at, lamp(0)}}},
		{"lamp off", demo.Script{Lamps: []demo.LampSwitch{{At: at, Lamp: 0}}, Hour: 23},
			0.55, []want{{light.Off, annot.Occurred, at, lamp(0)}}},
		{"second lamp on and off", demo.Script{Lamps: []demo.LampSwitch{{At: at, Lamp: 1, On: true}, {At: until, Lamp: 1}}, NoLamps: true, Hour: 23},
			0.2, []want{{light.On, annot.Occurred, at, lamp(1)}, {light.Off, annot.Occurred, until, lamp(1)}}},
		{"glare by day", demo.Script{Glare: []demo.Glare{{Span: span, X: 0.6, Y: 0.4}}, Hour: 12},
			0.2, []want{{light.Glare, annot.Began, at, place(0.6, 0.4, 0.03)}, {light.Glare, annot.Ended, until, whole}}},
		{"glare by night", demo.Script{Glare: []demo.Glare{{Span: span, X: 0.3, Y: 0.6}}, Hour: 23},
			0.2, []want{{light.Glare, annot.Began, at, place(0.3, 0.6, 0.03)}, {light.Glare, annot.Ended, until, whole}}},
		{"flicker", demo.Script{Flicker: []demo.Flicker{{Span: span, Hz: 3, Depth: 0.4}}, Hour: 12},
			1, []want{{light.Flicker, annot.Began, at, whole}, {light.Flicker, annot.Ended, until, whole}}},
		{"exposure up", demo.Script{Exposure: []demo.ExposureStep{{At: at, EV: 1}}, Hour: 12}, 1, []want{{light.ExposureStep, annot.Occurred, at, whole}}},
		{"exposure down", demo.Script{Exposure: []demo.ExposureStep{{At: at, EV: -1}}, Hour: 12}, 1, []want{{light.ExposureStep, annot.Occurred, at, whole}}},
		{"exposure by night", demo.Script{Exposure: []demo.ExposureStep{{At: at, EV: 1}}, Hour: 23}, 1, []want{{light.ExposureStep, annot.Occurred, at, whole}}},
		{"cover", demo.Script{Cover: []demo.Span{span}, Hour: 12},
			1, []want{{light.Covered, annot.Began, at, whole}, {light.Covered, annot.Ended, until, whole}}},
		{"cover by night", demo.Script{Cover: []demo.Span{span}, Hour: 23},
			1, []want{{light.Covered, annot.Began, at, whole}, {light.Covered, annot.Ended, until, whole}}},
		{"defocus", demo.Script{Defocus: []demo.Defocus{{Span: span, Radius: 0.015}}, Hour: 12},
			1, []want{{light.Defocused, annot.Began, at, whole}, {light.Defocused, annot.Ended, until, whole}}},
		{"strong defocus by night", demo.Script{Defocus: []demo.Defocus{{Span: span, Radius: 0.03}}, Hour: 23},
			1, []want{{light.Defocused, annot.Began, at, whole}, {light.Defocused, annot.Ended, until, whole}}},
		{"moved", demo.Script{Shifts: []demo.Shift{{At: at, DX: 0.15, DY: 0.05}}, Hour: 12},
			1, []want{{light.Moved, annot.Began, at, whole}, {light.Moved, annot.Ended, 0, whole}}},
		{"moved a little", demo.Script{Shifts: []demo.Shift{{At: at, DX: -0.05, DY: 0.03}}, Hour: 12},
			1, []want{{light.Moved, annot.Began, at, whole}, {light.Moved, annot.Ended, 0, whole}}},
	} {
		for _, empty := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/empty=%t", c.name, empty), func(t *testing.T) {
				script := c.script
				script.Empty = empty
				got := watch(t, 22*time.Second, demo.DefaultDay, script)
				var lines []string
				for _, g := range got {
					lines = append(lines, g.String())
				}
				t.Log(strings.Join(lines, "; "))
				if len(got) != len(c.want) {
					t.Fatalf("%d changes, want %d", len(got), len(c.want))
				}
				for i, w := range c.want {
					g := got[i]
					if g.Kind != w.kind || g.State != w.state {
						t.Errorf("change %d is %v, want %s %s", i, g, w.kind, w.state)
					}
					if w.at > 0 && (g.at < w.at || g.at > w.at+time.Second && w.state != annot.Ended || g.at > w.at+2*time.Second) {
						t.Errorf("%v, want it within a second of %v", g, w.at)
					}
					if shared(g.Box, w.box) == 0 || g.Box.W*g.Box.H > c.most {
						t.Errorf("%v, want it around %.2f", g, w.box)
					}
				}
			})
		}
	}
}

// Ten minutes of ordinary life, from morning through night to the next day and on, tell nothing.
func TestLightIgnoresOrdinaryLife(t *testing.T) {
	if testing.Short() {
		t.Skip("ten minutes of pictures; left out with -short")
	}
	got := watch(t, 10*time.Minute, demo.DefaultDay, demo.Script{})
	for _, g := range got {
		t.Errorf("%v", g)
	}
}
