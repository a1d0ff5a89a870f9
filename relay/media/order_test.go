package media

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

// encoded makes pictures with x264, in decoding order, with the times at which
// they are shown, in ticks.
func encoded(t *testing.T, args ...string) (units [][][]byte, shown []int64) {
	t.Helper()
	file := t.TempDir() + "/v.mkv"
	args = append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc=size=192x128:rate=25:duration=8", "-c:v", "libx264"}, args...)
	if out, err := exec.Command("ffmpeg", append(args, file)...).CombinedOutput(); err != nil {
		t.Fatalf("needs ffmpeg with libx264: %v\n%s", err, out)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-show_packets", "-of", "json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var probe struct {
		Packets []struct {
			PTS string `json:"pts_time"`
		}
	}
	if err := json.Unmarshal(out, &probe); err != nil {
		t.Fatal(err)
	}
	for _, p := range probe.Packets {
		s, err := strconv.ParseFloat(p.PTS, 64)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, int64(s*ClockRate+0.5))
	}
	es, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range SplitAnnexB(es) {
		if NALUType(n) == naluAUD {
			units = append(units, nil)
			continue
		}
		units[len(units)-1] = append(units[len(units)-1], bytes.Clone(n))
	}
	if len(units) != len(shown) {
		t.Fatalf("%d units, %d times", len(units), len(shown))
	}
	return units, shown
}

// A source that stamps B-frames in the order of decoding gets the order of the
// show back; one that stamps them right is left alone.
func TestBFrameOrder(t *testing.T) {
	units, shown := encoded(t, "-bf", "2", "-b_strategy", "0", "-g", "25")
	sorted := slices.Sorted(slices.Values(shown))
	for _, wrong := range []bool{false, true} {
		var r Repairer
		var sps SPSInfo
		var off []int64
		for i, nalus := range units {
			for _, n := range nalus {
				if info, err := ParseSPS(n); err == nil {
					sps = info
				}
			}
			if HasBSlice(nalus) || i > 4 {
				r.Reorder(true, sps.Order)
			}
			stamp := shown[i]
			if wrong {
				stamp = sorted[i]
			}
			at := time.Unix(0, 0).Add(time.Duration(i) * 40 * time.Millisecond)
			for _, au := range r.Push(AccessUnit{PTS: stamp, NALUs: nalus, Received: at}) {
				if i >= 50 { // two groups of pictures show what is wrong
					off = append(off, au.PTS-shown[i])
				}
			}
		}
		if len(off) != len(units)-50 {
			t.Fatalf("wrong stamps %v: %d pictures of %d", wrong, len(off), len(units)-50)
		}
		least, most := slices.Min(off), slices.Max(off)
		t.Logf("stamps in decoding order %v: off by %d to %d ticks, repairs %v", wrong, least, most, r.Counts.Kinds())
		if most-least > 2*ms || !wrong && (most != 0 || len(r.Counts.Kinds()) > 0) || wrong && r.Counts.Reordered == 0 {
			t.Errorf("stamps in decoding order %v: off by %d to %d ticks", wrong, least, most)
		}
	}
}
