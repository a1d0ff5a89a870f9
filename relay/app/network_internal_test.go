package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/relay/app/simulate"
	"sightline/relay/dropmon"
	"sightline/relay/gbdevice"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/quality"
	"sightline/relay/source"
	"sightline/relay/source/gb28181"
	"sightline/relay/source/rtsp"
	"sightline/testkit/camera"
	"sightline/testkit/network"
)

// lossy are two streams, "gate" and "twin", with their accounts.
type lossy struct {
	t     *testing.T
	d     *drops
	board *health.Board
	ctx   context.Context
	wg    sync.WaitGroup

	mu   sync.Mutex
	list []*hub.Stream
}

func newLossy(t *testing.T) *lossy {
	t.Helper()
	l := &lossy{t: t, board: &health.Board{}}
	l.d = &drops{board: l.board, log: slog.New(slog.DiscardHandler), list: func() []hub.Info {
		l.mu.Lock()
		defer l.mu.Unlock()
		var out []hub.Info
		for _, s := range l.list {
			out = append(out, s.Info())
		}
		return out
	}}
	l.d.monitor = dropmon.Open(dropmon.Options{Board: l.board})
	if level := l.d.monitor.Level(); level.Rung != dropmon.TracingBTF {
		t.Fatalf("rung %+v", level)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.ctx = ctx
	t.Cleanup(func() {
		cancel()
		l.wg.Wait()
		l.d.close()
	})
	return l
}

// add runs a stream until the test ends, and waits for its pictures.
func (l *lossy) add(name string, src source.Source) {
	l.t.Helper()
	s := hub.New(hub.Config{Name: name, Feed: &source.Supervisor{Source: src}, Board: l.board})
	l.mu.Lock()
	l.list = append(l.list, s)
	l.mu.Unlock()
	l.wg.Go(func() { _ = s.Run(l.ctx) })
	for deadline := time.Now().Add(time.Minute); s.Info().State != hub.Live || s.Info().Received.Packets < 50; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%s: no pictures after a minute: %+v", name, s.Info())
		}
	}
}

// account is that of a stream, by its place.
func (l *lossy) account(i int) quality.StreamLoss { return l.d.Report().Streams[i] }

func (l *lossy) wait(what string, ok func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			for _, s := range l.list {
				l.t.Logf("%+v", s.Info())
			}
			l.t.Fatalf("%s: not within a minute: %+v", what, l.d.Report().Streams)
		}
	}
}

// Two channels of one device send from one address to one media port. What is
// dropped of the one is told from the other by its SSRC, down to the packet.
func TestSharedMediaPort(t *testing.T) {
	p, inside := network.Inside(t)
	if !inside {
		return
	}
	l := newLossy(t)
	// The port is none that other tests get by chance: with an address that is
	// not loopback, drops count wherever on the machine they happen.
	const device = "34020000001110000001"
	mediaPort := 20000 + os.Getpid()%10000
	w := &ssrcs{drops: l.d, of: map[string]uint32{}}
	server := gb28181.New(gb28181.Config{Listen: netip.AddrPortFrom(network.Host, 0), ID: "34020000002000000001",
		MinPort: mediaPort, MaxPort: mediaPort, Watcher: w, Password: func(string) (string, bool) { return "a secret", true }})
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	l.wg.Go(func() { _ = server.Run(l.ctx) })
	l.wg.Go(func() { l.d.run(l.ctx) })
	p.Beside(t, "TestAsDevice", asDevice+"="+server.Addr().String())
	for i, name := range []string{"gate", "twin"} {
		l.add(name, &gb28181.Source{Server: server, Stream: name, Device: device, Channel: fmt.Sprintf("%s131%07d", device[:10], i+1), Transport: gb28181.UDP})
	}
	i := network.Classifier(t, network.IID, network.ToPort(uint16(mediaPort)), network.SSRC(w.last("gate")))
	stop := p.Inject(t, "relay", i)
	l.wait("drops", func() bool { return i.Dropped() >= 100 })
	stop()
	l.wait("all of them attributed", func() bool {
		a := l.account(0)
		return a.Gaps == i.Dropped() && a.Unmatched == 0
	})
	gate, twin := l.account(0), l.account(1)
	t.Logf("injected %d; gate: %s; twin: %s", i.Dropped(), gate.Summary, twin.Summary)
	if len(gate.Kernel) != 1 || gate.Kernel[0] != (quality.Loss{Reason: "TC_INGRESS", Packets: i.Dropped()}) || gate.Upstream != 0 {
		t.Errorf("gate %+v", gate.Account)
	}
	if twin.Lost != 0 || twin.Gaps != 0 {
		t.Errorf("twin %+v", twin.Account)
	}
}

// ssrcs is the account's watcher, and remembers which SSRC a stream had last.
type ssrcs struct {
	*drops
	mu sync.Mutex
	of map[string]uint32
}

func (w *ssrcs) WatchSSRC(conn syscall.Conn, stream string, ssrc uint32) (release func()) {
	w.mu.Lock()
	w.of[stream] = ssrc
	w.mu.Unlock()
	return w.drops.WatchSSRC(conn, stream, ssrc)
}

func (w *ssrcs) last(stream string) uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of[stream]
}

// asDevice is set to the platform's address in the process that is a device.
const asDevice = "SIGHTLINE_TEST_PLATFORM"

// TestAsDevice is the device of another test; by itself it does nothing.
func TestAsDevice(t *testing.T) {
	address := os.Getenv(asDevice)
	if address == "" {
		return
	}
	play, err := simulate.Open(camera.Video(t, "car-detection.mp4"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := gbdevice.Config{ID: "34020000001110000001", Password: "a secret", Server: address, ServerID: "34020000002000000001",
		Realm: "3402000000", Media: play}
	for i := range 2 {
		c.Channels = append(c.Channels, gbdevice.Channel{ID: fmt.Sprintf("3402000000131%07d", i+1), Name: "a channel"})
	}
	_ = gbdevice.New(c).Run(t.Context())
}

// What is lost on the way of an RTSP stream over TCP is sent again, so that no
// packet is missing; the account shows it as segments out of order, of that
// stream alone.
func TestLossOverTCP(t *testing.T) {
	p, inside := network.Inside(t)
	if !inside {
		return
	}
	l := newLossy(t)
	l.wg.Go(func() { l.d.run(l.ctx) })
	video := camera.Video(t, "car-detection.mp4")
	var ports []uint16
	for _, name := range []string{"gate", "twin"} {
		c := camera.StartIn(t, p.Cams, network.Cam.String(), video)
		ports = append(ports, uint16(c.Port))
		l.add(name, &rtsp.Source{Stream: name, URL: c.URL, Transport: rtsp.TCP, Watcher: l.d})
	}
	i := network.Classifier(t, network.Rare, network.FromPort(ports[0]))
	stop := p.Inject(t, "relay", i)
	l.wait("segments out of order", func() bool {
		a := l.account(0)
		return i.Dropped() > 0 && a.TCP != nil && a.OutOfOrder > 0
	})
	stop()
	before := l.list[0].Info().Received.Frames
	l.wait("more pictures", func() bool { return l.list[0].Info().Received.Frames > before+10 })
	gate, twin := l.account(0), l.account(1)
	t.Logf("injected %d; gate: %s; twin: %s", i.Dropped(), gate.Summary, twin.Summary)
	if gate.Lost != 0 || gate.Gaps != 0 {
		t.Errorf("gate %+v", gate.Account)
	}
	if twin.OutOfOrder != 0 || twin.Lost != 0 {
		t.Errorf("twin %+v", twin.Account)
	}
}
