package hub

import (
	"errors"
	"testing"

	"sightline/relay/media"
)

func TestExcerpt(t *testing.T) {
	s := New(Config{Name: "gate", RingBytes: 20_000})
	s.Track(media.Track{Codec: media.H264, Transport: "test"})
	for n := range 40 {
		s.AccessUnit(unit(n, n%10 == 0, 800))
	}
	newest := s.Info().Latest.RTP
	for back := range uint32(10) {
		fs, err := s.Excerpt(newest - 3600*back)
		if err != nil {
			t.Fatal(err)
		}
		if !fs[0].Key || fs[len(fs)-1].TS != newest-3600*back || len(fs) != int(10-back) {
			t.Errorf("%d back: %d frames, key %v", back, len(fs), fs[0].Key)
		}
	}
	for name, ts := range map[string]uint32{"between": newest - 1, "gone": newest - 3600*39, "to come": newest + 3600} {
		if fs, err := s.Excerpt(ts); !errors.Is(err, ErrNotHeld) {
			t.Errorf("%s: %d frames, %v", name, len(fs), err)
		}
	}
	if s.Viewers() != 0 {
		t.Error("an excerpt counts as a viewer")
	}
}
