package rtsp

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sightline/relay/health"
	"sightline/relay/media"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

const (
	sdpAudio    = "m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n"
	sdpMetadata = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=3\r\n"
)

// packetOf makes the bytes of an RTP packet.
func packetOf(t *testing.T, payloadType uint8, seq uint16, ts uint32, marker bool, payload string) []byte {
	t.Helper()
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: seq, Timestamp: ts,
		Marker: marker, SSRC: 0xbeef}, Payload: []byte(payload)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Sound and metadata come beside the video, over TCP and UDP, for a sink that
// takes them; another sink gets, and asks for, the video alone.
func TestTracksBesideTheVideo(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP} {
		for _, rich := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.sdp = sdpHead + sdpAudio + sdpVideo + sdpMetadata
				cam.playing = func(l *fakeLink) {
					l.rtp(picture(1, idr))
					if !rich {
						return
					}
					for _, p := range []struct {
						ch   int
						data []byte
					}{
						{2, packetOf(t, 8, 1, 0, true, "one")},
						{2, packetOf(t, 8, 3, 320, false, "three")},
						{4, packetOf(t, 107, 1, 9, false, "<a>")},
						{4, packetOf(t, 107, 2, 9, true, "</a>")},
						{4, packetOf(t, 107, 3, 10, false, "<torn>")},
						{4, packetOf(t, 107, 5, 10, true, "</torn>")},
						{4, packetOf(t, 107, 6, 11, true, "<b/>")},
					} {
						l.send(p.data, p.ch, "10.0.0.9:6000")
						l.sleep(100 * time.Millisecond) // sockets keep no order among them
					}
				}
				src := cam.source()
				src.Transport = transport
				sink := &richSink{}
				var out source.Sink = sink
				if !rich {
					out = &sink.fakeSink
				}
				wantFailure(t, src.Run(t.Context(), out), source.Retry, health.SourceSilent)
				if got := sink.script(); got != "1K" {
					t.Errorf("units %s", got)
				}
				if !rich {
					if n := len(cam.sent(wire.Setup)); n != 1 {
						t.Errorf("%d SETUP for a sink that takes the video alone", n)
					}
					return
				}
				if n := len(cam.sent(wire.Setup)); n != 3 {
					t.Fatalf("%d SETUP, want 3", n)
				}
				if len(sink.sound) != 1 || sink.sound[0].Codec != media.PCMA || sink.sound[0].ClockRate != 8000 || sink.sound[0].Transport != string(transport) {
					t.Errorf("sound %+v", sink.sound)
				}
				if len(sink.audio) != 2 || string(sink.audio[1].Data) != "three" || sink.audio[1].PTS != 320 || !sink.audio[1].Lost || sink.audio[0].Lost {
					t.Errorf("audio %+v", sink.audio)
				}
				if len(sink.documents) != 2 || string(sink.documents[0].Document) != "<a></a>" || string(sink.documents[1].Document) != "<b/>" {
					t.Errorf("documents %q", sink.documents)
				}
			})
		}
	}
}

// A camera that refuses the sound still shows its picture.
func TestRefusedSoundIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.sdp = sdpHead + sdpVideo + sdpAudio
		cam.reply = func(n int, req *wire.Request, r *wire.Response) *wire.Response {
			if req.Method == wire.Setup && n == 2 {
				return &wire.Response{Status: 500}
			}
			return r
		}
		cam.playing = sendPictures(time.Second, 2)
		src := cam.source()
		sink := &richSink{}
		wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
		if len(sink.units) != 2 || len(sink.sound) != 0 {
			t.Errorf("%d units, sound %v", len(sink.units), sink.sound)
		}
	})
}

// A key frame is asked for after a loss, where the camera takes such requests,
// and no more than once a second.
func TestKeyFrameIsAskedFor(t *testing.T) {
	for feedback, want := range map[string]string{
		"a=rtcp-fb:96 nack pli\r\n": "pli",
		"a=rtcp-fb:* ccm fir\r\n":   "fir",
		"":                          "",
	} {
		for _, transport := range []Transport{TCP, UDP} {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.sdp = sdpHead + sdpVideo + feedback
				cam.playing = func(l *fakeLink) {
					l.rtp(picture(1, idr))
					seq := uint16(3) // 2 is lost
					for range 25 {   // 2.5 s
						l.rtp(picture(seq, slice))
						l.sleep(100 * time.Millisecond)
						seq++
					}
					l.rtp(picture(seq, idr))
					l.sleep(2 * time.Second)
					l.rtp(picture(seq+1, slice))
				}
				src := cam.source()
				src.Transport = transport
				_ = src.Run(t.Context(), &fakeSink{})
				asked := ""
				for _, r := range cam.reports {
					for _, p := range r.packets {
						switch p.(type) {
						case *rtcp.PictureLossIndication:
							asked += " pli"
						case *rtcp.FullIntraRequest:
							asked += " fir"
						}
					}
				}
				if wanted := strings.TrimSpace(strings.Repeat(want+" ", 3)); strings.TrimSpace(asked) != wanted {
					t.Errorf("%s, camera with %q: asked for%s, want %s", transport, feedback, asked, wanted)
				}
			})
		}
	}
}

// A firewall on the way is opened from inside: a datagram goes from each socket
// to the camera's port.
func TestServerPortsArePunched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.playing = sendPictures(time.Second, 2)
		src := cam.source()
		src.Transport = UDP
		_ = src.Run(t.Context(), &fakeSink{})
		if !slices.Equal(cam.punched, []string{"10.0.0.9:6000"}) || len(cam.reports) == 0 {
			t.Errorf("RTP went to %v, %d reports", cam.punched, len(cam.reports))
		}
	})
}

func TestMulticast(t *testing.T) {
	for _, transport := range []Transport{Multicast, UDP, Auto} {
		synctest.Test(t, func(t *testing.T) {
			cam := newCamera(t)
			cam.reply = func(n int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method != wire.Setup {
					return r
				}
				asked := req.Header.Get("Transport")
				// One that offers multicast alone refuses all else in auto, and
				// answers with its group otherwise.
				if transport == Auto && !strings.Contains(asked, "multicast") {
					return &wire.Response{Status: wire.StatusUnsupportedTransport}
				}
				r.Header.Set("Transport", "RTP/AVP;multicast;destination=239.1.2.3;port=5000-5001;ttl=16")
				return r
			}
			cam.playing = func(l *fakeLink) {
				l.tracks = []wire.Range{{First: 5000, Last: 5001}}
				l.rtp(picture(1, idr))
				l.rtp(picture(2, slice))
			}
			src := cam.source()
			src.Transport = transport
			src.JoinGroup = func(_ netip.Addr, group *net.UDPAddr) (net.PacketConn, error) {
				if group.IP.String() != "239.1.2.3" {
					t.Errorf("group %s", group)
				}
				return cam.listen("udp", group.String())
			}
			sink := &fakeSink{}
			wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
			if got := sink.script(); got != "1K 2" {
				t.Errorf("%s: units %s", transport, got)
			}
			if len(cam.sockets) > 0 {
				t.Errorf("%s: %d sockets are still open", transport, len(cam.sockets))
			}
		})
	}
}

func TestMulticastGroupThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
			if req.Method == wire.Setup {
				r.Header.Set("Transport", "RTP/AVP;multicast;destination=10.0.0.1;port=5000-5001")
			}
			return r
		}
		src := cam.source()
		src.Transport = Multicast
		wantFailure(t, src.Run(t.Context(), &fakeSink{}), source.Retry, health.SourceProtocol, "multicast")
	})
}

func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303} {
		for _, method := range []string{wire.Describe, wire.Setup} {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				var dialled []string
				cam.reply = func(n int, req *wire.Request, r *wire.Response) *wire.Response {
					if req.Method == method && strings.HasPrefix(req.URL, "rtsp://cam.example/live") {
						r = &wire.Response{Status: status}
						r.Header.Add("Location", "rtsp://other.example:8554/moved")
					}
					return r
				}
				cam.playing = sendPictures(time.Second, 2)
				src := cam.source()
				src.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					dialled = append(dialled, addr)
					return cam.dial(ctx, network, addr)
				}
				sink := &fakeSink{}
				wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent, "other.example:8554")
				if len(sink.units) != 2 || !slices.Equal(dialled, []string{"cam.example:554", "other.example:8554"}) {
					t.Errorf("%d %s: %d units, dialled %v", status, method, len(sink.units), dialled)
				}
			})
		}
	}
}

// The password goes to another host only if the new address has it, and nowhere
// in clear if the connection was encrypted.
func TestRedirectsKeepSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		signed   bool // the new address gets an Authorization
		class    source.Class
		code     health.Code
	}{
		"same host":     {"rtsp://op:hunter2@cam.example/live", "rtsp://cam.example/new", true, source.Retry, health.SourceSilent},
		"relative":      {"rtsp://op:hunter2@cam.example/live", "/new", true, source.Retry, health.SourceSilent},
		"another host":  {"rtsp://op:hunter2@cam.example/live", "rtsp://evil.example/new", false, source.NeedsPerson, health.SourceUnauthorized},
		"in itself":     {"rtsp://cam.example/live", "rtsp://op:hunter2@other.example/new", true, source.Retry, health.SourceSilent},
		"for ever":      {"rtsp://cam.example/live", "rtsp://cam.example/live", false, source.NeedsPerson, health.SourceRefused},
		"no address":    {"rtsp://cam.example/live", "http://cam.example/", false, source.NeedsPerson, health.SourceRefused},
		"into the open": {"rtsps://op:hunter2@cam.example/live", "rtsp://cam.example/new", false, source.NeedsPerson, health.SourceRefused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &session{cfg: &settings{}}
				u, err := wire.ParseURL(c.from)
				if err != nil {
					t.Fatal(err)
				}
				s.cfg.url = u
				if u.Scheme == "rtsps" { // without a handshake
					wantFailure(t, s.moved(c.to), c.class, c.code)
					return
				}
				cam := newCamera(t)
				var signed atomic.Bool // on another goroutine
				cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
					switch {
					case req.Method == wire.Describe && strings.HasSuffix(req.URL, "/live"):
						r = &wire.Response{Status: 302}
						r.Header.Add("Location", c.to)
					case strings.Contains(req.URL, "/new") && !strings.Contains(c.to, "live"):
						if req.Header.Get("Authorization") == "" {
							r = &wire.Response{Status: wire.StatusUnauthorized}
							r.Header.Add("WWW-Authenticate", `Basic realm="x"`)
						} else {
							signed.Store(true)
						}
					}
					return r
				}
				cam.playing = sendPictures(time.Second, 2)
				src := cam.source()
				src.URL = c.from
				err = src.Run(t.Context(), &fakeSink{})
				wantFailure(t, err, c.class, c.code)
				if signed.Load() != c.signed {
					t.Errorf("signed in at the new address: %v", signed.Load())
				}
			})
		})
	}
}

// A camera whose lines end in a line feed alone, whose session has no timeout,
// and whose pictures come before the reply.
func TestOddServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.crless = true
		cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
			r.Header.Add("X-No-Colon-Follows", "1")
			if req.Method == wire.Setup {
				r.Header.Set("Session", "  S1 ")
			}
			return r
		}
		cam.before = func(l *fakeLink, req *wire.Request) {
			if req.Method == wire.Play {
				l.rtp(picture(1, idr))
			}
		}
		cam.playing = func(l *fakeLink) {
			for seq := uint16(2); seq < 70; seq++ {
				l.rtp(picture(seq, slice))
				l.sleep(time.Second)
			}
		}
		src := cam.source()
		src.Transport = TCP
		sink := &fakeSink{}
		wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
		if len(sink.units) != 69 || !sink.units[0].Key {
			t.Errorf("%d units", len(sink.units))
		}
		// 60 s hold where the server names none: half of it is kept to.
		if n := len(cam.sent(wire.GetParameter)); n != 2 {
			t.Errorf("%d keepalives in 73 s", n)
		}
	})
}

// H.265 and JPEG are given out where the sink takes them.
func TestOtherCodecs(t *testing.T) {
	vps := "QAEMAf//AWAAAAMAkAAAAwAAAwBdlZgJ"
	sps := "QgEBAWAAAAMAkAAAAwAAAwBdoAKAgC0WWVmkkyuAQAAA+kAAF3AC"
	pps := "RAHBcrRiQA=="
	for _, c := range []struct {
		codec    media.Codec
		sdp      string
		payloads []string
		track    media.Track
		script   string
	}{
		{media.H265, "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-vps=" + vps + "; sprop-sps=" + sps + "; sprop-pps=" + pps + "\r\na=control:v\r\n",
			[]string{"\x26\x01\xaf\x01", "\x02\x01\xd0\x01"},
			media.Track{Codec: media.H265, Width: 1280, Height: 720, Profile: "Main 3.1", Transport: "tcp"}, "0K 3600"},
		{media.JPEG, "m=video 0 RTP/AVP 26\r\na=control:v\r\n",
			[]string{"\x00\x00\x00\x00\x01\x50\x02\x02scan", "\x00\x00\x00\x00\x01\x50\x02\x02scan"},
			media.Track{Codec: media.JPEG, Width: 16, Height: 16, Transport: "tcp"}, "0K 3600K"},
	} {
		synctest.Test(t, func(t *testing.T) {
			cam := newCamera(t)
			cam.sdp = sdpHead + c.sdp
			kind := uint8(96)
			if c.codec == media.JPEG {
				kind = 26
			}
			cam.playing = func(l *fakeLink) {
				for i, p := range c.payloads {
					l.send(packetOf(t, kind, uint16(i), uint32(i)*3600, true, p), 0, "")
				}
			}
			src := cam.source()
			src.Transport, src.Codecs = TCP, []media.Codec{media.H264, media.H265, media.JPEG}
			sink := &fakeSink{}
			wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
			if got := sink.script(); got != c.script {
				t.Errorf("%s: units %s", c.codec, got)
			}
			if len(sink.tracks) != 1 {
				t.Fatalf("%s: tracks %+v", c.codec, sink.tracks)
			}
			got := sink.tracks[0]
			got.SPS, got.PPS, got.VPS = nil, nil, nil
			if got.Codec != c.track.Codec || got.Width != c.track.Width || got.Height != c.track.Height || got.Profile != c.track.Profile {
				t.Errorf("%s: track %+v, want %+v", c.codec, got, c.track)
			}
		})
	}
}
