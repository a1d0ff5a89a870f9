package transcode

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/ffmpeg"
)

// recorder keeps what a stream would get.
type recorder struct {
	tracks []media.Track
	units  []media.AccessUnit
	notes  []health.Condition
	counts media.Counts
}

func (r *recorder) Track(t media.Track)            { r.tracks = append(r.tracks, t) }
func (r *recorder) AccessUnit(au media.AccessUnit) { r.units = append(r.units, au) }
func (r *recorder) Count(c media.Counts)           { r.counts.Packets += c.Packets }
func (r *recorder) Notice(c health.Condition)      { r.notes = append(r.notes, c) }

// clip has FFmpeg make two seconds of moving pictures.
func clip(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: see scripts/packages-test.txt")
	}
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "2"}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
	return path
}

// run plays a source once, as it is and through the transcoder.
func run(t *testing.T, s source.Source) (plain, out *recorder) {
	t.Helper()
	plain, out = &recorder{}, &recorder{}
	if err := s.Run(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if err := (&Source{Source: s, Stream: "gate"}).Run(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	return plain, out
}

func stamps(units []media.AccessUnit) []int64 {
	set := map[int64]bool{}
	for _, au := range units {
		set[au.PTS] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// decoded counts the pictures that a decoder makes of units, and their size.
func decoded(t *testing.T, units []media.AccessUnit) (n, width, height int) {
	t.Helper()
	d, err := openDecoder(media.H264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Free()
	p, f := astiav.AllocPacket(), astiav.AllocFrame()
	defer p.Free()
	defer f.Free()
	receive := func() {
		for d.ReceiveFrame(f) == nil {
			n++
			width, height = f.Width(), f.Height()
			if f.Flags().Has(astiav.FrameFlagCorrupt) || f.PixelFormat() != astiav.PixelFormatYuv420P {
				t.Errorf("picture %d: flags %v, %v", n, f.Flags(), f.PixelFormat())
			}
			f.Unref()
		}
	}
	for _, au := range units {
		if err := p.FromData(bitstream(media.H264, au.NALUs)); err != nil {
			t.Fatal(err)
		}
		if err := d.SendPacket(p); err != nil {
			t.Errorf("decode: %v", err)
		}
		p.Unref()
		receive()
	}
	if err := d.SendPacket(nil); err != nil {
		t.Error(err)
	}
	receive()
	return n, width, height
}

func TestTranscode(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "25"}
	for _, c := range []struct {
		name, file string
		args       []string
		reason     string // "": passes untouched
	}{
		{"H.264", "a.mp4", append(x264, "-pix_fmt", "yuv420p", "-bf", "0"), ""},
		{"B-frames, MP4", "b.mp4", append(x264, "-pix_fmt", "yuv420p", "-bf", "2"), "B-frames"},
		{"B-frames, TS", "b.ts", append(x264, "-pix_fmt", "yuv420p", "-bf", "3"), "B-frames"},
		{"B-frames that nothing announces", "c.mkv", append(x264, "-pix_fmt", "yuv420p", "-bf", "2", "-bsf:v", "filter_units=remove_types=6"), "B-frames"},
		{"10 bits", "d.mp4", append(x264, "-pix_fmt", "yuv420p10le", "-bf", "0"), "10 bits"},
		{"4:4:4", "e.mp4", append(x264, "-pix_fmt", "yuv444p", "-bf", "0"), "4:4:4"},
		{"H.265", "f.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25:bframes=0", "-pix_fmt", "yuv420p"}, "H.265"},
		{"H.265, B-frames, 10 bits, TS", "g.ts", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25:bframes=3", "-pix_fmt", "yuv420p10le"}, "H.265"},
		{"Motion JPEG", "h.avi", []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj422p"}, "Motion JPEG"},
		{"MPEG-4", "i.avi", []string{"-c:v", "mpeg4", "-g", "25"}, "MPEG-4"},
		{"VP9", "j.webm", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k", "-pix_fmt", "yuv420p"}, "VP9"},
		{"AV1", "k.mp4", []string{"-c:v", "libsvtav1", "-preset", "12", "-g", "25", "-pix_fmt", "yuv420p"}, "AV1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plain, out := run(t, &ffmpeg.Source{Path: clip(t, c.file, c.args...), Once: true, AnyCodec: true})
			if c.reason == "" {
				if len(out.notes) != 0 || len(out.units) != len(plain.units) || len(out.tracks) != 1 {
					t.Fatalf("%d units of %d, notes %v", len(out.units), len(plain.units), out.notes)
				}
				return
			}
			if len(out.notes) != 1 || out.notes[0].Code != health.StreamTranscoded || !strings.Contains(out.notes[0].Text, c.reason) {
				t.Errorf("notes %v", out.notes)
			}
			last := out.tracks[len(out.tracks)-1]
			if last.Codec != media.H264 || last.Width != 320 || last.Height != 240 || last.Transport != "file" {
				t.Errorf("tracks %+v", out.tracks)
			}
			// Every picture comes, with the time that it had.
			if want, got := stamps(plain.units), stamps(out.units); !slices.Equal(got, want) {
				missing := 0
				for _, p := range want {
					if !slices.Contains(got, p) {
						missing++
					}
				}
				// What was shown before B-frames were found stays.
				if missing > 2 || len(got) > len(want) {
					t.Errorf("%d pictures of %d, %d missing:\n got %v\nwant %v", len(got), len(want), missing, got, want)
				}
			}
			keys := 0
			for i, au := range out.units {
				if i > 0 && au.PTS <= out.units[i-1].PTS {
					t.Errorf("picture %d at %d after %d", i, au.PTS, out.units[i-1].PTS)
				}
				if au.Key {
					keys++
				}
				if media.HasBSlice(au.NALUs) {
					t.Errorf("picture %d has B slices", i)
				}
			}
			if n, w, h := decoded(t, out.units); n != len(out.units) || w != 320 || h != 240 || keys < 1 || !out.units[0].Key {
				t.Errorf("%d pictures of %d are decoded as %dx%d; %d key frames", n, len(out.units), w, h, keys)
			}
		})
	}
}

// script is a source that delivers what it is told.
type script func(out source.Sink)

func (s script) Run(_ context.Context, out source.Sink) error {
	s(out)
	return nil
}

// units are those of a clip, as fast as they are read.
func units(t *testing.T, args ...string) (media.Track, []media.AccessUnit) {
	t.Helper()
	plain := &recorder{}
	if err := (&ffmpeg.Source{Path: clip(t, "x.mp4", args...), Once: true, AnyCodec: true}).Run(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	return plain.tracks[0], plain.units
}

// Damage: no picture that refers to what is missing comes out.
func TestDamage(t *testing.T) {
	track, all := units(t, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:min-keyint=10:bframes=0", "-pix_fmt", "yuv420p")
	all = all[:20]
	all[3].Damaged = true
	var whole []int64
	for i, au := range all {
		if i < 3 || i >= 10 {
			whole = append(whole, au.PTS)
		}
	}
	out := &recorder{}
	s := &Source{Stream: "gate", Source: script(func(out source.Sink) {
		out.Track(track)
		for _, au := range all {
			out.AccessUnit(au)
		}
	})}
	if err := s.Run(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := stamps(out.units); !slices.Equal(got, whole) {
		t.Errorf("pictures %v, want %v", got, whole)
	}
}

// A codec that nothing decodes is a condition, not the end of the run.
func TestUnknownCodec(t *testing.T) {
	out := &recorder{}
	s := &Source{Stream: "gate", Source: script(func(out source.Sink) {
		out.Track(media.Track{Codec: "H263-9999"})
		for i := range 3 {
			out.AccessUnit(media.AccessUnit{PTS: int64(i), Key: true, NALUs: [][]byte{{1, 2, 3}}})
		}
	})}
	if err := s.Run(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if len(out.notes) != 2 || out.notes[1].Code != health.TranscodeFailed || len(out.units) != 0 {
		t.Errorf("notes %v", out.notes)
	}
}

// both is a stream that takes sound and metadata too.
type both struct {
	recorder
	sound, documents int
}

func (b *both) AudioTrack(media.AudioTrack) { b.sound++ }
func (b *both) AudioUnit(media.AudioUnit)   { b.sound++ }
func (b *both) Metadata(media.Metadata)     { b.documents++ }

func TestAbilities(t *testing.T) {
	s := &Source{Source: script(func(out source.Sink) {
		out.Track(media.Track{Codec: media.H264})
		if a, ok := out.(source.AudioSink); ok {
			a.AudioTrack(media.AudioTrack{})
			a.AudioUnit(media.AudioUnit{})
		}
		if m, ok := out.(source.MetadataSink); ok {
			m.Metadata(media.Metadata{})
		}
		out.Count(media.Counts{Packets: 1})
	})}
	b, r := &both{}, &recorder{}
	for _, out := range []source.Sink{b, r} {
		if err := s.Run(t.Context(), out); err != nil {
			t.Fatal(err)
		}
	}
	if b.sound != 2 || b.documents != 1 || b.counts.Packets != 1 || r.counts.Packets != 1 {
		t.Errorf("got %+v, %+v", b, r)
	}
}

func TestMain(m *testing.M) {
	astiav.SetLogLevel(astiav.LogLevelFatal)
	os.Exit(m.Run())
}
