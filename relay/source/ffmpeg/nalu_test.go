package ffmpeg

import (
	"bytes"
	"testing"
)

var (
	sampleSPS  = []byte{0x67, 0x42, 0xc0, 0x1e, 0xda}
	samplePPS  = []byte{0x68, 0xce, 0x3c, 0x80}
	sampleAVCC = append(append(append([]byte{1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 5}, sampleSPS...), 1, 0, 4), samplePPS...)
)

func TestParseAVCC(t *testing.T) {
	sps, pps, n, err := parseAVCC(sampleAVCC)
	if err != nil || n != 4 || !bytes.Equal(sps, sampleSPS) || !bytes.Equal(pps, samplePPS) {
		t.Errorf("got %x, %x, %d, %v", sps, pps, n, err)
	}
	for cut := range sampleAVCC {
		if _, _, _, err := parseAVCC(sampleAVCC[:cut]); err == nil {
			t.Errorf("cut to %d bytes: no error", cut)
		}
	}
}

var splitCases = []struct {
	stream []byte
	want   [][]byte
}{
	{nil, nil},
	{[]byte{9, 9, 9}, nil},
	{[]byte{0, 0, 0, 1, 7, 8}, [][]byte{{7, 8}}},
	{[]byte{0, 0, 1, 7, 8, 0, 0, 0, 1, 5, 0, 0, 3, 1}, [][]byte{{7, 8}, {5, 0, 0, 3, 1}}},
	{[]byte{0, 0, 1, 0, 0, 1, 5, 0, 0}, [][]byte{{5}}},
}

func TestSplitAnnexB(t *testing.T) {
	for _, c := range splitCases {
		got := splitAnnexB(c.stream)
		if len(got) != len(c.want) {
			t.Errorf("%x: got %x", c.stream, got)
			continue
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%x: got %x", c.stream, got)
			}
		}
	}
}

func TestSplitLengths(t *testing.T) {
	got, err := splitLengths([]byte{0, 2, 7, 8, 0, 0, 0, 1, 5}, 2)
	if err != nil || len(got) != 2 || !bytes.Equal(got[0], []byte{7, 8}) || !bytes.Equal(got[1], []byte{5}) {
		t.Errorf("got %x, %v", got, err)
	}
	if got, err := splitLengths([]byte{0, 1, 7, 0, 9, 5}, 2); err == nil || len(got) != 1 {
		t.Errorf("got %x, %v", got, err)
	}
}

func FuzzNALUs(f *testing.F) {
	f.Add(sampleAVCC, 4)
	for _, c := range splitCases {
		f.Add(c.stream, 2)
	}
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if _, _, size, err := parseAVCC(b); err == nil && (size < 1 || size > 4) {
			t.Errorf("length size %d", size)
		}
		total := 0
		for _, u := range splitAnnexB(b) {
			total += len(u)
			if len(u) == 0 || bytes.Contains(u, []byte{0, 0, 1}) {
				t.Errorf("unit %x", u)
			}
		}
		units, _ := splitLengths(b, 1+(n&3))
		for _, u := range units {
			total += len(u)
		}
		if total > 2*len(b) {
			t.Errorf("%d bytes out of %d", total, len(b))
		}
	})
}
