package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// failure is one condition with its class, shortened.
func failure(class source.Class, code health.Code, cause error, format string, args ...any) error {
	return source.Fail(class, health.New(code, format, args...), cause)
}

// dialFailure words why no connection came about.
func (c *settings) dialFailure(err error) error {
	host, addr := c.url.Hostname(), c.url.Address()
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return failure(source.Retry, health.SourceHostUnknown, err, "no address is known for host %q", host)
		}
		return failure(source.Retry, health.SourceHostUnknown, err, "host %q cannot be looked up: the name server does not answer", host)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return failure(source.Retry, health.SourceUnreachable, err, "%s refuses the connection: nothing listens on that port", addr)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return failure(source.Retry, health.SourceUnreachable, err, "there is no route to %s", addr)
	case isTimeout(err):
		return failure(source.Retry, health.SourceUnreachable, err, "%s did not accept a connection within %v", addr, c.dialTimeout)
	}
	return failure(source.Retry, health.SourceUnreachable, err, "cannot connect to %s: %v", addr, err)
}

func (c *settings) tlsFailure(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return failure(source.NeedsPerson, health.SourceProtocol, err, "the TLS certificate of %s cannot be verified: %v", c.url.Address(), err)
	}
	return failure(source.Retry, health.SourceProtocol, err, "TLS with %s failed: %v", c.url.Address(), err)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &n) && n.Timeout())
}

// isHangUp says that the peer has closed the connection.
func isHangUp(err error) bool {
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// connectionFailure words why the connection ended; doing says during what.
func (s *session) connectionFailure(err error, doing string) error {
	addr := s.cfg.url.Address()
	wrapped := fmt.Errorf("rtsp: %s: %w", doing, err)
	switch {
	case errors.Is(err, wire.ErrNotRTSP) && s.replies == 0:
		return failure(source.NeedsPerson, health.SourceProtocol, wrapped, "%s is no RTSP server: %v", addr, err)
	case errors.Is(err, wire.ErrNotRTSP), errors.Is(err, wire.ErrTooLarge):
		return failure(source.Retry, health.SourceProtocol, wrapped, "%s sent what is no RTSP: %v", addr, err)
	case isTimeout(err):
		return failure(source.Retry, health.SourceSilent, wrapped, "%s does not take what is sent to it (%s)", addr, doing)
	case isHangUp(err) && s.replies == 0:
		return failure(source.Retry, health.SourceRefused, wrapped, "%s closed the connection without an answer", addr)
	case isHangUp(err):
		return failure(source.Retry, health.SourceUnreachable, wrapped, "%s closed the connection (%s)", addr, doing)
	}
	return failure(source.Retry, health.SourceUnreachable, wrapped, "the connection to %s broke (%s): %v", addr, doing, err)
}

// replyTimeout is the failure of a request that got no reply.
func (s *session) replyTimeout(method string) error {
	return failure(source.Retry, health.SourceSilent, nil, "%s accepted the connection but did not answer %s within %v",
		s.cfg.url.Address(), method, s.cfg.reply)
}

// silent is the failure of a session without media.
func (s *session) silent(since time.Duration) error {
	where := "TCP"
	if s.overUDP {
		where = "UDP"
	}
	if s.packets == 0 {
		c := health.New(health.SourceSilent, "%s answered PLAY but sent no video over %s within %v", s.cfg.url.Address(), where, since)
		if s.overUDP {
			c = c.WithFix("Open the UDP path from the camera, or set transport: tcp.")
		}
		return source.Fail(source.Retry, c, nil)
	}
	return failure(source.Retry, health.SourceSilent, nil, "%s has sent no video over %s for %v", s.cfg.url.Address(), where, since)
}

// refusal words a reply other than 200.
func (s *session) refusal(method string, r *wire.Response) error {
	where := s.cfg.url.Redacted()
	what := fmt.Sprintf("%s answered %s with %d %s", where, method, r.Status, reason(r))
	cause := fmt.Errorf("rtsp: %s: status %d %s", method, r.Status, reason(r))
	switch {
	case r.Status == wire.StatusUnauthorized:
		switch {
		case s.auth.User == "" && s.auth.Password == "":
			return source.Fail(source.NeedsPerson, health.New(health.SourceUnauthorized,
				"%s asks for a user name and password, and none is configured", where), cause)
		case !wire.Supported(r.Header.Values("WWW-Authenticate")):
			return source.Fail(source.NeedsPerson, health.New(health.SourceUnauthorized,
				"%s asks for a way to sign in that is not supported (supported: Digest with MD5 or SHA-256, Basic)", where).
				WithFix("Set the camera's RTSP authentication to Digest."), cause)
		}
		return failure(source.NeedsPerson, health.SourceUnauthorized, cause, "%s does not accept user %q with the configured password", where, s.auth.User)
	case r.Status == wire.StatusForbidden:
		return failure(source.NeedsPerson, health.SourceUnauthorized, cause, "%s: this user may not watch it, or is locked out", what)
	case r.Status == wire.StatusNotFound, r.Status == wire.StatusGone:
		return failure(source.Retry, health.SourceNotFound, cause, "%s", what)
	case r.Status == wire.StatusUnsupportedTransport:
		other := "tcp"
		if !s.overUDP {
			other = "udp"
		}
		return source.Fail(source.NeedsPerson, health.New(health.SourceRefused, "%s", what).
			WithFix("Set transport: %s, or transport: auto.", other), cause)
	case r.Status >= 300 && r.Status < 400:
		return source.Fail(source.NeedsPerson, health.New(health.SourceRefused, "%s: it moved to %s", what, wire.Redact(r.Header.Get("Location"))).
			WithFix("Set the stream's source to the new address."), cause)
	}
	return failure(source.Retry, health.SourceRefused, cause, "%s", what)
}

func reason(r *wire.Response) string {
	if r.Reason != "" {
		return r.Reason
	}
	return wire.StatusText(r.Status)
}
