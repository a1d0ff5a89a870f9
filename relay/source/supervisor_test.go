package source_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/relay/source"
)

// script is a source whose n-th run, from 1, does as a function says.
type script struct {
	run  func(ctx context.Context, n int, out source.Sink) error
	runs []time.Time
}

func (s *script) Run(ctx context.Context, out source.Sink) error {
	s.runs = append(s.runs, time.Now())
	return s.run(ctx, len(s.runs), out)
}

func picture(n int, out source.Sink) {
	if n == 0 {
		out.Track(media.Track{Codec: media.H264})
	}
	out.AccessUnit(media.AccessUnit{PTS: int64(n) * 3600, Key: true, Received: time.Now(),
		NALUs: [][]byte{{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0xc8}, {0x68, 0xce, 0x38, 0x80}, {0x65, 0x88, 1}}})
}

// supervise runs a script on a stream for a while and returns the states that
// the stream has at the times asked for.
func supervise(t *testing.T, v *source.Supervisor, at ...time.Duration) (*hub.Stream, []hub.Info) {
	t.Helper()
	s := hub.New(hub.Config{Name: "gate", Feed: v})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	begin := time.Now()
	var out []hub.Info
	for _, d := range at {
		time.Sleep(d - time.Since(begin))
		synctest.Wait()
		out = append(out, s.Info())
	}
	cancel()
	<-done
	return s, out
}

// A failure that may pass is tried again with growing pauses, none of them
// like another; each state says when and why.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{run: func(context.Context, int, source.Sink) error {
			return source.Fail(source.Retry, health.New(health.SourceUnreachable, "nothing there"), nil)
		}}
		_, infos := supervise(t, &source.Supervisor{Source: src}, 100*time.Millisecond, 3*time.Minute)
		i := infos[0]
		if i.State != hub.Backoff || i.RetryAt.IsZero() || len(i.Conditions) != 1 || i.Conditions[0].Code != health.SourceUnreachable {
			t.Errorf("after the first failure: %+v", i)
		}
		if n := len(src.runs); n < 12 || n > 25 {
			t.Errorf("%d tries in three minutes", n)
		}
		round := 0
		for k := 1; k < len(src.runs); k++ {
			pause := src.runs[k].Sub(src.runs[k-1])
			if pause < 375*time.Millisecond || pause > 19*time.Second {
				t.Errorf("pause %d is %v", k, pause)
			}
			if pause == 15*time.Second {
				round++
			}
		}
		if round > 1 {
			t.Errorf("%d pauses have no jitter", round)
		}
	})
}

// A wrong password is tried once a minute, what cannot work never again.
func TestFailuresForAPerson(t *testing.T) {
	for class, want := range map[source.Class]int{source.NeedsPerson: 4, source.GiveUp: 1} {
		synctest.Test(t, func(t *testing.T) {
			src := &script{run: func(context.Context, int, source.Sink) error {
				return source.Fail(class, health.New(health.SourceUnauthorized, "wrong password"), nil)
			}}
			_, infos := supervise(t, &source.Supervisor{Source: src}, time.Second, 3*time.Minute+30*time.Second)
			if len(src.runs) != want {
				t.Errorf("class %v: %d tries in 3.5 minutes, want %d", class, len(src.runs), want)
			}
			for _, i := range infos {
				if i.State != hub.Failed || len(i.Conditions) != 1 || (class == source.GiveUp) != i.RetryAt.IsZero() {
					t.Errorf("class %v: %s, retry at %v, %v", class, i.State, i.RetryAt, i.Conditions)
				}
			}
		})
	}
}

// A source that hangs after its first pictures is started again; one that
// waits for its first picture is not.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{run: func(ctx context.Context, n int, out source.Sink) error {
			if n == 1 {
				for i := range 50 {
					picture(i, out)
					time.Sleep(40 * time.Millisecond)
				}
			}
			<-ctx.Done()
			return ctx.Err()
		}}
		_, infos := supervise(t, &source.Supervisor{Source: src}, time.Second, 10*time.Second, 32100*time.Millisecond, 5*time.Minute)
		for k, want := range []hub.State{hub.Live, hub.Stalled, hub.Backoff, hub.Connecting} {
			if infos[k].State != want {
				t.Errorf("state %d is %s, want %s", k, infos[k].State, want)
			}
		}
		if c := infos[2].Conditions; len(c) != 1 || c[0].Code != health.SourceSilent {
			t.Errorf("conditions %v", c)
		}
		if len(src.runs) != 2 {
			t.Errorf("%d runs, want 2: the second one waits", len(src.runs))
		}
	})
}

// An end is no failure, and what a source sorts itself is shown as it is.
func TestEndAndUnsorted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, infos := supervise(t, &source.Supervisor{Source: &script{run: func(context.Context, int, source.Sink) error { return nil }}}, time.Minute)
		if infos[0].State != hub.Ended {
			t.Errorf("state %s", infos[0].State)
		}
		_, infos = supervise(t, &source.Supervisor{Source: &script{run: func(context.Context, int, source.Sink) error { return errors.New("odd") }}}, 100*time.Millisecond)
		if infos[0].State != hub.Backoff || infos[0].Conditions[0].Text != "odd" {
			t.Errorf("%+v", infos[0])
		}
	})
}
