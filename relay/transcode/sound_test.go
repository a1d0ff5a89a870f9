package transcode

import (
	"errors"
	"math"
	"testing"

	"github.com/asticode/go-astiav"

	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/ffmpeg"
)

// listener is a stream that takes sound.
type listener struct {
	recorder
	sound []media.AudioTrack
	heard []media.AudioUnit
}

func (l *listener) AudioTrack(t media.AudioTrack) { l.sound = append(l.sound, t) }
func (l *listener) AudioUnit(u media.AudioUnit)   { l.heard = append(l.heard, u) }

// samples decodes Opus units, one after the other.
func samples(t *testing.T, units []media.AudioUnit) []float64 {
	t.Helper()
	codec := astiav.FindDecoderByName("libopus")
	d := astiav.AllocCodecContext(codec)
	defer d.Free()
	d.SetSampleRate(opusRate)
	d.SetChannelLayout(astiav.ChannelLayoutMono)
	if err := d.Open(codec, nil); err != nil {
		t.Fatal(err)
	}
	p, f := astiav.AllocPacket(), astiav.AllocFrame()
	defer p.Free()
	defer f.Free()
	var out []float64
	for _, u := range units {
		if err := errors.Join(p.FromData(u.Data), d.SendPacket(p)); err != nil {
			t.Fatal(err)
		}
		p.Unref()
		for d.ReceiveFrame(f) == nil {
			b, err := f.Data().Bytes(1)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(b); i += 2 * f.ChannelLayout().Channels() {
				out = append(out, float64(int16(uint16(b[i])|uint16(b[i+1])<<8)))
			}
			f.Unref()
		}
	}
	return out
}

// tone is the frequency of a tone, by its crossings of zero.
func tone(s []float64) float64 {
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i-1] < 0 && s[i] >= 0 {
			n++
		}
	}
	return float64(n) * opusRate / float64(len(s))
}

// What was a tone in AAC or G.711 is that tone in Opus, at the same time.
func TestSound(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{
		{"a.mp4", []string{"-c:a", "aac", "-ar", "44100"}},
		{"b.ts", []string{"-c:a", "aac", "-ar", "48000", "-ac", "2"}},
		{"c.mkv", []string{"-c:a", "pcm_alaw", "-ar", "8000"}},
		{"d.flv", []string{"-c:a", "pcm_mulaw", "-ar", "8000"}},
		{"e.mkv", []string{"-c:a", "libopus"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := clip(t, c.name, append([]string{"-f", "lavfi", "-i", "sine=frequency=440", "-t", "2",
				"-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p"}, c.args...)...)
			plain, out := &listener{}, &listener{}
			s := &ffmpeg.Source{Path: path, Once: true, AnyCodec: true}
			if err := s.Run(t.Context(), plain); err != nil {
				t.Fatal(err)
			}
			if err := (&Source{Source: s}).Run(t.Context(), out); err != nil {
				t.Fatal(err)
			}
			if len(out.sound) != 1 || out.sound[0].Codec != media.Opus || out.sound[0].ClockRate != opusRate || out.sound[0].Channels != 2 {
				t.Fatalf("%+v", out.sound)
			}
			if n := len(out.heard); n < 85 || n > 110 {
				t.Errorf("%d units of 20 ms for 2 s", n)
			}
			for i := 1; i < len(out.heard); i++ {
				if d := out.heard[i].PTS - out.heard[i-1].PTS; d < opusFrame-50 || d > opusFrame+50 || out.heard[i].Lost {
					t.Errorf("unit %d: %d ticks after the one before, lost %v", i, d, out.heard[i].Lost)
				}
			}
			first := float64(plain.heard[0].PTS) / float64(plain.sound[0].ClockRate)
			if d := float64(out.heard[0].PTS)/opusRate - first; math.Abs(d) > 0.002 {
				t.Errorf("sound begins %v s off", d)
			}
			if f := tone(samples(t, out.heard)[opusRate/4:]); f < 430 || f > 450 {
				t.Errorf("the tone has %v Hz", f)
			}
		})
	}
}

// A gap in the sound stays one, and is told.
func TestSoundGap(t *testing.T) {
	out := &listener{}
	s := &Source{Source: script(func(s source.Sink) {
		a := s.(source.AudioSink)
		a.AudioTrack(media.AudioTrack{Codec: media.PCMA, ClockRate: 8000, Channels: 1})
		for i := range int64(100) {
			pts := i * 160
			if i >= 50 {
				pts += 8000
			}
			a.AudioUnit(media.AudioUnit{PTS: pts, Data: make([]byte, 160)})
		}
	})}
	if err := s.Run(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	gaps := 0
	for i := 1; i < len(out.heard); i++ {
		d := out.heard[i].PTS - out.heard[i-1].PTS
		if out.heard[i].Lost != (d != opusFrame) {
			t.Errorf("unit %d: %d ticks, lost %v", i, d, out.heard[i].Lost)
		}
		if d != opusFrame {
			gaps++
		}
	}
	if gaps != 1 || len(out.heard) < 96 {
		t.Errorf("%d gaps, %d units", gaps, len(out.heard))
	}
}
