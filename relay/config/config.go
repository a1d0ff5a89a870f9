package config

import (
	"sort"
	"time"
)

// Config is the whole configuration of a relay.
type Config struct {
	// HTTP is the server of the pages, the API and WHEP.
	HTTP HTTP `yaml:"http"`
	// WebRTC is the media port that all viewers share.
	WebRTC WebRTC `yaml:"webrtc"`
	// GB28181 makes the relay a GB/T 28181 platform.
	GB28181 GB28181 `yaml:"gb28181"`
	// Streams are the cameras by name. A name is 1 to 64 letters, digits,
	// dots, dashes and underscores; it is part of the stream's address:
	// /view/{name}.
	Streams map[string]Stream `yaml:"streams"`
	// Drops is how the relay sees the packets that the kernel drops.
	Drops Drops `yaml:"drops"`
	// Ring bounds what is kept of each running stream.
	Ring Ring `yaml:"ring"`
	// Infer says how models run on the relay.
	Infer Infer `yaml:"infer"`
	// Store is where events are kept, and how long.
	Store Store `yaml:"store"`
	// DataDir is the folder for what the relay keeps between runs, such as the
	// local certificate authority. It is made when needed, readable by its
	// owner alone.
	DataDir string `yaml:"data_dir"`

	order []string // names of streams in the order of the file
}

// HTTP is the server of the pages, the API and WHEP.
type HTTP struct {
	// Listen is one address or a list of addresses, host:port. Only addresses
	// of this machine alone (127.0.0.1, [::1], localhost) are accepted: access
	// from other machines needs tokens, which this version does not have.
	Listen []string `yaml:"listen"`
	// TLS is one of auto, on, off, or {cert: FILE, key: FILE}. With auto a listener
	// that only this machine can reach speaks plain HTTP, which browsers trust
	// there. With on every listener speaks HTTPS with a certificate of the
	// relay's own local authority, which is at /ca.pem.
	TLS TLS `yaml:"tls"`
}

// TLSMode says where the certificate comes from.
type TLSMode string

// The modes of TLS.
const (
	// TLSAuto chooses by the listeners: see [HTTP.EffectiveTLS].
	TLSAuto TLSMode = "auto"
	// TLSOn takes certificates of the local authority on every listener.
	TLSOn TLSMode = "on"
	// TLSOff speaks plain HTTP.
	TLSOff TLSMode = "off"
	// TLSFile takes the certificate from files.
	TLSFile TLSMode = "file"
)

// TLS says how the HTTP server is encrypted.
type TLS struct {
	Mode TLSMode
	// Cert is the file with the certificate and its chain, in PEM.
	Cert string
	// Key is the file with the certificate's private key, in PEM.
	Key string
}

// WebRTC is the media port that all viewers share.
type WebRTC struct {
	// Port is the UDP and the TCP port for the media of all viewers. 0 takes
	// any free port. Only this machine reaches it, as with http.listen.
	Port int `yaml:"port"`
	// PublicIPs are addresses to offer to viewers in place of the machine's
	// own. Only loopback addresses are accepted, as with http.listen.
	PublicIPs []string `yaml:"public_ips"`
	// MaxViewers is how many viewers may watch at the same time, all streams
	// together.
	MaxViewers int `yaml:"max_viewers"`
}

// Transport is how media comes from a camera.
type Transport string

// The transports.
const (
	TransportAuto Transport = "auto"
	TransportUDP  Transport = "udp"
	TransportTCP  Transport = "tcp"
)

// Stream is one camera.
type Stream struct {
	// Source is where the pictures come from: demo, a file's path, a URL, or
	// {url, user, password_env | password_file}; see Sources below for each
	// form.
	Source Source `yaml:"source"`
	// Transport is one of auto, udp, tcp, for sources that can choose: auto
	// tries UDP and takes TCP when nothing comes.
	Transport Transport `yaml:"transport"`
	// OnDemand connects the source only while somebody watches.
	OnDemand bool `yaml:"on_demand"`
	// Linger is how long an on-demand source stays connected after the last
	// reader has left, so that the next one has a picture at once.
	Linger time.Duration `yaml:"linger"`
	// Loop plays a file again from its start when it has come to its end.
	Loop bool `yaml:"loop"`
	// Analyze says what is detected in the stream, and where.
	Analyze Analyze `yaml:"analyze"`
}

// Ring bounds what is kept of each running stream: the pictures that a new
// viewer starts with, and packets for those who lost some. The bound that is
// reached first holds.
type Ring struct {
	// Seconds is how much time is kept. A camera's distance between key frames
	// has to fit.
	Seconds float64 `yaml:"seconds"`
	// Bytes is how much memory one stream may take, such as 16MB.
	Bytes Bytes `yaml:"bytes"`
}

// Duration is Seconds as a duration.
func (r Ring) Duration() time.Duration { return time.Duration(r.Seconds * float64(time.Second)) }

// Default returns the configuration that holds where the file says nothing. It
// has no streams.
func Default() *Config {
	return &Config{
		HTTP:    DefaultHTTP(),
		WebRTC:  DefaultWebRTC(),
		GB28181: DefaultGB28181(),
		Drops:   DefaultDrops(),
		Streams: map[string]Stream{},
		Ring:    DefaultRing(),
		Infer:   DefaultInfer(),
		Store:   DefaultStore(),
		DataDir: "data",
	}
}

// Demo returns the configuration of a relay that runs without a file: the
// defaults, and the demo camera as stream "demo".
func Demo() *Config {
	c := Default()
	s := DefaultStream()
	s.Source = Source{URL: "demo"}
	c.Streams["demo"] = s
	c.order = []string{"demo"}
	return c
}

// DefaultHTTP returns the section's defaults.
func DefaultHTTP() HTTP {
	return HTTP{Listen: []string{"127.0.0.1:8080"}, TLS: TLS{Mode: TLSAuto}}
}

// DefaultWebRTC returns the section's defaults.
func DefaultWebRTC() WebRTC { return WebRTC{Port: 8189, MaxViewers: 100} }

// DefaultStream returns the defaults of one stream; it has no source.
func DefaultStream() Stream {
	return Stream{Transport: TransportAuto, OnDemand: true, Linger: time.Minute, Analyze: DefaultAnalyze()}
}

// DefaultRing returns the section's defaults.
func DefaultRing() Ring { return Ring{Seconds: 10, Bytes: 16 << 20} }

// setDefault lets the loader fill a stream before it decodes over it.
func (s *Stream) setDefault() { *s = DefaultStream() }

// StreamNames returns the names of the streams in the order of the file; names
// that were added in code come last, sorted.
func (c *Config) StreamNames() []string {
	names := make([]string, 0, len(c.Streams))
	seen := make(map[string]bool, len(c.Streams))
	for _, n := range c.order {
		if _, ok := c.Streams[n]; ok && !seen[n] {
			names = append(names, n)
			seen[n] = true
		}
	}
	rest := len(names)
	for n := range c.Streams {
		if !seen[n] {
			names = append(names, n)
		}
	}
	sort.Strings(names[rest:])
	return names
}
