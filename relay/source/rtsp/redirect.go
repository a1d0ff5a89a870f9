package rtsp

import (
	"errors"
	"strings"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// maxRedirects bounds how often a camera may send the client on.
const maxRedirects = 5

// movedError ends an attempt that is to be made again at another address.
type movedError struct{ to wire.URL }

func (e *movedError) Error() string { return "rtsp: moved to " + e.to.Redacted() }

// redirect takes a reply that sends the client to another address (RFC 2326
// section 11.3); nil if it does not.
func (s *session) redirect(r *wire.Response) error {
	switch r.Status {
	case 300, 301, 302, 303, 305:
		return s.moved(r.Header.Get("Location"))
	}
	return nil
}

// moved is the error that makes the client go on at another address; nil if
// there is none. The password goes along to the same host only.
func (s *session) moved(location string) error {
	location = strings.TrimSpace(location)
	if strings.HasPrefix(location, "/") {
		location = s.cfg.url.Scheme + "://" + s.cfg.url.Host + location
	}
	to, err := wire.ParseURL(location)
	if err != nil {
		return nil
	}
	if s.cfg.url.Scheme == "rtsps" && to.Scheme == "rtsp" {
		return failure(source.NeedsPerson, health.SourceRefused, nil,
			"%s sends its clients from rtsps to %s, which is not encrypted", s.cfg.url.Address(), to.Redacted())
	}
	return &movedError{to}
}

// at returns the settings for another address.
func (c *settings) at(to wire.URL) *settings {
	next := *c
	if !strings.EqualFold(to.Hostname(), c.url.Hostname()) {
		next.user, next.password = to.User, to.Password
	} else if to.User != "" || to.Password != "" {
		next.user, next.password = to.User, to.Password
	}
	to.User, to.Password = "", ""
	next.url = to
	return &next
}

// asMoved returns where an attempt's error sends the client, nil if nowhere.
func asMoved(err error) *movedError {
	if m, ok := errors.AsType[*movedError](err); ok {
		return m
	}
	return nil
}
