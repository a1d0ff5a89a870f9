// Package rtc holds what every WebRTC peer of the relay shares: one UDP and
// one TCP port for all of them, the codecs and header extensions on offer, and
// the PeerConnection factory. It knows neither streams nor HTTP.
package rtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// PlayoutDelayURI names the header extension that tells a receiver how long to
// buffer (webrtc.org/experiments/rtp-hdrext/playout-delay).
const PlayoutDelayURI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

// Config of the WebRTC side.
type Config struct {
	// Addrs are the local addresses to listen on, IPv4 and IPv6. An IPv6
	// address that the machine does not have is left out. On ::1 viewers get
	// UDP only: pion gathers TCP candidates from the interfaces, where it
	// leaves the IPv6 loopback address out.
	Addrs []netip.Addr
	// Port is the UDP and the TCP port; 0 chooses a free one.
	Port uint16
	// PublicIPs replace the addresses in the candidates (1:1 NAT).
	PublicIPs []string
	Logger    *slog.Logger
}

// Endpoint owns the ports; it makes the PeerConnections that use them.
type Endpoint struct {
	api *webrtc.API
	// publishers is for those who send to the relay.
	publishers *webrtc.API
	port       uint16
	addrs      []netip.Addr
	udp        []*ice.UDPMuxDefault
	tcp        tcpMuxes

	mu   sync.Mutex
	cert *webrtc.Certificate
}

// socketBuffer is asked for on the UDP sockets: all viewers share them.
const socketBuffer = 4 << 20

// Bounds of TCP connections that belong to no viewer yet. A viewer knows its
// user name from an answer, and by then the mux knows it too: a connection
// that names another is of no use to anybody.
const (
	firstPacketTime = 5 * time.Second
	unknownTime     = 100 * time.Millisecond
)

// Listen opens the ports. The caller must Close the endpoint.
func Listen(cfg Config) (*Endpoint, error) {
	e := &Endpoint{port: cfg.Port, tcp: tcpMuxes{}}
	loggers := slogFactory{cfg.Logger}
	var missing error
	for _, addr := range cfg.Addrs {
		if err := e.listen(addr, loggers); err != nil {
			if addr.Is6() && isNoAddress(err) {
				missing = err
				continue
			}
			e.Close()
			return nil, fmt.Errorf("rtc: listen on %s: %w", netip.AddrPortFrom(addr, e.port), err)
		}
		e.addrs = append(e.addrs, addr)
	}
	if len(e.addrs) == 0 {
		return nil, errors.Join(errors.New("rtc: no address to listen on"), missing)
	}
	if err := e.build(cfg, loggers); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// listen opens both ports of one address. With port 0 the first address
// chooses, until one is found that is free for UDP and TCP alike.
func (e *Endpoint) listen(addr netip.Addr, loggers slogFactory) error {
	choose := e.port == 0
	for try := 0; ; try++ {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, e.port)))
		if err != nil {
			return err
		}
		port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
		if err != nil {
			_ = conn.Close()
			if choose && try < 20 {
				continue
			}
			return err
		}
		e.port = port
		// The kernel grants what it may; less is no fault.
		_ = conn.SetReadBuffer(socketBuffer)
		_ = conn.SetWriteBuffer(socketBuffer)
		e.udp = append(e.udp, ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: loggers.NewLogger("ice")}))
		e.tcp[addr.Unmap()] = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: track(listener), Logger: loggers.NewLogger("ice"), ReadBufferSize: 64,
			FirstStunBindTimeout: firstPacketTime, AliveDurationForConnFromStun: unknownTime,
		})
		return nil
	}
}

func (e *Endpoint) build(cfg Config, loggers slogFactory) error {
	var media webrtc.MediaEngine
	err := errors.Join(registerH264(&media, feedback),
		media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: PlayoutDelayURI},
			webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverDirectionSendonly))
	if err != nil {
		return fmt.Errorf("rtc: register codecs: %w", err)
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = loggers
	muxes := make([]ice.UDPMux, len(e.udp))
	for i, m := range e.udp {
		muxes[i] = m
	}
	s.SetICEUDPMux(ice.NewMultiUDPMuxDefault(muxes...))
	s.SetICETCPMux(e.tcp)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6,
		webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		if !ok {
			return false
		}
		for _, l := range e.addrs {
			if l == a.Unmap() {
				return true
			}
		}
		return false
	})
	// Names that only the viewer's own host can resolve are of no use here:
	// its checks reveal its addresses anyway.
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.DisableActiveTCP(true)
	s.SetICETimeouts(5*time.Second, 20*time.Second, 2*time.Second)
	if len(cfg.PublicIPs) > 0 {
		if err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: cfg.PublicIPs, AsCandidateType: webrtc.ICECandidateTypeHost,
		}); err != nil {
			return fmt.Errorf("rtc: public addresses: %w", err)
		}
	}
	// No interceptors: retransmission is the stream ring's work, and sender
	// reports come from the stream clock.
	e.api = webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithSettingEngine(s),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	e.publishers, err = publisherAPI(s)
	return err
}

// NewPeer makes a PeerConnection on the shared ports, for a viewer.
func (e *Endpoint) NewPeer() (*webrtc.PeerConnection, error) { return e.newPeer(e.api) }

// NewPublisher makes a PeerConnection on the shared ports, for one who sends
// H.264 and Opus: what is lost is asked for again, and the sender is told what
// arrives, so that it finds the rate that the path bears.
func (e *Endpoint) NewPublisher() (*webrtc.PeerConnection, error) { return e.newPeer(e.publishers) }

func (e *Endpoint) newPeer(api *webrtc.API) (*webrtc.PeerConnection, error) {
	cert, err := e.certificate()
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		BundlePolicy: webrtc.BundlePolicyMaxBundle, Certificates: []webrtc.Certificate{*cert}})
	if err != nil {
		return nil, fmt.Errorf("rtc: new peer: %w", err)
	}
	return pc, nil
}

// certificate gives the DTLS certificate that all peers share; making one per
// viewer costs more than the rest of its set-up.
func (e *Endpoint) certificate() (*webrtc.Certificate, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cert != nil && time.Until(e.cert.Expires()) > 24*time.Hour {
		return e.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("rtc: make a DTLS key: %w", err)
	}
	if e.cert, err = webrtc.GenerateCertificate(key); err != nil {
		return nil, fmt.Errorf("rtc: make a DTLS certificate: %w", err)
	}
	return e.cert, nil
}

// Port is the UDP and TCP port in use.
func (e *Endpoint) Port() uint16 { return e.port }

// Addrs are the addresses that are listened on.
func (e *Endpoint) Addrs() []netip.Addr { return e.addrs }

// Close closes the ports.
func (e *Endpoint) Close() {
	for _, m := range e.udp {
		_ = m.Close()
	}
	_ = e.tcp.Close()
}

// feedback is what the relay answers for video.
var feedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}

// registerH264 offers H.264 in the profiles that browsers name. What a stream
// really has may be higher: every browser's decoder takes it.
func registerH264(m *webrtc.MediaEngine, feedback []webrtc.RTCPFeedback) error {
	pt := webrtc.PayloadType(102)
	for _, profile := range []string{"42e01f", "42001f", "4d001f", "64001f"} {
		for _, mode := range []string{"1", "0"} {
			if err := m.RegisterCodec(webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
					SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=" + mode + ";profile-level-id=" + profile,
					RTCPFeedback: feedback,
				},
				PayloadType: pt,
			}, webrtc.RTPCodecTypeVideo); err != nil {
				return err
			}
			pt++
		}
	}
	return nil
}
