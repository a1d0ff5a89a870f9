package ffmpeg

import (
	"context"
	"testing"
	"time"

	"sightline/relay/media"
)

// listener is a sink that takes sound.
type listener struct {
	recorder
	sound []media.AudioTrack
	heard []media.AudioUnit
}

func (l *listener) AudioTrack(t media.AudioTrack) { l.sound = append(l.sound, t) }
func (l *listener) AudioUnit(u media.AudioUnit)   { l.heard = append(l.heard, u) }

func TestSound(t *testing.T) {
	video := []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"}
	for _, c := range []struct {
		name     string
		args     []string
		codec    media.Codec
		rate     int
		channels int
		step     int64 // ticks from unit to unit, 0 where they differ
	}{
		{"aac.mp4", []string{"-c:a", "aac"}, media.AAC, 44100, 1, 1024},
		{"aac.flv", []string{"-c:a", "aac"}, media.AAC, 44100, 1, 0},
		{"aac.ts", []string{"-c:a", "aac", "-ar", "48000", "-ac", "2"}, media.AAC, 48000, 2, 1024},
		{"opus.mkv", []string{"-c:a", "libopus"}, media.Opus, 48000, 2, 960},
		{"pcma.mkv", []string{"-c:a", "pcm_alaw", "-ar", "8000"}, media.PCMA, 8000, 1, 0},
		{"pcmu.flv", []string{"-c:a", "pcm_mulaw", "-ar", "8000"}, media.PCMU, 8000, 1, 0},
		{"mp2.ts", []string{"-c:a", "mp2"}, "", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := &listener{}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := (&Source{Path: made(t, c.name, append(c.args, video...)...), Once: true}).Run(ctx, l); err != nil {
				t.Fatal(err)
			}
			if c.codec == "" {
				if len(l.sound) != 0 || len(l.heard) != 0 {
					t.Errorf("%+v", l.sound)
				}
				return
			}
			if len(l.sound) != 1 || l.sound[0].Codec != c.codec || l.sound[0].ClockRate != c.rate || l.sound[0].Channels != c.channels ||
				(c.codec == media.AAC) != (len(l.sound[0].Config) >= 2) {
				t.Fatalf("%+v", l.sound)
			}
			first, last := l.heard[0], l.heard[len(l.heard)-1]
			if d := time.Duration(last.PTS-first.PTS) * time.Second / time.Duration(c.rate); d < 1500*time.Millisecond || d > 2100*time.Millisecond {
				t.Errorf("%d units over %v", len(l.heard), d)
			}
			for i := 1; i < len(l.heard); i++ {
				// Container times are rounded to milliseconds in some.
				if d := l.heard[i].PTS - l.heard[i-1].PTS; c.step > 0 && (d < c.step-50 || d > c.step+50) || d <= 0 {
					t.Errorf("unit %d: %d ticks after the one before", i, d)
				}
			}
			if len(l.heard[0].Data) > 1 && c.codec == media.AAC && l.heard[0].Data[0] == 0xff && l.heard[0].Data[1]&0xf0 == 0xf0 {
				t.Error("an AAC frame has an ADTS header")
			}
		})
	}
}
