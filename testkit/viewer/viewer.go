// Package viewer is a WebRTC viewer for tests and benchmarks: it joins a
// stream by WHEP as any foreign client would and hands out the RTP packets. It
// knows nothing of the relay's insides.
package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Packet is an RTP packet and when it arrived.
type Packet struct {
	*rtp.Packet
	At time.Time
}

// Options of a viewer; the zero value joins over IPv4 UDP.
type Options struct {
	// Networks are the ICE networks to use; default UDP over IPv4.
	Networks []webrtc.NetworkType
	// OnPacket takes each packet, from one goroutine; default: Packets.
	OnPacket func(Packet)
	// Client sends the HTTP requests; default http.DefaultClient.
	Client *http.Client
}

// Viewer is one WHEP session.
type Viewer struct {
	// Packets gets the packets unless Options.OnPacket takes them. When it is
	// full the newest are dropped and counted in Dropped.
	Packets chan Packet
	Dropped int

	pc       *webrtc.PeerConnection
	client   *http.Client
	location string

	mu      sync.Mutex
	closed  bool
	reading sync.WaitGroup
}

const playoutDelayURI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

// ErrStatus is an answer other than 201.
type ErrStatus struct {
	Status int
	Body   string
}

func (e *ErrStatus) Error() string { return fmt.Sprintf("viewer: status %d: %s", e.Status, e.Body) }

// Join opens a session at a WHEP endpoint. The caller must Close it.
func Join(ctx context.Context, endpoint string, o Options) (*Viewer, error) {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if len(o.Networks) == 0 {
		o.Networks = []webrtc.NetworkType{webrtc.NetworkTypeUDP4}
	}
	var m webrtc.MediaEngine
	if err := errors.Join(m.RegisterDefaultCodecs(), m.RegisterHeaderExtension(
		webrtc.RTPHeaderExtensionCapability{URI: playoutDelayURI}, webrtc.RTPCodecTypeVideo)); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.DisableSRTPReplayProtection(true) // it would hide packets that are sent again
	s.SetNetworkTypes(o.Networks)
	network, err := newBufferedNet()
	if err != nil {
		return nil, err
	}
	s.SetNet(network)
	s.BufferFactory = roomyBuffer
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	v := &Viewer{Packets: make(chan Packet, 1<<16), pc: pc, client: o.Client}
	if err := v.join(ctx, endpoint, o); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	return v, nil
}

func (v *Viewer) join(ctx context.Context, endpoint string, o Options) error {
	v.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if !v.begin() {
			return
		}
		defer v.reading.Done()
		for {
			p, _, err := track.ReadRTP()
			if err != nil {
				close(v.Packets)
				return
			}
			packet := Packet{p, time.Now()}
			if o.OnPacket != nil {
				o.OnPacket(packet)
				continue
			}
			select {
			case v.Packets <- packet:
			default:
				v.Dropped++
			}
		}
	})
	if _, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return err
	}
	offer, err := v.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(v.pc)
	if err := v.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return ctx.Err()
	}
	answer, err := v.post(ctx, endpoint, v.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	return v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

func (v *Viewer) post(ctx context.Context, endpoint, offer string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/sdp")
	resp, err := v.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", &ErrStatus{resp.StatusCode, string(body)}
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	at, err := base.Parse(resp.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	v.location = at.String()
	return string(body), nil
}

// Next waits for a packet.
func (v *Viewer) Next(ctx context.Context) (Packet, error) {
	select {
	case p, ok := <-v.Packets:
		if !ok {
			return Packet{}, io.EOF
		}
		return p, nil
	case <-ctx.Done():
		return Packet{}, ctx.Err()
	}
}

// Connected says whether the session is up.
func (v *Viewer) Connected() bool {
	return v.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}

// SSRC is the relay's SSRC, 0 before the first packet.
func (v *Viewer) SSRC() uint32 {
	for _, r := range v.pc.GetReceivers() {
		if t := r.Track(); t != nil {
			return uint32(t.SSRC())
		}
	}
	return 0
}

// Send writes RTCP to the relay, such as a PLI or a NACK.
func (v *Viewer) Send(packets ...rtcp.Packet) error { return v.pc.WriteRTCP(packets) }

// Leave ends the session as a polite client does, by DELETE, and closes it.
func (v *Viewer) Leave(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, v.location, nil)
	if err != nil {
		return err
	}
	resp, err := v.client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = &ErrStatus{Status: resp.StatusCode}
		}
	}
	v.Close()
	return err
}

// begin counts a track in, unless the viewer is closed.
func (v *Viewer) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		v.reading.Add(1)
	}
	return !v.closed
}

// Close ends the connection without telling the relay.
func (v *Viewer) Close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	_ = v.pc.Close()
	v.reading.Wait()
}
