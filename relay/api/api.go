// Package api is the relay's HTTP face: pages, the JSON API, health and
// metrics, and the guards that every request passes (host, origin, size,
// headers). It reads streams and conditions through small interfaces and
// changes nothing; other rooms add their routes with Config.Routes. It knows
// no source and no media.
package api

import (
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
)

// Streams are what the API shows of the streams.
type Streams interface {
	// List returns every stream, in the order to show.
	List() []hub.Info
	// Get returns one stream by its name.
	Get(name string) (hub.Info, bool)
}

// Conditions are the faults that hold now; *health.Board is one.
type Conditions interface {
	// All returns the conditions by subject: "relay", "stream/NAME".
	All() map[string][]health.Condition
	// Of returns one subject's conditions.
	Of(subject string) []health.Condition
}

// Subject of the relay's own conditions.
const relaySubject = "relay"

// Relay is what the relay says of itself at /api/v1/relay.
type Relay struct {
	Version    string    `json:"version"`
	Started    time.Time `json:"started"`
	WebRTCPort uint16    `json:"webrtc_port"`
	TLS        TLS       `json:"tls"`
	// URLs are the addresses of the start page.
	URLs []string `json:"urls"`
	// Devices is the path of the list of devices that register with the relay,
	// empty where none can.
	Devices string `json:"devices,omitempty"`
	// Conditions are filled in by the API.
	Conditions []health.Condition `json:"conditions"`
}

// TLS says how the relay's pages are encrypted.
type TLS struct {
	// Mode is off, auto (the relay's local authority) or file.
	Mode string `json:"mode"`
	// CA is the path of the authority's certificate; filled in by the API.
	CA string `json:"ca,omitempty"`
}

// Config is what the API is made of.
type Config struct {
	Streams    Streams
	Conditions Conditions
	// Drops accounts for what is lost; nil without.
	Drops Drops
	// Relay returns what the relay says of itself.
	Relay func() Relay
	// Web is the built web client: index.html, view.html, embed.html and
	// assets/. Nil or without index.html, the pages say how to build it.
	Web fs.FS
	// CA is the local authority's certificate in PEM; nil where there is none.
	CA []byte
	// Hosts are host names by which the relay may be called, besides localhost
	// and loopback addresses.
	Hosts []string
	// Analysis returns what is to be detected in a stream; nil where nothing
	// is.
	Analysis func(stream string) *Analysis
	// Vision returns what detection does; nil without detection.
	Vision func() Vision
	// Routes add routes of other rooms to the mux, such as WHEP's.
	Routes []func(mux *http.ServeMux)
	Logger *slog.Logger
}

type server struct {
	Config
	pages *pages
}

// New returns the handler of everything. It reads the web client once, for the
// files' ETags.
func New(cfg Config) (http.Handler, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := openPages(cfg.Web)
	if err != nil {
		return nil, err
	}
	s := &server{Config: cfg, pages: p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page("index.html"))
	mux.HandleFunc("GET /view/{stream}", s.page("view.html"))
	mux.HandleFunc("GET /embed/{stream}", s.page("embed.html"))
	mux.HandleFunc("GET /assets/", s.asset)
	mux.HandleFunc("GET /docs/conditions", conditionsPage)
	mux.HandleFunc("GET /ca.pem", s.ca)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if cfg.Vision == nil {
		cfg.Vision = func() Vision { return Vision{Detectors: []Detector{}} }
		s.Config.Vision = cfg.Vision
	}
	mux.Handle("GET /metrics", metricsHandler(cfg))
	mux.HandleFunc("GET /api/v1/detectors", s.detectors)
	mux.HandleFunc("GET /api/v1/streams", s.streams)
	mux.HandleFunc("GET /api/v1/streams/{name}", s.stream)
	mux.HandleFunc("GET /api/v1/drops", s.drops)
	mux.HandleFunc("GET /api/v1/relay", s.relay)
	for _, add := range cfg.Routes {
		add(mux)
	}
	return guard(problemForUnrouted(mux), cfg), nil
}

// NewServer returns a server for the handler with limits on what a client may
// hold open.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// Mostly clients that hang up during the TLS handshake.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (s *server) streams(w http.ResponseWriter, r *http.Request) {
	list, accounts := s.Streams.List(), s.accounts()
	out := make([]streamView, len(list))
	for i, info := range list {
		out[i] = streamView{whole(info), s.analysis(info.Name), accounts[info.Name]}
	}
	writeJSON(w, http.StatusOK, map[string]any{"streams": out})
}

func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	info, ok := s.Streams.Get(name)
	if !ok {
		Problem(w, r, http.StatusNotFound, health.New(health.StreamUnknown, "The configuration has no stream named %q.", clip(name)))
		return
	}
	writeJSON(w, http.StatusOK, streamView{whole(info), s.analysis(name), s.accounts()[name]})
}

// whole gives a stream without conditions an empty list in place of null.
func whole(info hub.Info) hub.Info {
	info.Conditions = list(info.Conditions)
	return info
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (s *server) relay(w http.ResponseWriter, r *http.Request) {
	info := s.Relay()
	info.Conditions = list(s.Conditions.Of(relaySubject))
	info.URLs = list(info.URLs)
	info.TLS.CA = ""
	if len(s.CA) > 0 {
		info.TLS.CA = "/ca.pem"
	}
	writeJSON(w, http.StatusOK, info)
}

func (s *server) ca(w http.ResponseWriter, r *http.Request) {
	if len(s.CA) == 0 {
		Problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid, "The relay has no certificate authority of its own: TLS is off or its certificate comes from a file.").
			WithFix("Set http.tls: on in the configuration to get one."))
		return
	}
	// The type that browsers and phones offer to install.
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `inline; filename="sightline-ca.pem"`)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(s.CA)
}

func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// Readiness is the answer of /readyz.
type Readiness struct {
	// Ready says that the relay itself works. A camera that does not is
	// listed, but leaves the relay ready for the others.
	Ready      bool                          `json:"ready"`
	Conditions map[string][]health.Condition `json:"conditions"`
}

func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	a := Readiness{Ready: true, Conditions: s.Conditions.All()}
	if a.Conditions == nil {
		a.Conditions = map[string][]health.Condition{}
	}
	for _, c := range a.Conditions[relaySubject] {
		if c.Severity == health.Error {
			a.Ready = false
		}
	}
	status := http.StatusOK
	if !a.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, a)
}
