package hub

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
)

var (
	testSPS = []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0xc8}
	testPPS = []byte{0x68, 0xce, 0x38, 0x80}
)

// unit makes an access unit number n of the given size at 25 fps.
func unit(n int, key bool, size int) media.AccessUnit {
	slice := bytes.Repeat([]byte{byte(n)}, size)
	slice[0], slice[1] = 0x41, 0x9a
	nalus := [][]byte{slice}
	if key {
		slice[0], slice[1] = 0x65, 0x88
		nalus = [][]byte{testSPS, testPPS, slice}
	}
	return media.AccessUnit{PTS: int64(n) * 3600, Key: key, NALUs: nalus, Received: time.Now()}
}

// camera is a feed that sends at 25 fps with a key frame each gop pictures.
type camera struct {
	gop, size, key int
	runs           int
	fail           error // returned after failAfter pictures
	failAfter      int
	sent           int
}

func (c *camera) Run(ctx context.Context, s *Stream) error {
	c.runs++
	s.Status(Connecting, time.Time{}, nil)
	s.Track(media.Track{Codec: media.H264, Transport: "test", CounterTicks: 3600})
	t := time.NewTicker(40 * time.Millisecond)
	defer t.Stop()
	for n := 0; ; n++ {
		if c.fail != nil && n == c.failAfter {
			return c.fail
		}
		size := c.size
		if n%c.gop == 0 {
			size = c.key
		}
		s.AccessUnit(unit(n, n%c.gop == 0, size))
		c.sent = n + 1
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run starts a stream inside a bubble and ends it with the test.
func run(t *testing.T, cfg Config) *Stream {
	t.Helper()
	s := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	return s
}

type got struct {
	Packet
	at time.Time
}

// read collects what a reader gets until the deadline.
func read(t *testing.T, r *Reader, d time.Duration) []got {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var out []got
	for {
		ps, err := r.Next(ctx)
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Next: %v", err)
			}
			return out
		}
		for _, p := range ps {
			out = append(out, got{p, time.Now()})
		}
	}
}

func contiguous(t *testing.T, ps []got) {
	t.Helper()
	for i := 1; i < len(ps); i++ {
		if ps[i].Seq != ps[i-1].Seq+1 {
			t.Fatalf("packet %d: sequence number %d after %d", i, ps[i].Seq, ps[i-1].Seq)
		}
	}
}

func TestOnDemandLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := &camera{gop: 50, size: 500, key: 5000}
		s := run(t, Config{Name: "gate", OnDemand: true, Linger: 10 * time.Second, Feed: cam})
		synctest.Wait()
		if got := s.Info().State; got != Idle {
			t.Fatalf("state without readers: %s", got)
		}
		r := s.Join()
		read(t, r, time.Second)
		if got := s.Info(); got.State != Live || cam.runs != 1 || got.Viewers != 1 {
			t.Fatalf("with a reader: %+v, %d runs", got, cam.runs)
		}
		r.Close()
		if _, err := r.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Fatalf("Next after Close: %v", err)
		}
		time.Sleep(9 * time.Second)
		if got := s.Info().State; got != Live {
			t.Fatalf("state while lingering: %s", got)
		}
		r = s.Join() // within the linger: no new run
		read(t, r, time.Second)
		r.Close()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if got := s.Info(); got.State != Idle || cam.runs != 1 || got.Ring.Packets != 0 {
			t.Fatalf("after the linger: %+v, %d runs", got, cam.runs)
		}
		r = s.Join()
		ps := read(t, r, time.Second)
		if cam.runs != 2 || len(ps) == 0 {
			t.Fatalf("after waking again: %d runs, %d packets", cam.runs, len(ps))
		}
		r.Close()
	})
}

// A viewer that joins far behind the last key frame has the picture at once,
// is live well within two seconds, in order, paced.
func TestReplayIsPaced(t *testing.T) {
	for _, c := range []struct {
		name      string
		gop       int
		size, key int
		live      time.Duration
	}{
		{"720p 3 Mbit/s, GOP 4.8 s", 120, 14_500, 60_000, 900 * time.Millisecond},
		{"1080p 8 Mbit/s, GOP 8 s", 200, 39_000, 200_000, 1500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := &camera{gop: c.gop, size: c.size, key: c.key}
				s := run(t, Config{Name: "gate", Feed: cam})
				time.Sleep(time.Duration(c.gop-2) * 40 * time.Millisecond)
				r := s.Join()
				defer r.Close()
				start := time.Now()
				ps := read(t, r, 3*time.Second)
				contiguous(t, ps)
				st := r.Stats()
				if !st.CaughtUp || st.CaughtUpAfter > c.live {
					t.Errorf("live after %v (caught up: %v)", st.CaughtUpAfter, st.CaughtUp)
				}
				if st.FirstFrameAfter > 50*time.Millisecond {
					t.Errorf("first frame after %v", st.FirstFrameAfter)
				}
				// In no 10 ms more than the burst and what 60 Mbit/s allow.
				for i, j, sum := 0, 0, 0; j < len(ps); j++ {
					sum += len(ps[j].Payload)
					for ps[j].at.Sub(ps[i].at) > 10*time.Millisecond {
						sum -= len(ps[i].Payload)
						i++
					}
					if limit := burst + replayRate/100 + MTU; sum > int(limit) {
						t.Fatalf("%d bytes within 10 ms at %v, limit %v", sum, ps[j].at.Sub(start), limit)
					}
				}
			})
		})
	}
}

// A key frame larger than a burst reaches a live viewer soon, in small parts.
func TestLiveKeyFrameIsSpreadBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 25, size: 3000, key: 200_000}})
		r := s.Join()
		defer r.Close()
		ps := read(t, r, 3*time.Second)
		contiguous(t, ps)
		keys := 0
		for i := 0; i < len(ps); {
			j, sum := i, 0
			for ; j < len(ps) && ps[j].TS == ps[i].TS; j++ {
				sum += len(ps[j].Payload)
			}
			if took := ps[j-1].at.Sub(ps[i].at); i > 0 && sum > 100_000 {
				keys++
				if took < 5*time.Millisecond || took > 9*time.Millisecond {
					t.Errorf("a key frame of %d bytes took %v; 200 Mbit/s after a burst of %d bytes take 6.7 ms", sum, took, burst)
				}
			}
			i = j
		}
		if keys < 2 {
			t.Errorf("%d key frames came", keys)
		}
	})
}

func TestReplayJumpsToNewerKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 100, size: 3000, key: 30000}})
		time.Sleep(99*40*time.Millisecond + time.Millisecond)
		r := s.Join()
		defer r.Close()
		ps := read(t, r, 300*time.Millisecond)
		contiguous(t, ps)
		var keys, frames int
		for i, p := range ps {
			if i == 0 || p.TS != ps[i-1].TS {
				frames++
				if media.NALUType(p.Payload) == 24 || media.NALUType(p.Payload) == 7 {
					keys++
				}
			}
		}
		if keys != 2 || frames > 30 {
			t.Errorf("%d key frames and %d frames: the replay went on past the newer key frame", keys, frames)
		}
	})
}

func TestSlowReaderLosesToKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 50, size: 2000, key: 20000}})
		slow, fast := s.Join(), s.Join()
		defer slow.Close()
		defer fast.Close()
		read(t, slow, time.Second)
		quick := read(t, fast, 5*time.Second) // slow reads nothing meanwhile
		contiguous(t, quick)
		if st := fast.Stats(); st.Skipped != 0 {
			t.Errorf("the fast reader skipped %d frames", st.Skipped)
		}
		ps := read(t, slow, time.Second)
		contiguous(t, ps)
		if st := slow.Stats(); st.Skipped == 0 {
			t.Error("the slow reader skipped nothing")
		} else if late := s.Info().Late; st.SkippedPackets < st.Skipped || late.Ring != st.SkippedPackets {
			t.Errorf("%d packets of %d frames skipped, the stream says %d", st.SkippedPackets, st.Skipped, late.Ring)
		}
		for _, total := range []uint64{3, 3, 2, 5} {
			slow.ReportLoss(total)
		}
		fast.ReportLoss(1)
		if late := s.Info().Late; late.Viewers != 6 {
			t.Errorf("viewers miss 5 and 1 packets, the stream says %d", late.Viewers)
		}
		if n := media.NALUType(ps[0].Payload); n != 24 && n != 7 {
			t.Errorf("the slow reader goes on with NAL unit type %d", n)
		}
	})
}

func TestRetransmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 50, size: 3000, key: 20000}})
		time.Sleep(time.Second)
		r := s.Join()
		defer r.Close()
		ps := read(t, r, time.Second)
		for _, i := range []int{0, len(ps) / 2, len(ps) - 1} {
			p, ok := r.Retransmit(ps[i].Seq)
			if !ok || p.TS != ps[i].TS || p.Marker != ps[i].Marker || !bytes.Equal(p.Payload, ps[i].Payload) {
				t.Errorf("packet %d is not sent again as it was", i)
			}
		}
		if _, ok := r.Retransmit(ps[len(ps)-1].Seq + 5); ok {
			t.Error("a packet that was never sent is sent again")
		}
		if _, ok := r.Retransmit(ps[0].Seq - 1); ok {
			t.Error("a packet from before the reader joined is sent again")
		}
		r.KeyFrame()
		again := read(t, r, 500*time.Millisecond)
		contiguous(t, append(ps[len(ps)-1:], again...))
		for _, old := range []got{ps[len(ps)-3], again[0], again[3]} {
			if p, ok := r.Retransmit(old.Seq); !ok || !bytes.Equal(p.Payload, old.Payload) {
				t.Errorf("sequence number %d gives another packet across the replay", old.Seq)
			}
		}
		n := 0
		for range 10_000 {
			if _, ok := r.Retransmit(ps[1].Seq); ok {
				n++
			}
		}
		if n > 200 {
			t.Errorf("%d retransmissions at once: no budget", n)
		}
	})
}

func TestKeyFrameRequestIsAnsweredFromTheRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, Config{Name: "gate", Feed: &camera{gop: 250, size: 2000, key: 20000}})
		time.Sleep(3 * time.Second)
		r := s.Join()
		defer r.Close()
		first := read(t, r, 2*time.Second)
		for range 5 {
			r.KeyFrame()
		}
		again := read(t, r, time.Second)
		if again[0].TS != first[0].TS {
			t.Errorf("the replay begins at %d, the key frame is %d", again[0].TS, first[0].TS)
		}
		if st := r.Stats(); st.Replays != 2 || st.KeyFrameRequests != 5 {
			t.Errorf("%d replays for %d requests", st.Replays, st.KeyFrameRequests)
		}
	})
}

// A browser asks for key frames as long as no picture comes; a replay would
// show the past as if it were live.
func TestKeyFrameRequestWhileTheSourceIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := &camera{gop: 250, size: 2000, key: 20000, fail: errors.New("silent"), failAfter: 50}
		s := run(t, Config{Name: "gate", Feed: cam})
		r := s.Join()
		defer r.Close()
		if ps := read(t, r, 5*time.Second); len(ps) == 0 {
			t.Fatal("no packets")
		}
		r.KeyFrame()
		if ps := read(t, r, 5*time.Second); len(ps) > 0 {
			t.Errorf("%d packets of the past", len(ps))
		}
		if st := r.Stats(); st.KeyFrameRequests != 1 {
			t.Errorf("%d requests counted", st.KeyFrameRequests)
		}
	})
}

func TestRingIsBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		age   time.Duration
		bytes int
	}{{"by age", 2 * time.Second, 1 << 30}, {"by bytes", time.Hour, 100_000}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := run(t, Config{Name: "gate", RingAge: c.age, RingBytes: c.bytes, Feed: &camera{gop: 25, size: 2000, key: 20000}})
				for range 100 {
					time.Sleep(time.Second)
					info := s.Info().Ring
					if info.Seconds > c.age.Seconds() || info.Bytes > c.bytes {
						t.Fatalf("the ring holds %+v", info)
					}
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				if n := cap(s.ring.frames); n > 1024 {
					t.Errorf("storage of %d frames", n)
				}
			})
		})
	}
}

func TestDamageWaitsForKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		s.Track(media.Track{Codec: media.H264})
		r := s.Join()
		s.AccessUnit(unit(0, false, 100)) // before any key frame
		s.AccessUnit(unit(1, true, 100))
		s.AccessUnit(unit(2, false, 100))
		bad := unit(3, false, 100)
		bad.Damaged = true
		s.AccessUnit(bad)
		s.AccessUnit(unit(4, false, 100))
		s.AccessUnit(unit(5, true, 100))
		s.AccessUnit(unit(6, false, 100))
		base := s.clock.Offset()
		var frames []int64
		for _, p := range read(t, r, time.Second) {
			if n := int64(p.TS-uint32(base)) / 3600; len(frames) == 0 || frames[len(frames)-1] != n {
				frames = append(frames, n)
			}
		}
		// The reader joined before the newest key frame, so it begins there.
		if len(frames) != 2 || frames[0] != 5 || frames[1] != 6 {
			t.Errorf("frames %v are shown", frames)
		}
		if info := s.Info(); info.Received.Dropped != 3 {
			t.Errorf("%d frames counted as dropped", info.Received.Dropped)
		}
	})
}

func TestClockGoesOnOverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := &camera{gop: 25, size: 500, key: 2000}
		s := run(t, Config{Name: "gate", OnDemand: true, Linger: time.Second, Feed: cam})
		r := s.Join()
		first := read(t, r, 2*time.Second)
		r.Close()
		time.Sleep(time.Minute)
		r = s.Join()
		defer r.Close()
		second := read(t, r, time.Second)
		gap := time.Duration(second[0].TS-first[len(first)-1].TS) * time.Second / media.ClockRate
		if gap < time.Minute || gap > time.Minute+2*time.Second {
			t.Errorf("a minute's pause is %v on the stream clock", gap)
		}
		c := s.Info().Counter
		if c == nil || second[0].TS != c.RTP+c.Counter {
			t.Errorf("counter map %+v, first picture at %d", c, second[0].TS)
		}
	})
}

func TestConditionsOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Name: "gate"})
		codes := func() (out []health.Code) {
			for _, c := range s.Info().Conditions {
				out = append(out, c.Code)
			}
			return out
		}
		refused := health.New(health.SourceUnreachable, "refused")
		s.Status(Connecting, time.Time{}, nil)
		s.Status(Backoff, time.Now().Add(time.Second), &refused)
		s.Status(Connecting, time.Time{}, nil)
		if got := codes(); len(got) != 1 || got[0] != health.SourceUnreachable {
			t.Errorf("while trying again: %v", got)
		}
		s.Notice(health.New(health.SourceUDPSilent, "udp"))
		s.AccessUnit(unit(0, true, 100))
		if got := codes(); len(got) != 1 || got[0] != health.SourceUDPSilent {
			t.Errorf("live: %v", got)
		}
		s.Status(Backoff, time.Now(), &refused)
		if got := codes(); len(got) != 1 || got[0] != health.SourceUnreachable {
			t.Errorf("failed again: %v", got)
		}
	})
}
