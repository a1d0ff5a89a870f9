package dropmon

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sightline/relay/health"
)

// Indices into SO_MEMINFO, of include/uapi/linux/sock_diag.h.
const (
	memRmem    = 0
	memRcvbuf  = 1
	memDrops   = 8
	memEntries = 9
)

// memInfo reads a socket's buffers and drop counter in one call.
func memInfo(fd int) (v [memEntries]uint32, err error) {
	size := uint32(unsafe.Sizeof(v))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return v, errno
	}
	return v, nil
}

// raise makes a socket's receive buffer as large as wanted or allowed, never
// smaller than it is.
func (m *Monitor) raise(w *watched) {
	_ = w.raw.Control(func(fd uintptr) {
		if info, err := memInfo(int(fd)); err == nil {
			w.buffer.Size, w.lastRaw = int(info[memRcvbuf]), info[memDrops]
		}
		want := m.opts.ReceiveBuffer
		if want < 0 || w.tcp || w.buffer.Size >= 2*want { // the kernel doubles what is asked for
			return
		}
		w.wanted = 2 * want
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want) != nil { // needs CAP_NET_ADMIN
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, want)
		}
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
			w.buffer.Size = n
		}
	})
	w.buffer.Wanted = max(w.wanted, w.buffer.Size)
}

// pollSockets looks at the depth of every socket.
func (m *Monitor) pollSockets(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.sockets {
		if w.tcp {
			if now.Sub(w.seen) >= slowEvery {
				w.seen = now
				m.pollTCP(w)
			}
			continue
		}
		_ = w.raw.Control(func(fd uintptr) {
			if info, err := memInfo(int(fd)); err == nil {
				w.buffer.Used, w.buffer.Size = int(info[memRmem]), int(info[memRcvbuf])
				w.buffer.Peak = max(w.buffer.Peak, w.buffer.Used)
			}
		})
	}
}

// pollTCP asks a connection for its state; the caller holds mu.
func (m *Monitor) pollTCP(w *watched) {
	_ = w.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			m.late[w.stream] += uint64(info.Rcv_ooopack - w.tcpInfo.OutOfOrder)
			w.tcpInfo = TCP{OutOfOrder: info.Rcv_ooopack, Window: info.Rcv_wnd, SilentMS: info.Last_data_recv}
		}
	})
}

// countSockets is the lowest rung: each socket's own counter, with the likely
// reason by what the namespace's counters did meanwhile. Packets on a shared
// socket cannot be told apart and count for its own stream, if it has one.
// The caller holds mu.
func (m *Monitor) countSockets() {
	next, err := readSNMP(m.opts.snmp)
	reason := "SOCKET"
	if err == nil {
		reason = m.snmp.likely(next)
		m.snmp = next
	}
	for _, w := range m.sockets {
		if w.tcp {
			continue
		}
		var drops uint32
		var inner error
		err := w.raw.Control(func(fd uintptr) {
			var info [memEntries]uint32
			info, inner = memInfo(int(fd))
			drops = info[memDrops]
		})
		if err != nil || inner != nil {
			continue
		}
		n := drops - w.lastRaw
		w.lastRaw = drops
		stream := w.stream
		if len(w.peers) == 1 && stream == 0 {
			for _, only := range w.peers {
				stream = only
			}
		}
		if n == 0 || stream == 0 {
			continue
		}
		c := cause{stream: stream, reason: reason}
		d := m.drops[c]
		d.Reason = reason
		d.Packets += uint64(n)
		m.drops[c] = d
	}
}

// snmpCounters are the UDP counters of a namespace.
type snmpCounters map[string]uint64

// readSNMP reads the Udp rows of /proc/net/snmp.
func readSNMP(path string) (snmpCounters, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range bytes.Lines(text) {
		rest, ok := strings.CutPrefix(string(line), "Udp: ")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if names == nil {
			names = fields
			continue
		}
		out := snmpCounters{}
		for i, f := range fields {
			if i < len(names) {
				out[names[i]], _ = strconv.ParseUint(f, 10, 64)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("dropmon: no Udp counters in %s", path)
}

// likely names the reason for sockets' drops between two readings: that of the
// only counter which moved.
func (c snmpCounters) likely(next snmpCounters) string {
	reason, moved := "SOCKET", 0
	for counter, name := range map[string]string{
		"RcvbufErrors": "SOCKET_RCVBUFF", "InCsumErrors": "UDP_CSUM", "MemErrors": "PROTO_MEM",
	} {
		if next[counter] > c[counter] {
			moved++
			reason = name
		}
	}
	if moved != 1 {
		return "SOCKET"
	}
	return reason
}

// Sockets is what is known of a stream's sockets.
type Sockets struct {
	// Buffer is that of the UDP socket that is fullest against its size, nil
	// without one.
	Buffer *Buffer `json:"receive_buffer,omitempty"`
	// TCP is that of the connection, nil without one.
	TCP *TCP `json:"tcp,omitempty"`
	// OutOfOrder is TCP.OutOfOrder of all connections since the monitor was
	// opened.
	OutOfOrder uint64 `json:"out_of_order"`
}

// Sockets returns the state of a stream's sockets.
func (m *Monitor) Sockets(stream string) Sockets {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out Sockets
	id, ok := m.ids[stream]
	if !ok {
		return out
	}
	out.OutOfOrder = m.late[id]
	for _, w := range m.sockets {
		if !w.serves(id) {
			continue
		}
		if w.tcp {
			t := w.tcpInfo
			out.TCP = &t
		} else if out.Buffer == nil || w.buffer.Used*out.Buffer.Size > out.Buffer.Used*w.buffer.Size {
			b := w.buffer
			out.Buffer = &b
		}
	}
	return out
}

func (w *watched) serves(stream uint32) bool {
	if w.stream == stream {
		return true
	}
	for _, id := range w.peers {
		if id == stream {
			return true
		}
	}
	return false
}

// fullBuffer is a stream whose receive buffer overflows.
type fullBuffer struct {
	packets uint64
	at      time.Time // when last it did
	raised  bool
}

// fullFor is how long a stream's condition stands after the last overflow.
const fullFor = time.Minute

// judge raises and clears the condition of overflowing receive buffers.
func (m *Monitor) judge(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, id := range m.ids {
		full := m.drops[cause{stream: id, reason: "SOCKET_RCVBUFF"}].Packets
		f := m.full[name]
		if full > f.packets {
			f.packets, f.at = full, now
			f.raised = true
			m.opts.Board.Raise("stream/"+name, m.overflow(id, full))
		} else if f.raised && now.Sub(f.at) > fullFor {
			f.raised = false
			m.opts.Board.Clear("stream/"+name, health.ReceiveBufferFull)
		}
		m.full[name] = f
	}
}

// overflow words the condition: a limit of the kernel that is in the way, or a
// relay that is too slow.
func (m *Monitor) overflow(stream uint32, packets uint64) health.Condition {
	for _, w := range m.sockets {
		if w.tcp || !w.serves(stream) {
			continue
		}
		if w.buffer.Size < w.buffer.Wanted {
			limit := rmemMax()
			return health.New(health.ReceiveBufferFull,
				"The kernel dropped %d packets because the receive buffer was full: it has %d of the %d bytes that Sightline asked for, since net.core.rmem_max is %d.",
				packets, w.buffer.Size, w.buffer.Wanted, limit).WithFix("sysctl -w net.core.rmem_max=%d", w.buffer.Wanted/2)
		}
		return health.New(health.ReceiveBufferFull,
			"The kernel dropped %d packets because the receive buffer of %d bytes was full: the relay does not read fast enough.", packets, w.buffer.Size).
			WithFix("Give the relay more processor time, or fewer streams; its buffer is as large as it asks for.")
	}
	return health.New(health.ReceiveBufferFull, "The kernel dropped %d packets because the receive buffer was full.", packets)
}

// rmemMax is the most that SO_RCVBUF may ask for, 0 if unknown.
func rmemMax() int {
	text, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}
