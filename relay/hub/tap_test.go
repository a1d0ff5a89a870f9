package hub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// tapped collects what a tap gets for a while.
func tapped(t *testing.T, tap *Tap, d time.Duration) (out []Tapped) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for {
		f, err := tap.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				t.Fatal(err)
			}
			return out
		}
		out = append(out, f)
	}
}

func TestATapIsNoViewerAndIsNotPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 100, size: 500, key: 200_000}})
		time.Sleep(3 * time.Second)
		tap := s.Tap(false)
		defer tap.Close()
		if s.Viewers() != 0 {
			t.Error("a tap counts as a viewer")
		}
		// All frames of the group of pictures come at once.
		at := time.Now()
		first, err := tap.Next(t.Context())
		if err != nil || !first.Key {
			t.Fatal(first, err)
		}
		n, last := 1, first
		for !last.Newest {
			f, err := tap.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if f.Key || f.Skipped != 0 || f.TS <= last.TS {
				t.Errorf("frame %d: %+v", n, f)
			}
			last = f
			n++
		}
		if n < 50 || time.Since(at) != 0 {
			t.Errorf("%d frames in %v", n, time.Since(at))
		}
		if got := tapped(t, tap, time.Second); len(got) < 20 || !got[len(got)-1].Newest {
			t.Errorf("%d frames in a second", len(got))
		}
	})
}

func TestASlowTapGoesOnAtAKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", RingAge: 3 * time.Second, Feed: &camera{gop: 25, size: 500, key: 2000}})
		tap := s.Tap(false)
		defer tap.Close()
		before := tapped(t, tap, time.Second)
		for _, pause := range []time.Duration{1500 * time.Millisecond, 10 * time.Second} {
			time.Sleep(pause)
			f, err := tap.Next(t.Context())
			if err != nil || !f.Key || f.Skipped < 10 {
				t.Errorf("after %v: %+v, %v", pause, f, err)
			}
			if total := uint64(len(before)); f.Skipped+total == 0 {
				t.Error("nothing counted")
			}
			before = tapped(t, tap, time.Second)
		}
	})
}

func TestTapsAndDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", OnDemand: true, Linger: time.Second, Feed: &camera{gop: 25, size: 500, key: 2000}})
		idle := s.Tap(false)
		if got := tapped(t, idle, 5*time.Second); len(got) != 0 || s.Info().State != Idle {
			t.Errorf("a tap without wake started the stream: %d frames", len(got))
		}
		tap := s.Tap(true)
		if got := tapped(t, tap, 5*time.Second); len(got) < 100 || !got[0].Key {
			t.Errorf("%d frames", len(got))
		}
		if got := tapped(t, idle, time.Second); len(got) == 0 || !got[0].Key {
			t.Errorf("the other tap: %d frames", len(got))
		}
		tap.Close()
		tap.Close()
		if _, err := tap.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		if s.Info().State != Idle {
			t.Errorf("still %s without taps", s.Info().State)
		}
		// The next run of the source goes on for a tap that stayed.
		again := s.Tap(true)
		defer again.Close()
		if got := tapped(t, idle, 2*time.Second); len(got) == 0 || !got[0].Key {
			t.Errorf("after a pause: %d frames", len(got))
		}
		idle.Close()
	})
}
