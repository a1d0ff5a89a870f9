package rtsp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// DefaultSessionTimeout holds when a server names none (RFC 2326 section
// 12.37).
const DefaultSessionTimeout = 60 * time.Second

// Session is the Session header.
type Session struct {
	ID string
	// Timeout is how long the server keeps an idle session.
	Timeout time.Duration
}

// ParseSession parses a Session header. A timeout that is missing, malformed,
// zero or above a day becomes the default.
func ParseSession(value string) (Session, error) {
	parts := strings.Split(value, ";")
	s := Session{ID: strings.TrimSpace(parts[0]), Timeout: DefaultSessionTimeout}
	if s.ID == "" || len(s.ID) > 256 || strings.ContainsFunc(s.ID, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return Session{}, fmt.Errorf("rtsp: session %q has no valid identifier", printable(value))
	}
	for _, p := range parts[1:] {
		name, v, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "timeout") {
			continue
		}
		if n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(v), `"`)); err == nil && n > 0 && n <= 86400 {
			s.Timeout = time.Duration(n) * time.Second
		}
	}
	return s, nil
}

// String writes the header as a server sends it.
func (s Session) String() string {
	if s.Timeout <= 0 {
		return s.ID
	}
	return s.ID + ";timeout=" + strconv.Itoa(int(s.Timeout/time.Second))
}

// RTPInfo is one stream of an RTP-Info header (RFC 2326 section 12.33).
type RTPInfo struct {
	URL string
	// Seq and RTPTime belong to the first packet after PLAY.
	Seq        uint16
	HasSeq     bool
	RTPTime    uint32
	HasRTPTime bool
}

// ParseRTPInfo parses an RTP-Info header; parts that make no sense are left
// out, since the header is advice.
func ParseRTPInfo(value string) []RTPInfo {
	var out []RTPInfo
	for _, item := range splitQuoted(value, ',') {
		var info RTPInfo
		for _, p := range splitQuoted(item, ';') {
			name, v, _ := strings.Cut(p, "=")
			v = strings.Trim(strings.TrimSpace(v), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "url":
				info.URL = v
			case "seq":
				if n, err := strconv.ParseUint(v, 10, 16); err == nil {
					info.Seq, info.HasSeq = uint16(n), true
				}
			case "rtptime":
				if n, err := strconv.ParseUint(v, 10, 32); err == nil {
					info.RTPTime, info.HasRTPTime = uint32(n), true
				}
			}
		}
		if info.URL != "" || info.HasSeq || info.HasRTPTime {
			out = append(out, info)
		}
	}
	return out
}

// String writes the stream as it stands in the header.
func (i RTPInfo) String() string {
	s := "url=" + i.URL
	if i.HasSeq {
		s += ";seq=" + strconv.FormatUint(uint64(i.Seq), 10)
	}
	if i.HasRTPTime {
		s += ";rtptime=" + strconv.FormatUint(uint64(i.RTPTime), 10)
	}
	return s
}
