package quality

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestLedger(t *testing.T) {
	type step struct {
		at   time.Duration
		in   Input
		want string
		left uint64 // unmatched
	}
	full := func(n uint64) []Loss { return []Loss{{"SOCKET_RCVBUFF", n}} }
	for name, steps := range map[string][]step{
		"nothing": {{0, Input{Received: 100}, "0 lost", 0}},
		"kernel and upstream at once": {
			{0, Input{Received: 100, Gaps: 12, Kernel: full(9)}, "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream", 0}},
		"sent again by TCP": {{0, Input{Received: 100, OutOfOrder: 43}, "0 lost; 43 TCP segments out of order", 0}},
		"upstream alone":    {{0, Input{Received: 100, Gaps: 3}, "3 lost: 3 upstream", 0}},
		"the gap shows later": {
			{0, Input{Received: 100, Kernel: full(9)}, "9 lost: 9 kernel SOCKET_RCVBUFF", 9},
			{time.Second, Input{Received: 110, Gaps: 9, Kernel: full(9)}, "9 lost: 9 kernel SOCKET_RCVBUFF", 0}},
		"upstream before, kernel after": {
			{0, Input{Received: 100, Gaps: 3}, "3 lost: 3 upstream", 0},
			{time.Second, Input{Received: 200, Gaps: 12, Kernel: full(9)}, "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream", 0}},
		"the gap shows after a long silence": {
			{0, Input{Received: 100, Kernel: full(500)}, "500 lost: 500 kernel SOCKET_RCVBUFF", 500},
			{time.Minute, Input{Received: 100, Kernel: full(500)}, "500 lost: 500 kernel SOCKET_RCVBUFF", 500},
			{61 * time.Second, Input{Received: 101, Gaps: 500, Kernel: full(500)}, "500 lost: 500 kernel SOCKET_RCVBUFF", 0}},
		"a drop that is none of the sequence": {
			{0, Input{Received: 100, Kernel: full(2)}, "2 lost: 2 kernel SOCKET_RCVBUFF", 2},
			{4 * time.Second, Input{Received: 200, Kernel: full(2)}, "2 lost: 2 kernel SOCKET_RCVBUFF", 2},
			{9 * time.Second, Input{Received: 300, Kernel: full(2)}, "2 lost: 2 kernel SOCKET_RCVBUFF", 2},
			{10 * time.Second, Input{Received: 400, Gaps: 2, Kernel: full(2)}, "4 lost: 2 kernel SOCKET_RCVBUFF, 2 upstream", 2}},
		"two reasons, the most first": {
			{0, Input{Received: 9, Gaps: 9, Kernel: []Loss{{"UDP_CSUM", 2}, {"TC_INGRESS", 7}}}, "9 lost: 7 kernel TC_INGRESS, 2 kernel UDP_CSUM", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var l Ledger
			start := time.Unix(1000, 0)
			for i, s := range steps {
				a := l.Update("gate", s.in, start.Add(s.at))
				if a.Summary != s.want || a.Unmatched != s.left {
					t.Errorf("step %d: %q, unmatched %d; want %q, %d", i, a.Summary, a.Unmatched, s.want, s.left)
				}
				balanced(t, a)
			}
		})
	}
}

func balanced(t *testing.T, a Account) {
	t.Helper()
	kernel := uint64(0)
	for _, k := range a.Kernel {
		kernel += k.Packets
	}
	if a.Lost != kernel+a.Upstream || a.Lost != a.Gaps+a.Unmatched {
		t.Errorf("does not add up: %+v", a)
	}
}

// Whatever comes, the account adds up, nothing in it ever shrinks, and other
// streams are other accounts.
func TestLedgerAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l Ledger
	var in Input
	in.Kernel = []Loss{{"A", 0}, {"B", 0}}
	now := time.Unix(1000, 0)
	var last Account
	for range 5000 {
		now = now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		in.Received += uint64(r.IntN(3))
		if r.IntN(3) == 0 {
			in.Gaps += uint64(r.IntN(10))
		}
		if r.IntN(3) == 0 {
			in.Kernel[r.IntN(2)].Packets += uint64(r.IntN(10))
		}
		a := l.Update("gate", in, now)
		balanced(t, a)
		if a.Lost < last.Lost || a.Upstream < last.Upstream || a.Upstream > a.Gaps {
			t.Fatalf("%+v after %+v", a, last)
		}
		last = a
	}
	if a := l.Update("other", Input{Received: 1}, now); a.Lost != 0 {
		t.Errorf("another stream: %+v", a)
	}
}
