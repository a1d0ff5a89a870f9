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

// setup makes the session for the video track, and adds those tracks beside it
// that the sink takes. A camera whose Content-Base is wrong refuses the address
// made from it, so the request's own is tried too.
func (s *session) setup(ctx context.Context, base string, useTCP bool) error {
	if err := s.setupVideo(ctx, base, useTCP); err != nil {
		return err
	}
	for _, st := range s.sideStreams() {
		if err := s.setupSide(ctx, base, st); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) setupVideo(ctx context.Context, base string, useTCP bool) error {
	s.overUDP = !useTCP
	u := s.cfg.url
	s.control = wire.ResolveControl(u, base, s.desc.control)
	multicast := s.cfg.transport == Multicast
	reply, again, err := s.setupStream(ctx, base, s.video(), multicast)
	if err != nil {
		return err
	}
	if again {
		s.control = wire.ResolveControl(u, "", s.desc.control)
	}
	if reply.Status == wire.StatusUnsupportedTransport && s.cfg.transport == Auto && s.overUDP {
		s.useTCP(u.Address() + " does not offer media over UDP (461 Unsupported Transport)")
		if reply, _, err = s.setupStream(ctx, base, s.video(), false); err != nil {
			return err
		}
		if reply.Status == wire.StatusUnsupportedTransport && u.Scheme != "rtsps" {
			s.unwatch()
			s.overUDP, s.order().window, s.order().hold = true, reorderWindow, reorderHold
			if reply, _, err = s.setupStream(ctx, base, s.video(), true); err != nil {
				return err
			}
		}
	}
	if err := s.redirect(reply); err != nil {
		return err
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
	return s.agree(s.video(), reply.Header.Get("Transport"))
}

// setupStream asks for one stream; again says that the address made from the
// base was refused, and the one made from the request's was not.
func (s *session) setupStream(ctx context.Context, base string, st *stream, multicast bool) (reply *wire.Response, again bool, err error) {
	uris := []string{wire.ResolveControl(s.cfg.url, base, st.control)}
	if other := wire.ResolveControl(s.cfg.url, "", st.control); other != uris[0] && s.id == "" {
		uris = append(uris, other)
	}
	want := wire.Transport{TCP: true, Interleaved: st.interleaved, HasInterleaved: true}
	switch {
	case multicast:
		want = wire.Transport{Multicast: true}
	case s.overUDP:
		if st.udp == nil {
			if st.udp, err = s.listenPair(); err != nil {
				return nil, false, failure(source.Retry, health.ListenFailed, err, "no pair of UDP ports could be opened: %v", err)
			}
		}
		want = wire.Transport{ClientPort: st.udp.ports}
	}
	for i, uri := range uris {
		if reply, err = s.do(ctx, wire.Setup, uri, wire.Field{Name: "Transport", Value: want.String()}); err != nil {
			return nil, false, err
		}
		retry := reply.Status == wire.StatusNotFound || reply.Status == wire.StatusBadRequest || reply.Status == wire.StatusSessionNotFound
		if reply.Status == wire.StatusOK || !retry {
			return reply, i > 0, nil
		}
	}
	return reply, false, nil
}

// setupSide adds a track beside the video. One that the camera refuses is left
// out: the picture matters more.
func (s *session) setupSide(ctx context.Context, base string, st *stream) error {
	st.interleaved = wire.Range{First: 2 * len(s.streams), Last: 2*len(s.streams) + 1}
	s.streams = append(s.streams, st)
	multicast := s.video().udp != nil && s.video().udp.group
	reply, _, err := s.setupStream(ctx, base, st, multicast)
	if err != nil {
		return err
	}
	if reply.Status == wire.StatusOK {
		err = s.agree(st, reply.Header.Get("Transport"))
		if err == nil {
			return nil
		}
	}
	s.cfg.log.Debug("rtsp track left out", "track", st.name, "status", reply.Status, "err", err)
	if st.udp != nil {
		st.udp.close()
	}
	s.streams = s.streams[:len(s.streams)-1]
	return nil
}

// agree takes the transport that the camera has chosen. Without a header it
// is what was asked for.
func (s *session) agree(st *stream, header string) error {
	var t wire.Transport
	if header != "" {
		all, err := wire.ParseTransports(header)
		if err != nil {
			return failure(source.Retry, health.SourceProtocol, err, "%s chose a transport that cannot be read: %v", s.cfg.url.Address(), err)
		}
		t = all[0]
	} else {
		t.TCP = !s.overUDP
	}
	switch {
	case t.Multicast && s.overUDP:
		return s.joinGroup(st, t)
	case t.Multicast:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s sends by multicast only; set transport: auto", s.cfg.url.Address())
	case !s.overUDP && !t.TCP && !t.HasInterleaved:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s chose UDP although TCP was asked for", s.cfg.url.Address())
	case s.overUDP && t.TCP && s.cfg.transport == Auto && st == s.video():
		s.useTCP(s.cfg.url.Address() + " chose TCP although UDP was asked for")
	case s.overUDP && t.TCP:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s chose TCP although UDP was asked for", s.cfg.url.Address())
	case s.overUDP && st.udp == nil:
		return failure(source.NeedsPerson, health.SourceRefused, nil, "%s chose unicast although multicast was asked for", s.cfg.url.Address())
	}
	if !s.overUDP {
		if t.HasInterleaved {
			st.interleaved = t.Interleaved
		}
		return nil
	}
	st.udp.peer(s.conn.RemoteAddr(), t)
	s.listenTo(st)
	s.punch(st)
	return nil
}

// listenTo starts the readers of a stream's sockets.
func (s *session) listenTo(st *stream) {
	i := slices.Index(s.streams, st)
	s.readers.Add(2)
	go s.readPackets(st.udp, st.udp.rtp, rtpChannel, i)
	go s.readPackets(st.udp, st.udp.rtcp, rtcpChannel, i)
}

// useTCP gives UDP up before media was asked for.
func (s *session) useTCP(reason string) {
	s.unwatch()
	if st := s.video(); st.udp != nil {
		st.udp.close()
		st.udp = nil
	}
	s.overUDP = false
	s.order().window = 0
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
	group         bool // of a multicast group
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
func (s *session) readPackets(pair *udpPair, c net.PacketConn, ch channel, stream int) {
	defer s.readers.Done()
	buf := make([]byte, 65536)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			// Closed, or broken: then silence ends the session.
			return
		}
		if n == 0 || !pair.allows(from) {
			continue
		}
		if !s.bring(event{at: time.Now(), udp: ch, stream: stream, data: slices.Clone(buf[:n]), from: from}) {
			return
		}
	}
}

// punch sends a first datagram from each socket to the camera's ports, so that
// firewalls and address translators on the way let the camera's through.
func (s *session) punch(st *stream) {
	if st.udp.toRTP != nil {
		// An RTP header without payload; cameras ignore it.
		_, _ = st.udp.rtp.WriteTo([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, st.udp.toRTP)
	}
	_ = s.report(st, time.Now())
}
