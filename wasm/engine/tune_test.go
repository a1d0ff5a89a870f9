package engine_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"sightline/wasm/engine"
)

// fakeTimer takes so long for kernels whose names hold a word.
type fakeTimer struct {
	took  map[string]time.Duration
	plans int
}

func (f *fakeTimer) Time(p *engine.Plan) ([]time.Duration, error) {
	f.plans++
	if f.took == nil {
		return nil, errors.New("device lost")
	}
	times := make([]time.Duration, len(p.Dispatches))
	for i, d := range p.Dispatches {
		times[i] = 10 * time.Millisecond
		for word, t := range f.took {
			if strings.Contains(p.Kernels[d.Kernel], word) {
				times[i] = t
			}
		}
	}
	return times, nil
}

// The tuned plan is made of the kernels that were measured to be the fastest.
func TestTune(t *testing.T) {
	g := loadModel(t, "fastestdet-352")
	compile := func(o engine.Options) (*engine.Plan, error) { return engine.Compile(g, o) }
	for _, test := range []struct {
		took      map[string]time.Duration
		has, none string
	}{
		{map[string]time.Duration{"_two": time.Millisecond, "fused": time.Hour}, "nn_conv_1x1_two", "fused"},
		{map[string]time.Duration{"_four": time.Millisecond, "fused": time.Microsecond}, "nn_conv_fused", "_two"},
	} {
		timer := &fakeTimer{took: test.took}
		choices, err := engine.Tune(compile, timer)
		if err != nil || timer.plans != 4 {
			t.Fatalf("%d plans: %v", timer.plans, err)
		}
		again, err := engine.ParseChoices(choices.Append(nil))
		if err != nil || !maps.Equal(again, choices) || len(choices) < 10 {
			t.Errorf("%v is read as %v, %v", choices, again, err)
		}
		p, err := engine.Compile(g, engine.Options{Choices: again})
		if err != nil {
			t.Fatal(err)
		}
		if names := strings.Join(p.Kernels, " "); !strings.Contains(names, test.has) || strings.Contains(names, test.none) {
			t.Errorf("kernels %s, want %s and no %s", names, test.has, test.none)
		}
	}
	if _, err := engine.Tune(compile, &fakeTimer{}); err == nil || !strings.Contains(err.Error(), "device lost") {
		t.Errorf("a lost device: %v", err)
	}
}

func TestParseChoicesRefuses(t *testing.T) {
	for _, text := range []string{"a", "a: b", "a: 5", "a: -1", ": ", strings.Repeat("a", 2<<20)} {
		if c, err := engine.ParseChoices([]byte(text)); err == nil {
			t.Errorf("%.20q gives %v", text, c)
		}
	}
}

func FuzzParseChoices(f *testing.F) {
	f.Add([]byte("3-24/1 3x3/2 176x176: 4\n"))
	f.Add([]byte("a: 5"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := engine.ParseChoices(text)
		if err != nil {
			return
		}
		if again, err := engine.ParseChoices(c.Append(nil)); err != nil || !maps.Equal(again, c) {
			t.Errorf("%v is read as %v, %v", c, again, err)
		}
	})
}
