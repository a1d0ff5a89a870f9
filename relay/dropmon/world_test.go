package dropmon

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/testkit/network"
)

// world is a network of its own, with its addresses.
type world struct {
	t            *testing.T
	pair         *network.Pair
	cams, relay  string // namespaces
	cam, relayIP netip.Addr
	cam2         netip.Addr // a second camera's address
	cam6, relay6 netip.Addr
}

// newWorld makes a world that ends with the test.
func newWorld(t *testing.T) *world {
	t.Helper()
	p := network.New(t)
	return &world{t: t, pair: p, cams: p.Cams, relay: p.Relay, cam: network.Cam, cam2: network.Cam2, relayIP: network.Host,
		cam6: network.Cam6, relay6: network.Host6}
}

func (w *world) listen(ns string, at netip.AddrPort) *net.UDPConn {
	w.t.Helper()
	return network.ListenUDP(w.t, ns, at)
}

func addrPort(c *net.UDPConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// camera sends numbered RTP packets.
type camera struct {
	t    testing.TB
	conn *net.UDPConn
	to   netip.AddrPort
	ssrc uint32
	seq  uint16
	size int
	sent int
}

func (w *world) camera(ns string, from netip.Addr, to netip.AddrPort, ssrc uint32) *camera {
	return &camera{t: w.t, conn: w.listen(ns, netip.AddrPortFrom(from, 0)), to: to, ssrc: ssrc, size: 1000}
}

func (c *camera) packet() []byte {
	b := bytes.Repeat([]byte{0xab}, c.size)
	copy(b, []byte{0x80, 96})
	binary.BigEndian.PutUint16(b[2:], c.seq)
	binary.BigEndian.PutUint32(b[4:], uint32(c.seq)*3000)
	binary.BigEndian.PutUint32(b[8:], c.ssrc)
	c.seq++
	return b
}

// send sends n packets; some senders are told of their packets' fate.
func (c *camera) send(n int) {
	c.t.Helper()
	for range n {
		_, err := c.conn.WriteToUDPAddrPort(c.packet(), c.to)
		switch {
		case err == nil, isErr(err, syscall.ENOBUFS), isErr(err, syscall.ECONNREFUSED), isErr(err, syscall.EPERM):
		default:
			c.t.Fatalf("send: %v", err)
		}
		c.sent++
	}
}

func isErr(err error, e syscall.Errno) bool {
	return err != nil && strings.Contains(err.Error(), e.Error())
}

// drain reads what waits in a socket, until nothing comes for a while.
func drain(c *net.UDPConn) int {
	n, buf := 0, make([]byte, 65536)
	for {
		_ = c.SetReadDeadline(time.Now().Add(60 * time.Millisecond))
		if _, _, err := c.ReadFromUDPAddrPort(buf); err != nil {
			return n
		}
		n++
	}
}

// open makes a monitor that ends with the test, on the rung that the test is
// about.
func open(t testing.TB, o Options) *Monitor {
	t.Helper()
	want := o.Highest
	if want == "" {
		want = TracingBTF
	}
	if o.ReceiveBuffer == 0 {
		o.ReceiveBuffer = -1
	}
	m := Open(o)
	t.Cleanup(func() { _ = m.Close() })
	if got := m.Level(); got.Rung != want && o.kernelTypes == nil && o.tracepoint == "" {
		t.Fatalf("rung %s (%s), want %s", got.Rung, got.Reason, want)
	}
	return m
}

// dropped is what the monitor says of a stream, by reason.
func dropped(m *Monitor, stream string) map[string]uint64 {
	m.Refresh()
	out := map[string]uint64{}
	for _, d := range m.Drops(stream) {
		name := d.Reason
		if d.Sent {
			name += " sent"
		}
		out[name] = d.Packets
	}
	return out
}

// expect waits for the drops of a stream to be exactly these: some of the
// kernel's work is done a moment later.
func expect(t testing.TB, m *Monitor, stream string, want map[string]uint64) {
	t.Helper()
	var got map[string]uint64
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		got = dropped(m, stream)
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
	}
	t.Errorf("stream %s: dropped %v, want %v", stream, got, want)
}

// localSocket is a socket of this namespace, on loopback.
func localSocket(t testing.TB) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
