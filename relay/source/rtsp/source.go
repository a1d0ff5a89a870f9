// Package rtsp is the client that takes H.264 from an RTSP camera: it
// connects, signs in, chooses UDP or TCP, keeps the session alive, puts RTP in
// order, accounts for gaps and gives out access units. The wire format is in
// relay/rtsp, depacketisation in relay/media; it knows neither the hub nor who
// watches its sockets.
package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// Transport chooses how media comes.
type Transport string

// The transports of a source.
const (
	// Auto tries UDP and falls back to TCP when the camera refuses UDP or no
	// packet arrives.
	Auto Transport = "auto"
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
)

// Watcher is told of each socket on which a stream's media arrives, for as
// long as it is open.
type Watcher interface {
	// Watch begins to watch a socket; release ends it, before the socket is
	// closed.
	Watch(conn syscall.Conn, stream string) (release func())
}

// Source reads one camera. URL is all it needs; the zero value of any other
// field means its default. It must not be copied after its first Run.
type Source struct {
	// Stream names the stream for the watcher.
	Stream string
	// URL is rtsp://[user:password@]host[:port]/path, as wire.ParseURL takes
	// it, or rtsps:// for TLS (then media comes over TCP).
	URL string
	// User and Password replace those of the URL if either is set.
	User, Password string
	// Transport is auto, udp or tcp; default auto.
	Transport Transport

	// Logger takes events worth a line and names the stream itself; default
	// none.
	Logger *slog.Logger
	// Watcher is told of the media sockets; default none.
	Watcher Watcher
	// UserAgent names the client to the camera; default "Sightline".
	UserAgent string
	// TLSConfig is for rtsps; default: verify by the system's roots.
	TLSConfig *tls.Config

	// DialTimeout bounds connecting, with TLS; default 5 s.
	DialTimeout time.Duration
	// ReplyTimeout bounds the wait for each reply; default 5 s.
	ReplyTimeout time.Duration
	// SilenceTimeout is how long no media may arrive before the run fails;
	// default 5 s.
	SilenceTimeout time.Duration
	// UDPTimeout is how long after PLAY the first packet may take over UDP
	// before auto falls back to TCP; default 3 s.
	UDPTimeout time.Duration
	// ReportInterval is the time between RTCP receiver reports; default 5 s.
	ReportInterval time.Duration

	// DialContext opens the TCP connection; default a net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// ListenPacket opens the UDP sockets; default net.ListenPacket.
	ListenPacket func(network, address string) (net.PacketConn, error)

	mu        sync.Mutex
	tcpUntil  time.Time // auto uses TCP until then, since UDP did not work
	tcpReason string
}

// rememberTCP is how long a fall back to TCP holds for further runs.
const rememberTCP = 30 * time.Minute

// Run implements source.Source.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	cfg, err := s.resolve()
	if err != nil {
		return err
	}
	useTCP := cfg.transport == TCP || cfg.url.Scheme == "rtsps"
	if cfg.transport == Auto && !useTCP {
		s.mu.Lock()
		if time.Now().Before(s.tcpUntil) {
			useTCP = true
			out.Notice(health.New(health.SourceUDPSilent, "%s", s.tcpReason))
		}
		s.mu.Unlock()
	}
	cfg.fellBack = func(reason string) {
		s.mu.Lock()
		s.tcpUntil, s.tcpReason = time.Now().Add(rememberTCP), reason
		s.mu.Unlock()
		cfg.log.Info("falling back to TCP", "reason", reason)
		out.Notice(health.New(health.SourceUDPSilent, "%s", reason))
	}
	err = cfg.attempt(ctx, out, useTCP)
	if errors.Is(err, errUDPSilent) {
		err = cfg.attempt(ctx, out, true)
	}
	return err
}

// errUDPSilent ends an attempt over UDP that is to be made again over TCP.
var errUDPSilent = errors.New("rtsp: no media over UDP")

// settings are a source's fields with the defaults filled in.
type settings struct {
	stream, user, password, agent          string
	url                                    wire.URL
	transport                              Transport
	log                                    *slog.Logger
	watcher                                Watcher
	tls                                    *tls.Config
	dialTimeout, reply, silence, udp, rtcp time.Duration
	dial                                   func(ctx context.Context, network, address string) (net.Conn, error)
	listen                                 func(network, address string) (net.PacketConn, error)
	fellBack                               func(reason string) // auto has chosen TCP
}

func (s *Source) resolve() (*settings, error) {
	u, err := wire.ParseURL(s.URL)
	if err != nil {
		return nil, source.Fail(source.GiveUp, health.New(health.SourceURLInvalid, "%v", err), err)
	}
	c := &settings{
		stream: s.Stream, user: u.User, password: u.Password, agent: s.UserAgent,
		url: u, transport: s.Transport, log: s.Logger, watcher: s.Watcher, tls: s.TLSConfig,
		dialTimeout: or(s.DialTimeout, 5*time.Second), reply: or(s.ReplyTimeout, 5*time.Second),
		silence: or(s.SilenceTimeout, 5*time.Second), udp: or(s.UDPTimeout, 3*time.Second),
		rtcp: or(s.ReportInterval, 5*time.Second),
		dial: s.DialContext, listen: s.ListenPacket,
	}
	c.url.User, c.url.Password = "", "" // nothing below can show them
	if s.User != "" || s.Password != "" {
		c.user, c.password = s.User, s.Password
	}
	switch c.transport {
	case "":
		c.transport = Auto
	case Auto, UDP, TCP:
	default:
		return nil, source.Fail(source.GiveUp, health.New(health.SourceURLInvalid,
			"transport %q is not auto, udp or tcp", string(c.transport)), nil)
	}
	if c.transport == UDP && u.Scheme == "rtsps" {
		return nil, source.Fail(source.GiveUp, health.New(health.SourceURLInvalid,
			"rtsps brings media over TCP; transport udp does not go with it"), nil)
	}
	if c.agent == "" {
		c.agent = "Sightline"
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.dial == nil {
		c.dial = new(net.Dialer).DialContext
	}
	if c.listen == nil {
		c.listen = net.ListenPacket
	}
	return c, nil
}

func or(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}
