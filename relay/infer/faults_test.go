package infer

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/infer/ort"
	"sightline/relay/media"
	"sightline/vision/card"
)

// flow sends a stream pictures, again and again, until the test ends, and
// checks that they all reach a reader of the stream.
func flow(t *testing.T, f feed, units []media.AccessUnit, pause time.Duration) {
	t.Helper()
	start(t, func(ctx context.Context) error {
		for n := int64(0); ; n++ {
			au := units[n%int64(len(units))]
			au.PTS = n * 3600
			au.NALUs = append([][]byte(nil), au.NALUs...)
			au.Received = time.Now()
			select {
			case f.units <- au:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

// alive says that a stream still takes in pictures.
func alive(t *testing.T, s *hub.Stream) {
	t.Helper()
	before := s.Info().Received.Frames
	for deadline := time.Now().Add(time.Minute); s.Info().Received.Frames < before+10; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the stream stands still")
		}
	}
	if s.Info().State != hub.Live {
		t.Errorf("the stream is %s", s.Info().State)
	}
}

func TestFaultsAreConditionsAndTheStreamGoesOn(t *testing.T) {
	units := pictures(t, "car-detection.mp4", 40, 3600, "-vf", "scale=384:216")
	good := store(t)
	garbage := filepath.Join(t.TempDir(), "garbage.onnx")
	text := "name: garbage\nhead: yolo\nclasses: [a]\ninput: {width: 8, height: 8, mean: [0, 0, 0], scale: [1, 1, 1]}\nthresholds: {score: 0.5, iou: 0.5}\n"
	other := filepath.Join(t.TempDir(), "other.onnx")
	real, err := os.ReadFile(good.Path("fastestdet"))
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{garbage: bytes.Repeat([]byte{0xfe, 1}, 5000), other: real} {
		card := file[:len(file)-len(".onnx")] + ".yaml"
		if err := errors.Join(os.WriteFile(file, data, 0o644), os.WriteFile(card, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		cfg     Config
		model   string
		classes []string
		subject string
		code    health.Code
	}{
		"no library":              {Config{Runtime: ort.Options{Search: &ort.Search{Named: "/nonexistent"}}}, "fastestdet", nil, "infer", health.InferLibraryMissing},
		"no provider":             {Config{Runtime: ort.Options{Provider: ort.TensorRT}}, "fastestdet", nil, "infer", health.InferProviderMissing},
		"no model":                {Config{}, "fastestdt", nil, "analysis/gate", health.ModelMissing},
		"a garbage model":         {Config{}, garbage, nil, "analysis/gate", health.ModelInvalid},
		"a model of another card": {Config{}, other, nil, "analysis/gate", health.ModelInvalid},
		"an unknown class":        {Config{}, "fastestdet", []string{"person", "unicorn"}, "analysis/gate", health.ModelInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			st, f := stream(t, "gate")
			board := &health.Board{}
			c.cfg.Models, c.cfg.Publish, c.cfg.Board = good, newListener(), board
			e := New(c.cfg, []Analysis{{Stream: st, Model: c.model, FPS: 10, Classes: c.classes}})
			start(t, e.Run)
			flow(t, f, units, time.Millisecond)
			got := awaitCondition(t, board, c.subject, c.code, true)
			t.Log(got.Text, "|", got.Fix)
			alive(t, st)
			if name == "no provider" || name == "an unknown class" { // the analysis goes on too
				c.cfg.Publish.(*listener).wait(t)
			}
		})
	}
}

func TestDamagedPictures(t *testing.T) {
	units := pictures(t, "car-detection.mp4", 40, 3600, "-vf", "scale=384:216")
	st, f := stream(t, "gate")
	board := &health.Board{}
	l := newListener()
	e := New(Config{Models: store(t), Publish: l, Board: board}, []Analysis{{Stream: st, Model: "fastestdet", FPS: 100}})
	start(t, e.Run)
	for _, au := range units[:25] {
		f.put(au)
		l.wait(t)
	}
	// Slices whose content is noise, as from a faulty camera.
	for i, au := range units[25:35] {
		bad := au
		bad.NALUs = nil
		for _, n := range au.NALUs {
			n = bytes.Clone(n)
			if t := media.NALUType(n); t == 1 || t == 5 {
				for k := 2; k < len(n); k++ {
					n[k] = byte(k*k*31+i) | 1
				}
			}
			bad.NALUs = append(bad.NALUs, n)
		}
		f.put(bad)
	}
	awaitCondition(t, board, "analysis/gate", health.AnalysisDamaged, true)
	for n := int64(0); n < 3; n++ {
		for i, au := range units {
			au.PTS = (35+n*40+int64(i))*3600 + 1
			f.put(au)
		}
	}
	awaitCondition(t, board, "analysis/gate", health.AnalysisDamaged, false)
	alive := l.wait(t)
	if alive.Stream != "gate" {
		t.Errorf("%+v", alive)
	}
}

func TestSampler(t *testing.T) {
	for _, c := range []struct {
		name        string
		fps         float64
		step        int64 // of the frames
		frames      int
		least, most int
	}{
		{"all", 25, 3600, 100, 100, 100},
		{"more than there are", 50, 3600, 100, 100, 100},
		{"5 of 25", 5, 3600, 250, 50, 50},
		{"5 of 12.5", 5, 7200, 125, 50, 51},
		{"10 of 30", 10, 3000, 300, 100, 100},
		{"7 of 25", 7, 3600, 250, 69, 71},
		{"one in 10 s", 0.1, 3600, 1000, 4, 5},
	} {
		s := sampler{interval: int64(media.ClockRate / c.fps)}
		n := 0
		for i := range c.frames {
			if s.due(int64(i)*c.step + 1<<40) {
				n++
			}
		}
		if n < c.least || n > c.most {
			t.Errorf("%s: %d frames", c.name, n)
		}
	}
	s := sampler{interval: 18000}
	for _, c := range []struct {
		ticks int64
		due   bool
	}{{0, true}, {9000, false}, {18000, true}, {900000, true}, {903600, false}, {918000, true}, {100, true}, {3700, false}} {
		if got := s.due(c.ticks); got != c.due {
			t.Errorf("at %d: %v", c.ticks, got)
		}
	}
}

func TestTensorOfACard(t *testing.T) {
	got := Tensor(card.Input{Width: 320, Height: 240, Fit: card.FitStretch, Order: card.BGR, Mean: [3]float32{127, 0, 0}, Scale: [3]float32{1.0 / 128, 1, 1}, Pad: 51})
	// 255 becomes (255-127)/128 = 1, and 0 becomes -127/128.
	if v := 1*got.Scale[0] + got.Bias[0]; math.Abs(float64(v-1)) > 1e-6 || math.Abs(float64(got.Bias[0])+127.0/128) > 1e-6 || !got.BGR || !got.Stretch || got.Pad != 0.2 {
		t.Errorf("%+v", got)
	}
}
