package dropmon

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"sightline/testkit/network"
)

// Two cameras send from one address to one port, told apart by SSRC.
func TestSharedPortBySSRC(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		t.Run(map[bool]string{false: "IPv4", true: "IPv6"}[ipv6], func(t *testing.T) {
			w := newWorld(t)
			m := open(t, Options{})
			from, at, toPort := w.cam, w.relayIP, network.ToPort
			if ipv6 {
				from, at, toPort = w.cam6, w.relay6, network.ToPort6
			}
			conn := w.listen(w.relay, netip.AddrPortFrom(at, 0))
			_ = conn.SetReadBuffer(4 << 20)
			ends := []func(){m.WatchSSRC(conn, "one", 0x11223344), m.WatchSSRC(conn, "two", 0x55667788)}
			one, two := w.camera(w.cams, from, addrPort(conn), 0x11223344), w.camera(w.cams, from, addrPort(conn), 0x55667788)
			one.size, two.size = 12, 12 // no more than a header
			two.conn = one.conn
			i := network.Classifier(t, network.Periodic, toPort(addrPort(conn).Port()))
			w.pair.Attach(w.t, "relay", func(index int) (link.Link, error) {
				return link.AttachTCX(link.TCXOptions{Interface: index, Program: i.Prog, Attach: ebpf.AttachTCXIngress})
			})
			// Every third packet of the two together goes.
			for range 100 {
				one.send(1)
				two.send(2)
			}
			for range 60 {
				two.send(1)
			}
			got := map[uint32]int{}
			buf := make([]byte, 64)
			for {
				_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
				if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
					break
				}
				got[uint32(buf[8])<<24|uint32(buf[9])<<16|uint32(buf[10])<<8|uint32(buf[11])]++
			}
			lost1, lost2 := uint64(one.sent-got[one.ssrc]), uint64(two.sent-got[two.ssrc])
			t.Logf("lost %d of one, %d of two", lost1, lost2)
			if lost1+lost2 != i.Dropped() || lost1 == 0 || lost2 == 0 {
				t.Fatalf("lost %d and %d, the injector dropped %d", lost1, lost2, i.Dropped())
			}
			expect(t, m, "one", map[string]uint64{"TC_INGRESS": lost1})
			expect(t, m, "two", map[string]uint64{"TC_INGRESS": lost2})
			// One camera goes; the other is still told apart.
			ends[0]()
			one.send(30)
			two.send(30)
			time.Sleep(20 * time.Millisecond)
			expect(t, m, "one", map[string]uint64{"TC_INGRESS": lost1})
			if dropped(m, "two")["TC_INGRESS"] == lost2 {
				t.Error("the second camera is not counted any more")
			}
			ends[1]()
		})
	}
}

// Cameras with addresses of their own on a shared port, whose SSRC is unknown.
func TestSharedPortByAddress(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	conn := w.listen(w.relay, netip.AddrPortFrom(netip.IPv4Unspecified(), 0))
	defer m.WatchRemote(conn, "one", w.cam)()
	defer m.WatchRemote(conn, "two", w.cam2)()
	to := netip.AddrPortFrom(w.relayIP, addrPort(conn).Port())
	one, two := w.camera(w.cams, w.cam, to, 1), w.camera(w.cams, w.cam2, to, 2)
	_ = conn.Close()
	one.send(10)
	two.send(20)
	expect(t, m, "one", map[string]uint64{"NO_SOCKET": 10})
	expect(t, m, "two", map[string]uint64{"NO_SOCKET": 20})
}

// The same port at another address, in another namespace, or bound by somebody
// else is nobody's loss.
func TestOthersAreNotCounted(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	here := w.listen(w.relay, netip.MustParseAddrPort("127.0.0.1:0"))
	port := addrPort(here).Port()
	defer m.Watch(here, "gate")()
	any := w.listen(w.relay, netip.AddrPortFrom(netip.IPv4Unspecified(), 0))
	defer m.Watch(any, "any")()
	// Nobody listens at any of these.
	w.camera(w.cams, netip.MustParseAddr("127.0.0.1"), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), 1).send(10)
	w.camera(w.relay, netip.MustParseAddr("127.0.0.1"), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), port), 1).send(10)
	w.camera(w.cams, netip.MustParseAddr("127.0.0.1"), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addrPort(any).Port()), 1).send(10)
	time.Sleep(100 * time.Millisecond)
	expect(t, m, "gate", map[string]uint64{})
	expect(t, m, "any", map[string]uint64{})
}

// What waits in a socket that is closed is freed as a drop; a released socket
// is not watched any more.
func TestReleaseBeforeClose(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	conn := w.listen(w.relay, netip.AddrPortFrom(w.relayIP, 0))
	release := m.Watch(conn, "gate")
	cam := w.camera(w.cams, w.cam, addrPort(conn), 1)
	cam.send(50)
	time.Sleep(50 * time.Millisecond)
	release()
	release() // again does nothing
	_ = conn.Close()
	cam.send(5)
	time.Sleep(50 * time.Millisecond)
	expect(t, m, "gate", map[string]uint64{})
	if n := len(m.sockets); n != 0 {
		t.Errorf("%d sockets are still held", n)
	}
}

// Nothing is lost, nothing is attributed. SIGHTLINE_SOAK=60s makes it last.
func TestCleanStreams(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{ReceiveBuffer: 4 << 20})
	lasts := 3 * time.Second
	if v, err := time.ParseDuration(soak()); err == nil {
		lasts = v
	}
	const streams = 8
	var cams []*camera
	results := make(chan int, streams)
	stop := make(chan struct{})
	for n := range streams {
		conn := w.listen(w.relay, netip.AddrPortFrom(w.relayIP, 0))
		defer m.Watch(conn, "s"+strconv.Itoa(n))()
		cams = append(cams, w.camera(w.cams, w.cam, addrPort(conn), uint32(n)))
		go func() {
			got, buf := 0, make([]byte, 2048)
			for {
				_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
				if _, _, err := conn.ReadFromUDPAddrPort(buf); err == nil {
					got++
					continue
				}
				select {
				case <-stop:
					results <- got
					return
				default:
				}
			}
		}()
	}
	sent := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, c := range cams {
			c.send(5)
			sent += 5
		}
	}
	close(stop)
	got := 0
	for range streams {
		got += <-results
	}
	t.Logf("%v: %d packets sent, %d arrived", lasts, sent, got)
	if got != sent {
		t.Errorf("%d packets sent, %d arrived", sent, got)
	}
	for n := range streams {
		if d := dropped(m, "s"+strconv.Itoa(n)); len(d) != 0 {
			t.Errorf("stream %d: dropped %v, want nothing", n, d)
		}
	}
}

// A socket may be handed from one watch to the next without a gap, and from
// one stream to several.
func TestNewerWatchStays(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	conn := w.listen(w.relay, netip.AddrPortFrom(w.relayIP, 0))
	cam := w.camera(w.cams, w.cam, addrPort(conn), 7)
	old := m.Watch(conn, "gate")
	defer m.Watch(conn, "gate")()
	old()
	endPeer := m.WatchSSRC(conn, "seven", 7)
	endAgain := m.WatchSSRC(conn, "seven", 7)
	endPeer()
	_ = conn.Close()
	cam.send(10)
	cam.ssrc = 8
	cam.send(20)
	expect(t, m, "seven", map[string]uint64{"NO_SOCKET": 10})
	expect(t, m, "gate", map[string]uint64{"NO_SOCKET": 20})
	endAgain()
	cam.ssrc = 7
	cam.send(5)
	expect(t, m, "gate", map[string]uint64{"NO_SOCKET": 25})
}
