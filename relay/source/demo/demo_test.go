package demo

import (
	"context"
	"errors"
	"testing"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// recorder is a sink that keeps what it gets and stops the run after a number
// of access units.
type recorder struct {
	tracks []media.Track
	units  []media.AccessUnit
	counts media.Counts
	stop   func()
	after  int
}

func (r *recorder) Track(t media.Track) { r.tracks = append(r.tracks, t) }
func (r *recorder) AccessUnit(au media.AccessUnit) {
	r.units = append(r.units, au)
	if len(r.units) == r.after {
		r.stop()
	}
}
func (r *recorder) Count(c media.Counts)      { r.counts.Packets += c.Packets; r.counts.Bytes += c.Bytes }
func (r *recorder) Notice(c health.Condition) {}

func record(t *testing.T, s *Source, units int) *recorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := &recorder{stop: cancel, after: units}
	if err := s.Run(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("Run: %v", err)
	}
	return r
}

func TestRunDeliversAccessUnits(t *testing.T) {
	s := &Source{Width: 640, Height: 360, FPS: 30, GOP: time.Second / 3}
	r := record(t, s, 25)
	if len(r.tracks) != 1 || r.tracks[0].CounterTicks != 3000 || r.tracks[0].Codec != media.H264 {
		t.Fatalf("tracks %+v", r.tracks)
	}
	last := int64(-1)
	for i, au := range r.units {
		if au.PTS%3000 != 0 || au.PTS <= last {
			t.Errorf("unit %d: PTS %d after %d", i, au.PTS, last)
		}
		last = au.PTS
		if au.Key != media.IsKey(au.NALUs) || au.Key != (i%10 == 0) || media.HasBSlice(au.NALUs) {
			t.Errorf("unit %d: key %v, IDR %v, B %v", i, au.Key, media.IsKey(au.NALUs), media.HasBSlice(au.NALUs))
		}
		if au.Captured.IsZero() || au.Received.Before(au.Captured) {
			t.Errorf("unit %d: captured %v, received %v", i, au.Captured, au.Received)
		}
	}
	sps, err := media.ParseSPS(r.units[0].NALUs[0])
	if err != nil || sps.Width != 640 || sps.Height != 360 {
		t.Errorf("SPS %+v, %v", sps, err)
	}

	again := record(t, s, 2)
	if again.units[0].PTS <= last || !again.units[0].Key {
		t.Errorf("second run starts with PTS %d (after %d), key %v", again.units[0].PTS, last, again.units[0].Key)
	}
}

func TestRunWithoutEncoder(t *testing.T) {
	err := (&Source{codec: "no-such-encoder"}).Run(t.Context(), &recorder{})
	if f := source.Sorted(err); f.Class != source.GiveUp || f.Condition.Code != health.EncoderMissing {
		t.Fatalf("got %v", err)
	}
}
