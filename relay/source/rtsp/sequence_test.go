package rtsp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestSequencer(t *testing.T) {
	for _, c := range []struct {
		name   string
		window int
		seqs   []int // negative: of another sender
		want   string
		lost   uint64
		dups   uint64
	}{
		{"in order", 0, []int{5, 6, 7}, "5 6 7", 0, 0},
		{"gap over TCP counts at once", 0, []int{5, 8, 9}, "5 8(2) 9", 2, 0},
		{"wrap", 0, []int{65534, 65535, 0, 1}, "65534 65535 0 1", 0, 0},
		{"gap across the wrap", 0, []int{65534, 1}, "65534 1(2)", 2, 0},
		{"reordered", 8, []int{5, 7, 6, 8}, "5 6 7 8", 0, 0},
		{"reordered across the wrap", 8, []int{65534, 1, 0, 65535, 2}, "65534 65535 0 1 2", 0, 0},
		{"duplicates are no loss", 8, []int{5, 5, 6, 8, 8, 7, 6}, "5 6 7 8", 0, 3},
		{"gap beyond the window", 3, []int{5, 7, 8, 9, 10, 11}, "5 7(1) 8 9 10 11", 1, 0},
		{"two gaps", 3, []int{5, 7, 9, 10, 11, 12}, "5 7(1) 9(1) 10 11 12", 2, 0},
		{"too late", 2, []int{5, 7, 8, 9, 6, 10}, "5 7(1) 8 9 10", 1, 1},
		{"new sequence of the same sender", 8, []int{5, 6, 30000, 30001, 30002}, "5 6 30000! 30001 30002", 0, 0},
		{"one stray packet", 8, []int{5, 30000, 6, 7}, "5 6 7", 0, 0},
		{"another sender", 8, []int{5, 6, -100, -101, -102}, "5 6 100! 101 102", 0, 0},
		{"another sender once", 8, []int{5, 6, -100, 7, -101, 8}, "5 6 7 8", 0, 0},
		{"a gap and a new sequence", 8, []int{5, 7, 30000, 30001}, "5 7(1) 30000! 30001", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := sequencer{window: c.window, hold: time.Second, rate: 90000}
			var got []string
			for _, n := range c.seqs {
				ssrc := uint32(1)
				if n < 0 {
					ssrc, n = 2, -n
				}
				p := &rtp.Packet{Header: rtp.Header{SSRC: ssrc, SequenceNumber: uint16(n)}}
				for _, o := range q.push(arrival{p, time.Unix(0, 0)}) {
					got = append(got, show(o))
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
			if q.lost != c.lost || q.duplicates != c.dups {
				t.Errorf("%d lost, %d duplicates; want %d, %d", q.lost, q.duplicates, c.lost, c.dups)
			}
		})
	}
}

func show(o ordered) string {
	s := fmt.Sprint(o.packet.SequenceNumber)
	if o.lost > 0 {
		s += fmt.Sprintf("(%d)", o.lost)
	}
	if o.restart {
		s += "!"
	}
	return s
}

func TestSequencerGivesUpGapsInTime(t *testing.T) {
	q := sequencer{window: 32, hold: 30 * time.Millisecond, rate: 90000}
	at := func(ms int) time.Time { return time.Unix(0, int64(ms)*int64(time.Millisecond)) }
	push := func(seq uint16, ms int) {
		q.push(arrival{&rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, at(ms)})
	}
	push(1, 0)
	if !q.deadline().IsZero() {
		t.Error("a deadline without a gap")
	}
	push(3, 10)
	push(4, 20)
	push(6, 35)
	if got := q.deadline(); !got.Equal(at(40)) {
		t.Errorf("deadline %v, want 40 ms", got)
	}
	if got := q.flush(at(39)); len(got) != 0 {
		t.Errorf("flushed %d before the deadline", len(got))
	}
	got := q.flush(at(40))
	if len(got) != 2 || show(got[0]) != "3(1)" || show(got[1]) != "4" {
		t.Errorf("flushed %v", got)
	}
	if got := q.deadline(); !got.Equal(at(65)) {
		t.Errorf("then the deadline is %v, want 65 ms", got)
	}
}

func TestSequencerStatistics(t *testing.T) {
	q := sequencer{rate: 90000}
	send := func(seq uint16, ts uint32, ms int) {
		q.push(arrival{&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: ts}}, time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond)})
	}
	send(65535, 0, 0)
	if q.highest() != 65535 {
		t.Errorf("highest %d before the wrap", q.highest())
	}
	send(0, 3600, 40)
	if q.highest() != 65536 || q.jitter != 0 {
		t.Errorf("highest %d, jitter %v after an even step", q.highest(), q.jitter)
	}
	send(4, 7200, 96) // 16 ms late
	if want := 16.0 * 90 / 16; q.jitter != want {
		t.Errorf("jitter %v, want %v ticks", q.jitter, want)
	}
	if got := q.fraction(); got != 3*256/6 {
		t.Errorf("fraction lost %d, want 128", got)
	}
	if got := q.fraction(); got != 0 {
		t.Errorf("fraction lost %d since then, want 0", got)
	}
	// Weeks later the arithmetic still holds.
	send(5, 7200+uint32(30*24*3600*90000%(1<<32)), 96+30*24*3600*1000)
	if q.jitter > 100 {
		t.Errorf("jitter %v after a month", q.jitter)
	}
}
