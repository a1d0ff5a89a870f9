// Package rtsp is the client that takes video (H.264, H.265, JPEG), sound and
// ONVIF metadata from an RTSP camera: it
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
	"net/netip"
	"sync"
	"syscall"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
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
	// Multicast asks for the camera's multicast group; auto and udp take one
	// that the camera insists on.
	Multicast Transport = "multicast"
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
	// Transport is auto, udp, tcp or multicast; default auto.
	Transport Transport
	// Codecs are those of the video that the sink takes; default H264 alone. A
	// camera without one of them is a fault that names what it sends.
	Codecs []media.Codec

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
	// JoinGroup opens a UDP socket on a multicast group, on the interface with
	// the given local address; default net.ListenMulticastUDP.
	JoinGroup func(local netip.Addr, group *net.UDPAddr) (net.PacketConn, error)

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
	for moves := 0; ; moves++ {
		err = cfg.attempt(ctx, out, useTCP)
		if errors.Is(err, errUDPSilent) {
			err = cfg.attempt(ctx, out, true)
		}
		m := asMoved(err)
		if m == nil {
			return err
		}
		if moves == maxRedirects {
			return failure(source.NeedsPerson, health.SourceRefused, err, "%s sends its clients on and on, at last to %s",
				cfg.url.Address(), m.to.Redacted())
		}
		cfg.log.Info("the camera sends its clients on", "to", m.to.Redacted())
		cfg = cfg.at(m.to)
		useTCP = useTCP || cfg.url.Scheme == "rtsps"
	}
}

// errUDPSilent ends an attempt over UDP that is to be made again over TCP.
var errUDPSilent = errors.New("rtsp: no media over UDP")

// settings are a source's fields with the defaults filled in.
type settings struct {
	stream, user, password, agent          string
	url                                    wire.URL
	transport                              Transport
	codecs                                 []media.Codec
	log                                    *slog.Logger
	watcher                                Watcher
	tls                                    *tls.Config
	dialTimeout, reply, silence, udp, rtcp time.Duration
	dial                                   func(ctx context.Context, network, address string) (net.Conn, error)
	listen                                 func(network, address string) (net.PacketConn, error)
	join                                   func(local netip.Addr, group *net.UDPAddr) (net.PacketConn, error)
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
		dial: s.DialContext, listen: s.ListenPacket, join: s.JoinGroup, codecs: s.Codecs,
	}
	c.url.User, c.url.Password = "", "" // nothing below can show them
	if s.User != "" || s.Password != "" {
		c.user, c.password = s.User, s.Password
	}
	switch c.transport {
	case "":
		c.transport = Auto
	case Auto, UDP, TCP, Multicast:
	default:
		return nil, source.Fail(source.GiveUp, health.New(health.SourceURLInvalid,
			"transport %q is not auto, udp, tcp or multicast", string(c.transport)), nil)
	}
	if (c.transport == UDP || c.transport == Multicast) && u.Scheme == "rtsps" {
		return nil, source.Fail(source.GiveUp, health.New(health.SourceURLInvalid,
			"rtsps brings media over TCP; transport %s does not go with it", string(c.transport)), nil)
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
	if c.join == nil {
		c.join = joinGroup
	}
	return c, nil
}

func or(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}
