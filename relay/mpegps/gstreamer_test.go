package mpegps_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sightline/relay/mpegps"
	"sightline/testkit/camera"
)

// launch puts a film into a program stream.
const launch = `
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
p = Gst.parse_launch("filesrc name=in ! qtdemux ! h264parse config-interval=-1 ! "
    "video/x-h264,stream-format=byte-stream,alignment=au ! mpegpsmux ! filesink name=out")
p.get_by_name("in").set_property("location", sys.argv[1])
p.get_by_name("out").set_property("location", sys.argv[2])
p.set_state(Gst.State.PLAYING)
m = p.get_bus().timed_pop_filtered(60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
p.set_state(Gst.State.NULL)
sys.exit(0 if m and m.type == Gst.MessageType.EOS else str(m and m.parse_error()))
`

// pictures decodes H.264 with FFmpeg and gives a sum of each picture.
func pictures(t *testing.T, args ...string) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, args...), "-map", "0:v", "-vsync", "passthrough", "-f", "framemd5", "-")...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("ffmpeg: %v: %s", err, stderr.String())
	}
	var sums []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(line, ","); len(f) == 6 && line[0] != '#' {
			sums = append(sums, strings.TrimSpace(f[5]))
		}
	}
	return sums
}

// What GStreamer's mpegpsmux writes is taken apart: every picture of the film
// decodes to what the film itself decodes to.
func TestGStreamerStream(t *testing.T) {
	film := camera.Video(t, "car-detection.mp4")
	dir := t.TempDir()
	ps := filepath.Join(dir, "film.ps")
	// As the test camera does: Debian's Python, which has GStreamer's bindings.
	out, err := exec.Command("/usr/bin/python3", "-c", launch, film, ps).CombinedOutput()
	if err != nil {
		t.Fatalf("GStreamer (gstreamer1.0-plugins-bad, python3-gi): %v: %s", err, out)
	}
	raw, err := os.ReadFile(ps)
	if err != nil {
		t.Fatal(err)
	}
	var es bytes.Buffer
	frames, last := 0, int64(-1)
	d := mpegps.Demuxer{OnFrame: func(f *mpegps.Frame) {
		if f.Damaged || f.Codec != mpegps.H264 || f.HasPTS && f.PTS <= last {
			t.Errorf("frame %d: %q at %d after %d, damaged %v", frames, f.Codec, f.PTS, last, f.Damaged)
		}
		last = f.PTS
		frames++
		es.Write(f.Data)
	}}
	for p := raw; len(p) > 0; {
		n := min(1400, len(p))
		d.Write(p[:n])
		p = p[n:]
	}
	d.Flush()
	h264 := filepath.Join(dir, "film.h264")
	if err := os.WriteFile(h264, es.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want, got := pictures(t, "-i", film), pictures(t, "-f", "h264", "-i", h264)
	if len(want) == 0 || fmt.Sprint(want) != fmt.Sprint(got) || frames != len(want) {
		t.Errorf("%d frames, %d pictures, want %d", frames, len(got), len(want))
	}
	t.Logf("%d pictures of %d bytes in %d packs, %d resyncs", frames, len(raw), d.Packs, d.Resyncs)
}
