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
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if _, _, size, err := parseAVCC(b); err == nil && (size < 1 || size > 4) {
			t.Errorf("length size %d", size)
		}
		total := 0
		units, _ := splitLengths(b, 1+(n&3))
		for _, u := range units {
			total += len(u)
		}
		if total > len(b) {
			t.Errorf("%d bytes out of %d", total, len(b))
		}
	})
}
