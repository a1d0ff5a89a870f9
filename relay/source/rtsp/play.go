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

// stream is one track of a session: its way and what comes on it.
type stream struct {
	name        string // for the log
	control     string
	payloadType uint8

	udp         *udpPair // nil over TCP
	interleaved wire.Range

	order sequencer
	senderReport
	ssrc uint32 // of reports
	// take gets the packets in order.
	take func(o ordered)
}

// receiver is the media side of a session.
type receiver struct {
	depack *media.Depacketizer
	images media.JPEGDepacketizer

	packets   uint64 // RTP packets of the video that have arrived
	lastMedia time.Time
	counts    media.Counts
	announced bool
	stopped   bool // the sink gets nothing more
	sps, pps  []byte
	size      [2]int // of JPEG pictures

	cname  string
	damage bool      // no key frame has come since something was lost
	asked  time.Time // when a key frame was asked for last
	firs   uint8     // how often with FIR
}

// order is that of the video's packets.
func (s *session) order() *sequencer { return &s.video().order }

// prepare makes the receiver ready before media can arrive.
func (s *session) prepare(d *description, useTCP bool) {
	s.cname = newCNAME()
	video := s.newStream("video", d.video, d.payloadType, d.clockRate, useTCP)
	video.interleaved = wire.Range{First: 0, Last: 1}
	s.streams = []*stream{video}
	if d.codec == media.JPEG {
		s.images.Width, s.images.Height = d.width, d.height
		video.take = func(o ordered) {
			for _, au := range s.images.Push(o.packet, o.lost > 0 || o.restart, o.at) {
				s.unit(au)
			}
		}
		return
	}
	s.depack = media.NewDepacketizer(d.codec)
	s.depack.DON = d.don
	s.depack.Learn(d.sets...)
	video.take = func(o ordered) {
		s.damage = s.damage || o.lost > 0
		for _, au := range s.depack.Push(o.packet, o.lost > 0 || o.restart, o.at) {
			s.unit(au)
		}
		if s.damage {
			s.askKeyFrame(o.at)
		}
	}
}

func (s *session) newStream(name, control string, payloadType uint8, rate int, useTCP bool) *stream {
	st := &stream{name: name, control: control, payloadType: payloadType, ssrc: sender()}
	st.order.rate = rate
	if !useTCP {
		st.order.window, st.order.hold = reorderWindow, reorderHold
	}
	return st
}

// rtp takes an RTP packet.
func (s *session) rtp(st *stream, data []byte, at time.Time) error {
	p := &rtp.Packet{}
	if err := p.Unmarshal(data); err != nil || p.Version != 2 {
		return nil // it will be missing by its number
	}
	if p.PayloadType != st.payloadType {
		return nil
	}
	if st == s.video() {
		s.packets++
		s.lastMedia = at
	}
	s.counts.Packets++
	s.counts.Bytes += uint64(len(data))
	s.deliver(st, st.order.push(arrival{p, at}))
	return nil
}

// deliver takes packets in order apart.
func (s *session) deliver(st *stream, packets []ordered) {
	for _, o := range packets {
		s.counts.Lost += uint64(o.lost)
		st.take(o)
	}
}

// unit gives an access unit to the sink. Nothing is given out before the
// parameter sets are known: without them nothing can be decoded.
func (s *session) unit(au media.AccessUnit) {
	s.damage = au.Damaged
	if s.stopped {
		return
	}
	if !s.announce(&au) {
		return
	}
	st := s.video()
	au.Captured = st.captured(uint32(au.PTS), st.order.rate, st.order.ssrc)
	if st.order.rate != media.ClockRate {
		au.PTS = au.PTS * media.ClockRate / int64(st.order.rate)
	}
	s.out.AccessUnit(au)
}

// announce tells the sink of the track, first and when it changes; it reports
// whether the track is known.
func (s *session) announce(au *media.AccessUnit) bool {
	if s.desc.codec == media.JPEG {
		w, h := s.images.JPEGSize()
		if size := [2]int{w, h}; !s.announced || s.size != size {
			s.announced, s.size = true, size
			s.out.Track(s.trackOf())
		}
		return true
	}
	sps, pps := s.depack.SPS(), s.depack.PPS()
	if sps == nil || pps == nil {
		return false
	}
	if !s.announced || au.Key && (!slices.Equal(sps, s.sps) || !slices.Equal(pps, s.pps)) {
		s.announced = true
		s.sps, s.pps = sps, pps
		s.out.Track(s.trackOf())
	}
	return true
}

// play starts the stream and runs it until ctx ends or it fails.
func (s *session) play(ctx context.Context) error {
	reply, err := s.do(ctx, wire.Play, s.control, wire.Field{Name: "Range", Value: "npt=0.000-"})
	if err == nil && reply.Status == wire.StatusAggregateNotAllowed {
		s.control = wire.ResolveControl(s.cfg.url, "", s.video().control)
		reply, err = s.do(ctx, wire.Play, s.control, wire.Field{Name: "Range", Value: "npt=0.000-"})
	}
	if err != nil {
		return err
	}
	if reply.Status != wire.StatusOK {
		return s.refusal(wire.Play, reply)
	}
	s.lastDoing = "while playing"
	s.cfg.log.Debug("rtsp session plays", "udp", s.overUDP, "tracks", len(s.streams), "session_timeout", s.timeout, "keepalive", s.alive)
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
	if s.overUDP && s.packets == 0 && s.cfg.transport == Auto && len(s.events) == 0 && now.Sub(s.lastMedia) >= s.cfg.udp {
		s.cfg.fellBack("no video arrived from " + s.cfg.url.Address() + " over UDP within " + s.cfg.udp.String())
		return now, errUDPSilent
	}
	if silence := now.Sub(s.lastMedia); silence >= s.cfg.silence && len(s.events) == 0 {
		return now, s.silent(s.cfg.silence)
	}
	for _, st := range s.streams {
		s.deliver(st, st.order.flush(now))
	}
	if !now.Before(due.keepAlive) {
		due.keepAlive = now.Add(s.timeout / 2)
		if err := s.keepAlive(); err != nil {
			return now, err
		}
	}
	if !now.Before(due.report) {
		due.report = now.Add(s.cfg.rtcp)
		for _, st := range s.streams {
			if err := s.report(st, now); err != nil {
				return now, err
			}
		}
	}
	if !now.Before(due.count) {
		due.count = now.Add(time.Second)
		s.count()
	}
	next := s.lastMedia.Add(s.cfg.silence)
	if s.overUDP && s.packets == 0 && s.cfg.transport == Auto {
		next = earlier(next, s.lastMedia.Add(s.cfg.udp))
	}
	for _, t := range []time.Time{due.keepAlive, due.report, due.count} {
		next = earlier(next, t)
	}
	for _, st := range s.streams {
		if t := st.order.deadline(); !t.IsZero() {
			next = earlier(next, t)
		}
	}
	return next, nil
}

// count tells the sink what has been received since the last time.
func (s *session) count() {
	s.counts.Jitter = s.order().jitterTime()
	s.out.Count(s.counts)
	s.counts = media.Counts{}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
