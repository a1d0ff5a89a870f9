package gb28181

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/relay/gbdevice"
	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

const (
	platformID = "34020000002000000001"
	deviceID   = "34020000001320000001"
	password   = "a secret"
	patience   = 60 * time.Second
)

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// roomy is a watcher that gives sockets large receive buffers where it may, so
// that a busy machine loses nothing.
type roomy struct{}

func (roomy) Watch(conn syscall.Conn, _ string) func() {
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 16<<20)
		})
	}
	return func() {}
}

func (r roomy) WatchSSRC(conn syscall.Conn, stream string, _ uint32) func() {
	return r.Watch(conn, stream)
}

// platform starts a server on free ports.
func platform(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	log := &logBuffer{}
	cfg := Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), ID: platformID, Keepalive: time.Second, Silence: 20 * time.Second, Watcher: roomy{},
		Password: func(id string) (string, bool) { return password, true },
		Logger:   slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&cfg)
	}
	s := New(cfg)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("Run does not return")
		}
		if t.Failed() {
			t.Logf("log of the platform:\n%s", log)
		}
	})
	return s
}

// camera makes numbered pictures, a key frame each ten, 100 a second.
func camera(ctx context.Context, _ string, out func(media.AccessUnit)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 1; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		out(numbered(i))
	}
}

// numbered is a picture that shows its number and whether it is whole.
func numbered(i int) media.AccessUnit {
	key := i%10 == 1
	size := 2500
	first := byte(0x41)
	au := media.AccessUnit{PTS: int64(i) * 900, Key: key}
	if key {
		size, first = 70000, 0x65
		au.NALUs = append(au.NALUs, []byte{0x67, 66, 0xc0, 30, 0xd9}, []byte{0x68, 0xce, 0x3c, 0x80})
	}
	slice := bytes.Repeat([]byte{0xa5}, size)
	slice[0], slice[1] = first, 0x88
	copy(slice[2:], fmt.Sprintf("%06d", i))
	copy(slice[size-6:], fmt.Sprintf("%06d", i))
	au.NALUs = append(au.NALUs, slice)
	return au
}

// sink keeps what a source delivers.
type sink struct {
	mu      sync.Mutex
	units   []media.AccessUnit
	tracks  []media.Track
	counts  media.Counts
	notices []health.Condition
	offset  int64 // of the presentation times
}

func (s *sink) Track(t media.Track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = append(s.tracks, t)
}

func (s *sink) AccessUnit(au media.AccessUnit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units = append(s.units, au)
}

func (s *sink) Count(c media.Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Packets += c.Packets
	s.counts.Lost += c.Lost
}

func (s *sink) Notice(c health.Condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices = append(s.notices, c)
}

// whole counts the good pictures, and fails for a broken one that is not
// marked. Good is what a decoder can show: whole, and every picture since the
// last key frame is there.
func (s *sink) whole(t *testing.T) (good, damaged int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	last, broken := int64(0), true
	for _, au := range s.units {
		n := (au.PTS - s.offset) / 900
		if au.Damaged {
			damaged++
			broken = true
			continue
		}
		if au.Key {
			broken = false
		}
		if broken {
			continue
		}
		want := numbered(int(n)).NALUs
		if !au.Key && n != last+1 {
			t.Fatalf("picture %d follows %d unmarked", n, last)
		}
		if !bytes.Equal(au.NALUs[len(au.NALUs)-1], want[len(want)-1]) {
			t.Fatalf("picture %d: %d bytes, not what was sent", n, len(au.NALUs[len(au.NALUs)-1]))
		}
		last = n
		good++
	}
	return good, damaged
}

// largest is the size of the largest picture.
func (s *sink) largest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, au := range s.units {
		n = max(n, au.Size())
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s after %v", what, patience)
		}
	}
}

// simulate runs a device.
func simulate(t testing.TB, s *Server, change func(*gbdevice.Config)) (*gbdevice.Device, func()) {
	t.Helper()
	cfg := gbdevice.Config{ID: deviceID, Password: password, Server: s.Addr().String(), ServerID: platformID, Realm: "3402000000",
		Keepalive: 500 * time.Millisecond, Media: camera}
	for i := range 10 {
		cfg.Channels = append(cfg.Channels, gbdevice.Channel{ID: fmt.Sprintf("340200000013100000%02d", i+1), Name: fmt.Sprintf("东门 %d", i+1)})
	}
	if change != nil {
		change(&cfg)
	}
	d := gbdevice.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return d, stop
}

// watch runs a source until stop.
func watch(t testing.TB, s *Server, change func(*Source)) (*sink, func() error) {
	t.Helper()
	out := &sink{}
	src := &Source{Server: s, Stream: "gate", Device: deviceID, Channel: "34020000001310000001", Setup: Passive}
	if change != nil {
		change(src)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := src.Run(ctx, out)
		if ctx.Err() == nil {
			t.Logf("the source has ended by itself: %v", err)
		}
		done <- err
	}()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return out, stop
}

type way struct {
	sip       string
	transport Transport
	setup     Setup
}

var ways = []way{{"udp", UDP, Passive}, {"udp", TCP, Passive}, {"tcp", TCP, Active}}

// Every quirk, over each way that it concerns: the device registers, its
// catalog is complete, and its pictures arrive whole.
func TestQuirks(t *testing.T) {
	list := []gbdevice.Quirk{""}
	for _, q := range gbdevice.Quirks() {
		list = append(list, gbdevice.Quirk(q[0]))
	}
	for _, q := range list {
		for _, w := range ways {
			name := fmt.Sprintf("%s/sip %s, media %s %s", q, w.sip, w.transport, w.setup)
			if q == "" {
				name = "none" + name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := platform(t, func(c *Config) {
					if q == gbdevice.Silent {
						c.Silence = time.Second
					}
				})
				d, stop := simulate(t, s, func(c *gbdevice.Config) {
					c.Network, c.Keepalive = w.sip, 150*time.Millisecond
					if q != "" {
						c.Quirks = []gbdevice.Quirk{q}
					}
				})
				out, end := watch(t, s, func(src *Source) { src.Transport, src.Setup = w.transport, w.setup })
				if q == gbdevice.PTSWrap {
					out.mu.Lock()
					out.offset = 1<<33 - 30000
					out.mu.Unlock()
				}
				eventually(t, "complete catalog", func() bool {
					list := s.Devices()
					return len(list) == 1 && list[0].Online && list[0].Channels == 10
				})
				eventually(t, "reporting", func() bool { return d.Keepalives.Load() >= 3 })
				full, ok := s.Device(deviceID)
				if !ok || len(full.Tree) != 10 || full.Network != w.sip {
					t.Fatalf("device %+v", full)
				}
				for i, c := range full.Tree {
					name := fmt.Sprintf("东门 %d", i+1)
					if q == gbdevice.RawXML {
						name += " & <North> 1<2"
					}
					if q == gbdevice.RawXML && c.Name != name {
						// A tag inside a name cannot be told from markup.
						name = fmt.Sprintf("东门 %d & ", i+1)
						if !bytes.HasPrefix([]byte(c.Name), []byte(name[:len(name)-1])) {
							t.Errorf("name %q", c.Name)
						}
						continue
					}
					if c.Name != name || !c.Camera || c.Parent != deviceID {
						t.Errorf("channel %+v", c)
					}
				}
				noMedia := map[gbdevice.Quirk]health.Code{gbdevice.Silent: health.SourceSilent, gbdevice.TransportTS: health.GB28181Format,
					gbdevice.MediaStatus: health.SourceUnreachable, gbdevice.PSCodecChange: health.SourceCodec}
				if w.setup == Active && (q == gbdevice.AnswerNoSDP || q == gbdevice.AnswerPortZero) {
					noMedia[q] = health.SourceUnreachable // nobody could know where to connect
				}
				if code := noMedia[q]; code != "" {
					err := make(chan error, 1)
					go func() {
						eventually(t, "an invitation", func() bool { return d.Invites.Load() > 0 })
						err <- nil
					}()
					<-err
					src := &Source{Server: s, Device: deviceID, Channel: "34020000001310000002", Transport: w.transport, Setup: w.setup}
					f := source.Sorted(src.Run(t.Context(), &sink{}))
					if f.Condition.Code != code {
						t.Errorf("condition %+v", f.Condition)
					}
					return
				}
				eventually(t, "60 good pictures", func() bool {
					good, _ := out.whole(t)
					return good >= 60
				})
				if largest := out.largest(); (largest >= 5<<20) != (q == gbdevice.LargeIDR) {
					t.Errorf("the largest picture has %d bytes", largest)
				}
				if _, damaged := out.whole(t); damaged > 0 && q != gbdevice.SSRCChange && q != gbdevice.Bare {
					t.Errorf("%d damaged", damaged)
				}
				want := string(w.transport)
				if tr := out.tracks; len(tr) != 1 || tr[0].Transport != want || tr[0].Codec != media.H264 {
					t.Errorf("tracks %+v", tr)
				}
				if err := end(); err != context.Canceled {
					t.Errorf("Run returned %v", err)
				}
				eventually(t, "a BYE", func() bool { return d.Byes.Load() == d.Invites.Load() })
				stop()
				eventually(t, "offline", func() bool { return !s.Devices()[0].Online })
			})
		}
	}
}

// 5 % of the packets are lost: pictures are whole or marked.
func TestLoss(t *testing.T) {
	for _, q := range []gbdevice.Quirk{"", gbdevice.PSSmall, gbdevice.PSZeroLength, gbdevice.MarkerNever} {
		t.Run(string("loss "+q), func(t *testing.T) {
			t.Parallel()
			s := platform(t, nil)
			device, _ := simulate(t, s, func(c *gbdevice.Config) {
				c.Loss = 0.05
				c.Quirks = slices.DeleteFunc([]gbdevice.Quirk{q}, func(q gbdevice.Quirk) bool { return q == "" })
			})
			out, _ := watch(t, s, func(src *Source) { src.Transport = UDP })
			eventually(t, "damaged and whole pictures", func() bool {
				good, damaged := out.whole(t)
				return good >= 5 && damaged >= 20
			})
			eventually(t, "asked for a key frame", func() bool { return device.KeyFrameRequests() > 0 })
			eventually(t, "counted", func() bool {
				out.mu.Lock()
				defer out.mu.Unlock()
				return out.counts.Lost > 0
			})
		})
	}
}

// A stream says why its device is not there, also when the reason changes.
func TestAbsence(t *testing.T) {
	s := platform(t, nil)
	var none Source
	none.Device, none.Channel = deviceID, deviceID
	if f := source.Sorted(none.Run(t.Context(), &sink{})); f.Condition.Code != health.GB28181Off || f.Class != source.GiveUp {
		t.Errorf("without a platform: %+v", f)
	}
	run := func(then func(), code, next health.Code) {
		t.Helper()
		out := &sink{}
		src := &Source{Server: s, Device: deviceID, Channel: deviceID}
		done := make(chan error, 1)
		go func() { done <- src.Run(t.Context(), out) }()
		eventually(t, "a notice", func() bool {
			out.mu.Lock()
			defer out.mu.Unlock()
			return len(out.notices) == 1 && out.notices[0].Code == code
		})
		then()
		select {
		case err := <-done:
			if f := source.Sorted(err); f.Condition.Code != next || f.Class != source.Retry {
				t.Errorf("after %s: %+v, want %s", code, f, next)
			}
		case <-time.After(patience):
			t.Fatalf("after %s: no news", code)
		}
	}
	var stop func()
	run(func() { _, stop = simulate(t, s, func(c *gbdevice.Config) { c.Password = "another" }) }, health.GB28181Unregistered, health.GB28181Refused)
	stop()
	_, stop = simulate(t, s, nil)
	eventually(t, "online", func() bool { d, ok := s.Device(deviceID); return ok && d.Online })
	stop()
	eventually(t, "offline", func() bool { d, _ := s.Device(deviceID); return !d.Online })
	run(func() { _, stop = simulate(t, s, func(c *gbdevice.Config) { c.Password = "another" }) }, health.GB28181Offline, health.GB28181Refused)
	stop()
}
