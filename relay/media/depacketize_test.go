package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// NAL units of the tests: a header byte, for slices first_mb_in_slice (0x80:
// zero; 0x40: another), and a filler.
var (
	testSPS  = []byte{0x67, 0x42, 0x00, 0x0a, 0x96, 0x53, 0x05, 0x89, 0x88} // RFC 6184 section 8.2.1
	testPPS  = []byte{0x68, 0xc9, 0x63, 0x88}
	testPPS2 = []byte{0x68, 0x49, 0x63, 0x88} // identifier 1
	testSEI  = []byte{0x06, 0x05, 0x01, 0x00, 0x80}
	testAUD  = []byte{0x09, 0xf0}
	testIDR  = []byte{0x65, 0x88, 0x84, 0x01}
	testIDR2 = []byte{0x65, 0x40, 0x84, 0x02}
	testP    = []byte{0x41, 0x9a, 0x01, 0x02}
	testP2   = []byte{0x41, 0x4a, 0x01, 0x03}
)

// packet is one RTP packet of a script.
type testPacket struct {
	ts      uint32
	marker  bool
	lost    bool
	payload []byte
}

func stapA(nalus ...[]byte) []byte {
	b := []byte{0x78}
	for _, n := range nalus {
		b = binary.BigEndian.AppendUint16(b, uint16(len(n)))
		b = append(b, n...)
	}
	return b
}

// fuA gives part i of n of a NAL unit.
func fuA(nalu []byte, i, n int) []byte {
	body := nalu[1:]
	from, to := len(body)*i/n, len(body)*(i+1)/n
	b := []byte{nalu[0]&0xe0 | 28, nalu[0] & 0x1f}
	if i == 0 {
		b[1] |= 0x80
	}
	if i == n-1 {
		b[1] |= 0x40
	}
	return append(b, body[from:to]...)
}

func annexB(nalus ...[]byte) []byte {
	var b []byte
	for _, n := range nalus {
		b = append(append(b, 0, 0, 0, 1), n...)
	}
	return b
}

var depacketizeCases = []struct {
	name    string
	learn   [][]byte
	packets []testPacket
	want    []string // PTS, K for key, D for damaged, NAL unit types
}{
	{"single NAL units", nil, []testPacket{
		{ts: 1000, payload: testSPS}, {ts: 1000, payload: testPPS}, {ts: 1000, payload: testIDR, marker: true},
		{ts: 4000, payload: testP, marker: true}},
		[]string{"1000 K 7 8 5", "4000 1"}},
	{"STAP-A with delimiter and SEI", nil, []testPacket{
		{ts: 1, payload: stapA(testAUD, testSPS, testPPS, testSEI)}, {ts: 1, payload: testIDR, marker: true}},
		[]string{"1 K 7 8 6 5"}},
	{"FU-A", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: fuA(testIDR, 0, 3)}, {ts: 1, payload: fuA(testIDR, 1, 3)}, {ts: 1, payload: fuA(testIDR, 2, 3), marker: true},
		{ts: 2, payload: append(fuA(testP, 0, 1), 9), marker: true}},
		[]string{"1 K 7 8 5", "2 1"}},
	{"end by timestamp", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR}, {ts: 2, payload: testP}, {ts: 3, payload: testP}},
		[]string{"1 K 7 8 5", "2 1"}},
	{"sets of their own time and marker", nil, []testPacket{
		{ts: 1, payload: testSPS, marker: true}, {ts: 2, payload: testPPS, marker: true}, {ts: 3, payload: testIDR, marker: true}},
		[]string{"3 K 7 8 5"}},
	{"several PPS inserted", [][]byte{testSPS, testPPS, testPPS2}, []testPacket{{ts: 1, payload: testIDR, marker: true}},
		[]string{"1 K 7 8 8 5"}},
	{"PPS inserted behind the unit's SPS", [][]byte{testSPS, testPPS}, []testPacket{{ts: 1, payload: stapA(testSPS, testSEI, testIDR), marker: true}},
		[]string{"1 K 7 8 6 5"}},
	{"no sets at all", nil, []testPacket{{ts: 1, payload: testIDR, marker: true}, {ts: 2, payload: testP, marker: true}},
		[]string{"1 KD 5", "2 D 1"}},
	{"join in the middle", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testP, marker: true}, {ts: 2, payload: testIDR, marker: true}, {ts: 3, payload: testP, marker: true}},
		[]string{"1 D 1", "2 K 7 8 5", "3 1"}},
	{"loss inside a unit lasts until the next key", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true},
		{ts: 2, payload: testP}, {ts: 2, payload: testP2, marker: true, lost: true},
		{ts: 3, payload: testP, marker: true},
		{ts: 4, payload: testIDR, marker: true}, {ts: 5, payload: testP, marker: true}},
		[]string{"1 K 7 8 5", "2 D 1 1", "3 D 1", "4 K 7 8 5", "5 1"}},
	{"loss of a unit's end", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR}, {ts: 2, payload: testP, marker: true, lost: true}},
		[]string{"1 KD 7 8 5", "2 D 1"}},
	{"loss just before a key frame that is whole", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true}, {ts: 3, payload: stapA(testSPS, testPPS), lost: true}, {ts: 3, payload: testIDR, marker: true}},
		[]string{"1 K 7 8 5", "3 K 7 8 5"}},
	{"loss of a key frame's beginning", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true}, {ts: 3, payload: testIDR2, lost: true, marker: true}},
		[]string{"1 K 7 8 5", "3 KD 7 8 5"}},
	{"loss inside fragments", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true},
		{ts: 2, payload: fuA(testP, 0, 3)}, {ts: 2, payload: fuA(testP, 2, 3), lost: true, marker: true},
		{ts: 3, payload: testP, marker: true}},
		[]string{"1 K 7 8 5", "3 D 1"}},
	{"fragments without an end", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true}, {ts: 2, payload: fuA(testP, 0, 2)}, {ts: 2, payload: testP2, marker: true}},
		[]string{"1 K 7 8 5", "2 D 1"}},
	{"markers inside pictures", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true}, {ts: 1, payload: testIDR2, marker: true},
		{ts: 2, payload: stapA(testSPS, testPPS, testIDR), marker: true}, {ts: 2, payload: testIDR2, marker: true}, {ts: 3, payload: testP}},
		[]string{"1 K 7 8 5", "1 KD 7 8 5", "2 K 7 8 5 5"}},
	{"two pictures with one timestamp", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true}, {ts: 1, payload: testP, marker: true}, {ts: 2, payload: testP, marker: true}},
		[]string{"1 K 7 8 5", "1 1", "2 1"}},
	{"timestamp wraps and goes back", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 0xfffffff0, payload: testIDR, marker: true}, {ts: 0x10, payload: testP, marker: true}, {ts: 0xfffffff8, payload: testP, marker: true}, {ts: 0x20, payload: testP, marker: true}},
		[]string{"4294967280 K 7 8 5", "4294967312 1", "4294967288 1", "4294967328 1"}},
	{"start codes in the payload", nil, []testPacket{
		{ts: 1, payload: annexB(testSPS, testPPS, testIDR), marker: true}},
		[]string{"1 K 7 8 5"}},
	{"start codes behind the first NAL unit", nil, []testPacket{
		{ts: 1, payload: annexB(testSPS, testPPS, testIDR)[4:], marker: true}},
		[]string{"1 K 7 8 5"}},
	{"start codes in fragments", nil, []testPacket{
		{ts: 1, payload: fuA(annexB(testSPS, testPPS, testIDR)[4:], 0, 2)}, {ts: 1, payload: fuA(annexB(testSPS, testPPS, testIDR)[4:], 1, 2), marker: true}},
		[]string{"1 K 7 8 5"}},
	{"malformed", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR, marker: true},
		{ts: 2, payload: nil}, {ts: 2, payload: []byte{0x78, 0, 9, 1}}, {ts: 2, payload: testP, marker: true},
		{ts: 3, payload: testIDR, marker: true},
		{ts: 4, payload: []byte{0x1c}}, {ts: 4, payload: testP, marker: true},
		{ts: 5, payload: testIDR, marker: true},
		{ts: 6, payload: []byte{0x19, 0, 0}}, {ts: 6, payload: testP, marker: true}},
		[]string{"1 K 7 8 5", "2 D 1", "3 K 7 8 5", "4 D 1", "5 K 7 8 5", "6 D 1"}},
	{"empty packets are no harm", [][]byte{testSPS, testPPS}, []testPacket{
		{ts: 1, payload: testIDR}, {ts: 1, payload: nil, marker: true}},
		[]string{"1 K 7 8 5"}},
}

func TestDepacketizer(t *testing.T) {
	for _, c := range depacketizeCases {
		t.Run(c.name, func(t *testing.T) {
			got := depacketize(c.learn, c.packets)
			if a, b := strings.Join(got, "\n"), strings.Join(c.want, "\n"); a != b {
				t.Errorf("got\n%s\nwant\n%s", a, b)
			}
		})
	}
}

func depacketize(learn [][]byte, packets []testPacket) []string {
	var d Depacketizer
	d.Learn(learn...)
	var out []string
	for i, p := range packets {
		pkt := &rtp.Packet{Header: rtp.Header{Version: 2, Timestamp: p.ts, Marker: p.marker}, Payload: bytes.Clone(p.payload)}
		for _, au := range d.Push(pkt, p.lost, time.Unix(int64(i), 0)) {
			flags := ""
			if au.Key {
				flags += "K"
			}
			if au.Damaged {
				flags += "D"
			}
			if flags != "" {
				flags = " " + flags
			}
			line := fmt.Sprintf("%d%s", au.PTS, flags)
			for _, n := range au.NALUs {
				line += fmt.Sprintf(" %d", NALUType(n))
			}
			out = append(out, line)
		}
	}
	return out
}

func TestDepacketizerKeepsBytes(t *testing.T) {
	var d Depacketizer
	d.Learn(testSPS, testPPS)
	big := append([]byte{0x65, 0x88}, bytes.Repeat([]byte{7, 8, 9}, 50000)...)
	var units []AccessUnit
	for i := range 100 {
		p := &rtp.Packet{Header: rtp.Header{Timestamp: 5, Marker: i == 99}, Payload: fuA(big, i, 100)}
		units = append(units, d.Push(p, false, time.Unix(int64(i), 0))...)
	}
	if len(units) != 1 || len(units[0].NALUs) != 3 || !bytes.Equal(units[0].NALUs[2], big) {
		t.Fatal("the NAL unit came out different")
	}
	if got := units[0].Received; !got.Equal(time.Unix(99, 0)) {
		t.Errorf("received %v, want the time of the last packet", got)
	}
	units[0].NALUs[0][1] = 0 // the owner may do as it likes
	if !bytes.Equal(d.SPS(), testSPS) {
		t.Error("the inserted set is not a copy")
	}
}

func TestDepacketizerBoundsUnits(t *testing.T) {
	var d Depacketizer
	chunk := bytes.Repeat([]byte{0x41}, 60000)
	for range 1000 { // 60 MB without an end
		d.Push(&rtp.Packet{Payload: append([]byte{0x41, 0x80}, chunk...)}, false, time.Time{})
	}
	if d.size > maxUnitBytes || len(d.nalus) > maxUnitNALUs {
		t.Errorf("%d bytes in %d NAL units are held", d.size, len(d.nalus))
	}
	d.Push(&rtp.Packet{Payload: append([]byte{0x5c, 0x81}, chunk...)}, false, time.Time{})
	for range 1000 {
		d.Push(&rtp.Packet{Payload: append([]byte{0x5c, 0x01}, chunk...)}, false, time.Time{})
	}
	if len(d.fragment) > maxUnitBytes {
		t.Errorf("a fragment of %d bytes is held", len(d.fragment))
	}
}

// FuzzDepacketizer feeds packets made of the input: a length, a flag byte, a
// timestamp step and the payload each.
func FuzzDepacketizer(f *testing.F) {
	for _, c := range depacketizeCases {
		var b []byte
		var ts uint32
		for _, p := range c.packets {
			flags := byte(0)
			if p.marker {
				flags |= 1
			}
			if p.lost {
				flags |= 2
			}
			b = append(b, byte(len(p.payload)), flags, byte(p.ts-ts))
			b = append(b, p.payload...)
			ts = p.ts
		}
		f.Add(b, len(c.learn) > 0)
	}
	f.Fuzz(func(t *testing.T, in []byte, learn bool) {
		var d Depacketizer
		if learn {
			d.Learn(testSPS, testPPS)
		}
		var ts uint32
		for len(in) >= 3 {
			n := min(int(in[0]), len(in)-3)
			ts += uint32(int32(int8(in[2])))
			p := &rtp.Packet{Header: rtp.Header{Timestamp: ts, Marker: in[1]&1 != 0}, Payload: in[3 : 3+n : 3+n]}
			units := d.Push(p, in[1]&2 != 0, time.Time{})
			if len(units) > 2 {
				t.Fatalf("%d units of one packet", len(units))
			}
			for _, au := range units {
				picture := false
				for _, nalu := range au.NALUs {
					nt := NALUType(nalu)
					if nt == 0 || nt >= 24 {
						t.Fatalf("NAL unit of type %d", nt)
					}
					picture = picture || nt <= naluIDR
				}
				if !picture || au.Key != IsKey(au.NALUs) {
					t.Fatalf("unit %+v", au)
				}
			}
			in = in[3+n:]
		}
	})
}
