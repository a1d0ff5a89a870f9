package whip

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/publish"
)

const (
	// keyEvery is how often a key frame is asked for: browsers send none by
	// themselves, and a viewer who joins begins with one.
	keyEvery = 4 * time.Second
	// askAgain is how long to wait for a key frame before asking again.
	askAgain = 500 * time.Millisecond
	// tick is how often held packets and key frames are looked after.
	tick = 50 * time.Millisecond
)

// session is one publisher.
type session struct {
	id     string
	stream string
	pc     *webrtc.PeerConnection
	log    *slog.Logger
	port   uint16

	once   sync.Once
	reason string
	gone   chan struct{} // closed when the session has to end

	connecting sync.Once
	connected  chan struct{} // closed when packets can come

	packets chan received
	reading sync.WaitGroup

	mu    sync.Mutex
	ended bool
}

// received is a packet of one of the publisher's tracks.
type received struct {
	arrived
	kind webrtc.RTPCodecType
}

// close ends the session for a reason; the first one counts.
func (s *session) close(reason string) {
	s.once.Do(func() {
		s.reason = reason
		close(s.gone)
	})
}

// watch follows the connection and its tracks.
func (s *session) watch() {
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateFailed:
			s.close("lost")
		case webrtc.PeerConnectionStateClosed:
			s.close("closed")
		case webrtc.PeerConnectionStateConnected:
			s.log.Info("publisher connected")
			s.connecting.Do(func() { close(s.connected) })
		}
	})
	s.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if !s.begin() {
			return
		}
		defer s.reading.Done()
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			select {
			case s.packets <- received{arrived{p, time.Now()}, t.Kind()}:
			case <-s.gone:
				return
			}
		}
	})
}

// begin counts a reader of a track, unless the session has ended.
func (s *session) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.reading.Add(1)
	return true
}

// run publishes until the publisher leaves, is lost, or ctx ends; everything of
// it has ended when it returns.
func (s *session) run(ctx context.Context, turn *publish.Turn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { s.close("relay stopped") })()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.connect()
		<-s.gone
		cancel()
	}()
	err := turn.Publish(ctx, s.feed)
	s.close("stream stopped")
	<-ended
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	_ = s.pc.Close()
	s.reading.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.log.Info("publisher gone", "why", s.reason, "err", err)
}

// connect ends the session when no path is found in time.
func (s *session) connect() {
	late := time.NewTimer(connectTime)
	defer late.Stop()
	select {
	case <-s.connected:
	case <-s.gone:
	case <-late.C:
		c := health.New(health.ViewerNotConnected, "No path to the publisher was found within %v.", connectTime).
			WithFix("Open port %d, UDP and TCP, between the publisher and the relay.", s.port)
		s.log.Warn("publisher not connected", "condition", c)
		s.close("not connected")
	}
}

// feed delivers what comes until ctx ends or the publisher has gone.
func (s *session) feed(ctx context.Context, out source.Sink) error {
	f := &feed{session: s, out: out, video: media.NewDepacketizer(media.H264)}
	out.Track(media.Track{Codec: media.H264, Transport: "webrtc"})
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.gone:
			return nil
		case p := <-s.packets:
			f.take(p)
		case now := <-t.C:
			f.deliver(f.order.release(now))
			f.attend(now)
		}
	}
}

// feed is a session's way from packets to pictures.
type feed struct {
	session *session
	out     source.Sink
	order   reorder
	video   *media.Depacketizer

	audio *media.AudioDepacketizer // nil before the first packet
	heard uint16                   // number of the newest one

	ssrc     webrtc.SSRC
	gap      bool // packets before the next one are missing
	waiting  bool // for a key frame
	keyAt    time.Time
	askedAt  time.Time
	counts   media.Counts
	reported time.Time
	lost     uint64
}

func (f *feed) take(p received) {
	f.counts.Packets++
	f.counts.Bytes += uint64(len(p.Payload))
	if p.kind == webrtc.RTPCodecTypeAudio {
		f.hear(p.arrived)
		return
	}
	if f.ssrc == 0 {
		f.ssrc, f.waiting = webrtc.SSRC(p.SSRC), true
	}
	f.deliver(f.order.push(p.arrived))
}

// hear delivers a packet of sound, if the stream takes it. What is late is lost:
// sound does not wait.
func (f *feed) hear(p arrived) {
	out, ok := f.out.(source.AudioSink)
	if !ok {
		return
	}
	if f.audio == nil {
		audio, err := media.NewAudioDepacketizer(media.AudioFormat{Name: "OPUS"})
		if err != nil {
			return
		}
		f.audio, f.heard = audio, p.SequenceNumber-1
		t := audio.Track()
		t.Transport = "webrtc"
		out.AudioTrack(t)
	}
	step := p.SequenceNumber - f.heard
	if int16(step) <= 0 {
		return
	}
	f.heard = p.SequenceNumber
	for _, u := range f.audio.Push(p.Packet, step > 1, p.at) {
		out.AudioUnit(u)
	}
}

func (f *feed) deliver(packets []ordered) {
	for _, p := range packets {
		p.lost = p.lost || f.gap
		// Padding, by which browsers find out what the path bears, has a number
		// like any other.
		if f.gap = p.lost && len(p.Payload) == 0; len(p.Payload) == 0 {
			continue
		}
		for _, au := range f.video.Push(&rtp.Packet{Header: p.Header, Payload: p.Payload}, p.lost, p.at) {
			if au.Key && !au.Damaged {
				f.waiting, f.keyAt = false, p.at
			} else if au.Damaged {
				f.waiting = true
			}
			f.out.AccessUnit(au)
		}
		if p.lost {
			f.waiting = true
		}
	}
}

// attend asks for key frames and reports what came.
func (f *feed) attend(now time.Time) {
	if now.Sub(f.reported) >= time.Second/2 {
		f.counts.Lost, f.lost = f.order.lost-f.lost, f.order.lost
		f.out.Count(f.counts)
		f.counts, f.reported = media.Counts{}, now
	}
	if f.ssrc == 0 || now.Sub(f.askedAt) < askAgain || !f.waiting && now.Sub(f.keyAt) < keyEvery {
		return
	}
	f.askedAt = now
	_ = f.session.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(f.ssrc)}})
}
