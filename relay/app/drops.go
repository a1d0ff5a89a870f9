package app

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"sightline/relay/config"
	"sightline/relay/dropmon"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/quality"
)

// drops connects the sockets of sources with the monitor of the kernel's
// drops, and keeps the account of each stream: sequence gaps from the hub,
// drops from the monitor, late and lost packets of viewers from the hub.
//
// Sources get it as their watcher before the monitor is open; it is opened
// with the relay.
type drops struct {
	board *health.Board
	log   *slog.Logger
	// highest bounds the ladder; empty for the best.
	highest dropmon.Rung
	// list gives the streams as they are now.
	list func() []hub.Info

	mu      sync.Mutex
	monitor *dropmon.Monitor

	// accounting keeps readings in their order; it is taken before mu.
	accounting sync.Mutex
	ledger     quality.Ledger
}

// accountEvery is how often the accounts are brought up to date when nobody
// asks: often enough that drops and gaps are matched.
const accountEvery = time.Second

// open opens the monitor; close ends it.
func (d *drops) open() {
	m := dropmon.Open(dropmon.Options{Logger: d.log, Board: d.board, Highest: d.highest})
	if l := m.Level(); l.Reason != "" {
		d.board.Raise("relay", limited(l))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.monitor = m
}

func (d *drops) close() {
	d.mu.Lock()
	m := d.monitor
	d.monitor = nil
	d.mu.Unlock()
	if err := m.Close(); err != nil {
		d.log.Debug("drop monitor not closed", "err", err)
	}
}

// rungOf is the highest rung that the configuration allows.
func rungOf(m config.DropsMode) dropmon.Rung {
	if m == config.DropsAuto {
		return ""
	}
	return dropmon.Rung(m) // they have the same names
}

// limited words a level below the highest.
func limited(l dropmon.Level) health.Condition {
	c := health.New(health.DropsLimited, "%s Drops are seen by %s.", l.Reason, map[dropmon.Rung]string{
		dropmon.TracingRaw: "raw_tp: all of them",
		dropmon.Counters:   "socket counters: only those of the sockets themselves",
	}[l.Rung])
	if l.Fix != "" {
		c = c.WithFix("%s", l.Fix)
	}
	return c
}

// run keeps the accounts until ctx ends.
func (d *drops) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	m := d.get()
	wg.Go(func() { _ = m.Run(ctx) })
	tick := time.NewTicker(accountEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.Report()
		case <-ctx.Done():
			return
		}
	}
}

func (d *drops) get() *dropmon.Monitor {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.monitor
}

// Watch implements the sources' Watcher.
func (d *drops) Watch(conn syscall.Conn, stream string) (release func()) {
	if m := d.get(); m != nil {
		return m.Watch(conn, stream)
	}
	return func() {}
}

// WatchSSRC watches a socket that several streams share: packets with the SSRC
// are the stream's.
func (d *drops) WatchSSRC(conn syscall.Conn, stream string, ssrc uint32) (release func()) {
	if m := d.get(); m != nil {
		return m.WatchSSRC(conn, stream, ssrc)
	}
	return func() {}
}

// WatchRemote watches a socket that several streams share: packets from the
// address are the stream's.
func (d *drops) WatchRemote(conn syscall.Conn, stream string, from netip.Addr) (release func()) {
	if m := d.get(); m != nil {
		return m.WatchRemote(conn, stream, from)
	}
	return func() {}
}

// Report implements api.Drops.
func (d *drops) Report() quality.Report {
	m := d.get()
	if m == nil {
		return quality.Report{}
	}
	d.accounting.Lock()
	defer d.accounting.Unlock()
	infos := d.list() // gaps first: a packet is dropped before it is missed
	m.Refresh()
	level := m.Level()
	out := quality.Report{Level: quality.Level{Rung: string(level.Rung), Reason: level.Reason, Fix: level.Fix}}
	now := time.Now()
	for _, info := range infos {
		loss := quality.StreamLoss{Stream: info.Name}
		in := quality.Input{Received: info.Received.Packets, Gaps: info.Received.Lost, Ring: info.Late.Ring, Viewers: info.Late.Viewers}
		for _, drop := range m.Drops(info.Name) {
			l := quality.Loss{Reason: drop.Reason, Packets: drop.Packets}
			if drop.Sent {
				loss.Sent = append(loss.Sent, l)
			} else {
				in.Kernel = append(in.Kernel, l)
			}
		}
		s := m.Sockets(info.Name)
		in.OutOfOrder = s.OutOfOrder
		loss.Account = d.ledger.Update(info.Name, in, now)
		loss.Buffer, loss.TCP = (*quality.Buffer)(s.Buffer), (*quality.TCP)(s.TCP)
		for _, e := range m.Recent(info.Name) {
			if !e.Sent {
				loss.Recent = append(loss.Recent, quality.Drop{Time: e.Time, Reason: e.Reason, Packets: e.Packets, SSRC: e.SSRC, Sequence: e.Sequence})
			}
		}
		out.Streams = append(out.Streams, loss)
	}
	return out
}

// DropsReport and StreamLoss are what /api/v1/drops answers, for commands.
type (
	DropsReport = quality.Report
	StreamLoss  = quality.StreamLoss
)
