package dropmon

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sightline/bpf"
)

// watched is one socket that streams are received on.
type watched struct {
	raw      syscall.RawConn
	id       uint32 // of this monitor, never used twice
	cookie   uint64 // the kernel's
	netns    uint64 // 0: packets count wherever on this machine they are dropped
	endpoint bpf.DropsEndpoint
	tcp      bool

	stream  uint32          // whom packets are counted for, 0 for peers only
	peers   map[peer]uint32 // stream numbers
	holders map[peer]int    // the newest watch of each peer, and of the socket itself under peer{}
	watches int
	made    int // watches so far

	wanted  int // receive buffer asked for
	buffer  Buffer
	lastRaw uint32 // the socket's drop counter when last read
	tcpInfo TCP
	seen    time.Time
}

// peer is a camera on a socket that several share.
type peer struct {
	ssrc    uint32
	hasSSRC bool
	addr    netip.Addr
}

func (p peer) key(socket uint32) bpf.DropsPeer {
	k := bpf.DropsPeer{Socket: socket}
	if p.hasSSRC {
		binary.BigEndian.PutUint32(k.Value[:], p.ssrc)
		return k
	}
	k.Kind = 1
	k.Value = p.addr.As16()
	return k
}

func (w *watched) entry() bpf.DropsSocket {
	s := bpf.DropsSocket{Cookie: w.cookie, Netns: w.netns, Id: w.id, Stream: w.stream}
	if len(w.peers) > 0 {
		s.HasPeers = 1
	}
	return s
}

// Buffer is the state of a receive buffer, in bytes as the kernel counts them,
// with its overhead.
type Buffer struct {
	// Size is the limit, Used how much waits, Peak the most that has waited.
	Size int `json:"size"`
	Used int `json:"used"`
	Peak int `json:"peak"`
	// Wanted is the size that was asked for; more than Size where
	// net.core.rmem_max does not allow it.
	Wanted int `json:"wanted"`
}

// TCP is what the kernel says of a camera's TCP connection.
type TCP struct {
	// OutOfOrder counts segments that overtook a missing one: loss on the way,
	// repaired by sending again.
	OutOfOrder uint32 `json:"out_of_order"`
	// Window is what the camera may still send, in bytes; 0 when the relay
	// does not read fast enough.
	Window uint32 `json:"window"`
	// SilentMS is how long nothing has come, in milliseconds.
	SilentMS uint32 `json:"silent_ms"`
}

// Watch begins to watch a socket on which one stream's media arrives. release
// ends it and has to be called before the socket is closed: what waits in a
// socket when it is closed is no loss. A socket that cannot be watched is
// logged, and its stream goes without.
func (m *Monitor) Watch(conn syscall.Conn, stream string) (release func()) {
	return m.watch(conn, stream, peer{}, false)
}

// WatchSSRC is Watch for a socket that several cameras share: packets with the
// SSRC belong to the stream.
func (m *Monitor) WatchSSRC(conn syscall.Conn, stream string, ssrc uint32) (release func()) {
	return m.watch(conn, stream, peer{ssrc: ssrc, hasSSRC: true}, true)
}

// WatchRemote is Watch for a socket that several cameras share: packets from
// (and to) the address belong to the stream, unless an SSRC says otherwise.
func (m *Monitor) WatchRemote(conn syscall.Conn, stream string, from netip.Addr) (release func()) {
	return m.watch(conn, stream, peer{addr: from}, true)
}

func (m *Monitor) watch(conn syscall.Conn, stream string, p peer, shared bool) func() {
	raw, err := conn.SyscallConn()
	if err != nil {
		m.log.Warn("socket not watched", "stream", stream, "err", err)
		return func() {}
	}
	w, err := inspect(raw)
	if err != nil {
		m.log.Warn("socket not watched", "stream", stream, "err", err)
		return func() {}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.sockets[w.cookie]; ok {
		w = known
	} else {
		m.nextID++
		w.id = m.nextID
		w.peers, w.holders = map[peer]uint32{}, map[peer]int{}
		m.raise(w)
		m.sockets[w.cookie] = w
	}
	w.watches++
	w.made++
	holder := w.made
	w.holders[p] = holder
	id := m.streamID(stream)
	if shared {
		w.peers[p] = id
	} else {
		w.stream = id
	}
	if m.kernel != nil && !w.tcp {
		if shared {
			err = m.kernel.addPeer(w, p, id)
		}
		if err == nil && w.watches == 1 {
			err = m.kernel.add(w)
		} else if err == nil {
			err = m.kernel.maps.Sockets.Put(w.endpoint, w.entry())
		}
		if err != nil {
			m.log.Warn("socket not watched", "stream", stream, "err", err)
		}
	}
	var once sync.Once
	return func() { once.Do(func() { m.release(w, p, shared, holder) }) }
}

// release ends one watch of a socket. Where a newer one has taken its place,
// that one stays.
func (m *Monitor) release(w *watched, p peer, shared bool, holder int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refresh() // the last that the socket itself can say
	if w.tcp && w.stream != 0 {
		m.pollTCP(w)
	}
	w.watches--
	newest := w.holders[p] == holder
	if newest {
		delete(w.holders, p)
	}
	if newest && shared {
		delete(w.peers, p)
	} else if newest {
		w.stream = 0
	}
	if w.watches == 0 {
		delete(m.sockets, w.cookie)
	}
	if m.kernel == nil || w.tcp {
		return
	}
	var err error
	if newest && shared {
		err = m.kernel.removePeer(w, p)
	}
	if err == nil && w.watches == 0 {
		err = m.kernel.remove(w)
	} else if err == nil {
		err = m.kernel.maps.Sockets.Put(w.endpoint, w.entry())
	}
	if err != nil {
		m.log.Warn("socket not released", "err", err)
	}
}

// inspect reads what identifies a socket.
func inspect(raw syscall.RawConn) (*watched, error) {
	w := &watched{raw: raw}
	var inner error
	err := raw.Control(func(fd uintptr) { inner = w.identify(int(fd)) })
	if err == nil {
		err = inner
	}
	return w, err
}

func (w *watched) identify(fd int) error {
	var err error
	if w.cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE); err != nil {
		return err
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return err
	}
	w.tcp = kind == unix.SOCK_STREAM
	name, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	var addr netip.Addr
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		addr, w.endpoint.Port = netip.AddrFrom4(a.Addr), uint16(a.Port)
	case *unix.SockaddrInet6:
		addr, w.endpoint.Port = netip.AddrFrom16(a.Addr), uint16(a.Port)
	default:
		return syscall.EAFNOSUPPORT
	}
	addr = addr.Unmap()
	if !addr.IsUnspecified() {
		w.endpoint.Addr = addr.As16()
	}
	if addr.IsUnspecified() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsMulticast() {
		// Every namespace has such an address. With any other, a packet to it
		// is ours wherever it is dropped: on the host's bridge, say.
		w.netns, _ = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, soNetnsCookie) // since 5.14; 0 before
	}
	return nil
}

// soNetnsCookie is SO_NETNS_COOKIE of include/uapi/asm-generic/socket.h.
const soNetnsCookie = 71
