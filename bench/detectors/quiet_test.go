//go:build !race

package detectors

import (
	"testing"
	"time"

	"sightline/relay/source/demo"
	"sightline/shaders/ref"
	"sightline/vision/annot"
)

// A street without people, coded as the demo camera codes it: no box for a minute, though the sensor
// and the encoder make noise, the clock and the counter run and the exposure steps once. A figure that
// walks in afterwards is boxed at once.
func TestMotionIgnoresNoiseAndExposure(t *testing.T) {
	const width, height, fps = 640, 360, 25
	const quiet, enters = 60 * time.Second, 61 * time.Second
	const every = 2 // pictures analysed
	s := scene(t, width, height, fps, true, demo.DefaultDay, demo.Script{
		Empty: true, Hour: 12, Exposure: []demo.ExposureStep{{At: 30 * time.Second, EV: 1}}, Figures: []demo.Figure{{At: enters}},
	})
	m := newMover(width, height)
	var verdicts, alarms int
	var boxed time.Duration
	coded(t, s, width, height, fps, 63*fps, func(n int, rgba []byte) {
		if n%every != 0 {
			return
		}
		at := time.Duration(n) * time.Second / fps
		boxes, r, ok := m.frame(t, at, ref.Pixels{Width: width, Height: height, RGBA: rgba})
		switch {
		case at < enters:
			if ok {
				verdicts++
			}
			if len(boxes) > 0 {
				alarms++
				t.Errorf("%v: boxes %.3f in an empty street (moving %d, gain %.2f)", at, boxes, r.Moving, r.Gain)
			}
		case boxed == 0:
			for _, b := range boxes {
				if shared(b, annot.Box{X: 0, Y: 0.3, W: 0.3, H: 0.5}) > 0 {
					boxed = at
					t.Logf("figure: entered %v, boxed %v, %.3f", enters, at, b)
				}
			}
		}
	})
	if verdicts < int((quiet-5*time.Second)/time.Second)*fps/every {
		t.Errorf("only %d verdicts in the quiet minute", verdicts)
	}
	if boxed == 0 || boxed-enters > 500*time.Millisecond {
		t.Errorf("the figure that enters at %v is boxed at %v", enters, boxed)
	}
	t.Logf("%d pictures with a verdict in the quiet minute, %d with boxes; figure boxed after %v", verdicts, alarms, boxed-enters)
}

// shared is the area that two boxes have in common.
func shared(a, b annot.Box) float32 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	return max(w, 0) * max(h, 0)
}

// A pixel that alternates between two grey levels is background within ten seconds, however fast it
// alternates and however long it stood still before.
func TestMotionLearnsAlternation(t *testing.T) {
	const width, height, fps = 32, 18, 10
	for _, period := range []int{2, 5, 10, 20} {
		for _, still := range []int{0, 30 * fps} {
			for _, wide := range []int{1, 10} { // also what is too much of the picture for a thing
				m := newMover(width, height)
				rgba := make([]byte, 4*width*height)
				last := 0
				for n := range still + 30*fps {
					for i := range rgba {
						rgba[i] = 60
						if x := i / 4 % width; n >= still && x >= 10 && x < 10+wide && (n-still)%period >= period/2 {
							rgba[i] = 180
						}
					}
					_, r, _ := m.frame(t, time.Duration(n)*time.Second/fps, ref.Pixels{Width: width, Height: height, RGBA: rgba})
					if r.Moving > 0 {
						last = n
					}
				}
				after := time.Duration(last-still+1) * time.Second / fps
				t.Logf("%d columns alternate every %d of %d frames a second after %d still ones: background after %v", wide, period, fps, still, after)
				if after > 10*time.Second {
					t.Errorf("background only after %v", after)
				}
			}
		}
	}
}
