package config

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"sightline/relay/health"
)

const streamNameRule = "use 1 to 64 of A-Z a-z 0-9 . _ -, and not . or .. alone"

// ValidStreamName says whether a name may name a stream.
func ValidStreamName(name string) bool {
	if len(name) < 1 || len(name) > 64 || name == "." || name == ".." {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Validate checks a configuration made in code, as [Load] checks a file. The
// error is an [*Error].
func (c *Config) Validate() error {
	if ps := c.problems(); len(ps) > 0 {
		return &Error{Problems: ps}
	}
	return nil
}

func (c *Config) problems() []Problem {
	var ps []Problem
	ps = append(ps, prefix("http", c.HTTP.Validate())...)
	ps = append(ps, prefix("webrtc", c.WebRTC.Validate())...)
	ps = append(ps, prefix("ring", c.Ring.Validate())...)
	ps = append(ps, prefix("infer", c.Infer.Validate())...)
	ps = append(ps, prefix("store", c.Store.Validate())...)
	ps = append(ps, prefix("gb28181", c.GB28181.Validate())...)
	ps = append(ps, prefix("drops", c.Drops.Validate())...)
	ps = append(ps, c.GB28181.clashes(c)...)
	if c.DataDir == "" {
		ps = append(ps, Problem{Key: "data_dir", Text: "is empty; name a folder, such as data"})
	}
	for _, n := range c.StreamNames() {
		if !ValidStreamName(n) {
			ps = append(ps, Problem{Key: "streams", Text: fmt.Sprintf("%s is no stream name: %s", show(n), streamNameRule)})
			continue
		}
		ps = append(ps, prefix("streams."+n, c.Streams[n].Validate())...)
	}
	for i, l := range c.HTTP.Listen {
		if _, port, err := net.SplitHostPort(l); err == nil && port != "0" && port == strconv.Itoa(c.WebRTC.Port) {
			ps = append(ps, Problem{Key: "webrtc.port", Text: fmt.Sprintf("%s is also the port of http.listen[%d]; both use TCP, so choose another", port, i)})
		}
	}
	return ps
}

// Validate checks the section. Host names other than addresses are checked by
// [HTTP.Resolve].
func (h HTTP) Validate() []Problem {
	var ps []Problem
	if len(h.Listen) == 0 {
		ps = append(ps, Problem{Key: "listen", Text: "names no address; write 127.0.0.1:8080"})
	}
	seen := map[string]int{}
	for i, l := range h.Listen {
		key := fmt.Sprintf("listen[%d]", i)
		if j, dup := seen[l]; dup && !strings.HasSuffix(l, ":0") {
			ps = append(ps, Problem{Key: key, Text: fmt.Sprintf("%s is already at listen[%d]", show(l), j)})
			continue
		}
		seen[l] = i
		host, _, err := splitListen(l)
		if err != nil {
			ps = append(ps, Problem{Key: key, Text: err.Error()})
			continue
		}
		if a, err := netip.ParseAddr(host); host == "" || err == nil && !a.Unmap().IsLoopback() {
			ps = append(ps, Problem{Key: key, Code: health.ListenNotLoopback, Text: notLoopback(l, "")})
		}
	}
	ps = append(ps, prefix("tls", h.TLS.validate())...)
	return ps
}

func (t TLS) validate() []Problem {
	switch t.Mode {
	case TLSAuto, TLSOn, TLSOff:
		return nil
	case TLSFile:
		var ps []Problem
		for _, f := range []struct{ key, file string }{{"cert", t.Cert}, {"key", t.Key}} {
			if f.file == "" {
				ps = append(ps, Problem{Key: f.key, missing: true, Text: "is missing; tls takes auto, on, off, or both of {cert: FILE, key: FILE}"})
			} else if err := readable(f.file); err != nil {
				ps = append(ps, Problem{Key: f.key, Text: fmt.Sprintf("the file %q cannot be read: %v", f.file, bare(err))})
			}
		}
		return ps
	}
	return []Problem{{Text: fmt.Sprintf("%s is not one of auto, on, off, {cert: FILE, key: FILE}", show(string(t.Mode)))}}
}

func readable(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	return f.Close()
}

// EffectiveTLS is the mode without auto: auto is off while this machine alone
// reaches the listeners, since browsers trust plain HTTP there, and would be
// on otherwise.
func (h HTTP) EffectiveTLS() TLSMode {
	if h.TLS.Mode != TLSAuto {
		return h.TLS.Mode
	}
	for _, l := range h.Listen {
		host, _, err := splitListen(l)
		if err != nil {
			continue
		}
		if a, err := netip.ParseAddr(host); host == "" || err == nil && !a.Unmap().IsLoopback() {
			return TLSOn
		}
	}
	return TLSOff
}

func splitListen(listen string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("%s is no address to listen on; write host:port, such as 127.0.0.1:8080 or [::1]:8080", show(listen))
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%s has no port from 0 to 65535 after the colon", show(listen))
	}
	return host, uint16(n), nil
}

func notLoopback(listen, resolved string) string {
	host, port, _ := net.SplitHostPort(listen)
	what := show(listen)
	switch {
	case host == "":
		what += " means every address of this machine"
	case resolved != "":
		what += " is " + resolved + ", beyond this machine"
	default:
		what += " is beyond this machine"
	}
	return fmt.Sprintf("%s; without tokens the relay serves this machine alone: write 127.0.0.1:%s", what, port)
}

// Lookup resolves a host name; the method LookupNetIP of net.Resolver fits.
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Resolve returns the addresses to listen on, in order, each checked to be of
// this machine alone. Listen on these and not on the names again, which might
// mean something else by then. The error is a [health.Condition].
func (h HTTP) Resolve(ctx context.Context, lookup Lookup) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	for _, l := range h.Listen {
		host, port, err := splitListen(l)
		if err != nil {
			return nil, health.New(health.ConfigInvalid, "http.listen: %v", err)
		}
		addrs := []netip.Addr{netip.IPv4Unspecified()}
		if a, err := netip.ParseAddr(host); err == nil {
			addrs[0] = a
		} else if host != "" {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			addrs, err = lookup(ctx, "ip", host)
			cancel()
			if err != nil || len(addrs) == 0 {
				return nil, health.New(health.ListenFailed, "http.listen: the host name %q has no address: %v", host, err)
			}
		}
		for _, a := range addrs {
			if a = a.Unmap(); !a.IsLoopback() {
				resolved := ""
				if a.String() != host {
					resolved = a.String()
				}
				return nil, health.New(health.ListenNotLoopback, "http.listen: %s", notLoopback(l, resolved))
			}
			out = append(out, netip.AddrPortFrom(a, port))
		}
	}
	return out, nil
}

// Validate checks the section.
func (w WebRTC) Validate() []Problem {
	var ps []Problem
	if w.Port < 0 || w.Port > 65535 {
		ps = append(ps, Problem{Key: "port", Text: fmt.Sprintf("%d is no port; use 1 to 65535, or 0 for any free one", w.Port)})
	}
	if w.MaxViewers < 1 || w.MaxViewers > 10000 {
		ps = append(ps, Problem{Key: "max_viewers", Text: fmt.Sprintf("%d is not from 1 to 10000", w.MaxViewers)})
	}
	for i, s := range w.PublicIPs {
		key := fmt.Sprintf("public_ips[%d]", i)
		a, err := netip.ParseAddr(s)
		switch {
		case err != nil:
			ps = append(ps, Problem{Key: key, Text: fmt.Sprintf("%s is no IP address", show(s))})
		case !a.Unmap().IsLoopback():
			ps = append(ps, Problem{Key: key, Code: health.ListenNotLoopback,
				Text: fmt.Sprintf("%s is beyond this machine; without tokens the relay serves this machine alone: leave public_ips out", show(s))})
		}
	}
	return ps
}

// Validate checks the section.
func (r Ring) Validate() []Problem {
	var ps []Problem
	if r.Seconds < 0.1 || r.Seconds > 300 {
		ps = append(ps, Problem{Key: "seconds", Text: fmt.Sprintf("%g is not from 0.1 to 300", r.Seconds)})
	}
	if r.Bytes < 64<<10 || r.Bytes > 4<<30 {
		ps = append(ps, Problem{Key: "bytes", Text: fmt.Sprintf("%s is not from 64KB to 4GB", r.Bytes)})
	}
	return ps
}

// Validate checks one stream.
func (s Stream) Validate() []Problem {
	var ps []Problem
	switch s.Transport {
	case TransportAuto, TransportUDP, TransportTCP:
	default:
		ps = append(ps, Problem{Key: "transport", Text: fmt.Sprintf("%s is not one of auto, udp, tcp", show(string(s.Transport)))})
	}
	if s.Linger < 0 || s.Linger > 24*time.Hour {
		ps = append(ps, Problem{Key: "linger", Text: fmt.Sprintf("%v is not from 0s to 24h", s.Linger)})
	}
	ps = append(ps, prefix("analyze", s.Analyze.Validate())...)
	return append(ps, prefix("source", s.Source.validate())...)
}
