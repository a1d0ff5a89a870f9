package media

import (
	"bytes"
	"testing"
)

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
		got := SplitAnnexB(c.stream)
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

func FuzzSplitAnnexB(f *testing.F) {
	for _, c := range splitCases {
		f.Add(c.stream)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		for _, u := range SplitAnnexB(b) {
			total += len(u)
			if len(u) == 0 || bytes.Contains(u, []byte{0, 0, 1}) {
				t.Errorf("unit %x", u)
			}
		}
		if total > len(b) {
			t.Errorf("%d bytes out of %d", total, len(b))
		}
	})
}
