package localca

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
)

const maxNames = 100 // in one certificate

// Names are what a machine answers to.
type Names struct {
	// DNS are host names, the machine's own first.
	DNS []string
	// IPs are addresses without zones.
	IPs []netip.Addr
}

// String lists all names.
func (n Names) String() string {
	all := slices.Clone(n.DNS)
	for _, ip := range n.IPs {
		all = append(all, ip.String())
	}
	return strings.Join(all, " ")
}

// Machine returns this machine's names: its host name, plain and under .local,
// localhost, and the addresses of its interfaces. Link-local IPv6 addresses are
// left out: they need a zone, which a URL cannot carry.
func Machine() Names {
	var n Names
	if host, err := os.Hostname(); err == nil {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		n.DNS = append(n.DNS, host)
		if short, _, _ := strings.Cut(host, "."); !strings.HasSuffix(host, ".local") {
			n.DNS = append(n.DNS, short+".local")
		}
	}
	n.DNS = append(n.DNS, "localhost")
	n.IPs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	addrs, _ := net.InterfaceAddrs() // what cannot be read is left out
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if ip := p.Addr().Unmap().WithZone(""); !(ip.Is6() && ip.IsLinkLocalUnicast()) {
			n.IPs = append(n.IPs, ip)
		}
	}
	return n
}

// permitted drops the names that cannot stand in a certificate, or that the
// authority may not vouch for (the host name has changed since it was made).
func (a *Authority) permitted(n Names) Names {
	var out Names
	for _, name := range unique(n.DNS) {
		if slices.ContainsFunc(a.ca.cert.PermittedDNSDomains, func(d string) bool {
			return name == d || strings.HasSuffix(name, "."+d)
		}) {
			out.DNS = append(out.DNS, name)
		}
	}
	seen := map[netip.Addr]bool{}
	for _, ip := range n.IPs {
		ip = ip.Unmap().WithZone("")
		if ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() && !seen[ip] && len(out.IPs) < maxNames {
			seen[ip] = true
			out.IPs = append(out.IPs, ip)
		}
	}
	return out
}

// unique returns the names that are host names by RFC 1123, each once, in
// order and in lower case.
func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if n = strings.ToLower(n); isHostName(n) && !slices.Contains(out, n) && len(out) < maxNames {
			out = append(out, n)
		}
	}
	return out
}

func isHostName(n string) bool {
	if n == "" || len(n) > 253 {
		return false
	}
	for label := range strings.SplitSeq(n, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}
