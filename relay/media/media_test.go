package media

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parameter sets as cameras and encoders make them.
var spsTable = []struct {
	name, hex     string
	width, height int
	profile       string
	fps           float64
}{
	{"Baseline 768x432 12.5 fps", "6742801696540601bd350606064000000300400000066101", 768, 432, "Baseline 2.2", 12.5},
	{"Main 768x432 10 fps", "674d401f965281806f4d418181900000030010000003014840", 768, 432, "Main 3.1", 10},
	{"Constrained Baseline 640x360, no VUI", "6742c01ed900a02ff970", 640, 360, "Constrained Baseline 3.0", 0},
	{"High 1920x1080 cropped from 1088", "67640028acd940780227e5c05a808080a0000003002000000651e30632c0", 1920, 1080, "High 4.0", 25},
}

func TestParseSPS(t *testing.T) {
	for _, c := range spsTable {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseSPS(unhex(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if s.Width != c.width || s.Height != c.height || s.Profile() != c.profile || s.FrameRate != c.fps {
				t.Errorf("got %dx%d %s %g fps", s.Width, s.Height, s.Profile(), s.FrameRate)
			}
			for n := range len(c.hex)/2 - 6 {
				_, _ = ParseSPS(unhex(t, c.hex)[:n]) // must not panic
			}
		})
	}
	for _, bad := range []string{"", "67", "68ce3880", "67ff", "6742001f00000000"} {
		if s, err := ParseSPS(unhex(t, bad)); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}

func FuzzParseSPS(f *testing.F) {
	for _, c := range spsTable {
		f.Add(unhex(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseSPS(b); err == nil && (s.Width <= 0 || s.Height <= 0) {
			t.Errorf("size %dx%d without an error", s.Width, s.Height)
		}
		HasBSlice([][]byte{b})
	})
}

func TestPacketize(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for trial := range 200 {
		var nalus [][]byte
		for range 1 + rnd.IntN(6) {
			n := make([]byte, 1+rnd.IntN([]int{20, 1300, 9000}[rnd.IntN(3)]))
			for i := range n {
				n[i] = byte(rnd.Uint32())
			}
			n[0] = 0x61
			if len(n) > 1 {
				n[1] |= 0x80 // first_mb_in_slice 0
			}
			nalus = append(nalus, n)
		}
		var d Depacketizer
		var got []AccessUnit
		payloads := Packetize(nalus)
		for i, p := range payloads {
			if len(p) > MaxPayload {
				t.Fatalf("a payload of %d bytes", len(p))
			}
			got = append(got, d.Push(&rtp.Packet{
				Header:  rtp.Header{Timestamp: 1, SequenceNumber: uint16(i), Marker: i == len(payloads)-1},
				Payload: p}, false, time.Now())...)
		}
		if len(got) != 1 || !bytes.Equal(bytes.Join(got[0].NALUs, []byte{0xff}), bytes.Join(nalus, []byte{0xff})) {
			t.Fatalf("trial %d: %d NAL units do not come back", trial, len(nalus))
		}
	}
}

func TestPacketizeSplitsEvenly(t *testing.T) {
	ps := Packetize([][]byte{bytes.Repeat([]byte{0x65}, 3*MaxPayload)})
	if n := len(ps); n != 4 || len(ps[0])-len(ps[n-1]) > 8 {
		t.Errorf("%d packets, first %d and last %d bytes", n, len(ps[0]), len(ps[n-1]))
	}
}

func TestParameterSets(t *testing.T) {
	sps, pps, idr := unhex(t, spsTable[0].hex), []byte{0x68, 0xce, 0x38, 0x80}, []byte{0x65, 0x88}
	kinds := func(nalus [][]byte) (out []int) {
		for _, n := range nalus {
			out = append(out, NALUType(n))
		}
		return out
	}
	var p ParameterSets
	au := AccessUnit{Key: true, NALUs: [][]byte{idr}}
	if _, ok := p.Apply(&au); ok {
		t.Error("a key frame without parameter sets counts as decodable")
	}
	p.Learn(sps, pps)
	for _, c := range []struct {
		name string
		in   [][]byte
		want []int
	}{
		{"none", [][]byte{{9, 0x10}, idr}, []int{7, 8, 5}},
		{"all", [][]byte{sps, pps, idr}, []int{7, 8, 5}},
		{"SPS only", [][]byte{sps, {6, 1}, idr}, []int{7, 8, 6, 5}},
		{"PPS only", [][]byte{pps, idr}, []int{7, 8, 5}},
		{"filler", [][]byte{sps, pps, idr, {12, 0xff}, {}}, []int{7, 8, 5}},
	} {
		au := AccessUnit{Key: true, NALUs: c.in}
		if _, ok := p.Apply(&au); !ok {
			t.Errorf("%s: not decodable", c.name)
		}
		if got := kinds(au.NALUs); !bytes.Equal(intBytes(got), intBytes(c.want)) {
			t.Errorf("%s: NAL units %v, want %v", c.name, got, c.want)
		}
	}
	au = AccessUnit{Key: true, NALUs: [][]byte{unhex(t, spsTable[1].hex), pps, idr}}
	if changed, _ := p.Apply(&au); !changed {
		t.Error("a new SPS is not noticed")
	}
}

func intBytes(v []int) (b []byte) {
	for _, i := range v {
		b = append(b, byte(i))
	}
	return b
}

func TestHasBSlice(t *testing.T) {
	// first_mb_in_slice 0 is one bit "1"; slice_type follows as ue(v).
	for _, c := range []struct {
		slice byte
		b     bool
	}{{0b1_1_000000, false} /* P */, {0b1_010_0000, true} /* B */, {0b1_011_0000, false} /* I */, {0b1_00110_00, false} /* P, 5 */, {0b1_00111_00, true} /* B, 6 */} {
		if got := HasBSlice([][]byte{{0x41, c.slice, 0}}); got != c.b {
			t.Errorf("slice header %08b: B %v", c.slice, got)
		}
	}
}

func TestClock(t *testing.T) {
	t0 := time.Unix(1000, 0)
	at := func(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }
	c := NewClock(5000)
	steps := []struct {
		name      string
		restart   bool
		pts, want int64
		ms        int
		jumps     uint64
	}{
		{"first", false, 100, 5000, 0, 0},
		{"second", false, 3700, 8600, 40, 0},
		{"variable rate is kept", false, 12700, 17600, 140, 0},
		{"a burst keeps its distances", false, 16300, 21200, 140, 0},
		{"time goes back", false, 50, 24800, 180, 1},
		{"and goes on from there", false, 3650, 28400, 220, 1},
		{"a leap of an hour", false, 3600 * ClockRate, 32000, 260, 2},
		{"a new run after 10 s", true, 7, 32000 + 10*ClockRate, 10260, 2},
		{"which goes on", false, 3607, 35600 + 10*ClockRate, 10300, 2},
	}
	for _, s := range steps {
		if s.restart {
			c.Restart()
		}
		if got := c.Map(s.pts, at(s.ms)); got != s.want || c.Jumps != s.jumps {
			t.Errorf("%s: %d with %d jumps, want %d with %d", s.name, got, c.Jumps, s.want, s.jumps)
		}
	}
}
