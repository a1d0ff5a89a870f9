package dropmon

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"sightline/testkit/network"
)

func soak() string { return os.Getenv("SIGHTLINE_SOAK") }

// runs measures a program by the kernel's own statistics.
func runs(t testing.TB, m *Monitor, f func()) (count uint64, perRun float64) {
	t.Helper()
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		t.Fatal(err)
	}
	defer stats.Close()
	before, err := m.kernel.prog.Stats()
	if err != nil {
		t.Fatal(err)
	}
	f()
	after, err := m.kernel.prog.Stats()
	if err != nil {
		t.Fatal(err)
	}
	count = after.RunCount - before.RunCount
	if count > 0 {
		perRun = float64((after.Runtime - before.Runtime).Nanoseconds()) / float64(count)
	}
	return count, perRun
}

// lockstep sends packets and reads each batch before the next.
func lockstep(cam *camera, conn *net.UDPConn, packets int) (arrived int) {
	const batch = 50
	buf := make([]byte, 2048)
	for packets > 0 {
		n := min(batch, packets)
		packets -= n
		cam.send(n)
		for range n {
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			if _, _, err := conn.ReadFromUDPAddrPort(buf); err == nil {
				arrived++
			}
		}
	}
	return arrived
}

// A delivered packet costs nothing, since the program runs for drops only.
func TestDeliveredPacketsRunNothing(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	conn := w.listen(w.relay, netip.AddrPortFrom(w.relayIP, 0))
	_ = conn.SetReadBuffer(4 << 20)
	defer m.Watch(conn, "gate")()
	cam := w.camera(w.cams, w.cam, addrPort(conn), 1)
	const packets = 20000
	got := 0
	count, _ := runs(t, m, func() {
		got = lockstep(cam, conn, packets)
	})
	if got != packets {
		t.Fatalf("%d of %d packets arrived", got, packets)
	}
	t.Logf("%d runs while %d packets were delivered (the machine's other drops)", count, packets)
	if count > packets/100 {
		t.Errorf("%d runs for %d delivered packets", count, packets)
	}
}

func BenchmarkDroppedPacket(b *testing.B) {
	for _, c := range []struct {
		name    string
		watched int
		rung    Rung
	}{{"unwatched", 0, TracingBTF}, {"counted", 1, TracingBTF}, {"counted_of_200", 200, TracingBTF}, {"counted_raw_tp", 1, TracingRaw}} {
		b.Run(c.name, func(b *testing.B) {
			network.NeedRoot(b)
			m := open(b, Options{Highest: c.rung})
			conn := localSocket(b)
			if c.watched > 0 {
				defer m.Watch(conn, "gate")()
			}
			for n := 1; n < c.watched; n++ {
				defer m.Watch(localSocket(b), fmt.Sprint(n))()
			}
			to := addrPort(conn)
			_ = conn.Close() // nobody listens: the shortest way to a drop
			cam := &camera{t: b, conn: localSocket(b), to: to, ssrc: 1, size: 1000}
			b.ResetTimer()
			count, perRun := runs(b, m, func() { cam.send(b.N) })
			b.ReportMetric(perRun, "ns/run")
			b.ReportMetric(float64(count)/float64(b.N), "runs/packet")
		})
	}
}

func BenchmarkDeliveredPacket(b *testing.B) {
	network.NeedRoot(b)
	m := open(b, Options{})
	conn := localSocket(b)
	_ = conn.SetReadBuffer(4 << 20)
	defer m.Watch(conn, "gate")()
	cam := &camera{t: b, conn: localSocket(b), to: addrPort(conn), ssrc: 1, size: 1000}
	b.ResetTimer()
	count, perRun := runs(b, m, func() { lockstep(cam, conn, b.N) })
	b.ReportMetric(perRun, "ns/run")
	b.ReportMetric(float64(count)/float64(b.N), "runs/packet")
}
