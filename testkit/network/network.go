// Package network makes networks for tests: two namespaces with a pair of
// interfaces between them, and kernel programs that drop packets on the way and
// count them. All of it needs root.
package network

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Pair is two namespaces: cameras in one, a relay in the other.
type Pair struct {
	// Cams and Relay are the namespaces' names; the interface of the first is
	// named cam, that of the second relay.
	Cams, Relay string
}

// The addresses of a pair: two of the cameras, one of the relay, and one of
// each over IPv6.
var (
	Cam    = netip.MustParseAddr("10.77.0.1")
	Cam2   = netip.MustParseAddr("10.77.0.3")
	Host   = netip.MustParseAddr("10.77.0.2")
	Cam6   = netip.MustParseAddr("fd77::1")
	Host6  = netip.MustParseAddr("fd77::2")
	number atomic.Int32
)

// NeedRoot skips a test that may not make networks.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("hardware: network namespaces and kernel programs need root")
	}
}

// New makes a pair that ends with the test, and waits until packets pass.
func New(t testing.TB) *Pair {
	t.Helper()
	NeedRoot(t)
	id := fmt.Sprintf("sl%d-%d", os.Getpid(), number.Add(1))
	p := &Pair{Cams: id + "c", Relay: id + "r"}
	for _, ns := range []string{p.Cams, p.Relay} {
		IP(t, "netns", "add", ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
		IP(t, "-n", ns, "link", "set", "lo", "up")
	}
	IP(t, "-n", p.Cams, "link", "add", "cam", "type", "veth", "peer", "name", "relay", "netns", p.Relay)
	for _, a := range []netip.Addr{Cam, Cam2} {
		IP(t, "-n", p.Cams, "addr", "add", a.String()+"/24", "dev", "cam")
	}
	IP(t, "-n", p.Relay, "addr", "add", Host.String()+"/24", "dev", "relay")
	IP(t, "-n", p.Cams, "addr", "add", Cam6.String()+"/64", "dev", "cam", "nodad")
	IP(t, "-n", p.Relay, "addr", "add", Host6.String()+"/64", "dev", "relay", "nodad")
	IP(t, "-n", p.Cams, "link", "set", "cam", "up")
	IP(t, "-n", p.Relay, "link", "set", "relay", "up")
	p.meet(t)
	return p
}

// meet waits until the two sides know each other's link addresses.
func (p *Pair) meet(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for to, from := range map[netip.Addr]netip.Addr{Host: Cam, Host6: Cam6} {
		c := ListenUDP(t, p.Relay, netip.AddrPortFrom(to, 0))
		s := ListenUDP(t, p.Cams, netip.AddrPortFrom(from, 0))
		for {
			_, _ = s.WriteTo([]byte("hello"), c.LocalAddr())
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, _, err := c.ReadFromUDPAddrPort(make([]byte, 16)); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("network: no packet reaches %s in its namespace", to)
			}
		}
		_ = c.Close()
		_ = s.Close()
	}
}

// IP runs the command ip.
func IP(t testing.TB, args ...string) { t.Helper(); Command(t, "ip", args...) }

// TC runs the command tc in a namespace.
func TC(t testing.TB, ns string, args ...string) {
	t.Helper()
	Command(t, "ip", append([]string{"netns", "exec", ns, "tc"}, args...)...)
}

// Command runs a command that has to succeed.
func Command(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("network: %s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// In runs f in a namespace. What f opens stays there.
func In(t testing.TB, ns string, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err == nil {
			defer home.Close()
			err = enter(ns)
		}
		if err != nil {
			done <- err
			return
		}
		f()
		// Back home, for a thread that stays locked ends with its goroutine, and
		// processes that it started may be killed with it (PR_SET_PDEATHSIG).
		err = unix.Setns(int(home.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// enter puts the thread into a namespace.
func enter(ns string) error {
	fd, err := os.Open(filepath.Join("/run/netns", ns))
	if err != nil {
		return err
	}
	defer fd.Close()
	return unix.Setns(int(fd.Fd()), unix.CLONE_NEWNET)
}

// ListenUDP opens a socket in a namespace; it is closed with the test.
func ListenUDP(t testing.TB, ns string, at netip.AddrPort) *net.UDPConn {
	t.Helper()
	var c *net.UDPConn
	var err error
	In(t, ns, func() { c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Attach attaches a kernel program to an interface of the pair, cam or relay.
func (p *Pair) Attach(t testing.TB, device string, f func(index int) (link.Link, error)) {
	t.Helper()
	ns := p.Relay
	if device == "cam" {
		ns = p.Cams
	}
	In(t, ns, func() {
		iface, err := net.InterfaceByName(device)
		if err != nil {
			t.Error(err)
			return
		}
		l, err := f(iface.Index)
		if err != nil {
			t.Errorf("network: attach to %s: %v", device, err)
			return
		}
		t.Cleanup(func() { _ = l.Close() }) // keeps the reference, too
	})
}

// Inject makes packets that arrive at an interface of the pair pass an injector
// until stop, or until the test ends.
func (p *Pair) Inject(t testing.TB, device string, i *Injector) (stop func()) {
	t.Helper()
	var attached link.Link
	p.Attach(t, device, func(index int) (_ link.Link, err error) {
		attached, err = link.AttachTCX(link.TCXOptions{Interface: index, Program: i.Prog, Attach: ebpf.AttachTCXIngress})
		return attached, err
	})
	return func() {
		if attached != nil {
			_ = attached.Close()
		}
	}
}
