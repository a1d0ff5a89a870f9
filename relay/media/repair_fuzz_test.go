package media

import (
	"encoding/binary"
	"testing"
	"time"
)

// Whatever a source stamps, every picture comes out once, in the order in which
// it came, later than the one before, and in time.
func FuzzRepairer(f *testing.F) {
	seed := func(steps ...[2]int32) {
		var b []byte
		for _, s := range steps {
			b = binary.BigEndian.AppendUint32(b, uint32(s[0]))
			b = binary.BigEndian.AppendUint16(b, uint16(s[1]))
		}
		f.Add(b)
	}
	var regular, late, jumpy [][2]int32
	for i := range int32(40) {
		regular = append(regular, [2]int32{3600, 40})
		late = append(late, [2]int32{3600 + i%7*900, 40 + i%7*10})
		jumpy = append(jumpy, [2]int32{3600 - i%5*40000, 40})
	}
	seed(regular...)
	seed(late...)
	seed(append(regular, jumpy...)...)
	seed(append(append(regular, [2]int32{3600 + 7740, 126}), [2]int32{90, 1})...)
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Repairer
		now := time.Unix(0, 0)
		pts, in, out := int64(0), 0, 0
		last := int64(-1 << 62)
		take := func(units []AccessUnit) {
			for _, au := range units {
				if int(au.DTS) != out {
					t.Fatalf("picture %d comes as number %d", au.DTS, out)
				}
				out++
				if au.PTS <= last {
					t.Fatalf("picture %d at %d is not after %d", au.DTS, au.PTS, last)
				}
				last = au.PTS
				if w := now.Sub(au.Received); w > HoldJump {
					t.Fatalf("picture %d waited for %v", au.DTS, w)
				}
			}
		}
		for ; len(b) >= 6 && in < 500; b = b[6:] {
			step, wait := int32(binary.BigEndian.Uint32(b)), time.Duration(binary.BigEndian.Uint16(b[4:]))*time.Millisecond
			next := now.Add(wait)
			if due := r.Due(); !due.IsZero() && due.Before(next) {
				now = due
				take(r.Flush(now))
			}
			now = next
			pts += int64(step)
			take(r.Push(AccessUnit{PTS: pts, Untimed: step == -1, DTS: int64(in), Received: now}))
			in++
		}
		if due := r.Due(); !due.IsZero() {
			now = due
			take(r.Flush(now))
		}
		if in != out {
			t.Fatalf("%d pictures of %d", out, in)
		}
	})
}
