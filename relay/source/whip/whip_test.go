package whip

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/rtc"
	"sightline/relay/source/publish"
)

const patience = 60 * time.Second

func TestReorder(t *testing.T) {
	start := time.Unix(0, 0)
	for _, c := range []struct {
		name string
		in   []int // numbers, each a millisecond after the one before; -n: n ms pass
		out  string
		lost uint64
	}{
		{"in order", []int{1, 2, 3}, "1 2 3", 0},
		{"swapped", []int{1, 3, 2, 4}, "1 2 3 4", 0},
		{"copies", []int{1, 2, 2, 1, 3}, "1 2 3", 0},
		{"one is late, and in time", []int{1, 3, 4, -100, 2, 5}, "1 2 3 4 5", 0},
		{"one is lost", []int{1, 3, 4, -300, 5}, "1 !3 4 5", 1},
		{"it comes after all", []int{1, 3, -300, 4, 2}, "1 !3 4", 1},
		{"a burst is lost", []int{1, 10, -300, 11}, "1 !10 11", 8},
		{"numbers begin again", []int{65534, 65535, 1, 0, 2}, "65534 65535 0 1 2", 0},
		{"two gaps", []int{1, 3, 5, -300, 6}, "1 !3 !5 6", 2},
	} {
		var r reorder
		var out []string
		now := start
		note := func(packets []ordered) {
			for _, p := range packets {
				mark := ""
				if p.lost {
					mark = "!"
				}
				out = append(out, fmt.Sprintf("%s%d", mark, p.SequenceNumber))
			}
		}
		for _, n := range c.in {
			if n < 0 {
				now = now.Add(time.Duration(-n) * time.Millisecond)
				note(r.release(now))
				continue
			}
			now = now.Add(time.Millisecond)
			note(r.push(arrived{&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n)}}, now}))
		}
		if got := strings.Join(out, " "); got != c.out || r.lost != c.lost {
			t.Errorf("%s: got %s and %d lost, want %s and %d", c.name, got, r.lost, c.out, c.lost)
		}
	}
	// However much comes after a gap, a bounded part of it is held.
	var r reorder
	for n := range 3 * maxWaiting {
		if n != 1 {
			r.push(arrived{&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n)}}, start})
		}
	}
	if len(r.held) != 0 || r.lost != 1 {
		t.Errorf("%d packets held, %d lost", len(r.held), r.lost)
	}
}

// sink keeps what a publisher delivers.
type sink struct{ units chan media.AccessUnit }

func (s sink) Track(media.Track)              {}
func (s sink) AccessUnit(au media.AccessUnit) { s.units <- au }
func (s sink) Count(media.Counts)             {}
func (s sink) Notice(health.Condition)        {}

// start runs a handler with one stream, whose source runs again and again.
func start(t *testing.T) (url string, out sink) {
	t.Helper()
	endpoint, err := rtc.Listen(rtc.Config{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	point := publish.NewPoint("gate")
	h := New(Config{
		Point: func(stream string) (*publish.Point, string) {
			switch stream {
			case "gate":
				return point, "whip"
			case "yard":
				return nil, "demo"
			}
			return nil, ""
		},
		Peers: endpoint, Port: endpoint.Port(),
		Problem: func(w http.ResponseWriter, _ *http.Request, status int, c health.Condition) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(c)
		},
	})
	mux := http.NewServeMux()
	h.Register(mux)
	server := httptest.NewServer(mux)
	out = sink{make(chan media.AccessUnit, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = point.Run(ctx, out)
		}
	}()
	t.Cleanup(func() {
		server.Close()
		h.Close()
		cancel()
		<-done
		endpoint.Close()
	})
	return server.URL, out
}

// request sends one and gives the status, the condition and the session's URL.
func request(t *testing.T, method, url, kind, body string) (int, health.Code, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var c health.Condition
	_ = json.Unmarshal(b, &c)
	return resp.StatusCode, c.Code, resp.Header.Get("Location"), string(b)
}

// publisher is a WebRTC peer that sends pictures, a key frame when asked.
type publisher struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
	asked chan struct{}
}

func newPublisher(t *testing.T) publisher {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	var m webrtc.MediaEngine
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "packetization-mode=1;profile-level-id=42e01f"}, "video", "camera")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := pc.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	p := publisher{pc, track, make(chan struct{}, 100)}
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			if slices.ContainsFunc(packets, func(p rtcp.Packet) bool { _, ok := p.(*rtcp.PictureLossIndication); return ok }) {
				p.asked <- struct{}{}
			}
		}
	}()
	return p
}

func (p publisher) offer(t *testing.T) string {
	t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return p.pc.LocalDescription().SDP
}

// A publisher begins with pictures that cannot be decoded; it is asked for a
// key frame and sends it. Another one is refused meanwhile; leaving makes room.
func TestPublish(t *testing.T) {
	url, out := start(t)
	p := newPublisher(t)
	status, code, session, answer := request(t, "POST", url+"/whip/gate", "application/sdp", p.offer(t))
	if status != http.StatusCreated || !strings.HasPrefix(session, "/whip/gate/") {
		t.Fatalf("%d %s: %s", status, code, answer)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	other := newPublisher(t).offer(t)
	if status, code, _, _ := request(t, "POST", url+"/whip/gate", "application/sdp", other); status != http.StatusConflict || code != health.PublisherBusy {
		t.Errorf("a second publisher: %d %s", status, code)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	var seq uint16
	send := func(ts uint32, marker bool, payload ...byte) {
		seq++
		if err := p.track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: ts, Marker: marker}, Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	for n, keys := uint32(0), 0; keys < 2; n++ {
		select {
		case <-p.asked:
			send(n*1800, false, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70)
			send(n*1800, false, 0x68, 0xce, 0x38, 0x80)
			send(n*1800, true, 0x65, 0x88, 0x80, 0x10)
		case <-tick.C:
			send(n*1800, true, 0x41, 0x9a, 0x10, 0x20)
		case au := <-out.units:
			if au.Key {
				keys++
			}
		case <-end:
			t.Fatalf("%d key frames came", keys)
		}
	}
	if status, _, _, _ := request(t, "DELETE", url+session, "", ""); status != http.StatusOK {
		t.Errorf("leaving: %d", status)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		status, code, session, _ := request(t, "POST", url+"/whip/gate", "application/sdp", newPublisher(t).offer(t))
		if status == http.StatusCreated {
			if status, _, _, _ := request(t, "DELETE", url+session, "", ""); status != http.StatusOK {
				t.Errorf("leaving: %d", status)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after it: %d %s", status, code)
		}
	}
}

func TestRefusals(t *testing.T) {
	url, _ := start(t)
	const sdp = "application/sdp"
	vp8 := strings.ReplaceAll(newPublisher(t).offer(t), "H264", "VP9")
	for _, c := range []struct {
		method, path, kind, body string
		status                   int
		code                     health.Code
	}{
		{"POST", "/whip/none", sdp, "v=0", 404, health.StreamUnknown},
		{"POST", "/whip/yard", sdp, "v=0", 409, health.PublishRefused},
		{"POST", "/whip/gate", "text/plain", "v=0", 415, health.PublishRefused},
		{"POST", "/whip/gate", sdp, "hello", 400, health.PublishRefused},
		{"POST", "/whip/gate", sdp, "v=0\r\nm=audio 9 RTP/AVP 0\r\n", 400, health.PublishRefused},
		{"POST", "/whip/gate", sdp, vp8, 406, health.PublishRefused},
		{"POST", "/whip/gate", sdp, "v=0\r\nm=video x H264/90000", 400, health.PublishRefused},
		{"POST", "/whip/gate", sdp, strings.Repeat("v=0", maxOffer), 413, health.PublishRefused},
		{"DELETE", "/whip/gate/nobody", "", "", 404, health.RequestInvalid},
		{"OPTIONS", "/whip/gate", "", "", 204, ""},
	} {
		status, code, _, body := request(t, c.method, url+c.path, c.kind, c.body)
		if status != c.status || code != c.code {
			t.Errorf("%s %s %.30q: %d %s", c.method, c.path, c.body, status, body)
		}
	}
}
