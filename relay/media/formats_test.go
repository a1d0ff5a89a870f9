package media

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// NAL units of H.265: two bytes of header, then first_slice_segment_in_pic_flag.
var (
	hVPS  = []byte{0x40, 0x01, 0x0c, 0x01}
	hSPS  = []byte{0x42, 0x01, 0x01, 0x01, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59}
	hPPS  = []byte{0x44, 0x01, 0xc1, 0x72}
	hIDR  = []byte{0x26, 0x01, 0xaf, 0x01} // IDR_W_RADL
	hCRA  = []byte{0x2a, 0x01, 0xaf, 0x01}
	hRASL = []byte{0x10, 0x01, 0xd0, 0x01}
	hP    = []byte{0x02, 0x01, 0xd0, 0x01}
	hP2   = []byte{0x02, 0x01, 0x50, 0x01} // not the first segment
)

func hAP(nalus ...[]byte) []byte {
	b := []byte{0x60, 0x01}
	for _, n := range nalus {
		b = binary.BigEndian.AppendUint16(b, uint16(len(n)))
		b = append(b, n...)
	}
	return b
}

// hFU gives part i of n of a NAL unit.
func hFU(nalu []byte, i, n int) []byte {
	body := nalu[2:]
	b := []byte{nalu[0]&0x81 | 49<<1, nalu[1], nalu[0] >> 1 & 0x3f}
	if i == 0 {
		b[2] |= 0x80
	}
	if i == n-1 {
		b[2] |= 0x40
	}
	return append(b, body[len(body)*i/n:len(body)*(i+1)/n]...)
}

var h265Cases = []struct {
	name    string
	learn   [][]byte
	don     bool
	packets []testPacket
	want    string // PTS, K for key, D for damaged, NAL unit types
}{
	{"single NAL units", nil, false, []testPacket{{ts: 1, payload: hVPS}, {ts: 1, payload: hSPS}, {ts: 1, payload: hPPS}, {ts: 1, payload: hIDR, marker: true},
		{ts: 2, payload: hP}, {ts: 2, payload: hP2, marker: true}}, "1K 32 33 34 19, 2 1 1"},
	{"aggregation and fragments", nil, false, []testPacket{{ts: 1, payload: hAP(hVPS, hSPS, hPPS)}, {ts: 1, payload: hFU(hIDR, 0, 2)},
		{ts: 1, payload: hFU(hIDR, 1, 2), marker: true}}, "1K 32 33 34 19"},
	{"sets from the description only", [][]byte{hVPS, hSPS, hPPS}, false, []testPacket{{ts: 1, payload: hIDR, marker: true}}, "1K 32 33 34 19"},
	{"a VPS is missing", [][]byte{hSPS, hPPS}, false, []testPacket{{ts: 1, payload: hIDR, marker: true}}, "1KD 19"},
	{"pictures that a join spoils", [][]byte{hVPS, hSPS, hPPS}, false, []testPacket{{ts: 1, payload: hCRA, marker: true}, {ts: 2, payload: hRASL, marker: true},
		{ts: 3, payload: hP, marker: true}, {ts: 4, payload: hCRA, marker: true}, {ts: 5, payload: hRASL, marker: true}}, "1K 32 33 34 21, 3 1, 4K 32 33 34 21, 5 8"},
	{"loss of a fragment", [][]byte{hVPS, hSPS, hPPS}, false, []testPacket{{ts: 1, payload: hIDR, marker: true}, {ts: 2, payload: hFU(hP, 0, 2)},
		{ts: 3, payload: hP, marker: true, lost: true}, {ts: 4, payload: hIDR, marker: true}}, "1K 32 33 34 19, 3D 1, 4K 32 33 34 19"},
	{"decoding order numbers", [][]byte{hVPS, hSPS, hPPS}, true, []testPacket{{ts: 1, payload: append([]byte{0x26, 0x01, 0, 7}, hIDR[2:]...), marker: true}}, "1K 32 33 34 19"},
	{"PACI is not read", [][]byte{hVPS, hSPS, hPPS}, false, []testPacket{{ts: 1, payload: []byte{50 << 1, 1, 0, 0}}, {ts: 1, payload: hIDR, marker: true}}, "1KD 32 33 34 19"},
	{"start codes left in", nil, false, []testPacket{{ts: 1, payload: annexB(hVPS, hSPS, hPPS, hIDR), marker: true}}, "1K 32 33 34 19"},
}

func pushAll(d *Depacketizer, packets []testPacket) string {
	var out []string
	for i, p := range packets {
		for _, au := range d.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: p.ts, Marker: p.marker}, Payload: p.payload}, p.lost, time.Time{}) {
			s := fmt.Sprint(au.PTS)
			if au.Key {
				s += "K"
			}
			if au.Damaged {
				s += "D"
			}
			if au.Recovery {
				s += "R"
			}
			for _, n := range au.NALUs {
				t := NALUType(n)
				if d.codec == H265 {
					t = H265NALUType(n)
				}
				s += fmt.Sprintf(" %d", t)
			}
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func TestH265Depacketizer(t *testing.T) {
	for _, c := range h265Cases {
		d := NewDepacketizer(H265)
		d.DON = c.don
		d.Learn(c.learn...)
		if got := pushAll(d, c.packets); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A recovery point without a distance ends damage; one with a distance does
// not, since the pictures up to there would be shown broken.
func TestRecoveryPoint(t *testing.T) {
	now, later := []byte{0x06, 0x06, 0x01, 0xc4, 0x80}, []byte{0x06, 0x06, 0x01, 0x24, 0x80}
	d := NewDepacketizer(H264)
	d.Learn(testSPS, testPPS)
	got := pushAll(d, []testPacket{
		{ts: 1, payload: stapA(now, testP), marker: true}, // nothing to recover
		{ts: 2, payload: testIDR, marker: true}, {ts: 4, payload: testP, marker: true, lost: true},
		{ts: 5, payload: stapA(later, testP), marker: true}, {ts: 6, payload: stapA(now, testP), marker: true}, {ts: 7, payload: testP, marker: true}})
	if want := "1D 6 1, 2K 7 8 5, 5D 6 1, 6R 6 1, 7 1"; strings.ReplaceAll(got, "4D 1, ", "") != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzH265Depacketizer(f *testing.F) {
	for _, c := range h265Cases {
		for _, p := range c.packets {
			f.Add(p.payload, p.marker, c.don)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, marker, don bool) {
		d := NewDepacketizer(H265)
		d.DON = don
		for i := range 3 {
			for _, au := range d.Push(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i / 2), Marker: marker}, Payload: payload}, i == 2, time.Time{}) {
				if len(au.NALUs) == 0 {
					t.Error("a unit without NAL units")
				}
				for _, b := range PacketizeH265(au.NALUs) {
					if len(b) > MaxPayload {
						t.Errorf("a payload of %d bytes", len(b))
					}
				}
			}
		}
		_, _ = ParseH265SPS(payload)
	})
}

func FuzzJPEGDepacketizer(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x01\x50\x02\x02scan"), []byte("\x00\x00\x00\x04\x01\x50\x02\x02more"), true)
	f.Add(append([]byte("\x00\x00\x00\x00\x41\xff\x02\x02\x00\x01\x00\x00\x00\x00\x00\x40"), make([]byte, 70)...), []byte{}, true)
	f.Add([]byte("\x00\x00\x00\x00\x00\x80\x02\x02\x00\x00\x00\x00scan"), []byte("x"), false)
	f.Fuzz(func(t *testing.T, a, b []byte, marker bool) {
		d := JPEGDepacketizer{Width: 4096, Height: 2160}
		for i, payload := range [][]byte{a, b, a, b} {
			for _, au := range d.Push(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i / 2), Marker: marker && i%2 == 1}, Payload: payload}, false, time.Time{}) {
				if n := au.NALUs[0]; n[0] != 0xff || n[1] != 0xd8 || len(n) < 400 {
					t.Error("no JFIF image")
				}
			}
		}
	})
}

func FuzzAudioDepacketizer(f *testing.F) {
	f.Add("MPEG4-GENERIC", "config=1210;sizelength=13;indexlength=3;indexdeltalength=3", []byte{0, 16, 0, 32, 1, 2, 3, 4}, true)
	f.Add("MPEG4-GENERIC", "config=1190;sizelength=6;indexlength=2;indexdeltalength=2;auxiliarydatasizelength=8", []byte{0, 16, 0x10, 0x10, 0, 2, 3, 4}, false)
	f.Add("MP4A-LATM", "cpresent=0;config=400026203fc0", []byte{4, 1, 2, 3, 4}, true)
	f.Add("MP4A-LATM", "", []byte{0x20, 0, 0x13, 0x90, 0x13, 0xf0, 0x02, 1, 2, 3}, true)
	f.Add("OPUS", "", []byte{1, 2, 3}, false)
	f.Fuzz(func(t *testing.T, name, fmtp string, payload []byte, marker bool) {
		params := map[string]string{}
		for p := range strings.SplitSeq(fmtp, ";") {
			k, v, _ := strings.Cut(p, "=")
			params[k] = v
		}
		d, err := NewAudioDepacketizer(AudioFormat{Name: name, ClockRate: 8000, Parameters: params})
		if err != nil {
			return
		}
		for i := range 4 {
			for _, u := range d.Push(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i), Marker: marker}, Payload: payload}, i == 3, time.Time{}) {
				if len(u.Data) == 0 || len(u.Data) > maxAudioUnit+len(payload) {
					t.Errorf("a unit of %d bytes", len(u.Data))
				}
			}
		}
	})
}

// A unit larger than a packet comes in fragments; without one of them it is
// left out, and the next says so.
func TestAACFragments(t *testing.T) {
	params := map[string]string{"config": "1210", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3"}
	for _, lose := range []int{-1, 1} {
		d, err := NewAudioDepacketizer(AudioFormat{Name: "MPEG4-GENERIC", ClockRate: 44100, Parameters: params})
		if err != nil {
			t.Fatal(err)
		}
		head := []byte{0, 16, 9 << 3 >> 8, 9 << 3}
		var got []string
		for i, part := range []string{"abc", "def", "ghi", "whole nin"} {
			if i == lose {
				continue
			}
			ts := uint32(0)
			if i == 3 {
				ts = 1024
			}
			for _, u := range d.Push(&rtp.Packet{Header: rtp.Header{Timestamp: ts, Marker: i >= 2}, Payload: append(head[:4:4], part...)}, lose >= 0 && i == lose+1, time.Time{}) {
				got = append(got, fmt.Sprintf("%s %v", u.Data, u.Lost))
			}
		}
		want := "abcdefghi false, whole nin false"
		if lose >= 0 {
			want = "whole nin true"
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("without %d: %s, want %s", lose, s, want)
		}
	}
}

func TestAudioFormatsThatCannotBe(t *testing.T) {
	for _, f := range []AudioFormat{
		{Name: "G722"}, {Name: "MPEG4-GENERIC"}, {Name: "MPEG4-GENERIC", Parameters: map[string]string{"config": "zz"}},
		{Name: "MPEG4-GENERIC", Parameters: map[string]string{"config": "1210", "sizelength": "99"}},
		{Name: "MPEG4-GENERIC", Parameters: map[string]string{"config": "1210", "mode": "CELP-cbr"}},
		{Name: "MP4A-LATM", Parameters: map[string]string{"cpresent": "0"}},
		{Name: "MP4A-LATM", Parameters: map[string]string{"config": "ff"}},
	} {
		if _, err := NewAudioDepacketizer(f); err == nil {
			t.Errorf("%+v is taken", f)
		} else {
			t.Log(err)
		}
	}
}
