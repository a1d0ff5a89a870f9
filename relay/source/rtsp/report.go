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
func (s *session) rtcp(data []byte, at time.Time) error {
	packets, err := rtcp.Unmarshal(data)
	if err != nil {
		return nil // nothing depends on a single one
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if s.order.started && p.SSRC != s.order.ssrc {
				continue
			}
			s.senderReport = senderReport{has: true, srSSRC: p.SSRC, rtpTime: p.RTPTime,
				wall: ntpTime(p.NTPTime), middle: uint32(p.NTPTime >> 16), heard: at}
		case *rtcp.Goodbye:
			for _, ssrc := range p.Sources {
				if s.order.started && ssrc == s.order.ssrc && !s.stopped {
					return failure(source.Retry, health.SourceEnded, nil, "%s ended the stream (RTCP BYE)", s.cfg.url.Address())
				}
			}
		}
	}
	return nil
}

// report sends a receiver report with the source description that must go with
// it (RFC 3550 sections 6.4.2 and 6.5).
func (s *session) report(now time.Time) error {
	rr := &rtcp.ReceiverReport{SSRC: s.ssrc}
	if s.order.started {
		block := rtcp.ReceptionReport{
			SSRC: s.order.ssrc, FractionLost: s.order.fraction(), TotalLost: uint32(min(s.order.lost, 0x7fffff)),
			LastSequenceNumber: s.order.highest(), Jitter: uint32(s.order.jitter),
		}
		if s.has && s.srSSRC == s.order.ssrc {
			block.LastSenderReport = s.middle
			block.Delay = uint32(now.Sub(s.heard) * 65536 / time.Second)
		}
		rr.Reports = append(rr.Reports, block)
	}
	b, err := rtcp.Marshal([]rtcp.Packet{rr, rtcp.NewCNAMESourceDescription(s.ssrc, s.cname)})
	if err != nil {
		s.cfg.log.Debug("rtsp receiver report not made", "error", err)
		return nil
	}
	if s.udp == nil {
		return s.write(&wire.Frame{Channel: uint8(s.interleaved.Last), Payload: b}, "sending a receiver report")
	}
	if s.udp.toRTCP != nil {
		_, _ = s.udp.rtcp.WriteTo(b, s.udp.toRTCP) // a report more or less is no matter
	}
	return nil
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
