package hub

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/media"
)

// shown are the distances of the frames that a reader gets, in ticks.
func shown(t *testing.T, r *Reader, d time.Duration) []int32 {
	t.Helper()
	var out []int32
	var last uint32
	for i, p := range read(t, r, d) {
		if i > 0 && p.TS != last {
			out = append(out, int32(p.TS-last))
		}
		last = p.TS
	}
	return out
}

// A clock that leaps, stands or loses a stamp is put right before anybody sees
// it, and says so.
func TestTimestampsAreRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Status(Connecting, time.Time{}, nil)
		s.Track(media.Track{Codec: media.H264})
		r := s.Join()
		defer r.Close()
		for n := range 100 {
			au := unit(n, n%50 == 0, 100)
			switch {
			case n == 30:
				au.PTS = unit(29, false, 2).PTS
			case n == 40:
				au.Untimed, au.PTS = true, 0
			case n >= 60:
				au.PTS += 7200 * media.ClockRate
			}
			s.AccessUnit(au)
			time.Sleep(40 * time.Millisecond)
		}
		for i, d := range shown(t, r, time.Second) {
			if d != 3600 {
				t.Errorf("frame %d is %d ticks after the one before", i+1, d)
			}
		}
		got := s.Info().Repairs
		if got.Duplicates != 1 || got.Missing != 1 || got.Jumps != 1 {
			t.Errorf("repairs %v", got.Kinds())
		}
	})
}

// A picture that waits for the next ones is shown when none comes.
func TestHeldPictureIsShownInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := feedFunc(func(s *Stream) {
			for n := range 30 {
				s.AccessUnit(unit(n, n == 0, 100))
				time.Sleep(40 * time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond)
			late := unit(31, false, 100)
			late.PTS += 900 // off the cadence, as it arrives
			s.AccessUnit(late)
		})
		s := run(t, Config{Name: "gate", Feed: feed})
		r := s.Join()
		defer r.Close()
		first := shown(t, r, 29*40*time.Millisecond+100*time.Millisecond)
		if len(first) != 29 {
			t.Errorf("%d frames before the last", len(first)+1)
		}
		if more := read(t, r, media.HoldJump); len(more) != 1 {
			t.Errorf("%d packets of the last picture within %v", len(more), media.HoldJump)
		}
	})
}

// B-frames keep their timestamps, which go back from picture to picture.
func TestBFramesKeepTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Status(Connecting, time.Time{}, nil)
		s.Track(media.Track{Codec: media.H264})
		r := s.Join()
		defer r.Close()
		order := []int{0, 2, 1, 4, 3, 6, 5, 8, 7}
		for i, n := range order {
			au := unit(n, i == 0, 100)
			if i%2 == 0 && i > 0 {
				au.NALUs[0][0], au.NALUs[0][1] = 0x01, 0x9e // slice_type 6, B
			}
			s.AccessUnit(au)
			time.Sleep(40 * time.Millisecond)
		}
		var want []int32
		for i := 1; i < len(order); i++ {
			want = append(want, int32(order[i]-order[i-1])*3600)
		}
		got := shown(t, r, time.Second)
		if len(got) != len(want) {
			t.Fatalf("%d distances, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("distance %d is %d, want %d", i, got[i], want[i])
			}
		}
		if kinds := s.Info().Repairs.Kinds(); len(kinds) > 0 {
			t.Errorf("repairs %v", kinds)
		}
	})
}

// What changes in the stream, and what a key frame lacks, is counted.
func TestParameterSetsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Status(Connecting, time.Time{}, nil)
		s.Track(media.Track{Codec: media.H264, SPS: testSPS, PPS: testPPS})
		bare := unit(0, true, 100)
		bare.NALUs = bare.NALUs[2:] // they are in the SDP only
		s.AccessUnit(bare)
		larger := []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70} // 640x360
		time.Sleep(40 * time.Millisecond)
		other := unit(1, true, 100)
		other.NALUs[0] = larger
		s.AccessUnit(other)
		got := s.Info().Repairs
		if got.ParameterSets != 1 || got.Changes != 1 || got.Resolutions != 1 {
			t.Errorf("repairs %v", got.Kinds())
		}
		if v := s.Info().Video; v.Width != 640 || v.Height != 360 {
			t.Errorf("video is %dx%d", v.Width, v.Height)
		}
	})
}

// feedFunc is a feed that sends what a function makes, then nothing.
type feedFunc func(s *Stream)

func (f feedFunc) Run(ctx context.Context, s *Stream) error {
	s.Status(Connecting, time.Time{}, nil)
	s.Track(media.Track{Codec: media.H264})
	f(s)
	<-ctx.Done()
	return ctx.Err()
}
