package rtsp

import (
	"context"
	"slices"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/media"
	wire "sightline/relay/rtsp"
)

// Reordering over UDP: how many packets may overtake a missing one, and for
// how long it is waited for.
const (
	reorderWindow = 32
	reorderHold   = 30 * time.Millisecond
)

// receiver is the media side of a session.
type receiver struct {
	depack media.Depacketizer
	order  sequencer

	packets   uint64 // RTP packets that have arrived
	lastMedia time.Time
	counts    media.Counts
	announced bool
	stopped   bool // the sink gets nothing more
	sps, pps  []byte

	ssrc  uint32 // of reports
	cname string
	senderReport
}

// prepare makes the receiver ready before media can arrive.
func (s *session) prepare(d *description, useTCP bool) {
	s.order.rate = d.clockRate
	if !useTCP {
		s.order.window, s.order.hold = reorderWindow, reorderHold
	}
	s.ssrc, s.cname = sender(), newCNAME()
	s.depack.Learn(d.sets...)
}

// rtp takes an RTP packet.
func (s *session) rtp(data []byte, at time.Time) error {
	p := &rtp.Packet{}
	if err := p.Unmarshal(data); err != nil || p.Version != 2 {
		return nil // it will be missing by its number
	}
	if p.PayloadType != s.desc.payloadType {
		return nil
	}
	s.packets++
	s.lastMedia = at
	s.counts.Packets++
	s.counts.Bytes += uint64(len(data))
	s.deliver(s.order.push(arrival{p, at}))
	return nil
}

// deliver makes access units of packets in order.
func (s *session) deliver(packets []ordered) {
	for _, o := range packets {
		s.counts.Lost += uint64(o.lost)
		for _, au := range s.depack.Push(o.packet, o.lost > 0 || o.restart, o.at) {
			s.unit(au)
		}
	}
}

// unit gives an access unit to the sink. Nothing is given out before the
// parameter sets are known: without them nothing can be decoded.
func (s *session) unit(au media.AccessUnit) {
	if s.stopped {
		return
	}
	sps, pps := s.depack.SPS(), s.depack.PPS()
	if sps == nil || pps == nil {
		return
	}
	if !s.announced || au.Key && (!slices.Equal(sps, s.sps) || !slices.Equal(pps, s.pps)) {
		s.announced = true
		s.sps, s.pps = sps, pps
		s.out.Track(s.trackOf())
	}
	au.Captured = s.captured(uint32(au.PTS), s.order.rate, s.order.ssrc)
	if s.order.rate != media.ClockRate {
		au.PTS = au.PTS * media.ClockRate / int64(s.order.rate)
	}
	s.out.AccessUnit(au)
}

// play starts the stream and runs it until ctx ends or it fails.
func (s *session) play(ctx context.Context) error {
	reply, err := s.do(ctx, wire.Play, s.control, wire.Field{Name: "Range", Value: "npt=0.000-"})
	if err == nil && reply.Status == wire.StatusAggregateNotAllowed {
		s.control = wire.ResolveControl(s.cfg.url, "", s.desc.video)
		reply, err = s.do(ctx, wire.Play, s.control, wire.Field{Name: "Range", Value: "npt=0.000-"})
	}
	if err != nil {
		return err
	}
	if reply.Status != wire.StatusOK {
		return s.refusal(wire.Play, reply)
	}
	s.lastDoing = "while playing"
	s.cfg.log.Debug("rtsp session plays", "udp", s.udp != nil, "session_timeout", s.timeout, "keepalive", s.alive)
	now := time.Now()
	if s.lastMedia.IsZero() {
		s.lastMedia = now
	}
	due := schedule{keepAlive: now.Add(s.timeout / 2), report: now.Add(s.cfg.rtcp), count: now.Add(time.Second)}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next, err := s.housekeep(&due, time.Now())
		if err != nil {
			return s.better(ctx, err)
		}
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case e := <-s.events:
			if err := s.handle(e); err != nil {
				return err
			}
		}
	}
}

// schedule is when things are due while a session plays.
type schedule struct{ keepAlive, report, count time.Time }

// housekeep does what is due and returns when to come again.
func (s *session) housekeep(due *schedule, now time.Time) (time.Time, error) {
	if s.udp != nil && s.packets == 0 && s.cfg.transport == Auto && len(s.events) == 0 && now.Sub(s.lastMedia) >= s.cfg.udp {
		s.cfg.fellBack("no video arrived from " + s.cfg.url.Address() + " over UDP within " + s.cfg.udp.String())
		return now, errUDPSilent
	}
	if silence := now.Sub(s.lastMedia); silence >= s.cfg.silence && len(s.events) == 0 {
		return now, s.silent(s.cfg.silence)
	}
	s.deliver(s.order.flush(now))
	if !now.Before(due.keepAlive) {
		due.keepAlive = now.Add(s.timeout / 2)
		if err := s.keepAlive(); err != nil {
			return now, err
		}
	}
	if !now.Before(due.report) {
		due.report = now.Add(s.cfg.rtcp)
		if err := s.report(now); err != nil {
			return now, err
		}
	}
	if !now.Before(due.count) {
		due.count = now.Add(time.Second)
		s.count()
	}
	next := s.lastMedia.Add(s.cfg.silence)
	if s.udp != nil && s.packets == 0 && s.cfg.transport == Auto {
		next = earlier(next, s.lastMedia.Add(s.cfg.udp))
	}
	for _, t := range []time.Time{due.keepAlive, due.report, due.count, s.order.deadline()} {
		if !t.IsZero() {
			next = earlier(next, t)
		}
	}
	return next, nil
}

// count tells the sink what has been received since the last time.
func (s *session) count() {
	s.counts.Jitter = s.order.jitterTime()
	s.out.Count(s.counts)
	s.counts = media.Counts{}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
