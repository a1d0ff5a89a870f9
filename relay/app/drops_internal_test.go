package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/relay/dropmon"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/quality"
	"sightline/relay/source"
	"sightline/relay/source/rtsp"
	"sightline/testkit/camera"
)

// faulty is a source's socket whose reader can be stalled, and on which
// packets can vanish as if they had never come.
type faulty struct {
	*net.UDPConn
	reading  sync.RWMutex // held for writing while the reader is stalled
	vanish   atomic.Int64 // how many packets are still to vanish
	vanished atomic.Int64
	since    int
}

// ReadFrom implements net.PacketConn.
func (f *faulty) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		f.reading.RLock()
		n, from, err := f.UDPConn.ReadFrom(b)
		f.reading.RUnlock()
		f.since++
		if err == nil && f.vanish.Load() > 0 && f.since > 20 {
			f.since = 0
			f.vanish.Add(-1)
			f.vanished.Add(1)
			continue
		}
		return n, from, err
	}
}

// A reader that stalls and packets that never come are told apart, down to
// the packet, and an equal camera beside it loses nothing.
func TestOneAccountOfAllLosses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("hardware: kernel programs need root")
	}
	video := camera.Video(t, "car-detection.mp4")
	for _, highest := range []dropmon.Rung{dropmon.TracingBTF, dropmon.Counters} {
		t.Run(string(highest), func(t *testing.T) {
			board := &health.Board{}
			var gate, twin *hub.Stream
			d := &drops{board: board, log: slog.New(slog.DiscardHandler),
				list: func() []hub.Info { return []hub.Info{gate.Info(), twin.Info()} }}
			d.monitor = dropmon.Open(dropmon.Options{Board: board, Highest: highest})
			defer d.close()
			var socket atomic.Pointer[faulty]
			make := func(name string, listen func(network, address string) (net.PacketConn, error)) *hub.Stream {
				src := &rtsp.Source{Stream: name, URL: camera.Start(t, video).URL, Transport: rtsp.UDP, Watcher: d, ListenPacket: listen}
				return hub.New(hub.Config{Name: name, Feed: &source.Supervisor{Source: src}, Board: board})
			}
			gate = make("gate", func(network, address string) (net.PacketConn, error) {
				c, err := net.ListenPacket(network, address)
				if err != nil {
					return nil, err
				}
				f := &faulty{UDPConn: c.(*net.UDPConn)}
				if c.LocalAddr().(*net.UDPAddr).Port%2 == 0 {
					socket.Store(f)
				}
				return f, nil
			})
			twin = make("twin", nil)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			for _, run := range []func(){func() { _ = gate.Run(ctx) }, func() { _ = twin.Run(ctx) }, func() { d.run(ctx) }} {
				wg.Go(run)
			}
			account := func() (a, other quality.StreamLoss) {
				r := d.Report()
				return r.Streams[0], r.Streams[1]
			}
			wait := func(what string, ok func(a quality.StreamLoss, i hub.Info) bool) {
				t.Helper()
				for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
					a, _ := account()
					if ok(a, gate.Info()) {
						return
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s: not within a minute: %+v", what, a.Account)
					}
				}
			}
			wait("pictures", func(_ quality.StreamLoss, i hub.Info) bool {
				return i.State == hub.Live && twin.Info().State == hub.Live && i.Received.Packets > 50
			})
			f := socket.Load()
			wait("buffer", func(a quality.StreamLoss, _ hub.Info) bool { return a.Buffer != nil && a.Buffer.Size >= 8<<20 })

			// Upstream: five packets never come.
			f.vanish.Store(5)
			wait("upstream", func(a quality.StreamLoss, _ hub.Info) bool { return a.Upstream == 5 })

			// Kernel: the reader stalls, with little room.
			if err := f.SetReadBuffer(8 << 10); err != nil {
				t.Fatal(err)
			}
			f.reading.Lock()
			time.Sleep(1500 * time.Millisecond)
			if err := f.SetReadBuffer(4 << 20); err != nil {
				t.Error(err)
			}
			f.reading.Unlock()
			wait("kernel", func(a quality.StreamLoss, i hub.Info) bool {
				return i.Received.Lost > 5 && a.Unmatched == 0
			})
			time.Sleep(1500 * time.Millisecond) // whatever is still to be counted
			a, other := account()
			t.Logf("%s; %d by sequence numbers", a.Summary, a.Gaps)
			// A busy machine may drop some before they reach the socket, too.
			var kernel uint64
			for _, k := range a.Kernel {
				kernel += k.Packets
			}
			if a.Upstream != uint64(f.vanished.Load()) || a.Lost != a.Gaps || a.Unmatched != 0 || kernel != a.Gaps-5 || a.Kernel[0].Reason != "SOCKET_RCVBUFF" {
				t.Errorf("account %+v", a.Account)
			}
			if other.Lost != 0 || other.Gaps != 0 {
				t.Errorf("the twin lost %+v", other.Account)
			}
			if highest == dropmon.TracingBTF && len(a.Recent) == 0 {
				t.Error("no drop was sampled")
			}
			raised := map[health.Code]bool{}
			for _, c := range board.Of("stream/gate") {
				raised[c.Code] = true
			}
			if !raised[health.ReceiveBufferFull] {
				t.Errorf("conditions %v", raised)
			}
		})
	}
}
