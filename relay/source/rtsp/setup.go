package rtsp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// receiveBuffer is asked for on UDP sockets: a key frame of 4 Mbit arrives in
// one burst. The kernel caps it at net.core.rmem_max.
const receiveBuffer = 4 << 20

// setup makes the session for the video track. A camera whose Content-Base is
// wrong refuses the address made from it, so the request's own is tried too.
func (s *session) setup(ctx context.Context, base string, useTCP bool) error {
	if !useTCP {
		pair, err := s.listenPair()
		if err != nil {
			return failure(source.Retry, health.ListenFailed, err, "no pair of UDP ports could be opened: %v", err)
		}
		s.udp = pair
	}
	u := s.cfg.url
	uris := []string{wire.ResolveControl(u, base, s.desc.video)}
	if other := wire.ResolveControl(u, "", s.desc.video); other != uris[0] {
		uris = append(uris, other)
	}
	s.control = wire.ResolveControl(u, base, s.desc.control)
	var reply *wire.Response
	for i, uri := range uris {
		var err error
		if reply, err = s.setupTrack(ctx, uri); err != nil {
			return err
		}
		retry := reply.Status == wire.StatusNotFound || reply.Status == wire.StatusBadRequest || reply.Status == wire.StatusSessionNotFound
		if reply.Status == wire.StatusOK || !retry {
			if i > 0 {
				s.control = wire.ResolveControl(u, "", s.desc.control)
			}
			break
		}
	}
	if reply.Status == wire.StatusUnsupportedTransport && s.udp != nil && s.cfg.transport == Auto {
		s.useTCP(u.Address() + " does not offer media over UDP (461 Unsupported Transport)")
		return s.setup(ctx, base, true)
	}
	if reply.Status != wire.StatusOK {
		return s.refusal(wire.Setup, reply)
	}
	sess, err := wire.ParseSession(reply.Header.Get("Session"))
	if err != nil {
		return failure(source.Retry, health.SourceProtocol, err, "%s answered SETUP without a session", u.Address())
	}
	s.timeout = sess.Timeout
	s.id = sess.ID
	return s.agree(reply.Header.Get("Transport"))
}

func (s *session) setupTrack(ctx context.Context, uri string) (*wire.Response, error) {
	want := wire.Transport{TCP: true, Interleaved: wire.Range{First: 0, Last: 1}, HasInterleaved: true}
	if s.udp != nil {
		want = wire.Transport{ClientPort: s.udp.ports}
	}
	s.interleaved = wire.Range{First: 0, Last: 1}
	return s.do(ctx, wire.Setup, uri, wire.Field{Name: "Transport", Value: want.String()})
}

// agree takes the transport that the camera has chosen. Without a header it
// is what was asked for.
func (s *session) agree(header string) error {
	var t wire.Transport
	if header != "" {
		all, err := wire.ParseTransports(header)
		if err != nil {
			return failure(source.Retry, health.SourceProtocol, err, "%s chose a transport that cannot be read: %v", s.cfg.url.Address(), err)
		}
		t = all[0]
	} else {
		t.TCP = s.udp == nil
	}
	switch {
	case t.Multicast:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s sends by multicast only, which is not supported", s.cfg.url.Address())
	case s.udp == nil && !t.TCP && !t.HasInterleaved:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s chose UDP although TCP was asked for", s.cfg.url.Address())
	case s.udp != nil && t.TCP && s.cfg.transport == Auto:
		s.useTCP(s.cfg.url.Address() + " chose TCP although UDP was asked for")
	case s.udp != nil && t.TCP:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s chose TCP although UDP was asked for", s.cfg.url.Address())
	}
	if s.udp == nil {
		if t.HasInterleaved {
			s.interleaved = t.Interleaved
		}
		return nil
	}
	s.udp.peer(s.conn.RemoteAddr(), t)
	s.readers.Add(2)
	go s.readPackets(s.udp.rtp, rtpChannel)
	go s.readPackets(s.udp.rtcp, rtcpChannel)
	s.punch()
	return nil
}

// useTCP gives UDP up before media was asked for.
func (s *session) useTCP(reason string) {
	s.unwatch()
	s.udp.close()
	s.udp = nil
	s.order.window = 0
	s.watch(s.raw)
	s.cfg.fellBack(reason)
}

// udpPair are the sockets of a session over UDP.
type udpPair struct {
	rtp, rtcp net.PacketConn
	ports     wire.Range
	// from are the addresses that packets may come from; empty if unknown,
	// which injected connections can be.
	from []netip.Addr
	// toRTP and toRTCP are where to send; nil if unknown.
	toRTP, toRTCP net.Addr
}

// listenPair opens an even port and the odd one above it (RFC 3550 section
// 11), on the local address that reaches the camera.
func (s *session) listenPair() (*udpPair, error) {
	host := ""
	if a, err := netip.ParseAddrPort(s.conn.LocalAddr().String()); err == nil {
		host = a.Addr().String()
	}
	var last error
	for range 32 {
		first, err := s.cfg.listen("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, err
		}
		port := portOf(first.LocalAddr())
		mate := port ^ 1
		second, err := s.cfg.listen("udp", net.JoinHostPort(host, strconv.Itoa(mate)))
		if err != nil {
			_ = first.Close()
			last = err
			continue
		}
		p := &udpPair{rtp: first, rtcp: second, ports: wire.Range{First: port, Last: mate}}
		if port%2 == 1 {
			p = &udpPair{rtp: second, rtcp: first, ports: wire.Range{First: mate, Last: port}}
		}
		for _, c := range []net.PacketConn{p.rtp, p.rtcp} {
			if b, ok := c.(interface{ SetReadBuffer(int) error }); ok {
				_ = b.SetReadBuffer(receiveBuffer) // best effort; the cap is the kernel's
			}
		}
		s.watch(p.rtp)
		return p, nil
	}
	return nil, errors.Join(errors.New("rtsp: no free pair of ports"), last)
}

func (p *udpPair) close() {
	_ = p.rtp.Close()
	_ = p.rtcp.Close()
}

// peer takes where the camera sends from: the host that the connection reaches
// and, if it names one, another.
func (p *udpPair) peer(remote net.Addr, t wire.Transport) {
	var host netip.Addr
	if a, err := netip.ParseAddrPort(remote.String()); err == nil {
		host = a.Addr().Unmap()
		p.from = append(p.from, host)
	}
	if a, err := netip.ParseAddr(t.Source); err == nil && a.IsValid() && !a.IsUnspecified() {
		host = a.Unmap()
		if !slices.Contains(p.from, host) {
			p.from = append(p.from, host)
		}
	}
	if host.IsValid() && t.ServerPort.First > 0 {
		p.toRTP = net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(t.ServerPort.First)))
		if t.ServerPort.Last > 0 {
			p.toRTCP = net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(t.ServerPort.Last)))
		}
	}
}

// allows says whether a packet comes from the camera.
func (p *udpPair) allows(from net.Addr) bool {
	if len(p.from) == 0 {
		return true
	}
	a, err := netip.ParseAddrPort(from.String())
	return err == nil && slices.Contains(p.from, a.Addr().Unmap())
}

func portOf(a net.Addr) int {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port)
	return n
}

// readPackets brings the datagrams of one socket to the session.
func (s *session) readPackets(c net.PacketConn, ch channel) {
	defer s.readers.Done()
	buf := make([]byte, 65536)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			// Closed, or broken: then silence ends the session.
			return
		}
		if n == 0 || !s.udp.allows(from) {
			continue
		}
		if !s.bring(event{at: time.Now(), udp: ch, data: slices.Clone(buf[:n]), from: from}) {
			return
		}
	}
}

// punch sends a first datagram from each socket, so that firewalls and address
// translators on the way let the camera's through.
func (s *session) punch() {
	if s.udp.toRTP != nil {
		// An RTP header without payload; cameras ignore it.
		_, _ = s.udp.rtp.WriteTo([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, s.udp.toRTP)
	}
	s.report(time.Now())
}
