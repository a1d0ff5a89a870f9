// Package app builds a whole relay from a configuration, in one process: it is
// the one place where sources, streams, viewers and the API meet.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/egress/whep"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/localca"
	"sightline/relay/rtc"
	"sightline/relay/source/ffmpeg"
	"sightline/relay/source/gb28181"
)

// Options are what a relay needs besides its configuration.
type Options struct {
	Logger  *slog.Logger // default: slog.Default()
	Version string
	// Web is the built web client, nil without one.
	Web fs.FS
	// Detectors run beside the relay's own.
	Detectors []Detector
}

// App is one relay.
type App struct {
	cfg     *config.Config
	opts    Options
	log     *slog.Logger
	board   *health.Board
	drops   *drops
	streams map[string]*hub.Stream
	order   []string
	points  map[string]point
	ready   chan struct{}
	// platform is nil where the relay is no GB/T 28181 platform.
	platform *gb28181.Server

	mu           sync.Mutex
	channels     map[string]*hub.Stream // of devices, made when asked for
	channelOrder []string
	run          func(func(ctx context.Context)) // nil unless the relay serves

	// Set before ready is closed.
	urls    []string
	rtcPort uint16
	started time.Time
}

// shutdownTime bounds the wait for requests that are under way.
const shutdownTime = 3 * time.Second

// New builds the relay; nothing is opened before Run.
func New(cfg *config.Config, opts Options) (*App, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	a := &App{cfg: cfg, opts: opts, log: opts.Logger, board: &health.Board{}, streams: map[string]*hub.Stream{},
		order: cfg.StreamNames(), ready: make(chan struct{}), channels: map[string]*hub.Stream{}, points: map[string]point{}}
	a.drops = &drops{board: a.board, log: a.log, highest: rungOf(cfg.Drops.Mode), list: a.List}
	a.platform = a.newPlatform()
	for _, name := range a.order {
		a.streams[name] = a.newStream(name, cfg.Streams[name])
	}
	return a, nil
}

// Ready is closed when the relay listens.
func (a *App) Ready() <-chan struct{} { return a.ready }

// URL is the address of the start page, valid after Ready.
func (a *App) URL() string { return a.urls[0] }

// WebRTCPort is the UDP and TCP port of all viewers, valid after Ready.
func (a *App) WebRTCPort() uint16 { return a.rtcPort }

// Run serves until ctx ends, and returns nil then. Everything it started has
// ended when it returns. An address that cannot be opened is a
// [health.Condition].
func (a *App) Run(ctx context.Context) error {
	defer ffmpeg.LogTo(a.log)()
	listeners, err := a.listen(ctx)
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	endpoint, err := a.listenRTC(listeners)
	if err != nil {
		return err
	}
	defer endpoint.Close()
	if err := a.listenPlatform(); err != nil {
		return err
	}
	viewers := whep.New(whep.Config{
		Stream: a.stream, Peers: endpoint, Problem: api.Problem, Port: endpoint.Port(),
		MaxViewers: a.cfg.WebRTC.MaxViewers, Logger: a.log,
	})
	defer viewers.Close()
	publishers := a.newWHIP(endpoint)
	defer publishers.Close()
	w := a.newWatcher()
	defer w.hub.Close()
	modelStore, err := OpenModels(a.cfg.DataDir)
	if err != nil {
		return err
	}
	models := &servedModels{store: modelStore, own: a.ownModels()}
	engine := a.newEngine(w, modelStore)
	tlsConfig, ca, err := a.tls()
	if err != nil {
		return err
	}
	if a.opts.Web == nil {
		a.board.Raise("relay", health.New(health.WebClientMissing, "The pages are not part of this program; the API and WHEP work."))
	}
	if len(a.order) == 0 && a.platform == nil {
		a.board.Raise("relay", health.New(health.NoStreams, "The configuration has no streams."))
	}
	a.drops.open()
	defer a.drops.close()
	a.rtcPort, a.started = endpoint.Port(), time.Now().UTC()
	for _, l := range listeners {
		a.urls = append(a.urls, pageURL(l.Addr(), tlsConfig != nil))
	}
	var kept api.Events
	if w.store = a.openStore(); w.store != nil {
		kept = keptEvents{w.store}
	}
	handler, err := api.New(api.Config{
		Streams: a, Conditions: a.board, Drops: a.drops, Relay: a.relay, Web: a.opts.Web, CA: ca,
		Vision:   func() api.Vision { return a.vision(w, engine) },
		Analysis: func(stream string) *api.Analysis { return a.analysis(models, stream) },
		Routes: append(a.routes(viewers), a.newPush().Register, publishers.Register, w.hub.Register,
			api.EventRoutes(kept), api.ModelRoutes(models)), Logger: a.log,
	})
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	// The store closes last: what ends the others may be an event.
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keeping sync.WaitGroup
	defer keeping.Wait()
	defer stop()
	if w.store != nil {
		keeping.Go(func() { _ = w.store.Run(keep) })
	}
	return a.serve(ctx, listeners, handler, tlsConfig, func(ctx context.Context, wg *sync.WaitGroup) {
		wg.Go(func() { _ = engine.Run(ctx) })
		wg.Go(func() { w.Run(ctx) })
		wg.Go(func() { _ = w.snapshots.Run(ctx) })
		for _, d := range a.opts.Detectors {
			for _, s := range a.streams {
				wg.Go(func() { d(ctx, s, w.Publish) })
			}
		}
		// Its connections are no part of the HTTP server any more.
		context.AfterFunc(ctx, w.hub.Close)
		context.AfterFunc(ctx, publishers.Close)
	})
}

// serve runs the streams, the HTTP server and more until ctx ends.
func (a *App) serve(ctx context.Context, listeners []net.Listener, handler http.Handler, tlsConfig *tls.Config,
	more func(context.Context, *sync.WaitGroup)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	more(ctx, &wg)
	wg.Go(func() { a.drops.run(ctx) })
	for _, s := range a.streams {
		wg.Go(func() { _ = s.Run(ctx) })
	}
	if a.platform != nil {
		wg.Go(func() { _ = a.platform.Run(ctx) })
		a.setRun(func(f func(context.Context)) { wg.Go(func() { f(ctx) }) })
	}
	server := api.NewServer(handler, a.log)
	server.TLSConfig = tlsConfig
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		wg.Go(func() {
			var err error
			if tlsConfig != nil {
				err = server.ServeTLS(l, "", "")
			} else {
				err = server.Serve(l)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	close(a.ready)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("app: serve HTTP: %w", err)
	}
	a.setRun(nil)
	cancel()
	stop, done := context.WithTimeout(context.Background(), shutdownTime)
	defer done()
	if server.Shutdown(stop) != nil {
		_ = server.Close()
	}
	wg.Wait()
	return err
}

func (a *App) setRun(run func(func(context.Context))) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.run = run
}

// listen opens the HTTP addresses.
func (a *App) listen(ctx context.Context) ([]net.Listener, error) {
	addrs, err := a.cfg.HTTP.Resolve(ctx, net.DefaultResolver.LookupNetIP)
	if err != nil {
		return nil, err
	}
	var out []net.Listener
	for _, addr := range addrs {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
		if err != nil {
			for _, l := range out {
				_ = l.Close()
			}
			return nil, listenCondition("http.listen", addr.String(), err)
		}
		out = append(out, l)
	}
	return out, nil
}

// listenRTC opens the media port on the loopback addresses and on those that
// HTTP listens on.
func (a *App) listenRTC(http []net.Listener) (*rtc.Endpoint, error) {
	addrs := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	for _, l := range http {
		addr := l.Addr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		known := false
		for _, have := range addrs {
			known = known || have == addr
		}
		if !known {
			addrs = append(addrs, addr)
		}
	}
	endpoint, err := rtc.Listen(rtc.Config{Addrs: addrs, Port: uint16(a.cfg.WebRTC.Port), PublicIPs: a.cfg.WebRTC.PublicIPs, Logger: a.log})
	if err != nil {
		return nil, listenCondition("webrtc.port", strconv.Itoa(a.cfg.WebRTC.Port), err)
	}
	return endpoint, nil
}

// asCondition takes the condition that an error is.
func asCondition(err error) health.Condition {
	if c, ok := errors.AsType[health.Condition](err); ok {
		return c
	}
	return health.New(health.Internal, "%v", err)
}

// listenCondition words a failure to listen.
func listenCondition(key, value string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return health.New(health.ListenInUse, "%s: %s is used by another program.", key, value)
	}
	return health.New(health.ListenFailed, "%s: %s: %v.", key, value, err)
}

// tls gives the server's TLS configuration, nil for plain HTTP, and the local
// authority's certificate where there is one.
func (a *App) tls() (*tls.Config, []byte, error) {
	switch a.cfg.HTTP.EffectiveTLS() {
	case config.TLSOn:
		authority, err := localca.Open(filepath.Join(a.cfg.DataDir, "tls"), localca.Machine, a.log)
		if err != nil {
			return nil, nil, health.New(health.TLSFailed, "The local certificate authority in %s: %v.", a.cfg.DataDir, err)
		}
		return authority.TLSConfig(), authority.CA(), nil
	case config.TLSFile:
		cert, err := tls.LoadX509KeyPair(a.cfg.HTTP.TLS.Cert, a.cfg.HTTP.TLS.Key)
		if err != nil {
			return nil, nil, health.New(health.TLSFailed, "http.tls: %v.", err)
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert},
			NextProtos: []string{"h2", "http/1.1"}}, nil, nil
	}
	return nil, nil, nil
}

func pageURL(addr net.Addr, encrypted bool) string {
	scheme := "http"
	if encrypted {
		scheme = "https"
	}
	return scheme + "://" + addr.String() + "/"
}

// relay describes the relay for the API.
func (a *App) relay() api.Relay {
	mode := map[config.TLSMode]string{config.TLSOn: "auto", config.TLSFile: "file"}[a.cfg.HTTP.EffectiveTLS()]
	if mode == "" {
		mode = "off"
	}
	return api.Relay{Version: a.opts.Version, Started: a.started, WebRTCPort: a.rtcPort,
		TLS: api.TLS{Mode: mode}, URLs: a.urls, Devices: a.devicesPath()}
}

func (a *App) stream(name string) (*hub.Stream, bool) {
	if s, ok := a.streams[name]; ok {
		return s, true
	}
	return a.channelStream(name)
}

// List implements api.Streams.
func (a *App) List() []hub.Info {
	a.mu.Lock()
	names := append(slices.Clone(a.order), a.channelOrder...)
	a.mu.Unlock()
	out := make([]hub.Info, 0, len(names))
	for _, name := range names {
		if s, ok := a.stream(name); ok {
			out = append(out, s.Info())
		}
	}
	return out
}

// Get implements api.Streams.
func (a *App) Get(name string) (hub.Info, bool) {
	s, ok := a.stream(name)
	if !ok {
		return hub.Info{}, false
	}
	return s.Info(), true
}
