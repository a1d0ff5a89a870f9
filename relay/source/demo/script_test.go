package demo

import (
	"image"
	"testing"
	"time"
)

// small is a scene quick to build.
func small(t *testing.T, script Script, noise bool) *Scene {
	t.Helper()
	s, err := NewScene(SceneConfig{Width: 480, Height: 270, FPS: 25, Seed: 1, Day: DefaultDay, Noise: noise, Script: script})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// with is the scene with another script; the street stays built.
func (s *Scene) with(script Script) *Scene {
	c := *s
	c.cfg.Script, c.valid = script, false
	return &c
}

var fixedClock = time.Date(2026, 1, 2, 15, 4, 5, 678e6, time.UTC)

func (s *Scene) picture(n int64) *Picture {
	p := NewPicture(s.cfg.Width, s.cfg.Height)
	s.Render(p, n, fixedClock)
	return p
}

// mean is the mean luma in a rectangle, change the mean of its differences.
func mean(p *Picture, r image.Rectangle) float64 {
	sum, n := 0, 0
	r = r.Intersect(image.Rect(0, 0, p.Width, p.Height))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			sum += int(p.Luma(x, y))
			n++
		}
	}
	return float64(sum) / float64(n)
}

func change(a, b *Picture, r image.Rectangle) (average float64, most int) {
	sum, n := 0, 0
	r = r.Intersect(image.Rect(0, 0, a.Width, a.Height))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			d := int(a.Luma(x, y)) - int(b.Luma(x, y))
			d = max(d, -d)
			sum, most = sum+d, max(most, d)
			n++
		}
	}
	return float64(sum) / float64(n), most
}

// view is the picture without the clock and the counter.
var view = image.Rect(0, 30, 480, 252)

func TestPicturesFollowFromTheCounter(t *testing.T) {
	a := small(t, Script{}, true)
	b := a.with(Script{})
	b.picture(7) // another history
	b.picture(4000)
	c := small(t, Script{}, true)
	for _, n := range []int64{0, 1, 777, 3650, 5000} {
		pa, pb, pc := a.picture(n), b.picture(n), c.picture(n)
		if string(pa.buf) != string(pb.buf) {
			t.Errorf("picture %d depends on the pictures before", n)
		}
		if string(pa.buf) != string(pc.buf) {
			t.Errorf("picture %d differs in another scene of the same configuration", n)
		}
	}
	if avg, _ := change(a.picture(100), a.picture(125), view); avg < 0.3 {
		t.Errorf("nothing moves: mean change %v in a second", avg)
	}
}

func TestScript(t *testing.T) {
	base := small(t, Script{}, false)
	second := func(s float64) int64 { return int64(s * 25) }
	day := Script{Empty: true, Hour: 12}
	night := Script{Empty: true, Hour: 23, NoLamps: true}

	t.Run("empty scene is still", func(t *testing.T) {
		s := base.with(day)
		if _, most := change(s.picture(10), s.picture(1000), view); most != 0 {
			t.Errorf("changes by %d", most)
		}
	})
	t.Run("noise", func(t *testing.T) {
		s := base.with(day)
		s.cfg.Noise = true
		avg, most := change(s.picture(10), s.picture(11), view)
		if avg < 0.8 || avg > 5 || most > 40 {
			t.Errorf("mean change %v, most %d", avg, most)
		}
	})
	t.Run("figure", func(t *testing.T) {
		c := day
		c.Figures = []Figure{{At: 4 * time.Second}}
		s := base.with(c)
		if _, most := change(s.picture(0), s.picture(second(4)-1), view); most != 0 {
			t.Errorf("seen before it enters: %d", most)
		}
		if _, most := change(s.picture(0), s.picture(second(4.5)), image.Rect(0, 30, 60, 252)); most < 40 {
			t.Errorf("not seen 0.5 s after it enters: %d", most)
		}
	})
	t.Run("lamp", func(t *testing.T) {
		c := night
		c.Lamps = []LampSwitch{{2 * time.Second, 1, true}, {4 * time.Second, 1, false}}
		s := base.with(c)
		at := s.Lamps()[1]
		place := image.Rect(at.X-5, at.Y-5, at.X+5, at.Y+5)
		off, on, again := s.picture(second(2)-1), s.picture(second(2)), s.picture(second(4))
		if mean(on, place) < mean(off, place)+40 {
			t.Errorf("at the lamp %v, before %v", mean(on, place), mean(off, place))
		}
		if _, most := change(off, again, view); most != 0 {
			t.Errorf("not the same after switching off: %d", most)
		}
		if avg, _ := change(off, on, image.Rect(0, 60, 60, 200)); avg > 6 {
			t.Errorf("far from the lamp: %v", avg)
		}
	})
	t.Run("exposure", func(t *testing.T) {
		c := day
		c.Exposure = []ExposureStep{{2 * time.Second, -1}}
		s := base.with(c)
		before, after := mean(s.picture(second(2)-1), view), mean(s.picture(second(2)), view)
		if after > before*0.85 {
			t.Errorf("from %v to %v", before, after)
		}
	})
	t.Run("glare, cover, defocus, shift, flicker", func(t *testing.T) {
		span := Span{2 * time.Second, 3 * time.Second}
		for name, set := range map[string]func(*Script){
			"glare":   func(c *Script) { c.Glare = []Glare{{span, 0.7, 0.3}} },
			"cover":   func(c *Script) { c.Cover = []Span{span} },
			"defocus": func(c *Script) { c.Defocus = []Defocus{{span, 0.01}} },
			"flicker": func(c *Script) { c.Flicker = []Flicker{{span, 8, 0.5}} },
			"shift":   func(c *Script) { c.Shifts = []Shift{{span.From, 0.05, 0.02}, {span.To, 0, 0}} },
		} {
			c := day
			set(&c)
			s := base.with(c)
			before, during, after := s.picture(second(2)-1), s.picture(second(2)+1), s.picture(second(3))
			if avg, _ := change(before, during, view); avg < 2 {
				t.Errorf("%s: mean change %v", name, avg)
			}
			if _, most := change(before, after, view); most != 0 {
				t.Errorf("%s: not over after its end: %d", name, most)
			}
			if n, ok := ReadCounter(during.Luma, during.Width, during.Height); !ok || int64(n) != second(2)+1 {
				t.Errorf("%s: counter read as %d, %v", name, n, ok)
			}
		}
	})
}

// An ordinary day must not look like an event: from picture to picture the
// light changes by a few levels at most, lamps and windows included.
func TestOrdinaryDayChangesSlowly(t *testing.T) {
	s := small(t, Script{Empty: true}, false)
	day := int64(DefaultDay.Seconds()) * 25
	dark, bright := 255.0, 0.0
	var last *Picture
	for n := int64(0); n < day; n += 3 { // the light changes in each third picture
		if h := s.Hour(n); h > 8 && h < 16.5 && n%300 != 0 {
			last = nil // full day: nothing changes
			continue
		}
		p := s.picture(n)
		if last != nil {
			if avg, most := change(last, p, view); avg > 1.5 || most > 16 {
				t.Fatalf("hour %.2f: mean change %.2f, most %d", s.Hour(n), avg, most)
			}
		}
		last = p
		dark, bright = min(dark, mean(p, view)), max(bright, mean(p, view))
	}
	if bright-dark < 40 {
		t.Errorf("day and night are alike: %v and %v", bright, dark)
	}
}
