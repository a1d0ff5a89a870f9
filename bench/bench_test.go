package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/media"
	"sightline/relay/rtsp"
)

func TestStamp(t *testing.T) {
	at := time.Unix(0, 1_767_323_045_123_456_789)
	nalu := stamped(at)
	if nalu[0]&0x1f != 6 || int(nalu[2]) != len(nalu)-4 {
		t.Errorf("no SEI message with its size: % x", nalu)
	}
	if bytes.Contains(nalu, []byte{0, 0}) {
		t.Errorf("needs emulation prevention: % x", nalu)
	}
	got, ok := readStamp(append([]byte{24, 0, 36}, nalu...))
	if !ok || !got.Equal(at) {
		t.Errorf("read %v, %v; want %v", got, ok, at)
	}
	for _, b := range []string{"", stampMark, stampMark + "123", stampMark + "----------------"} {
		if _, ok := readStamp([]byte(b)); ok {
			t.Errorf("a time was read from %q", b)
		}
	}
}

// A byte stream with parameter sets, and a picture of two slices.
var annexB = []byte("\x00\x00\x00\x01\x67sps\x00\x00\x01\x68pps\x00\x00\x01\x65\x88key" +
	"\x00\x00\x00\x01\x41\x9aone\x00\x00\x01\x41\x22two\x00\x00\x00\x01\x41\x9athree")

func TestReadUnits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clip.h264")
	if err := os.WriteFile(file, bytes.Repeat(annexB, clipFPS), 0o600); err != nil {
		t.Fatal(err)
	}
	units, err := readUnits(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(units) != 3*clipFPS {
		t.Fatalf("%d units, want %d", len(units), 3*clipFPS)
	}
	for i, u := range units {
		want := []int{3, 2, 1}[i%3]
		if len(u.NALUs) != want || u.Key != (i%3 == 0) || u.PTS != int64(i)*clipTicks {
			t.Errorf("unit %d: %d NAL units, key %v, PTS %d", i, len(u.NALUs), u.Key, u.PTS)
		}
	}
	if err := os.WriteFile(file, []byte("no video"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readUnits(file); err == nil {
		t.Error("a file without video is taken")
	}
}

func TestPictureCarriesItsStamp(t *testing.T) {
	at := time.Unix(0, 42)
	slice := append([]byte{0x65, 0x88}, make([]byte, 5*media.MaxPayload)...)
	b, err := appendPicture(nil, &rtp.Header{Version: 2}, [][]byte{[]byte("\x67sps"), []byte("\x68pps"), slice}, at)
	if err != nil {
		t.Fatal(err)
	}
	in := rtsp.NewReader(bytes.NewReader(b))
	stamps, markers := 0, 0
	for {
		m, err := in.Next()
		if err != nil {
			break
		}
		var p rtp.Packet
		if err := p.Unmarshal(m.(*rtsp.Frame).Payload); err != nil {
			t.Fatal(err)
		}
		if got, ok := readStamp(p.Payload); ok && got.Equal(at) {
			stamps++
		}
		if p.Marker {
			markers++
		}
	}
	if stamps != 1 || markers != 1 {
		t.Errorf("%d stamps and %d markers, want one each", stamps, markers)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
	}
	after, err := cpuTime(os.Getpid())
	if err != nil || after < before {
		t.Errorf("CPU time %v after %v, %v", after, before, err)
	}
	if rss, err := residentBytes(os.Getpid()); err != nil || rss < 1<<20 {
		t.Errorf("%d bytes resident, %v", rss, err)
	}
}

func TestSpread(t *testing.T) {
	var samples []float64
	for i := range 100 {
		samples = append(samples, float64(99-i))
	}
	if got, want := spreadOf(samples), (spread{100, 50, 90, 95, 99, 99}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{1, 2}); m != 1.5 {
		t.Errorf("median of two: %v", m)
	}
}

func TestRefusesWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-run", "("}, {"-window", "1ms"}, {"relay"}, {"-rounds", "0"}, {"-relay", "/does/not/exist"}, {"-nonsense"}} {
		if code := run(context.Background(), args); code != 2 {
			t.Errorf("%v: exit status %d, want 2", args, code)
		}
	}
}

func TestParseBenchmarks(t *testing.T) {
	got := parseBenchmarks("goos: linux\nBenchmarkRate-2 \t 10\t 3755 bare-cpu-us\t 0.95 ratio\nBenchmarkStreams/1x768x432@10-2  8  4.5 cpu%/stream\nPASS\nBenchmarkBroken\n")
	if len(got) != 2 || got[0].Name != "Rate" || got[0].Figures["ratio"] != 0.95 || got[1].Name != "Streams/1x768x432@10" || got[1].Figures["cpu%/stream"] != 4.5 {
		t.Errorf("%+v", got)
	}
}
