package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"sightline/relay/media"
)

// The stream that all figures of the relay are about: 1280x720, 30 frames and
// 3 Mbit a second, a key frame every 2 s, no B-frames.
const (
	clipFPS   = 30
	clipTicks = media.ClockRate / clipFPS
)

// clip is that stream as a file, and as what is in it.
type clip struct {
	mp4   string
	units []media.AccessUnit // PTS from 0 in steps of clipTicks
	bits  float64            // per second
}

// makeClip encodes the clip where the cache does not hold it yet: a moving
// test picture with enough noise to use its bit rate up.
func makeClip(ctx context.Context, o *options) (*clip, error) {
	raw, mp4 := filepath.Join(o.cache, "720p30-3m.h264"), filepath.Join(o.cache, "720p30-3m.mp4")
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return nil, err
	}
	steps := []struct {
		file string
		args []string
	}{
		{raw, []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=1280x720:rate=%d,noise=alls=8:allf=t", clipFPS),
			"-t", "20", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p",
			"-b:v", "3M", "-minrate", "3M", "-maxrate", "3M", "-bufsize", "1500k",
			"-g", fmt.Sprint(2 * clipFPS), "-keyint_min", fmt.Sprint(2 * clipFPS), "-sc_threshold", "0", "-bf", "0", "-f", "h264"}},
		{mp4, []string{"-r", fmt.Sprint(clipFPS), "-f", "h264", "-i", raw, "-c", "copy", "-f", "mp4"}},
	}
	for _, s := range steps {
		if _, err := os.Stat(s.file); err == nil {
			continue
		}
		part := s.file + ".part"
		args := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y"}, s.args...)
		if out, err := exec.CommandContext(ctx, "ffmpeg", append(args, part)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ffmpeg makes %s: %w\n%s", s.file, err, out)
		}
		if err := os.Rename(part, s.file); err != nil {
			return nil, err
		}
	}
	units, err := readUnits(raw)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, u := range units {
		size += u.Size()
	}
	mp4, err = filepath.Abs(mp4)
	return &clip{mp4: mp4, units: units, bits: float64(size) * 8 * clipFPS / float64(len(units))}, err
}

// readUnits cuts a byte stream (H.264 annex B) of one slice a picture or more
// into access units: one ends where another first slice, or what comes before
// it, begins (H.264 section 7.4.1.2.3).
func readUnits(file string) ([]media.AccessUnit, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var units []media.AccessUnit
	coded := true // the newest unit has its picture
	for part := range bytes.SplitSeq(b, []byte{0, 0, 1}) {
		nalu := bytes.TrimRight(part, "\x00")
		if len(nalu) < 2 {
			continue
		}
		kind := nalu[0] & 0x1f
		slice := kind == 1 || kind == 5
		first := slice && nalu[1]&0x80 != 0 // first_mb_in_slice is 0
		if coded && (!slice || first) {
			units = append(units, media.AccessUnit{PTS: int64(len(units)) * clipTicks})
			coded = false
		}
		u := &units[len(units)-1]
		u.NALUs = append(u.NALUs, nalu)
		u.Key = u.Key || kind == 5
		coded = coded || slice
	}
	if len(units) < 2*clipFPS || !units[0].Key {
		return nil, fmt.Errorf("%s: %d pictures found; delete it to have it made anew", file, len(units))
	}
	return units, nil
}
