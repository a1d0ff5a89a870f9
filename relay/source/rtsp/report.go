package rtsp

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/netip"
	"time"

	"github.com/pion/rtcp"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// senderReport is the camera's newest statement of which RTP time was when by
// its wall clock (RFC 3550 section 6.4.1).
type senderReport struct {
	has     bool
	srSSRC  uint32
	rtpTime uint32
	wall    time.Time
	middle  uint32 // the middle 32 bits of its NTP time
	heard   time.Time
}

// captured is the camera's wall clock at an RTP time; zero while unknown.
func (r *senderReport) captured(rtpTime uint32, rate int, ssrc uint32) time.Time {
	if !r.has || r.srSSRC != ssrc || r.wall.IsZero() || rate == 0 {
		return time.Time{}
	}
	ticks := int64(int32(rtpTime - r.rtpTime))
	return r.wall.Add(time.Duration(ticks * int64(time.Second) / int64(rate)))
}

// ntpTime converts an NTP timestamp; those with a clear top bit are after 2036
// (RFC 4330 section 3). Zero means that the sender has no clock.
func ntpTime(ntp uint64) time.Time {
	if ntp>>32 == 0 {
		return time.Time{}
	}
	seconds := int64(ntp>>32) - 2208988800
	if ntp>>63 == 0 {
		seconds += 1 << 32
	}
	return time.Unix(seconds, int64((ntp&0xffffffff)*uint64(time.Second)>>32))
}

// rtcp takes a compound RTCP packet.
func (s *session) rtcp(st *stream, data []byte, at time.Time) error {
	packets, err := rtcp.Unmarshal(data)
	if err != nil {
		return nil // nothing depends on a single one
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if st.order.started && p.SSRC != st.order.ssrc {
				continue
			}
			st.senderReport = senderReport{has: true, srSSRC: p.SSRC, rtpTime: p.RTPTime,
				wall: ntpTime(p.NTPTime), middle: uint32(p.NTPTime >> 16), heard: at}
		case *rtcp.Goodbye:
			for _, ssrc := range p.Sources {
				if st == s.video() && st.order.started && ssrc == st.order.ssrc && !s.stopped {
					return failure(source.Retry, health.SourceEnded, nil, "%s ended the stream (RTCP BYE)", s.cfg.url.Address())
				}
			}
		}
	}
	return nil
}

// report sends a receiver report with the source description that must go with
// it (RFC 3550 sections 6.4.2 and 6.5), and more packets behind these.
func (s *session) report(st *stream, now time.Time, more ...rtcp.Packet) error {
	rr := &rtcp.ReceiverReport{SSRC: st.ssrc}
	if st.order.started {
		block := rtcp.ReceptionReport{
			SSRC: st.order.ssrc, FractionLost: st.order.fraction(), TotalLost: uint32(min(st.order.lost, 0x7fffff)),
			LastSequenceNumber: st.order.highest(), Jitter: uint32(st.order.jitter),
		}
		if st.has && st.srSSRC == st.order.ssrc {
			block.LastSenderReport = st.middle
			block.Delay = uint32(now.Sub(st.heard) * 65536 / time.Second)
		}
		rr.Reports = append(rr.Reports, block)
	}
	b, err := rtcp.Marshal(append([]rtcp.Packet{rr, rtcp.NewCNAMESourceDescription(st.ssrc, s.cname)}, more...))
	if err != nil {
		s.cfg.log.Debug("rtsp receiver report not made", "error", err)
		return nil
	}
	if st.udp == nil {
		return s.write(&wire.Frame{Channel: uint8(st.interleaved.Last), Payload: b}, "sending a receiver report")
	}
	if st.udp.toRTCP != nil {
		_, _ = st.udp.rtcp.WriteTo(b, st.udp.toRTCP) // a report more or less is no matter
	}
	return nil
}

// askAgain is the least time between two requests for a key frame.
const askAgain = time.Second

// askKeyFrame asks the camera for a key frame, if it has said that it takes
// such requests: with a picture loss indication (RFC 4585 section 6.3.1), else
// with a full intra request (RFC 5104 section 4.3.1).
func (s *session) askKeyFrame(now time.Time) {
	st := s.video()
	if s.stopped || !st.order.started || !s.desc.pli && !s.desc.fir || now.Sub(s.asked) < askAgain {
		return
	}
	s.asked = now
	var request rtcp.Packet = &rtcp.PictureLossIndication{SenderSSRC: st.ssrc, MediaSSRC: st.order.ssrc}
	if !s.desc.pli {
		s.firs++
		request = &rtcp.FullIntraRequest{SenderSSRC: st.ssrc, MediaSSRC: st.order.ssrc,
			FIR: []rtcp.FIREntry{{SSRC: st.order.ssrc, SequenceNumber: s.firs}}}
	}
	// A connection that fails shows in what it is read for.
	_ = s.report(st, now, request)
}

// newCNAME makes a name that lasts for one session (RFC 7022 section 4.2).
func newCNAME() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawStdEncoding.EncodeToString(b[:])
}

// replyAddress learns where the camera's RTCP comes from when SETUP did not
// say.
func (p *udpPair) replyAddress(from net.Addr) {
	if p.toRTCP != nil || from == nil {
		return
	}
	if a, err := netip.ParseAddrPort(from.String()); err == nil {
		p.toRTCP = net.UDPAddrFromAddrPort(a)
	}
}
