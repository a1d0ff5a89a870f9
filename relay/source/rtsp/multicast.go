package rtsp

import (
	"fmt"
	"net"
	"net/netip"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// joinGroup takes a stream that the camera sends to a multicast group (RFC 2326
// section 12.39: destination and port).
func (s *session) joinGroup(st *stream, t wire.Transport) error {
	addr := s.cfg.url.Address()
	group, err := netip.ParseAddr(t.Destination)
	if err != nil || !group.IsMulticast() || t.Port.First <= 0 || t.Port.Last <= 0 {
		return failure(source.Retry, health.SourceProtocol, err, "%s sends by multicast, but names no group and ports that can be used (%s)", addr, t)
	}
	var local netip.Addr
	if a, err := netip.ParseAddrPort(s.conn.LocalAddr().String()); err == nil {
		local = a.Addr().Unmap()
	}
	if st.udp != nil {
		s.unwatch()
		st.udp.close()
		st.udp = nil
	}
	open := func(port int) (net.PacketConn, error) {
		return s.cfg.join(local, net.UDPAddrFromAddrPort(netip.AddrPortFrom(group, uint16(port))))
	}
	pair := &udpPair{ports: t.Port, group: true}
	if pair.rtp, err = open(t.Port.First); err == nil {
		if pair.rtcp, err = open(t.Port.Last); err != nil {
			_ = pair.rtp.Close()
		}
	}
	if err != nil {
		return failure(source.Retry, health.ListenFailed, err, "the multicast group %s of %s cannot be joined: %v", group, addr, err)
	}
	for _, c := range []net.PacketConn{pair.rtp, pair.rtcp} {
		if b, ok := c.(interface{ SetReadBuffer(int) error }); ok {
			_ = b.SetReadBuffer(receiveBuffer)
		}
	}
	pair.peer(s.conn.RemoteAddr(), wire.Transport{Source: t.Source})
	st.udp = pair
	s.watch(pair.rtp)
	s.listenTo(st)
	return nil
}

// joinGroup opens a socket on a group, on the interface that has the local
// address.
func joinGroup(local netip.Addr, group *net.UDPAddr) (net.PacketConn, error) {
	ifi, err := interfaceOf(local)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenMulticastUDP("udp", ifi, group)
	if err != nil {
		return nil, fmt.Errorf("rtsp: join %s: %w", group, err)
	}
	return c, nil
}

// interfaceOf finds the interface with an address; nil, the system's choice,
// if none has it.
func interfaceOf(local netip.Addr) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("rtsp: list interfaces: %w", err)
	}
	for _, ifi := range all {
		addrs, err := ifi.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == local {
				return &ifi, nil
			}
		}
	}
	return nil, nil
}
