package dropmon

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// world is a network of its own: cameras in one namespace, the relay in
// another, a veth pair between them.
type world struct {
	t            *testing.T
	cams, relay  string // namespaces
	cam, relayIP netip.Addr
	cam2         netip.Addr // a second camera's address
	cam6, relay6 netip.Addr
}

var worlds atomic.Int32

// newWorld makes a world that ends with the test.
func newWorld(t *testing.T) *world {
	t.Helper()
	needRoot(t)
	n := worlds.Add(1)
	id := fmt.Sprintf("sl%d-%d", os.Getpid(), n)
	w := &world{t: t, cams: id + "c", relay: id + "r",
		cam: netip.MustParseAddr("10.77.0.1"), cam2: netip.MustParseAddr("10.77.0.3"), relayIP: netip.MustParseAddr("10.77.0.2"),
		cam6: netip.MustParseAddr("fd77::1"), relay6: netip.MustParseAddr("fd77::2")}
	for _, ns := range []string{w.cams, w.relay} {
		ip(t, "netns", "add", ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
		ip(t, "-n", ns, "link", "set", "lo", "up")
	}
	ip(t, "-n", w.cams, "link", "add", "cam", "type", "veth", "peer", "name", "relay", "netns", w.relay)
	ip(t, "-n", w.cams, "addr", "add", "10.77.0.1/24", "dev", "cam")
	ip(t, "-n", w.cams, "addr", "add", "10.77.0.3/24", "dev", "cam")
	ip(t, "-n", w.relay, "addr", "add", "10.77.0.2/24", "dev", "relay")
	ip(t, "-n", w.cams, "addr", "add", "fd77::1/64", "dev", "cam", "nodad")
	ip(t, "-n", w.relay, "addr", "add", "fd77::2/64", "dev", "relay", "nodad")
	ip(t, "-n", w.cams, "link", "set", "cam", "up")
	ip(t, "-n", w.relay, "link", "set", "relay", "up")
	w.meet()
	return w
}

// meet waits until the two sides know each other's link addresses.
func (w *world) meet() {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, to := range []netip.Addr{w.relayIP, w.relay6} {
		c := w.listen(w.relay, netip.AddrPortFrom(to, 0))
		s := w.listen(w.cams, netip.AddrPortFrom(map[bool]netip.Addr{true: w.cam, false: w.cam6}[to.Is4()], 0))
		for {
			_, _ = s.WriteToUDPAddrPort([]byte("hello"), addrPort(c))
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, _, err := c.ReadFromUDPAddrPort(make([]byte, 16)); err == nil {
				break
			}
			if time.Now().After(deadline) {
				w.t.Fatalf("no packet reaches %s in its namespace", to)
			}
		}
		_ = c.Close()
		_ = s.Close()
	}
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("hardware: network namespaces and kernel programs need root")
	}
}

func ip(t testing.TB, args ...string) { t.Helper(); command(t, "ip", args...) }

// tc runs tc in a namespace.
func tc(t testing.TB, ns string, args ...string) {
	t.Helper()
	command(t, "ip", append([]string{"netns", "exec", ns, "tc"}, args...)...)
}

func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// in runs f in a namespace. What f opens stays there.
func in(t testing.TB, ns string, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- func() error {
			fd, err := os.Open(filepath.Join("/run/netns", ns))
			if err != nil {
				return err
			}
			defer fd.Close()
			if err := unix.Setns(int(fd.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			f()
			return nil
		}()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func (w *world) listen(ns string, at netip.AddrPort) *net.UDPConn {
	w.t.Helper()
	var c *net.UDPConn
	var err error
	in(w.t, ns, func() { c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)) })
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return c
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
