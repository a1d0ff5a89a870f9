package rtsp

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sightline/relay/health"
	"sightline/relay/source"
)

var (
	idr   = []byte{0x65, 0x88, 1}
	slice = []byte{0x41, 0x9a, 1}
)

// picture makes a packet with a whole picture; its timestamp is its number.
func picture(seq uint16, nalu []byte) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(seq), Marker: true}, Payload: nalu}
}

// playScript plays a camera until it falls silent.
func playScript(t *testing.T, transport Transport, playing func(l *fakeLink)) (*fakeSink, *fakeCamera) {
	t.Helper()
	cam := newCamera(t)
	cam.playing = playing
	src := cam.source()
	src.Transport = transport
	sink := &fakeSink{}
	wantFailure(t, src.Run(t.Context(), sink), source.Retry, health.SourceSilent)
	return sink, cam
}

func TestLossDamagesUntilTheNextKey(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP} {
		synctest.Test(t, func(t *testing.T) {
			sink, _ := playScript(t, transport, func(l *fakeLink) {
				for _, p := range []*rtp.Packet{picture(65534, idr), picture(65535, slice), picture(2, slice), picture(3, slice), picture(4, idr), picture(5, slice)} {
					l.rtp(p)
				}
			})
			// Timestamps follow the numbers but do not wrap with them.
			if got := sink.script(); got != "65534K 65535 2D 3D 4K 5" {
				t.Errorf("%s: units %s", transport, got)
			}
			if c := sink.total(); c.Lost != 2 || c.Packets != 6 {
				t.Errorf("%s: %+v, want 2 lost of 8", transport, c)
			}
		})
	}
}

func TestUDPReordersAndChecksTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink, _ := playScript(t, UDP, func(l *fakeLink) {
			l.rtp(picture(1, idr))
			l.rtp(picture(3, slice))
			l.rtp(picture(3, slice))
			l.rtp(picture(2, slice))
			forged := picture(4, idr)
			forged.Version, forged.PayloadType, forged.SSRC = 2, 96, 0xcafe
			b, _ := forged.Marshal()
			l.send(b, 0, "10.66.6.6:6000")
			l.rtp(picture(4, slice))
		})
		if got := sink.script(); got != "1K 2 3 4" {
			t.Errorf("units %s", got)
		}
		if c := sink.total(); c.Lost != 0 || c.Packets != 5 {
			t.Errorf("%+v, want no loss; a copy counts as received", c)
		}
	})
}

func TestUDPGapIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent time.Time
		sink, _ := playScript(t, UDP, func(l *fakeLink) {
			l.rtp(picture(1, idr))
			l.rtp(picture(3, idr))
			sent = time.Now()
			l.sleep(time.Second)
			l.rtp(picture(2, slice)) // too late
		})
		if got := sink.script(); got != "1K 3K" {
			t.Errorf("units %s", got)
		}
		if len(sink.units) == 2 && !sink.units[1].Received.Equal(sent) {
			t.Errorf("received %v, want %v", sink.units[1].Received, sent)
		}
		if c := sink.total(); c.Lost != 1 {
			t.Errorf("%+v, want 1 lost", c)
		}
	})
}

func TestCameraBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink, _ := playScript(t, TCP, func(l *fakeLink) {
			for _, p := range []*rtp.Packet{picture(1, idr), picture(2, slice), picture(30000, idr), picture(30001, slice)} {
				l.rtp(p)
			}
		})
		if got := sink.script(); got != "1K 2 30000K 30001" {
			t.Errorf("units %s", got)
		}
		if c := sink.total(); c.Lost != 0 {
			t.Errorf("%+v: a new sequence is no loss", c)
		}
	})
}

func TestTrackChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := []byte{0x67, 0x42, 0x00, 0x0b, 0x96, 0x53, 0x05, 0x89, 0x88} // level 1.1
		sink, _ := playScript(t, TCP, func(l *fakeLink) {
			l.rtp(picture(1, idr))
			l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: 2}, Payload: other})
			l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: 2, Marker: true}, Payload: idr})
			l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: 3, Marker: true}, Payload: idr})
		})
		if len(sink.tracks) != 2 || sink.tracks[0].Profile != "Baseline 1.0" || sink.tracks[1].Profile != "Baseline 1.1" {
			t.Errorf("tracks %+v", sink.tracks)
		}
	})
}

func TestSenderReportsGiveCaptureTime(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP} {
		synctest.Test(t, func(t *testing.T) {
			wall := time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC)
			ntp := uint64(wall.Unix()+2208988800)<<32 | 1<<31
			base := uint32(0xfffffff0) // wraps soon
			sink, cam := playScript(t, transport, func(l *fakeLink) {
				send := func(ts uint32, nalu []byte) {
					l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: ts, Marker: true}, Payload: nalu})
				}
				send(base, idr)
				l.sleep(time.Second) // two sockets keep no order
				l.rtcp(&rtcp.SenderReport{SSRC: 0xcafe, NTPTime: ntp, RTPTime: base + 90000})
				l.rtcp(&rtcp.SenderReport{SSRC: 0xbad, NTPTime: 1 << 40})
				l.sleep(time.Second)
				send(base+180000, slice)
				l.rtp(&rtp.Packet{Header: rtp.Header{SequenceNumber: 5, Timestamp: base + 90000, Marker: true}, Payload: slice})
			})
			if len(sink.units) != 3 {
				t.Fatalf("units %s", sink.script())
			}
			if !sink.units[0].Captured.IsZero() {
				t.Error("a capture time before the first sender report")
			}
			for i, want := range map[int]time.Time{1: wall.Add(time.Second), 2: wall} {
				if got := sink.units[i].Captured; !got.Equal(want) {
					t.Errorf("unit %d: captured %v, want %v", i, got, want)
				}
			}
			// A report follows 5 s after PLAY.
			cam.mu.Lock()
			defer cam.mu.Unlock()
			last := cam.reports[len(cam.reports)-1]
			rr, ok := last.packets[0].(*rtcp.ReceiverReport)
			if !ok || len(rr.Reports) != 1 || len(last.packets) != 2 {
				t.Fatalf("report %v", last.packets)
			}
			b := rr.Reports[0]
			// The gap's two packets of five, and 4 s since the sender report.
			if b.SSRC != 0xcafe || b.TotalLost != 2 || b.FractionLost != 2*256/5 || b.LastSequenceNumber != 5 ||
				b.LastSenderReport != uint32(ntp>>16) || b.Delay != 4*65536 {
				t.Errorf("report block %+v", b)
			}
			if sd, ok := last.packets[1].(*rtcp.SourceDescription); !ok || len(sd.Chunks) != 1 || sd.Chunks[0].Source != rr.SSRC {
				t.Errorf("source description %v", last.packets[1])
			}
		})
	}
}

func TestReportsComeEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.playing = sendPictures(time.Second, 1e6)
		src := cam.source()
		src.Transport = TCP
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 21*time.Second)
		defer cancel()
		_ = src.Run(ctx, &fakeSink{})
		if len(cam.reports) != 4 {
			t.Fatalf("%d reports in 21 s, want 4", len(cam.reports))
		}
		for i, r := range cam.reports {
			if got := r.at.Sub(start); got != time.Duration(i+1)*5*time.Second {
				t.Errorf("report %d at %v", i, got)
			}
		}
	})
}

func TestNTPTime(t *testing.T) {
	for ntp, want := range map[uint64]time.Time{
		0:                        {},
		12345:                    {}, // a fraction alone is no time
		2208988800 << 32:         time.Unix(0, 0),
		(2208988800 + 1) << 32:   time.Unix(1, 0),
		2208988800<<32 | 1<<31:   time.Unix(0, 500_000_000),
		0xffffffff<<32 | 0xf<<28: time.Unix(0xffffffff-2208988800, 937_500_000),
		1 << 32:                  time.Unix(1<<32+1-2208988800, 0), // in 2036
	} {
		if got := ntpTime(ntp); !got.Equal(want) {
			t.Errorf("%#x: %v, want %v", ntp, got, want)
		}
	}
}

// watcher notes what is watched.
type watcher struct {
	watched, released int
	streams           map[string]bool
}

func (w *watcher) Watch(c syscall.Conn, stream string) func() {
	w.watched++
	w.streams[stream] = c != nil
	return func() { w.released++ }
}

func TestWatcherSeesTheMediaSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.playing = sendPictures(time.Second, 2)
		w := &watcher{streams: map[string]bool{}}
		src := cam.source()
		src.Watcher, src.Transport = w, UDP
		_ = src.Run(t.Context(), &fakeSink{})
		if w.watched != 1 || w.released != 1 || !w.streams["gate"] {
			t.Errorf("%+v", w)
		}
	})
}
