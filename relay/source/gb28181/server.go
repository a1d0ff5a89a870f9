// Package gb28181 is the platform's side of GB/T 28181 (2011 to 2022): devices
// register with it over SIP, tell it their channels, and send a channel's
// pictures when it invites them, as a program stream in RTP over UDP or TCP.
// A [Server] owns the SIP sockets, the devices and the media ports; each
// watched channel is a [Source]. The package knows neither the hub nor who
// watches its sockets.
package gb28181

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Watcher is told of each socket on which a stream's media arrives, for as
// long as it is open.
type Watcher interface {
	// Watch begins to watch a socket; release ends it, before the socket is
	// closed.
	Watch(conn syscall.Conn, stream string) (release func())
	// WatchSSRC is Watch for a socket that several streams share: packets with
	// the SSRC are the stream's.
	WatchSSRC(conn syscall.Conn, stream string, ssrc uint32) (release func())
}

// Config is what a Server is made of.
type Config struct {
	// Listen is the address for SIP, over UDP and TCP.
	Listen netip.AddrPort
	// ID is the platform's number, 20 digits.
	ID string
	// Realm is the SIP domain; default: the number's first ten digits.
	Realm string
	// Password gives a device's password; it reports false where there is
	// none, and the device is refused.
	Password func(device string) (string, bool)
	// MinPort and MaxPort bound the media ports; 0 takes any free ones.
	MinPort, MaxPort int
	// Keepalive is the interval at which devices report; after three without
	// a report a device counts as offline. Default 60 s.
	Keepalive time.Duration
	// Silence is how long an invited device may send no media; default 5 s.
	Silence time.Duration
	// Watcher is told of the media sockets; default none.
	Watcher Watcher
	Logger  *slog.Logger
}

// maxDevices bounds the devices that are remembered.
const maxDevices = 50000

// Server is the platform. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	log    *slog.Logger
	nonces *nonces
	ports  *ports

	udp    *datagrams
	tcp    *connections
	ua     *sipgo.UserAgent
	server *sipgo.Server
	client *sipgo.Client
	ctx    context.Context // of Run
	work   sync.WaitGroup
	asking chan struct{} // bounds questions to devices that are under way

	mu       sync.Mutex
	devices  map[string]*device
	refused  map[string]refusal  // by device, newest failure to sign in
	sessions map[string]*session // by Call-ID
	changed  chan struct{}       // closed and made anew when a device changes
	sn       int
	ssrcs    map[uint32]bool
	nextSSRC uint32
}

// New makes a server; nothing is opened before Listen.
func New(cfg Config) *Server {
	if cfg.Realm == "" {
		cfg.Realm = cfg.ID[:min(len(cfg.ID), 10)]
	}
	if cfg.Keepalive <= 0 {
		cfg.Keepalive = time.Minute
	}
	if cfg.Silence <= 0 {
		cfg.Silence = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, log: cfg.Logger, nonces: newNonces(),
		ports:   newPorts(cfg.Listen.Addr(), cfg.MinPort, cfg.MaxPort, cfg.Watcher),
		devices: map[string]*device{}, refused: map[string]refusal{}, sessions: map[string]*session{},
		changed: make(chan struct{}), ssrcs: map[uint32]bool{}, asking: make(chan struct{}, 64)}
}

// Listen opens the SIP sockets.
func (s *Server) Listen() error {
	addr := s.cfg.Listen
	for try := 0; ; try++ {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
		if err != nil {
			return err
		}
		bound := l.Addr().(*net.TCPAddr).AddrPort()
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())))
		if err != nil {
			_ = l.Close()
			if addr.Port() == 0 && errors.Is(err, syscall.EADDRINUSE) && try < 20 {
				continue
			}
			return err
		}
		_ = u.SetReadBuffer(4 << 20)
		s.udp = &datagrams{PacketConn: u}
		s.tcp = &connections{Listener: l, idle: 3*s.cfg.Keepalive + 30*time.Second, open: map[*connection]struct{}{}}
		s.cfg.Listen = netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
		return s.build()
	}
}

// Addr is the address for SIP, valid after Listen.
func (s *Server) Addr() netip.AddrPort { return s.cfg.Listen }

func (s *Server) build() error {
	parser := sip.NewParser()
	parser.MaxMessageLength = maxMessage + 2*maxHead
	quiet := slog.New(slog.DiscardHandler) // it logs what strangers send, whole
	ua, err := sipgo.NewUA(sipgo.WithUserAgent(s.cfg.ID), sipgo.WithUserAgentHostname(s.cfg.Realm), sipgo.WithUserAgentParser(parser),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet)),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(quiet),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {})))
	if err != nil {
		return fmt.Errorf("gb28181: %w", err)
	}
	s.ua = ua
	if s.server, err = sipgo.NewServer(ua, sipgo.WithServerLogger(quiet)); err != nil {
		return fmt.Errorf("gb28181: %w", err)
	}
	if s.client, err = sipgo.NewClient(ua, sipgo.WithClientLogger(quiet)); err != nil {
		return fmt.Errorf("gb28181: %w", err)
	}
	s.server.OnRegister(s.guarded(s.onRegister))
	s.server.OnMessage(s.guarded(s.onMessage))
	s.server.OnNotify(s.guarded(s.onMessage))
	s.server.OnBye(s.guarded(s.onBye))
	s.server.OnAck(func(*sip.Request, sip.ServerTransaction) {})
	s.server.OnOptions(s.guarded(func(req *sip.Request, tx sip.ServerTransaction) { s.answer(tx, req, sip.StatusOK, "OK") }))
	return nil
}

// guarded keeps a handler's panic from ending the relay, and ends the
// transaction with its answer: a request that is sent again is handled again,
// which does no harm, and the library would hold it for 32 s.
func (s *Server) guarded(h sipgo.RequestHandler) sipgo.RequestHandler {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		defer tx.Terminate()
		defer func() {
			if v := recover(); v != nil {
				s.log.Error("a SIP request failed", "method", string(req.Method), "panic", v)
			}
		}()
		h(req, tx)
	}
}

func (s *Server) answer(tx sip.ServerTransaction, req *sip.Request, status int, reason string, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if err := tx.Respond(res); err != nil {
		s.log.Debug("a SIP answer could not be sent", "method", string(req.Method), "to", req.Source(), "err", err)
	}
}

// Run serves devices until ctx ends; Listen comes before it.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			_ = s.server.ServeUDP(s.udp) // ends now and then, see datagrams
		}
	})
	wg.Go(func() { _ = s.server.ServeTCP(s.tcp) })
	tick := time.NewTicker(min(s.cfg.Keepalive/4, 5*time.Second))
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case now := <-tick.C:
			s.expire(now)
		case <-ctx.Done():
		}
	}
	// The sources end with their streams, whose context is the same one; they
	// have to say goodbye before the sockets close.
	for deadline := time.Now().Add(2 * time.Second); s.busy() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	s.udp.closed.Store(true)
	_ = s.udp.Close()
	_ = s.tcp.Close()
	_ = s.ua.Close()
	s.mu.Lock()
	s.ctx = nil // nothing is begun from here on
	s.mu.Unlock()
	s.work.Wait()
	wg.Wait()
	s.ports.close()
	return nil
}

func (s *Server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions) > 0
}

// poke tells those who wait that a device has changed; the lock is held.
func (s *Server) poke() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// userOf is the number in a From or To header.
func userOf(req *sip.Request) string {
	if f := req.From(); f != nil && validID(f.Address.User) {
		return f.Address.User
	}
	return ""
}

// validID accepts the 20 digits of the standard, and what vendors make of them.
func validID(id string) bool {
	if len(id) < 1 || len(id) > 32 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}
