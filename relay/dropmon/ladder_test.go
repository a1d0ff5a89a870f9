package dropmon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"sightline/relay/health"

	"sightline/testkit/network"
)

// asUser is set in the process that TestAsUser starts of itself: the rung that
// it has to be on.
const asUser = "SIGHTLINE_DROPMON_RUNG"

func TestLadder(t *testing.T) {
	network.NeedRoot(t)
	missing := func(*btf.Spec, string) (int, error) { return 0, errNoTracepoint }
	for _, c := range []struct {
		name   string
		opts   Options
		rung   Rung
		reason string
		fix    string
	}{
		{"all there", Options{}, TracingBTF, "", ""},
		{"no receiving socket, before 6.11", Options{args: func(*btf.Spec, string) (int, error) { return 3, nil }}, TracingBTF, "", ""},
		{"typed tracepoint missing", Options{args: missing}, TracingRaw, "no tracepoint kfree_skb", ""},
		{"asked for raw_tp", Options{Highest: TracingRaw}, TracingRaw, "configuration", ""},
		{"no BTF", Options{kernelTypes: func() (*btf.Spec, error) {
			return nil, fmt.Errorf("no BTF found for kernel version 5.4: %w", ebpf.ErrNotSupported)
		}}, Counters, "(no BTF)", "CONFIG_DEBUG_INFO_BTF"},
		{"tracepoint missing", Options{tracepoint: "kfree_skb_gone"}, Counters, "no tracepoint kfree_skb_gone", ""},
		{"asked for counters", Options{Highest: Counters}, Counters, "configuration", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.opts.ReceiveBuffer = -1
			network.In(t, w.relay, func() { works(t, c.opts, c.rung, c.reason, c.fix) })
		})
	}
}

// works opens a monitor and overflows a socket's receive buffer.
func works(t *testing.T, o Options, rung Rung, reason, fix string) {
	o.snmp = "/proc/thread-self/net/snmp" // of this thread's namespace
	m := Open(o)
	defer m.Close()
	l := m.Level()
	t.Logf("rung %s: %s %s", l.Rung, l.Reason, l.Fix)
	if l.Rung != rung || !strings.Contains(l.Reason, reason) || (l.Reason == "") != (reason == "") || !strings.Contains(l.Fix, fix) {
		t.Errorf("level %+v, want rung %s, reason %q, fix %q", l, rung, reason, fix)
	}
	conn, twin := localSocket(t), localSocket(t)
	release := m.Watch(conn, "gate")
	defer m.Watch(twin, "twin")()
	_ = conn.SetReadBuffer(8 << 10)
	cam := &camera{t: t, conn: localSocket(t), to: addrPort(conn), ssrc: 1, size: 1000}
	cam.send(200)
	other := &camera{t: t, conn: localSocket(t), to: addrPort(twin), ssrc: 2, size: 1000}
	other.send(20)
	want := map[string]uint64{"SOCKET_RCVBUFF": uint64(cam.sent - drain(conn))}
	expect(t, m, "gate", want)
	if n := drain(twin); n != 20 {
		t.Errorf("%d of the twin's packets arrived", n)
	}
	expect(t, m, "twin", map[string]uint64{})
	release()
	expect(t, m, "gate", want)
}

// Two capabilities are enough for a user who is not root; without any, the
// next rung works and says why.
func TestNotRoot(t *testing.T) {
	network.NeedRoot(t)
	const capPerfmon, capBPF = 38, 39
	for _, c := range []struct {
		name string
		caps []uintptr
		rung Rung
	}{
		{"two capabilities", []uintptr{capBPF, capPerfmon}, TracingBTF},
		{"no capability", nil, Counters},
		{"one capability", []uintptr{capBPF}, Counters},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestAsUser$", "-test.v")
			cmd.Env = append(os.Environ(), asUser+"="+string(c.rung))
			cmd.Dir = "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: c.caps,
			}
			var out []byte
			var err error
			network.In(t, w.relay, func() { out, err = cmd.CombinedOutput() })
			t.Logf("%s", out)
			if err != nil || !strings.Contains(string(out), "--- PASS: TestAsUser") {
				t.Errorf("as user: %v", err)
			}
		})
	}
}

func TestAsUser(t *testing.T) {
	rung := Rung(os.Getenv(asUser))
	if rung == "" {
		return // TestNotRoot starts it
	}
	if os.Geteuid() == 0 {
		t.Fatal("still root")
	}
	reason, fix := "", ""
	if rung == Counters {
		reason, fix = "CAP_BPF and CAP_PERFMON", "setcap cap_bpf,cap_perfmon+ep"
	}
	works(t, Options{ReceiveBuffer: -1}, rung, reason, fix)
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("load: %w", unix.EPERM), "CAP_BPF"},
		{fmt.Errorf("attach: %w", os.ErrNotExist), "no tracepoint"},
		{fmt.Errorf("tp_btf: %w", ebpf.ErrNotSupported), "cannot do"},
		{errors.New("verifier\nits log"), "tp_btf failed: verifier."},
	} {
		if got := explain(TracingBTF, "kfree_skb", c.err).Reason; !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("%v: %q, want %q in it", c.err, got, c.want)
		}
	}
}

func TestReasonNames(t *testing.T) {
	n := reasonNames{core: map[uint32]string{2: "NOT_SPECIFIED"}, subsystems: map[uint32]string{3: "OPENVSWITCH"}}
	for reason, want := range map[uint32]string{2: "NOT_SPECIFIED", 3<<16 | 5: "OPENVSWITCH_5", 9<<16 | 1: "SUBSYSTEM_9_1", 77: "REASON_77"} {
		if got := n.name(reason); got != want {
			t.Errorf("reason %#x: %s, want %s", reason, got, want)
		}
	}
	if got := (reasonNames{}).name(0); got != "NOT_SPECIFIED" {
		t.Errorf("kernel without reasons: %s", got)
	}
	types, err := btf.LoadKernelSpec()
	if err != nil {
		t.Skip("hardware: the kernel has no BTF")
	}
	got := loadReasonNames(types)
	if len(got.core) < 60 || len(got.subsystems) == 0 {
		t.Errorf("%d reasons and %d subsystems in the kernel's BTF", len(got.core), len(got.subsystems))
	}
}

func TestSNMP(t *testing.T) {
	file := t.TempDir() + "/snmp"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Ip: A\nIp: 1\nUdp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors MemErrors\nUdp: 5 4 3 2 1 0\n")
	was, err := readSNMP(file)
	if err != nil || was["RcvbufErrors"] != 2 {
		t.Fatalf("%v, %v", was, err)
	}
	for _, c := range []struct{ row, want string }{
		{"9 9 9 3 1 0", "SOCKET_RCVBUFF"}, {"9 9 9 2 2 0", "UDP_CSUM"}, {"9 9 9 2 1 1", "PROTO_MEM"},
		{"9 9 9 3 2 0", "SOCKET"}, {"9 9 9 2 1 0", "SOCKET"},
	} {
		write("Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors MemErrors\nUdp: " + c.row + "\n")
		next, err := readSNMP(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := was.likely(next); got != c.want {
			t.Errorf("%s: %s, want %s", c.row, got, c.want)
		}
	}
	write("nothing")
	if _, err := readSNMP(file); err == nil {
		t.Error("a file without UDP counters is taken")
	}
	if _, err := readSNMP(file + ".none"); err == nil {
		t.Error("a missing file is taken")
	}
}

// A receive buffer that the kernel limits is a condition with the exact fix.
func TestReceiveBufferCondition(t *testing.T) {
	network.NeedRoot(t)
	board := &health.Board{}
	m := open(t, Options{Board: board, ReceiveBuffer: 1 << 20})
	conn := localSocket(t)
	defer m.Watch(conn, "gate")()
	b := m.Sockets("gate").Buffer
	if b == nil || b.Size != 2<<20 || b.Wanted != 2<<20 {
		t.Fatalf("receive buffer %+v", b)
	}
	// As on a machine whose limit is lower than what is wanted.
	_ = conn.SetReadBuffer(8 << 10)
	m.pollSockets(time.Now())
	cam := &camera{t: t, conn: localSocket(t), to: addrPort(conn), ssrc: 1, size: 1000}
	cam.send(100)
	lost := 100 - drain(conn)
	m.Refresh()
	m.judge(time.Now())
	cs := board.Of("stream/gate")
	if len(cs) != 1 || cs[0].Code != health.ReceiveBufferFull || cs[0].Fix != "sysctl -w net.core.rmem_max=1048576" ||
		!strings.Contains(cs[0].Text, fmt.Sprintf("dropped %d packets", lost)) {
		t.Fatalf("conditions %+v", cs)
	}
	m.judge(time.Now().Add(2 * fullFor))
	if cs := board.Of("stream/gate"); len(cs) != 0 {
		t.Errorf("not cleared: %+v", cs)
	}
}

// A TCP connection is asked for what the kernel knows of it.
func TestTCP(t *testing.T) {
	m := Open(Options{Highest: Counters})
	defer m.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	release := m.Watch(c.(*net.TCPConn), "gate")
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m.pollSockets(time.Now())
	got := m.Sockets("gate")
	if got.TCP == nil || got.TCP.Window == 0 || got.Buffer != nil {
		t.Fatalf("%+v", got)
	}
	// Nobody reads: in the end the window closes.
	_ = s.SetWriteDeadline(time.Now().Add(2 * time.Second))
	for {
		if _, err := s.Write(make([]byte, 1<<20)); err != nil {
			break
		}
	}
	m.pollSockets(time.Now().Add(time.Minute))
	if w := m.Sockets("gate").TCP.Window; w >= got.TCP.Window {
		t.Errorf("window %d before, %d when nobody reads", got.TCP.Window, w)
	}
	release()
	if m.Sockets("gate").TCP != nil {
		t.Error("a released connection is still shown")
	}
}
