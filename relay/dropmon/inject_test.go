package dropmon

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"sightline/testkit/network"
)

// scene is a world in which one camera, "gate", is about to lose packets and
// an equal one, "twin", is not.
type scene struct {
	*world
	m          *Monitor
	gate, twin *net.UDPConn
	cam, other *camera
	release    func()
}

// injection makes the gate camera send, drops some of it, and returns how many
// for which reason. What arrives it leaves in the socket or reads.
type injection struct {
	name   string
	reason string
	inject func(s *scene) (injected uint64)
	// prepare changes the way before anybody sends.
	prepare func(s *scene)
	// alone says that the way is shared, so that the twin sends afterwards.
	alone bool
	ipv6  bool
}

func injections() []injection {
	return []injection{
		{name: "receive buffer", reason: "SOCKET_RCVBUFF", inject: stalledReader},
		{name: "receive buffer, IPv6", reason: "SOCKET_RCVBUFF", inject: stalledReader, ipv6: true},
		{name: "no listener", reason: "NO_SOCKET", inject: noListener},
		{name: "no listener, IPv6", reason: "NO_SOCKET", inject: noListener, ipv6: true},
		{name: "bad checksum", reason: "UDP_CSUM", inject: badChecksum},
		{name: "tcx ingress, iid", reason: "TC_INGRESS", inject: tcx("relay", ebpf.AttachTCXIngress, network.IID)},
		{name: "tcx ingress, burst", reason: "TC_INGRESS", inject: tcx("relay", ebpf.AttachTCXIngress, network.Burst)},
		{name: "tcx ingress, gilbert-elliott", reason: "TC_INGRESS", inject: tcx("relay", ebpf.AttachTCXIngress, network.Gilbert)},
		{name: "tcx ingress, periodic", reason: "TC_INGRESS", inject: tcx("relay", ebpf.AttachTCXIngress, network.Periodic)},
		{name: "tcx ingress, IPv6", reason: "TC_INGRESS", inject: tcx("relay", ebpf.AttachTCXIngress, network.Periodic), ipv6: true},
		{name: "tcx egress, iid", reason: "TC_EGRESS", inject: tcx("cam", ebpf.AttachTCXEgress, network.IID)},
		{name: "tcx egress, burst", reason: "TC_EGRESS", inject: tcx("cam", ebpf.AttachTCXEgress, network.Burst)},
		{name: "tcx egress, gilbert-elliott", reason: "TC_EGRESS", inject: tcx("cam", ebpf.AttachTCXEgress, network.Gilbert)},
		{name: "tcx egress, periodic", reason: "TC_EGRESS", inject: tcx("cam", ebpf.AttachTCXEgress, network.Periodic)},
		{name: "xdp", reason: "NOT_SPECIFIED", inject: xdp},
		{name: "netfilter", reason: "NETFILTER_DROP", inject: netfilter},
		{name: "socket filter", reason: "SOCKET_FILTER", inject: socketFilter},
		{name: "tbf", reason: "QDISC_DROP", prepare: qdisc("tbf", "rate", "2mbit", "burst", "3000", "limit", "6000"), inject: queued},
		{name: "htb and pfifo", reason: "QDISC_DROP", prepare: qdisc("pfifo", "limit", "5"), inject: queued},
		{name: "htb and bfifo", reason: "QDISC_DROP", prepare: qdisc("bfifo", "limit", "6000"), inject: queued},
		{name: "backlog of a processor", reason: "CPU_BACKLOG", inject: backlog, alone: true},
		{name: "unresolved neighbour", reason: "NEIGH_QUEUEFULL", inject: neighbour, alone: true},
		{name: "starved reader", reason: "SOCKET_RCVBUFF", inject: starved},
		{name: "GSO", reason: "TC_INGRESS", inject: gso},
	}
}

func TestInjectedIsAttributed(t *testing.T) {
	network.NeedRoot(t)
	for _, run := range []struct {
		rung    Rung
		streams int
	}{{TracingBTF, 1}, {TracingBTF, 200}, {TracingRaw, 200}} {
		t.Run(fmt.Sprintf("%s/%d", run.rung, run.streams), func(t *testing.T) {
			m := open(t, Options{Highest: run.rung})
			for _, i := range injections() {
				if run.rung == TracingRaw && i.pattern() {
					continue // the twins share all but the hook
				}
				t.Run(i.name, func(t *testing.T) { runInjection(t, m, i, run.streams) })
			}
			if n := m.kernel.missed(); n != 0 {
				t.Errorf("%d drops were not counted", n)
			}
		})
	}
}

// pattern says that the injection differs from another by its pattern only.
func (i injection) pattern() bool {
	return strings.HasSuffix(i.name, "iid") || strings.HasSuffix(i.name, "burst") || strings.HasSuffix(i.name, "elliott")
}

func runInjection(t *testing.T, m *Monitor, i injection, streams int) {
	s := &scene{world: newWorld(t), m: m}
	from, from2, at := s.world.cam, s.world.cam2, s.relayIP
	if i.ipv6 {
		from, from2, at = s.cam6, s.cam6, s.relay6
	}
	name := func(n int) string { return fmt.Sprintf("%s/%d", t.Name(), n) }
	for n := 2; n < streams; n++ {
		c := s.listen(s.world.relay, netip.AddrPortFrom(at, 0))
		defer m.Watch(c, name(n))()
	}
	s.gate = s.listen(s.world.relay, netip.AddrPortFrom(at, 0))
	s.twin = s.listen(s.world.relay, netip.AddrPortFrom(at, 0))
	for _, c := range []*net.UDPConn{s.gate, s.twin} {
		_ = c.SetReadBuffer(4 << 20)
	}
	s.release = m.Watch(s.gate, name(0))
	defer s.release()
	if streams > 1 {
		defer m.Watch(s.twin, name(1))()
	}
	s.cam = s.camera(s.cams, from, addrPort(s.gate), 1)
	s.other = s.camera(s.cams, from2, addrPort(s.twin), 2)
	before := dropped(m, name(0))
	if len(before) != 0 {
		t.Fatalf("before: %v", before)
	}
	if i.prepare != nil {
		i.prepare(s)
	}
	stop, done := make(chan struct{}), make(chan int)
	if !i.alone {
		go func() { done <- s.twinSends(stop) }()
	}
	injected := i.inject(s)
	if i.alone {
		go func() { done <- s.twinSends(stop) }()
	}
	close(stop)
	if got := <-done; got != s.other.sent {
		t.Errorf("the twin sent %d packets and %d arrived", s.other.sent, got)
	}
	t.Logf("injected %d, reason %s", injected, i.reason)
	if injected == 0 {
		t.Fatal("nothing was injected")
	}
	expect(t, m, name(0), map[string]uint64{i.reason: injected})
	for n := 1; n < streams; n++ {
		if got := dropped(m, name(n)); len(got) != 0 {
			t.Errorf("stream %d: dropped %v, want nothing", n, got)
		}
	}
}

// twinSends sends from the twin and reads it all, for at least 50 packets.
func (s *scene) twinSends(stop chan struct{}) (arrived int) {
	buf := make([]byte, 2048)
	for {
		s.other.send(1)
		_ = s.twin.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, _, err := s.twin.ReadFromUDPAddrPort(buf); err == nil {
			arrived++
		}
		select {
		case <-stop:
			if s.other.sent >= 50 {
				return arrived
			}
		default:
		}
	}
}

func control(t testing.TB, c syscall.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
}

// sendAndCount sends n packets and returns how many did not arrive.
func (s *scene) sendAndCount(n int) uint64 {
	s.t.Helper()
	arrived := make(chan int)
	go func() { arrived <- drain(s.gate) }()
	got := 0
	for range n / 50 {
		s.cam.send(50)
		time.Sleep(2 * time.Millisecond) // leave the reader time: its buffer is not what is tested
	}
	got += <-arrived
	got += drain(s.gate) // what a slow path holds back
	return uint64(n/50*50 - got)
}

func stalledReader(s *scene) uint64 {
	if err := s.gate.SetReadBuffer(8 << 10); err != nil {
		s.t.Fatal(err)
	}
	s.cam.send(400)
	time.Sleep(50 * time.Millisecond)
	return uint64(s.cam.sent - drain(s.gate))
}

func noListener(s *scene) uint64 {
	_ = s.gate.Close()
	s.cam.send(300)
	return 300
}

func badChecksum(s *scene) uint64 {
	var fd int
	var err error
	network.In(s.t, s.cams, func() { fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW) })
	if err != nil {
		s.t.Fatal(err)
	}
	defer unix.Close(fd)
	dst := addrPort(s.gate)
	for range 200 {
		payload := s.cam.packet()
		b := make([]byte, 28, 28+len(payload))
		b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
		binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
		src, to := s.world.cam.As4(), dst.Addr().As4()
		copy(b[12:], src[:])
		copy(b[16:], to[:])
		binary.BigEndian.PutUint16(b[20:], 5004)
		binary.BigEndian.PutUint16(b[22:], dst.Port())
		binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload)))
		binary.BigEndian.PutUint16(b[26:], 0xbad) // wrong
		if err := unix.Sendto(fd, append(b, payload...), 0, &unix.SockaddrInet4{Addr: to}); err != nil {
			s.t.Fatal(err)
		}
	}
	if n := drain(s.gate); n != 0 {
		s.t.Errorf("%d packets with a wrong checksum arrived", n)
	}
	return 200
}

func tcx(device string, at ebpf.AttachType, p network.Pattern) func(s *scene) uint64 {
	return func(s *scene) uint64 {
		toPort := network.ToPort
		if s.cam.to.Addr().Is6() {
			toPort = network.ToPort6
		}
		i := network.Classifier(s.t, p, toPort(s.cam.to.Port()))
		s.pair.Attach(s.t, device, func(index int) (link.Link, error) {
			return link.AttachTCX(link.TCXOptions{Interface: index, Program: i.Prog, Attach: at})
		})
		return s.same(i, s.sendAndCount(1000))
	}
}

// same checks that what an injector counts did not arrive.
func (s *scene) same(i *network.Injector, missing uint64) uint64 {
	s.t.Helper()
	if n := i.Dropped(); n != missing {
		s.t.Errorf("the injector dropped %d packets, but %d did not arrive", n, missing)
	}
	return i.Dropped()
}

func xdp(s *scene) uint64 {
	i := xdpDrop(s.t, s.cam.to.Port(), network.Periodic)
	s.pair.Attach(s.t, "relay", func(index int) (link.Link, error) {
		return link.AttachXDP(link.XDPOptions{Interface: index, Program: i.Prog})
	})
	return s.same(i, s.sendAndCount(1000))
}

func netfilter(s *scene) uint64 {
	s.cam.size = 777
	i := netfilterDrop(s.t, 28+777, network.Burst)
	s.pair.Attach(s.t, "relay", func(int) (link.Link, error) {
		return link.AttachNetfilter(link.NetfilterOptions{Program: i.Prog, ProtocolFamily: unix.NFPROTO_IPV4,
			Hook: link.NetfilterInetLocalIn, Priority: -128})
	})
	return s.same(i, s.sendAndCount(1000))
}

func socketFilter(s *scene) uint64 {
	i := socketDrop(s.t, network.Periodic)
	control(s.t, s.gate, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, i.Prog.FD())
	})
	return s.same(i, s.sendAndCount(1000))
}

// qdisc sends the gate's packets through a class of their own, slow and with
// this queue; the twin's pass by.
func qdisc(leaf ...string) func(s *scene) {
	return func(s *scene) {
		network.TC(s.t, s.cams, "qdisc", "add", "dev", "cam", "root", "handle", "1:", "htb", "default", "20")
		network.TC(s.t, s.cams, "class", "add", "dev", "cam", "parent", "1:", "classid", "1:10", "htb", "rate", "4mbit", "burst", "3000", "cburst", "3000")
		network.TC(s.t, s.cams, "class", "add", "dev", "cam", "parent", "1:", "classid", "1:20", "htb", "rate", "10gbit")
		network.TC(s.t, s.cams, append([]string{"qdisc", "add", "dev", "cam", "parent", "1:10", "handle", "10:"}, leaf...)...)
		control(s.t, s.cam.conn, func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY, 1<<16|0x10)
		})
	}
}

func queued(s *scene) uint64 { return s.sendAndCount(1000) }

func backlog(s *scene) uint64 {
	network.Command(s.t, "ip", "netns", "exec", s.world.relay, "sh", "-c", "echo 1 > /sys/class/net/relay/queues/rx-0/rps_cpus")
	prog := slow(s.t)
	var l link.Link
	s.pair.Attach(s.t, "relay", func(index int) (_ link.Link, err error) {
		l, err = link.AttachTCX(link.TCXOptions{Interface: index, Program: prog, Attach: ebpf.AttachTCXIngress})
		return l, err
	})
	arrived := make(chan int)
	go func() {
		n := 0
		buf := make([]byte, 2048)
		for {
			_ = s.gate.SetReadDeadline(time.Now().Add(2 * time.Second))
			if _, _, err := s.gate.ReadFromUDPAddrPort(buf); err != nil {
				break
			}
			n++
		}
		arrived <- n
	}()
	s.cam.size = 100
	control(s.t, s.cam.conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 16<<20)
	})
	sent := make(chan struct{})
	go func() { // on another processor than the one that is kept busy
		defer close(sent)
		runtime.LockOSThread()
		var cpus unix.CPUSet
		cpus.Set(1)
		if err := unix.SchedSetaffinity(0, &cpus); err != nil {
			s.t.Errorf("a second processor: %v", err)
			return
		}
		s.cam.send(4000)
	}()
	<-sent
	got := <-arrived
	_ = l.Close()
	return uint64(s.cam.sent - got)
}

// neighbour sends to an address that answers no ARP: the queue for it holds
// some packets, those above are dropped, and in the end the queue too.
func neighbour(s *scene) uint64 {
	network.IP(s.t, "-n", s.world.relay, "link", "set", "relay", "arp", "off")
	network.IP(s.t, "-n", s.cams, "neigh", "flush", "all")
	s.cam.send(600)
	// The kernel gives up after three questions, and the queue goes.
	time.Sleep(100 * time.Millisecond)
	queued := dropped(s.m, s.t.Name()+"/0")["NEIGH_QUEUEFULL"]
	network.IP(s.t, "-n", s.world.relay, "link", "set", "relay", "arp", "on")
	arrived := 0
	for deadline := time.Now().Add(10 * time.Second); arrived == 0 && time.Now().Before(deadline); {
		arrived = drain(s.gate)
	}
	if n := uint64(s.cam.sent - arrived); n != queued {
		s.t.Errorf("%d packets did not arrive, %d were dropped", n, queued)
	}
	return uint64(s.cam.sent - arrived)
}

// gso sends buffers that stand for five packets each, and drops every third.
func gso(s *scene) uint64 {
	i := network.Classifier(s.t, network.Periodic, network.ToPort(s.cam.to.Port()))
	s.pair.Attach(s.t, "relay", func(index int) (link.Link, error) {
		return link.AttachTCX(link.TCXOptions{Interface: index, Program: i.Prog, Attach: ebpf.AttachTCXIngress})
	})
	control(s.t, s.cam.conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, s.cam.size)
	})
	sent := 0
	arrived := make(chan int)
	go func() { arrived <- drain(s.gate) }()
	for range 60 {
		var b []byte
		for range 5 {
			b = append(b, s.cam.packet()...)
		}
		if _, err := s.cam.conn.WriteToUDPAddrPort(b, s.cam.to); err != nil {
			s.t.Fatal(err)
		}
		sent += 5
		time.Sleep(time.Millisecond)
	}
	got := <-arrived
	got += drain(s.gate) // what came after a pause of a busy machine
	missing := uint64(sent - got)
	if n := i.Dropped(); n*5 != missing {
		s.t.Errorf("%d buffers of 5 were dropped, but %d packets did not arrive", n, missing)
	}
	return missing
}
