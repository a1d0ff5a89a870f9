// Package dropmon tells which packets the kernel drops on their way to the
// relay's sockets, and why. It owns the loaded programs of package bpf, the
// sockets that sources show it, and the ladder of what to do where the kernel
// allows less. It knows no stream but by name, and neither sequence numbers
// nor viewers.
//
// Locks: Monitor.mu alone.
package dropmon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cilium/ebpf/btf"

	"sightline/relay/health"
)

// Rung is one step of the ladder of ways to see drops.
type Rung string

// The rungs, from the best down.
const (
	// TracingBTF attaches to the tracepoint kfree_skb through its types.
	TracingBTF Rung = "tp_btf"
	// TracingRaw attaches to the same tracepoint without its types.
	TracingRaw Rung = "raw_tp"
	// Counters reads each socket's own drop counter (SO_MEMINFO), with
	// /proc/net/snmp for the likely reason: only what sockets drop is seen.
	Counters Rung = "counters"
)

// Level is the rung in use and why it is none above; Reason is empty on the
// highest. Fix says how to come higher, where there is a way.
type Level struct {
	Rung   Rung   `json:"rung"`
	Reason string `json:"reason,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

// Options of a monitor; the zero value is what the relay uses.
type Options struct {
	Logger *slog.Logger // default: none
	// Board takes conditions of streams ("stream/NAME"); default: none.
	Board *health.Board
	// Highest is the highest rung to try; default TracingBTF.
	Highest Rung
	// ReceiveBuffer is what sockets are raised to, in bytes of payload and
	// overhead as SO_RCVBUF counts them before the kernel doubles it; default
	// 4 MiB, negative to leave them as they are.
	ReceiveBuffer int

	// Stand-ins for kernels that this machine does not have.
	kernelTypes func() (*btf.Spec, error)
	args        func(types *btf.Spec, tracepoint string) (int, error)
	tracepoint  string
	snmp        string
}

// Drop is what was dropped for one reason.
type Drop struct {
	// Reason is the kernel's name without its prefix, such as SOCKET_RCVBUFF.
	Reason string `json:"reason"`
	// Sent says that the relay's own packet was dropped, not the camera's.
	Sent    bool   `json:"sent,omitempty"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes,omitempty"`
}

// Monitor watches sockets. Its methods are safe for concurrent use.
type Monitor struct {
	opts   Options
	log    *slog.Logger
	level  Level
	kernel *tracer // nil on the lowest rung

	mu      sync.Mutex
	ids     map[string]uint32 // stream numbers, from 1
	names   []string          // by number
	sockets map[uint64]*watched
	nextID  uint32
	drops   map[cause]Drop // as last read
	snmp    snmpCounters
	recent  []Event
	full    map[string]fullBuffer // streams whose receive buffer overflowed
	late    map[uint32]uint64     // TCP segments out of order, by stream
}

// cause is what drops are counted by.
type cause struct {
	stream uint32
	reason string
	sent   bool
}

// Open makes a monitor on the highest rung that this kernel and this process
// allow. It never fails: the level says what was not possible. Close ends it.
func Open(o Options) *Monitor {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Board == nil {
		o.Board = &health.Board{}
	}
	if o.ReceiveBuffer == 0 {
		o.ReceiveBuffer = 4 << 20
	}
	if o.kernelTypes == nil {
		o.kernelTypes = btf.LoadKernelSpec
	}
	if o.args == nil {
		o.args = tracepointArgs
	}
	if o.tracepoint == "" {
		o.tracepoint = "kfree_skb"
	}
	if o.snmp == "" {
		o.snmp = "/proc/self/net/snmp"
	}
	m := &Monitor{opts: o, log: o.Logger, ids: map[string]uint32{}, names: []string{""},
		sockets: map[uint64]*watched{}, drops: map[cause]Drop{}, full: map[string]fullBuffer{}, late: map[uint32]uint64{}}
	m.kernel, m.level = climb(o)
	m.snmp, _ = readSNMP(o.snmp)
	m.log.Info("watching for dropped packets", "rung", string(m.level.Rung), "reason", m.level.Reason)
	return m
}

// Close unloads the programs. Sockets may still be released afterwards.
func (m *Monitor) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kernel == nil {
		return nil
	}
	k := m.kernel
	m.kernel = nil
	return k.close()
}

// Level says which rung is in use, and why.
func (m *Monitor) Level() Level { return m.level }

// How often sockets are looked at, and how often the rest is done.
const (
	pollEvery = 100 * time.Millisecond
	slowEvery = time.Second
)

// Run reads sockets, counters and events until ctx ends; it returns nil then.
func (m *Monitor) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var slow time.Time
	for ctx.Err() == nil {
		now := time.Now()
		m.pollSockets(now)
		if now.Sub(slow) >= slowEvery {
			slow = now
			m.Refresh()
			m.judge(now)
		}
		if k := m.tracer(); k != nil && k.events != nil {
			// The kernel wakes this read when much waits; else the deadline
			// is the time to look.
			m.readEvents(k, now.Add(pollEvery))
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func (m *Monitor) tracer() *tracer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kernel
}

// Refresh reads the kernel's counts now; what was dropped before the call is
// in Drops after it.
func (m *Monitor) Refresh() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refresh()
}

func (m *Monitor) refresh() {
	if m.kernel == nil {
		m.countSockets()
		return
	}
	drops, err := m.kernel.read()
	if err != nil {
		m.log.Warn("drop counters not read", "err", err)
		return
	}
	m.drops = drops
}

// Drops returns what was dropped of a stream since the monitor was opened, as
// of the last Refresh, the most first.
func (m *Monitor) Drops(stream string) []Drop {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.ids[stream]
	var out []Drop
	for c, d := range m.drops {
		if c.stream == id && id != 0 {
			out = append(out, d)
		}
	}
	sortDrops(out)
	return out
}

// streamID numbers a stream; the caller holds mu.
func (m *Monitor) streamID(name string) uint32 {
	id, ok := m.ids[name]
	if !ok {
		id = uint32(len(m.names))
		m.ids[name] = id
		m.names = append(m.names, name)
	}
	return id
}
