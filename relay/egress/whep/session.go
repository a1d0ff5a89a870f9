package whep

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/rtc"
)

// reportEvery is the distance of RTCP sender reports.
const reportEvery = 2 * time.Second

// session is one viewer.
type session struct {
	id     string
	stream *hub.Stream
	pc     *webrtc.PeerConnection
	sender *webrtc.RTPSender
	reader *hub.Reader
	log    *slog.Logger
	port   uint16

	once   sync.Once
	reason string
	gone   chan struct{} // closed when the session has to end

	connecting sync.Once
	connected  chan struct{} // closed when the viewer can decrypt

	mu    sync.Mutex
	out   webrtc.TrackLocalWriter // nil until bound
	head  rtp.Header              // template of every packet
	bound chan struct{}           // closed when the peer can be written to
}

// close ends the session for a reason; the first one counts.
func (s *session) close(reason string) {
	s.once.Do(func() {
		s.reason = reason
		close(s.gone)
	})
}

// watch ends the session when its connection is lost.
func (s *session) watch() {
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateFailed:
			s.close("lost")
		case webrtc.PeerConnectionStateClosed:
			s.close("closed")
		case webrtc.PeerConnectionStateConnected:
			s.log.Info("viewer connected", "path", s.path())
			s.connecting.Do(func() { close(s.connected) })
		}
	})
}

// path names the selected candidate pair.
func (s *session) path() string {
	pair, err := s.sender.Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "unknown"
	}
	return pair.Local.Protocol.String() + " " + pair.Local.Typ.String() + "-" + pair.Remote.Typ.String()
}

// run serves the viewer until it leaves, is lost, or ctx ends; everything of
// it has ended when it returns.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		s.listen()
	}()
	go func() {
		defer wg.Done()
		s.send(ctx)
	}()
	late := time.NewTimer(connectTime)
	defer late.Stop()
	for waiting := true; waiting; {
		select {
		case <-s.gone:
			waiting = false
		case <-ctx.Done():
			s.close("relay stopped")
		case <-late.C:
			if s.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
				c := health.New(health.ViewerNotConnected, "No path was found within %v.", connectTime).
					WithFix("Open port %d, UDP and TCP, between the viewer and the relay.", s.port)
				s.log.Warn("viewer not connected", "condition", c)
				s.close("not connected")
			}
		}
	}
	cancel()
	_ = s.pc.Close()
	s.reader.Close()
	wg.Wait()
	st := s.reader.Stats()
	s.log.Info("viewer gone", "why", s.reason, "packets", st.Packets, "frames", st.Frames, "skipped", st.Skipped,
		"retransmitted", st.Retransmitted, "key_frame_requests", st.KeyFrameRequests)
}

// send passes the reader's packets on, once the viewer can take them: what is
// written to a track before the keys are there is dropped without a word, and
// the replay would lose its key frame.
func (s *session) send(ctx context.Context) {
	for _, ready := range []chan struct{}{s.bound, s.connected} {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
	}
	var reported time.Time
	head := s.template()
	for {
		packets, err := s.reader.Next(ctx)
		if err != nil {
			if errors.Is(err, hub.ErrClosed) {
				s.close("stream closed")
			}
			return
		}
		for i := range packets {
			s.write(&head, &packets[i])
		}
		if now := time.Now(); now.Sub(reported) >= reportEvery {
			s.report(now)
			reported = now
		}
	}
}

func (s *session) template() rtp.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}

// write sends one packet. A packet that the path refuses is lost like any
// other: the viewer asks for it again.
func (s *session) write(head *rtp.Header, p *hub.Packet) {
	head.SequenceNumber, head.Timestamp, head.Marker = p.Seq, p.TS, p.Marker
	_, _ = s.out.WriteRTP(head, p.Payload)
}

// report sends an RTCP sender report from the stream clock (RFC 3550 section
// 6.4.1).
func (s *session) report(now time.Time) {
	ts, ok := s.stream.RTPAt(now)
	if !ok {
		return
	}
	st := s.reader.Stats()
	const toNTP = 2208988800 // seconds from 1900 to 1970
	ntp := uint64(now.Unix()+toNTP)<<32 | uint64(now.Nanosecond())<<32/1e9
	_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
		SSRC: s.template().SSRC, NTPTime: ntp, RTPTime: ts,
		PacketCount: uint32(st.Packets), OctetCount: uint32(st.Bytes),
	}})
}

// listen answers the viewer's RTCP until the connection is closed.
func (s *session) listen() {
	for {
		packets, _, err := s.sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.reader.KeyFrame()
			case *rtcp.ReceiverReport:
				s.lost(p)
			case *rtcp.TransportLayerNack:
				s.retransmit(p)
			}
		}
	}
}

// lost takes what the viewer misses. The number is signed with 24 bits: copies
// count against it (RFC 3550 section 6.4.1).
func (s *session) lost(report *rtcp.ReceiverReport) {
	for _, r := range report.Reports {
		if r.SSRC == s.template().SSRC && r.TotalLost < 1<<23 {
			s.reader.ReportLoss(uint64(r.TotalLost))
		}
	}
}

func (s *session) retransmit(nack *rtcp.TransportLayerNack) {
	select {
	case <-s.bound:
	default:
		return
	}
	head := s.template()
	for _, pair := range nack.Nacks {
		for _, seq := range pair.PacketList() {
			if p, ok := s.reader.Retransmit(seq); ok {
				s.write(&head, &p)
			}
		}
	}
}

// track binds the session to the codec and extensions that the viewer offers.
type track struct{ session *session }

// Bind implements webrtc.TrackLocal.
func (t *track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codec, ok := chooseCodec(c.CodecParameters())
	if !ok {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	head := rtp.Header{Version: 2, PayloadType: uint8(codec.PayloadType), SSRC: uint32(c.SSRC())}
	for _, x := range c.HeaderExtensions() {
		if x.URI == rtc.PlayoutDelayURI {
			// Twelve bits minimum, twelve bits maximum, both 0: show at once.
			if err := head.SetExtension(uint8(x.ID), []byte{0, 0, 0}); err != nil {
				return webrtc.RTPCodecParameters{}, err
			}
		}
	}
	s := t.session
	s.mu.Lock()
	s.head, s.out = head, c.WriteStream()
	s.mu.Unlock()
	select {
	case <-s.bound:
	default:
		close(s.bound)
	}
	return codec, nil
}

// chooseCodec takes the first H.264 with packetization-mode 1 (RFC 6184
// section 6.3: FU-A and STAP-A need it), else any H.264.
func chooseCodec(offered []webrtc.RTPCodecParameters) (webrtc.RTPCodecParameters, bool) {
	var any *webrtc.RTPCodecParameters
	for i, c := range offered {
		if !strings.EqualFold(c.MimeType, webrtc.MimeTypeH264) {
			continue
		}
		if strings.Contains(c.SDPFmtpLine, "packetization-mode=1") {
			return c, true
		}
		if any == nil {
			any = &offered[i]
		}
	}
	if any == nil {
		return webrtc.RTPCodecParameters{}, false
	}
	return *any, true
}

// Unbind implements webrtc.TrackLocal.
func (t *track) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID implements webrtc.TrackLocal.
func (t *track) ID() string { return "video" }

// RID implements webrtc.TrackLocal.
func (t *track) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (t *track) StreamID() string { return t.session.stream.Name() }

// Kind implements webrtc.TrackLocal.
func (t *track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeVideo }
