package rtc

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/pion/ice/v4"
)

// tcpMuxes gives each local address its own listener's connections.
type tcpMuxes map[netip.Addr]*ice.TCPMuxDefault

var errNoListener = errors.New("rtc: no TCP listener for this address")

// GetConnByUfrag implements ice.TCPMux.
func (t tcpMuxes) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	a, _ := netip.AddrFromSlice(local)
	m := t[a.Unmap()]
	if m == nil {
		return nil, errNoListener
	}
	return m.GetConnByUfrag(ufrag, isIPv6, local)
}

// RemoveConnByUfrag implements ice.TCPMux.
func (t tcpMuxes) RemoveConnByUfrag(ufrag string) {
	for _, m := range t {
		m.RemoveConnByUfrag(ufrag)
	}
}

// Close implements ice.TCPMux.
func (t tcpMuxes) Close() error {
	var errs []error
	for _, m := range t {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// isNoAddress says that the machine does not have the address: IPv6 is off.
func isNoAddress(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
