package hub

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/media"
)

func TestSoundIsHeardOnTheStreamClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Status(Connecting, time.Time{}, nil)
		s.Track(media.Track{Codec: media.H264})
		l := s.Listen()
		s.AudioUnit(media.AudioUnit{}) // before its track: nobody could play it
		s.AudioTrack(media.AudioTrack{Codec: media.PCMA, ClockRate: 8000, Channels: 1})
		s.AudioUnit(media.AudioUnit{PTS: 1})
		au := unit(0, true, 100)
		wall := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		au.Captured = wall
		s.AccessUnit(au)
		s.AudioUnit(media.AudioUnit{PTS: 2, Captured: wall.Add(20 * time.Millisecond), Received: time.Now().Add(time.Second), Lost: true})
		s.AudioUnit(media.AudioUnit{PTS: 3, Received: time.Now().Add(40 * time.Millisecond)})
		base := s.Info().Latest.RTP
		for i, want := range []struct {
			pts   int64
			timed bool
			ts    uint32
		}{{1, false, 0}, {2, true, base + 1800}, {3, true, base + 3600}} {
			h, err := l.Next(t.Context())
			if err != nil || h.PTS != want.pts || h.Timed != want.timed || h.TS != want.ts || h.Track.Codec != media.PCMA {
				t.Errorf("unit %d: %+v, %v; want %+v", i, h, err, want)
			}
		}
		for n := range 3 * listenerQueue { // nobody listens meanwhile
			s.AudioUnit(media.AudioUnit{PTS: int64(n)})
		}
		if h, _ := l.Next(t.Context()); h.PTS != 2*listenerQueue {
			t.Errorf("a late listener goes on at %d", h.PTS)
		}
		a := s.Info().Audio
		if a == nil || a.Codec != "PCMA" || a.Units != 4+3*listenerQueue || a.Lost != 1 {
			t.Errorf("%+v", a)
		}
		l.Close()
		l.Close()
		for range listenerQueue + 1 {
			if _, err := l.Next(t.Context()); err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				return
			}
		}
		t.Error("a closed listener still hears")
	})
}

func TestMetadataIsKept(t *testing.T) {
	s := New(Config{Name: "gate"})
	if _, ok := s.LatestMetadata(); ok || s.Info().Metadata != nil {
		t.Error("metadata before any came")
	}
	s.Metadata(media.Metadata{Document: []byte("<a/>"), Received: time.Unix(1, 0)})
	s.Metadata(media.Metadata{Document: []byte("<bc/>"), Received: time.Unix(2, 0)})
	m, ok := s.LatestMetadata()
	if i := s.Info().Metadata; !ok || string(m.Document) != "<bc/>" || i == nil || i.Documents != 2 || i.Bytes != 9 || !i.Latest.Equal(time.Unix(2, 0)) {
		t.Errorf("%q, %+v", m.Document, i)
	}
}
