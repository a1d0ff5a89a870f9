package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/media"
)

// A stream that loses packets, or whose pictures wait for a key frame, is
// degraded until that is over.
func TestDegraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: feedFunc(func(s *Stream) {
			for n := range 1500 {
				au := unit(n, n%500 == 0, 100)
				au.Damaged = n == 625
				s.AccessUnit(au)
				if n%25 == 0 {
					c := media.Counts{Packets: 100}
					if n >= 125 && n < 250 {
						c.Lost = 5
					}
					s.Count(c)
				}
				time.Sleep(40 * time.Millisecond)
			}
		})})
		want := func(at time.Duration, state State) {
			t.Helper()
			synctest.Wait()
			if got := s.Info().State; got != state {
				t.Errorf("after %v: %s, want %s", at, got, state)
			}
		}
		begin := time.Now()
		for _, c := range []struct {
			at    time.Duration
			state State
		}{
			{4 * time.Second, Live},
			{8 * time.Second, Degraded},      // 5 % lost since 5 s
			{22 * time.Second, Live},         // and none since 10 s
			{25500 * time.Millisecond, Live}, // damaged at 25 s
			{27 * time.Second, Degraded},     // and still waiting
			{40500 * time.Millisecond, Live}, // the key frame came at 40 s
			{63 * time.Second, Stalled},      // nothing after 60 s
		} {
			time.Sleep(c.at - time.Since(begin))
			want(c.at, c.state)
		}
	})
}

// After damage a recovery point brings the picture back without a key frame.
func TestRecoveryPointEndsDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Track(media.Track{Codec: media.H264})
		r := s.Join()
		defer r.Close()
		for n := range 6 {
			au := unit(n, n == 0, 100)
			au.Damaged = n == 2
			au.Recovery = n == 4
			s.AccessUnit(au)
			time.Sleep(40 * time.Millisecond)
		}
		base := uint32(s.clock.Offset())
		var frames []uint32
		for _, p := range read(t, r, time.Second) {
			if n := (p.TS - base) / 3600; len(frames) == 0 || frames[len(frames)-1] != n {
				frames = append(frames, n)
			}
		}
		if len(frames) != 4 || frames[1] != 1 || frames[2] != 4 || frames[3] != 5 {
			t.Errorf("frames %v are shown", frames)
		}
	})
}
