package rtsp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Range is a pair of ports or interleaved channels. The zero Range is absent.
type Range struct{ First, Last int }

// IsZero says whether the range is absent.
func (r Range) IsZero() bool { return r == Range{} }

func (r Range) String() string { return strconv.Itoa(r.First) + "-" + strconv.Itoa(r.Last) }

// Transport is one transport of a Transport header (RFC 2326 section 12.39).
type Transport struct {
	// Profile is RTP/AVP, or RTP/SAVP and the like for secured media.
	Profile string
	// TCP says interleaved; otherwise UDP.
	TCP bool
	// Multicast is false for unicast, which is also assumed if not given.
	Multicast bool
	// Interleaved are the RTP and RTCP channels; HasInterleaved tells 0-0 from
	// absent.
	Interleaved    Range
	HasInterleaved bool
	// ClientPort, ServerPort and Port are RTP and RTCP ports (unicast client,
	// unicast server, multicast).
	ClientPort, ServerPort, Port Range
	// Source and Destination are hosts; empty if not given.
	Source, Destination string
	// SSRC is the sender's synchronisation source, valid if HasSSRC.
	SSRC    uint32
	HasSSRC bool
	// Mode is PLAY or RECORD; empty means PLAY.
	Mode string
}

// String writes the transport as it stands in the header.
func (t Transport) String() string {
	var b strings.Builder
	profile := t.Profile
	if profile == "" {
		profile = "RTP/AVP"
	}
	b.WriteString(profile)
	if t.TCP {
		b.WriteString("/TCP")
	}
	if t.Multicast {
		b.WriteString(";multicast")
	} else {
		b.WriteString(";unicast")
	}
	text := func(name, v string) {
		if v != "" {
			b.WriteString(";" + name + "=" + v)
		}
	}
	ports := func(name string, r Range) {
		if !r.IsZero() {
			text(name, r.String())
		}
	}
	text("destination", t.Destination)
	text("source", t.Source)
	if t.HasInterleaved {
		text("interleaved", t.Interleaved.String())
	}
	ports("port", t.Port)
	ports("client_port", t.ClientPort)
	ports("server_port", t.ServerPort)
	if t.HasSSRC {
		fmt.Fprintf(&b, ";ssrc=%08X", t.SSRC)
	}
	text("mode", t.Mode)
	return b.String()
}

// ParseTransports parses a Transport header: transports in order of
// preference. Unknown parameters are skipped, and so are a source, SSRC or
// mode that make no sense; a port or channel range that makes none is an
// error.
func ParseTransports(value string) ([]Transport, error) {
	var out []Transport
	for _, item := range splitQuoted(value, ',') {
		if strings.TrimSpace(item) == "" {
			continue
		}
		t, err := parseTransport(item)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, errors.New("rtsp: Transport header is empty")
	}
	return out, nil
}

func parseTransport(item string) (Transport, error) {
	parts := splitQuoted(item, ';')
	spec := strings.Split(strings.ToUpper(strings.TrimSpace(parts[0])), "/")
	if len(spec) < 2 || len(spec) > 3 || spec[0] != "RTP" || !isProfile(spec[1]) {
		return Transport{}, fmt.Errorf("rtsp: transport %q is not RTP/profile[/TCP|UDP]", printable(parts[0]))
	}
	t := Transport{Profile: "RTP/" + spec[1]}
	if len(spec) == 3 {
		switch spec[2] {
		case "TCP":
			t.TCP = true
		case "UDP":
		default:
			return Transport{}, fmt.Errorf("rtsp: lower transport %q is neither TCP nor UDP", printable(spec[2]))
		}
	}
	for _, p := range parts[1:] {
		name, v, _ := strings.Cut(p, "=")
		v = strings.Trim(strings.TrimSpace(v), `"`)
		var err error
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "multicast":
			t.Multicast = true
		case "interleaved":
			t.Interleaved, err = parseRange(v, 255)
			t.HasInterleaved = true
		case "client_port":
			t.ClientPort, err = parseRange(v, 65535)
		case "server_port":
			t.ServerPort, err = parseRange(v, 65535)
		case "port":
			t.Port, err = parseRange(v, 65535)
		case "source":
			t.Source = host(v)
		case "destination":
			t.Destination = host(v)
		case "ssrc":
			if n, e := strconv.ParseUint(strings.TrimSpace(v), 16, 32); e == nil {
				t.SSRC, t.HasSSRC = uint32(n), true
			}
		case "mode":
			if m := strings.ToUpper(v); m == "PLAY" || m == "RECORD" {
				t.Mode = m
			}
		}
		if err != nil {
			return Transport{}, fmt.Errorf("rtsp: transport parameter %s: %w", printable(strings.TrimSpace(name)), err)
		}
	}
	return t, nil
}

func isProfile(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' })
}

// host keeps a value that can be an address or a host name.
func host(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`;,="/`, r) }) {
		return ""
	}
	return v
}

// parseRange parses "a-b" or "a", which means a and the next.
func parseRange(v string, limit int) (Range, error) {
	a, b, two := strings.Cut(v, "-")
	first, err := strconv.Atoi(strings.TrimSpace(a))
	if err != nil || first < 0 || first > limit {
		return Range{}, fmt.Errorf("%q is not a number up to %d", printable(a), limit)
	}
	if !two || strings.TrimSpace(b) == "" {
		return Range{first, min(first+1, limit)}, nil
	}
	last, err := strconv.Atoi(strings.TrimSpace(b))
	if err != nil || last < 0 || last > limit {
		return Range{}, fmt.Errorf("%q is not a number up to %d", printable(b), limit)
	}
	return Range{first, last}, nil
}

// splitQuoted splits at sep outside double quotes.
func splitQuoted(s string, sep byte) []string {
	var out []string
	quoted, start := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
