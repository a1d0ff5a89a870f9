// Package quality keeps the account of what each stream has lost: one account
// per stream, by place and reason, that adds up. It is told numbers and knows
// neither sockets nor streams.
package quality

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Loss is what was lost for one reason.
type Loss struct {
	Reason  string `json:"reason"`
	Packets uint64 `json:"packets"`
}

// Input is what is known of a stream's losses, all counted since the relay
// started. Gaps has to be read before Kernel: a packet is dropped before it is
// missed.
type Input struct {
	// Received counts packets that arrived, Gaps those missing by sequence
	// numbers.
	Received, Gaps uint64
	// Kernel is what the kernel dropped, by reason.
	Kernel []Loss
	// Ring is what the relay itself left out for viewers that were late,
	// Viewers what viewers report as missing.
	Ring, Viewers uint64
	// OutOfOrder counts TCP segments that overtook a missing one.
	OutOfOrder uint64
}

// Account is what a stream has lost, by place. Lost = Kernel + Upstream =
// Gaps + Unmatched holds at any time.
type Account struct {
	// Lost is what did not reach the relay.
	Lost uint64 `json:"lost"`
	// Gaps is what was missing by sequence numbers.
	Gaps uint64 `json:"sequence_gaps"`
	// Upstream was lost before this machine: missing, and not dropped here.
	Upstream uint64 `json:"upstream"`
	// Kernel was dropped by this machine's kernel, the most first.
	Kernel []Loss `json:"kernel"`
	// Unmatched is the part of Kernel that no gap has shown: nothing came
	// after it yet, or it was no packet of the sequence.
	Unmatched uint64 `json:"unmatched"`
	// Ring and Viewers were lost after the relay had them.
	Ring    uint64 `json:"ring"`
	Viewers uint64 `json:"viewers"`
	// OutOfOrder counts TCP segments that overtook a missing one: something was
	// lost on the way and sent again, so that it costs time and no packet.
	OutOfOrder uint64 `json:"tcp_out_of_order"`
	// Summary says it in a line: "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream".
	Summary string `json:"summary"`
}

// matchFor is how long a drop waits for its gap while packets arrive. After
// that it was none of the sequence (a copy, say), and later gaps are not its.
const matchFor = 5 * time.Second

// Ledger keeps the accounts. It is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	pages map[string]*page
}

type page struct {
	in       Input
	kernel   uint64
	upstream uint64
	credit   uint64    // dropped by the kernel, gap still to come
	since    time.Time // packets have arrived without a gap since then
	received uint64
}

// Update takes what is known of a stream at a time and returns its account.
func (l *Ledger) Update(stream string, in Input, now time.Time) Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pages == nil {
		l.pages = map[string]*page{}
	}
	p := l.pages[stream]
	if p == nil {
		p = &page{since: now}
		l.pages[stream] = p
	}
	var kernel uint64
	for _, k := range in.Kernel {
		kernel += k.Packets
	}
	if kernel > p.kernel {
		p.credit += kernel - p.kernel
		p.kernel = kernel
		p.since, p.received = now, in.Received
	}
	if in.Gaps > p.in.Gaps {
		missing := in.Gaps - p.in.Gaps
		matched := min(missing, p.credit)
		p.credit -= matched
		p.upstream += missing - matched
		p.since, p.received = now, in.Received
	}
	switch {
	case in.Received == p.received:
		p.since = now // silence: the gap shows when packets come again
	case now.Sub(p.since) > matchFor:
		p.credit = 0
	}
	p.in = in
	return p.account()
}

func (p *page) account() Account {
	a := Account{Lost: p.kernel + p.upstream, Gaps: p.in.Gaps, Upstream: p.upstream, Kernel: slices.Clone(p.in.Kernel),
		Unmatched: p.kernel + p.upstream - p.in.Gaps, Ring: p.in.Ring, Viewers: p.in.Viewers, OutOfOrder: p.in.OutOfOrder}
	if a.Kernel == nil {
		a.Kernel = []Loss{}
	}
	slices.SortFunc(a.Kernel, func(x, y Loss) int {
		if x.Packets != y.Packets {
			if x.Packets > y.Packets {
				return -1
			}
			return 1
		}
		return strings.Compare(x.Reason, y.Reason)
	})
	a.Summary = a.summary()
	return a
}

// summary words an account.
func (a *Account) summary() string {
	var parts []string
	for _, k := range a.Kernel {
		parts = append(parts, fmt.Sprintf("%d kernel %s", k.Packets, k.Reason))
	}
	if a.Upstream > 0 {
		parts = append(parts, fmt.Sprintf("%d upstream", a.Upstream))
	}
	text := fmt.Sprintf("%d lost", a.Lost)
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if a.OutOfOrder > 0 {
		text += fmt.Sprintf("; %d TCP segments out of order", a.OutOfOrder)
	}
	return text
}
