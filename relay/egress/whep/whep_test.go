package whep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/relay/rtc"
	"sightline/testkit/viewer"
)

// camera is a feed of synthetic pictures: 50 fps, a key frame each second.
type camera struct{}

func (camera) Run(ctx context.Context, s *hub.Stream) error {
	s.Status(hub.Connecting, time.Time{}, nil)
	s.Track(media.Track{Codec: media.H264, Transport: "test"})
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for n := 0; ; n++ {
		slice := bytes.Repeat([]byte{byte(n)}, 3000)
		slice[0], slice[1] = 0x41, 0x9a
		nalus := [][]byte{slice}
		if n%50 == 0 {
			slice[0], slice[1] = 0x65, 0x88
			nalus = [][]byte{{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70}, {0x68, 0xce, 0x38, 0x80}, slice}
		}
		s.AccessUnit(media.AccessUnit{PTS: int64(n) * 1800, Key: n%50 == 0, NALUs: nalus, Received: time.Now()})
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

type relay struct {
	*httptest.Server
	stream  *hub.Stream
	handler *Handler
}

// start runs one stream behind a WHEP handler on real ports.
func start(t *testing.T, maxViewers int) relay {
	t.Helper()
	endpoint, err := rtc.Listen(rtc.Config{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}})
	if err != nil {
		t.Fatal(err)
	}
	stream := hub.New(hub.Config{Name: "gate", OnDemand: true, Linger: time.Second, Feed: camera{}})
	h := New(Config{
		Stream: func(name string) (*hub.Stream, bool) { return stream, name == "gate" },
		Peers:  endpoint, MaxViewers: maxViewers, Port: endpoint.Port(),
		Problem: func(w http.ResponseWriter, _ *http.Request, status int, c health.Condition) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(c)
		},
	})
	mux := http.NewServeMux()
	h.Register(mux)
	server := httptest.NewServer(mux)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = stream.Run(ctx)
	}()
	t.Cleanup(func() {
		h.Close()
		server.Close()
		cancel()
		<-done
		endpoint.Close()
	})
	return relay{server, stream, h}
}

// watch joins as a pion viewer on the given networks.
func watch(t *testing.T, r relay, networks ...webrtc.NetworkType) *viewer.Viewer {
	t.Helper()
	v, err := viewer.Join(t.Context(), r.URL+"/whep/gate", viewer.Options{Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func post(t *testing.T, url, kind, body string) (status int, location, answer string) {
	t.Helper()
	resp, err := http.Post(url, kind, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(b)
}

// next waits for a packet.
func next(t *testing.T, v *viewer.Viewer) *rtp.Packet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := v.Next(ctx)
	if err != nil {
		t.Fatalf("no packet came: %v", err)
	}
	return p.Packet
}

// The replay begins with the whole key frame, however long ICE and DTLS take.
func TestFirstPacketBeginsAKeyFrame(t *testing.T) {
	r := start(t, 0)
	first := watch(t, r)
	next(t, first) // the ring holds a key frame from now on
	for range 5 {
		v := watch(t, r)
		p := next(t, v)
		// Parameter sets stand before each key frame (SPS alone, or first in a STAP-A).
		kind := p.Payload[0] & 0x1f
		if kind == 24 && len(p.Payload) > 3 {
			kind = p.Payload[3] & 0x1f
		}
		if kind != 7 {
			t.Errorf("the first packet holds a NAL unit of type %d, want 7 (SPS)", kind)
		}
		v.Close()
	}
}

func TestViewersShareTimestamps(t *testing.T) {
	r := start(t, 0)
	a, b := watch(t, r), watch(t, r)
	frames := func(v *viewer.Viewer) map[uint32]string {
		out := map[uint32]string{}
		last := next(t, v)
		out[last.Timestamp] += string(last.Payload)
		for len(out) < 80 {
			p := next(t, v)
			if p.SequenceNumber != last.SequenceNumber+1 {
				t.Fatalf("sequence number %d after %d", p.SequenceNumber, last.SequenceNumber)
			}
			out[p.Timestamp] += string(p.Payload)
			last = p
		}
		delete(out, last.Timestamp) // perhaps torn
		return out
	}
	fa, fb := frames(a), frames(b)
	same := 0
	for ts, payload := range fa {
		if other, ok := fb[ts]; ok {
			same++
			if other != payload {
				t.Fatalf("the frame at %d differs between the viewers", ts)
			}
		}
	}
	if same < 40 {
		t.Errorf("only %d frames have the same timestamp for both viewers", same)
	}
	if p := next(t, a); !p.Extension || !bytes.Equal(p.GetExtension(p.GetExtensionIDs()[0]), []byte{0, 0, 0}) {
		t.Errorf("no playout-delay extension in %v", p.Header)
	}
}

func TestNackAndPLI(t *testing.T) {
	r := start(t, 0)
	v := watch(t, r)
	first := next(t, v)
	ssrc := first.SSRC
	newest := first.Timestamp
	for range 100 {
		newest = next(t, v).Timestamp
	}
	if err := v.Send(&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: first.SequenceNumber}}}); err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ {
		if tries > 2000 {
			t.Fatal("the packet is not sent again")
		}
		p := next(t, v)
		if p.SequenceNumber == first.SequenceNumber {
			if !bytes.Equal(p.Payload, first.Payload) || p.Timestamp != first.Timestamp {
				t.Fatal("the packet sent again differs")
			}
			break
		}
		newest = p.Timestamp
	}
	if err := v.Send(&rtcp.PictureLossIndication{MediaSSRC: ssrc}); err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ {
		if tries > 2000 {
			t.Fatal("no replay came")
		}
		p := next(t, v)
		if int32(p.Timestamp-newest) < 0 { // the replay goes back
			if media.NALUType(p.Payload) != 24 {
				t.Fatalf("the replay begins with NAL unit type %d, not with parameter sets", media.NALUType(p.Payload))
			}
			break
		}
		newest = p.Timestamp
	}
}

func TestViewersReportLoss(t *testing.T) {
	r := start(t, 0)
	v := watch(t, r)
	first := next(t, v)
	// A negative number: more copies than losses.
	for _, lost := range []uint32{4, 1<<24 - 1} {
		err := v.Send(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: first.SSRC, TotalLost: lost}, {SSRC: first.SSRC + 1, TotalLost: 9}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		next(t, v)
	}
	// Reports of the viewer's own WebRTC stack come, too, and say 0.
	if late := r.stream.Info().Late; late.Viewers != 4 {
		t.Errorf("the viewer misses 4 packets, the stream says %+v", late)
	}
}

func TestPaths(t *testing.T) {
	for name, network := range map[string]webrtc.NetworkType{
		"UDP IPv4": webrtc.NetworkTypeUDP4, "UDP IPv6": webrtc.NetworkTypeUDP6,
		// pion gathers no TCP candidate for ::1, see rtc.Config.Addrs.
		"TCP IPv4": webrtc.NetworkTypeTCP4,
	} {
		t.Run(name, func(t *testing.T) {
			v := watch(t, start(t, 0), network)
			for range 300 {
				next(t, v)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	r := start(t, 0)
	v := watch(t, r)
	next(t, v)
	if err := v.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for r.stream.Viewers() > 0 || r.handler.Sessions() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the viewer is still counted")
		}
		time.Sleep(10 * time.Millisecond)
	}
	var refused *viewer.ErrStatus
	if err := v.Leave(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("a second DELETE gave %v", err)
	}
}

func TestRefusals(t *testing.T) {
	r := start(t, 1)
	video := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\na=setup:actpass\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
	for _, c := range []struct {
		name, path, kind, body string
		status                 int
		code                   health.Code
	}{
		{"no such stream", "/whep/nope", "application/sdp", video, 404, health.StreamUnknown},
		{"wrong type", "/whep/gate", "text/plain", video, 415, health.ViewerOffer},
		{"no SDP", "/whep/gate", "application/sdp", "hello", 400, health.ViewerOffer},
		{"broken SDP", "/whep/gate", "application/sdp", "v=0\r\nxyz", 400, health.ViewerOffer},
		{"empty", "/whep/gate", "application/sdp", "", 400, health.ViewerOffer},
		{"huge", "/whep/gate", "application/sdp", "v=0" + strings.Repeat("x", 1<<20), 413, health.ViewerOffer},
		{"VP8 only", "/whep/gate", "application/sdp", video, 406, health.ViewerCodec},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := post(t, r.URL+c.path, c.kind, c.body)
			var got health.Condition
			_ = json.Unmarshal([]byte(body), &got)
			if status != c.status || got.Code != c.code || got.Fix == "" {
				t.Errorf("status %d, %s", status, body)
			}
		})
	}
	next(t, watch(t, r))
	if n := r.handler.Sessions(); n != 1 {
		t.Fatalf("%d sessions", n)
	}
	if status, _, body := post(t, r.URL+"/whep/gate", "application/sdp", video); status != 503 || !strings.Contains(body, string(health.ViewerLimit)) {
		t.Errorf("beyond the limit: status %d, %s", status, body)
	}
}
