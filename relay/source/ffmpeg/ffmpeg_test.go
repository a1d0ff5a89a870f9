package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// clip is the path of a test video outside the repository.
func clip(t *testing.T, name string) string {
	t.Helper()
	shared := os.Getenv("SIGHTLINE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(shared, "testdata", "video", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("test video %s is missing: set SIGHTLINE_SHARED to the folder that holds testdata", name)
	}
	return path
}

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
func (r *recorder) Count(c media.Counts)    { r.counts.Packets += c.Packets; r.counts.Bytes += c.Bytes }
func (r *recorder) Notice(health.Condition) {}

// play runs a source in a bubble, where waiting costs no time.
func play(t *testing.T, s *Source, after int) (r *recorder, took time.Duration, err error) {
	t.Helper()
	s.Logger = slog.New(slog.DiscardHandler)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		r = &recorder{stop: cancel, after: after}
		err = s.Run(ctx, r)
		took = time.Since(start)
	})
	return r, took, err
}

func TestPlaysClipInALoop(t *testing.T) {
	path := clip(t, "car-detection.mp4")
	once, took, err := play(t, &Source{Path: path, Once: true}, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := len(once.units)
	if n < 370 || n > 380 { // 30 s at 12.5 fps
		t.Errorf("%d units", n)
	}
	if want := time.Duration(n-1) * 80 * time.Millisecond; took < want-time.Second || took > want+time.Second {
		t.Errorf("playing took %v, want %v", took, want)
	}
	if len(once.tracks) != 1 || once.tracks[0].Width != 768 || once.tracks[0].Height != 432 ||
		once.tracks[0].Transport != "file" || len(once.tracks[0].SPS) == 0 || len(once.tracks[0].PPS) == 0 {
		t.Errorf("tracks %+v", once.tracks)
	}
	if int(once.counts.Packets) != n {
		t.Errorf("counted %d packets of %d", once.counts.Packets, n)
	}

	looped, _, err := play(t, &Source{Path: path}, 2*n+10)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(looped.tracks) != 1 {
		t.Errorf("%d tracks announced", len(looped.tracks))
	}
	last := int64(-1)
	for i, au := range looped.units {
		if i > 0 && (au.PTS-last < 7000 || au.PTS-last > 7400) {
			t.Errorf("unit %d: PTS %d after %d", i, au.PTS, last)
		}
		last = au.PTS
		ref := once.units[i%n]
		if au.Key != ref.Key || au.Key != media.IsKey(au.NALUs) || au.Size() != ref.Size() {
			t.Fatalf("unit %d: key %v size %d, first pass key %v size %d", i, au.Key, au.Size(), ref.Key, ref.Size())
		}
		if au.Key && (media.NALUType(au.NALUs[0]) != 7 || media.NALUType(au.NALUs[1]) != 8) {
			t.Errorf("unit %d: key frame without parameter sets in front", i)
		}
	}
}

func TestFailuresAreSorted(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	garbage := bytes.Repeat([]byte("this is no video; \x00\x01\x02"), 5000)
	for name, c := range map[string]struct {
		path string
		code health.Code
	}{
		"missing":  {filepath.Join(dir, "missing.mp4"), health.SourceFileMissing},
		"folder":   {dir, health.SourceNotMedia},
		"empty":    {write("empty.mp4", nil), health.SourceNotMedia},
		"garbage":  {write("garbage.mp4", garbage), health.SourceNotMedia},
		"text":     {write("text.txt", []byte(strings.Repeat("hello\n", 100))), health.SourceNotMedia},
		"playlist": {write("list.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n")), health.SourceNotMedia},
		"protocol": {"concat:/etc/passwd", health.SourceFileMissing},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := play(t, &Source{Path: c.path}, 0)
			f := source.Sorted(err)
			if f.Condition.Code != c.code || f.Class != source.NeedsPerson {
				t.Errorf("got %s (%v), class %d", f.Condition.Code, err, f.Class)
			}
			if !strings.Contains(f.Condition.Text, c.path) {
				t.Errorf("text %q does not name the file", f.Condition.Text)
			}
		})
	}
	t.Run("b-frames", func(t *testing.T) {
		r, _, err := play(t, &Source{Path: clip(t, "one-by-one-person-detection.mp4")}, 0)
		f := source.Sorted(err)
		if f.Condition.Code != health.SourceBFrames || f.Class != source.NeedsPerson {
			t.Errorf("got %v", err)
		}
		if len(r.units) != 0 {
			t.Errorf("%d units shown before", len(r.units))
		}
	})
}
