package rtsp

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

func TestPlayAndStop(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP, Auto} {
		t.Run(string(transport), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.playing = sendPictures(40*time.Millisecond, 1e6)
				src := cam.source()
				src.Transport = transport
				sink := &fakeSink{}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := src.Run(ctx, sink); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("Run: %v", err)
				}
				want := "udp"
				if transport == TCP {
					want = "tcp"
				}
				if len(sink.tracks) != 1 || sink.tracks[0].Transport != want || sink.tracks[0].FrameRate != 25 || len(sink.tracks[0].SPS) == 0 {
					t.Errorf("tracks %+v", sink.tracks)
				}
				if len(sink.units) < 250 || sink.units[0].Damaged || !sink.units[0].Key || len(sink.units[0].NALUs) != 3 {
					t.Errorf("%d units, first %+v", len(sink.units), sink.units[0])
				}
				if c := sink.total(); c.Lost != 0 || c.Packets != uint64(len(sink.units)) || len(sink.counts) < 10 {
					t.Errorf("%d counts, %+v", len(sink.counts), c)
				}
				if m := cam.methods(); m != "OPTIONS DESCRIBE SETUP PLAY TEARDOWN" && m != "OPTIONS DESCRIBE SETUP PLAY GET_PARAMETER TEARDOWN" {
					t.Errorf("requests %s", m)
				}
				for _, m := range []string{wire.Play, wire.Teardown} {
					r := cam.sent(m)[0].req
					if r.URL != "rtsp://cam.example/live/" || r.Header.Get("Session") != "S1" {
						t.Errorf("%s %s with session %q", m, r.URL, r.Header.Get("Session"))
					}
				}
				if len(cam.sockets) != 0 {
					t.Errorf("%d sockets left open", len(cam.sockets))
				}
			})
		})
	}
}

func TestKeepAlive(t *testing.T) {
	for name, c := range map[string]struct {
		public, session string
		method          string
		every           time.Duration
	}{
		"timeout of the server": {"OPTIONS, GET_PARAMETER", "S1;timeout=20", wire.GetParameter, 10 * time.Second},
		"default timeout":       {"OPTIONS, GET_PARAMETER", "S1", wire.GetParameter, 30 * time.Second},
		"without GET_PARAMETER": {"OPTIONS, DESCRIBE", "S1;timeout=8", wire.Options, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.playing = sendPictures(time.Second, 1e6)
				cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
					switch req.Method {
					case wire.Options:
						r.Header.Set("Public", c.public)
					case wire.Setup:
						r.Header.Set("Session", c.session)
					}
					return r
				}
				src := cam.source()
				src.Transport = TCP
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 99500*time.Millisecond)
				defer cancel()
				_ = src.Run(ctx, &fakeSink{})
				var beats []fakeRequest
				for _, r := range cam.sent(c.method) {
					if r.req.Header.Get("Session") != "" {
						beats = append(beats, r)
					}
				}
				want := int(99500 * time.Millisecond / c.every)
				if len(beats) != want {
					t.Fatalf("%d keepalives in 99.5 s, want %d", len(beats), want)
				}
				for i, b := range beats {
					if got := b.at.Sub(start); got != time.Duration(i+1)*c.every {
						t.Errorf("keepalive %d at %v, want %v", i, got, time.Duration(i+1)*c.every)
					}
				}
			})
		})
	}
}

func TestKeepAliveRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.playing = sendPictures(time.Second, 1e6)
		cam.reply = func(n int, req *wire.Request, r *wire.Response) *wire.Response {
			switch {
			case req.Method == wire.GetParameter:
				r.Status = wire.StatusNotImplemented // listed, but not there: OPTIONS instead
			case req.Method == wire.Options && n == 4:
				r.Status = wire.StatusSessionNotFound
			}
			return r
		}
		src := cam.source()
		src.Transport = TCP
		err := src.Run(t.Context(), &fakeSink{})
		synctest.Wait() // the camera reads what was sent last
		wantFailure(t, err, source.Retry, health.SourceRefused, "454")
		if m := cam.methods(); m != "OPTIONS DESCRIBE SETUP PLAY GET_PARAMETER OPTIONS OPTIONS OPTIONS TEARDOWN" {
			t.Errorf("requests %s", m)
		}
	})
}

func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		transport Transport
		packets   int
		after     time.Duration
		words     string
	}{
		"stalled over TCP":  {TCP, 25, 24*time.Second + 5*time.Second, "has sent no video over TCP for 5s"},
		"stalled over UDP":  {UDP, 25, 24*time.Second + 5*time.Second, "has sent no video over UDP for 5s"},
		"nothing over TCP":  {TCP, 0, 5 * time.Second, "answered PLAY but sent no video over TCP within 5s"},
		"nothing over UDP":  {UDP, 0, 5 * time.Second, "answered PLAY but sent no video over UDP within 5s"},
		"stalled over auto": {Auto, 25, 24*time.Second + 5*time.Second, "has sent no video over UDP for 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.playing = sendPictures(time.Second, c.packets)
				src := cam.source()
				src.Transport = c.transport
				start := time.Now()
				err := src.Run(t.Context(), &fakeSink{})
				synctest.Wait() // the camera reads what was sent last
				wantFailure(t, err, source.Retry, health.SourceSilent, c.words)
				if got := time.Since(start); got != c.after {
					t.Errorf("failed after %v, want %v", got, c.after)
				}
				if len(cam.sent(wire.Teardown)) != 1 {
					t.Error("no TEARDOWN")
				}
			})
		})
	}
}

func TestNoReply(t *testing.T) {
	for _, method := range []string{wire.Options, wire.Describe, wire.Setup, wire.Play} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
					if req.Method == method {
						return nil
					}
					return r
				}
				start := time.Now()
				err := cam.source().Run(t.Context(), &fakeSink{})
				wantFailure(t, err, source.Retry, health.SourceSilent, method, "within 5s")
				if got := time.Since(start); got != 5*time.Second {
					t.Errorf("failed after %v", got)
				}
			})
		})
	}
}

func TestStopWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.playing = sendPictures(time.Second, 1e6)
		cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
			if req.Method == wire.Teardown {
				return nil
			}
			return r
		}
		ctx, cancel := context.WithCancel(t.Context())
		sink := &fakeSink{onUnit: nil}
		var stopped time.Time
		time.AfterFunc(10500*time.Millisecond, func() { stopped = time.Now(); cancel() })
		src := cam.source()
		src.Transport = TCP
		err := src.Run(ctx, sink)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if got := time.Since(stopped); got != teardownTimeout {
			t.Errorf("ended %v after the stop, want %v", got, teardownTimeout)
		}
		if n := len(sink.units); n != 11 {
			t.Errorf("%d units, want 11: none after the stop", n)
		}
	})
}

func TestStopWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, method := range []string{"", wire.Options, wire.Play} {
			cam := newCamera(t)
			cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method == method {
					return nil
				}
				return r
			}
			src := cam.source()
			if method == "" {
				src.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if err := src.Run(ctx, &fakeSink{}); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*source.Failure)) {
				t.Errorf("%q: Run: %v", method, err)
			}
			cancel()
		}
	})
}

func TestFallBackToTCP(t *testing.T) {
	for name, setup := range map[string]func(*fakeCamera) (setups int){
		"UDP stays silent": func(cam *fakeCamera) int {
			cam.playing = func(l *fakeLink) {
				if l.tracks[0].IsZero() {
					sendPictures(40*time.Millisecond, 1e6)(l)
				}
			}
			return 2
		},
		"UDP is refused": func(cam *fakeCamera) int {
			cam.playing = sendPictures(40*time.Millisecond, 1e6)
			cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method == wire.Setup && !strings.Contains(req.Header.Get("Transport"), "TCP") {
					return &wire.Response{Status: wire.StatusUnsupportedTransport}
				}
				return r
			}
			return 2
		},
		"TCP is chosen": func(cam *fakeCamera) int {
			cam.playing = func(l *fakeLink) {
				l.tracks[0] = wire.Range{}
				sendPictures(40*time.Millisecond, 1e6)(l)
			}
			cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method == wire.Setup {
					r.Header.Set("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")
				}
				return r
			}
			return 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				setups := setup(cam)
				src := cam.source()
				for run := range 2 {
					sink := &fakeSink{}
					before := len(cam.sent(wire.Setup))
					ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
					if err := src.Run(ctx, sink); !errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("Run: %v", err)
					}
					cancel()
					if len(sink.tracks) != 1 || sink.tracks[0].Transport != "tcp" || len(sink.units) < 60 {
						t.Errorf("run %d: tracks %+v, %d units", run, sink.tracks, len(sink.units))
					}
					if len(sink.notices) != 1 || sink.notices[0].Code != health.SourceUDPSilent {
						t.Errorf("run %d: notices %v", run, sink.notices)
					}
					if got := len(cam.sent(wire.Setup)) - before; run == 0 && got != setups || run == 1 && got != 1 {
						t.Errorf("run %d: %d SETUPs; what was learned holds", run, got)
					}
				}
			})
		})
	}
}

func TestUDPOnlyIsRefusedPlainly(t *testing.T) {
	for transport, want := range map[Transport]string{UDP: "transport: tcp", TCP: "transport: udp"} {
		synctest.Test(t, func(t *testing.T) {
			cam := newCamera(t)
			cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method == wire.Setup {
					return &wire.Response{Status: wire.StatusUnsupportedTransport}
				}
				return r
			}
			src := cam.source()
			src.Transport = transport
			err := src.Run(t.Context(), &fakeSink{})
			wantFailure(t, err, source.NeedsPerson, health.SourceRefused, "461")
			if fix := source.Sorted(err).Condition.Fix; !strings.Contains(fix, want) {
				t.Errorf("fix %q", fix)
			}
		})
	}
}

func TestControlAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		base, session, track string
		refuse               string // SETUP address to answer with 404
		setups               string
		play                 string
	}{
		"base":         {"rtsp://cam.example/live/", "*", "trackID=1", "", "rtsp://cam.example/live/trackID=1", "rtsp://cam.example/live/"},
		"no base":      {"", "*", "trackID=1", "", "rtsp://cam.example/live/trackID=1", "rtsp://cam.example/live"},
		"absolute":     {"", "rtsp://10.1.1.1/agg", "rtsp://10.1.1.1/agg/v", "", "rtsp://cam.example/agg/v", "rtsp://cam.example/agg"},
		"wrong base":   {"rtsp://cam.example/wrong/", "*", "v", "rtsp://cam.example/wrong/v", "rtsp://cam.example/wrong/v rtsp://cam.example/live/v", "rtsp://cam.example/live"},
		"star, no own": {"", "", "*", "", "rtsp://cam.example/live", "rtsp://cam.example/live"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
					switch {
					case req.Method == wire.Describe:
						r.Header.Del("Content-Base")
						if c.base != "" {
							r.Header.Set("Content-Base", c.base)
						}
						r.Body = []byte(strings.ReplaceAll(strings.ReplaceAll(sdpHead, "a=control:*\r\n", "a=control:"+c.session+"\r\n")+sdpVideo, "trackID=1", c.track))
					case req.Method == wire.Setup && req.URL == c.refuse:
						return &wire.Response{Status: wire.StatusNotFound}
					case req.Method == wire.Setup:
						r.Header.Set("Session", "S1") // and no timeout
						r.Header.Del("Transport")
					}
					return r
				}
				cam.playing = sendPictures(time.Second, 2)
				src := cam.source()
				src.Transport = TCP
				sink := &fakeSink{}
				wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
				var setups []string
				for _, r := range cam.sent(wire.Setup) {
					setups = append(setups, r.req.URL)
				}
				if got := strings.Join(setups, " "); got != c.setups {
					t.Errorf("SETUP %s, want %s", got, c.setups)
				}
				if got := cam.sent(wire.Play)[0].req.URL; got != c.play {
					t.Errorf("PLAY %s, want %s", got, c.play)
				}
				if len(sink.units) != 2 {
					t.Errorf("%d units", len(sink.units))
				}
			})
		})
	}
}

func TestMediaBeforeReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.before = func(l *fakeLink, req *wire.Request) {
			if req.Method == wire.Play {
				for i, nalu := range [][]byte{{0x65, 0x88, 1}, {0x41, 0x9a, 1}} {
					l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i) * 3600, Marker: true}, Payload: nalu})
				}
				// Channels nobody asked for, and packets too short.
				l.write(&wire.Frame{Channel: 9, Payload: []byte("x")})
				l.write(&wire.Frame{Channel: 0, Payload: []byte("x")})
				l.write(&wire.Frame{Channel: 1, Payload: nil})
			}
		}
		src := cam.source()
		src.Transport = TCP
		sink := &fakeSink{}
		wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
		if got := sink.script(); got != "0K 3600" {
			t.Errorf("units %s", got)
		}
	})
}
