package rtsp_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/hub"
	"sightline/relay/media"
	wire "sightline/relay/rtsp"
	"sightline/relay/source/rtsp"
)

// pictures makes H.264 of a moving scene, and the hash of each decoded picture.
func pictures(t *testing.T) (units [][][]byte, hashes []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clean.h264")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=14", "-c:v", "libx264", "-preset", "veryfast",
		"-tune", "zerolatency", "-bf", "0", "-g", "12", "-b:v", "700k", "-maxrate", "700k", "-bufsize", "100k", "-x264-params", "aud=1:scenecut=0", file).CombinedOutput(); err != nil {
		t.Fatalf("needs ffmpeg with libx264: %v\n%s", err, out)
	}
	es, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range media.SplitAnnexB(es) {
		if media.NALUType(n) == 9 {
			units = append(units, nil)
			continue
		}
		units[len(units)-1] = append(units[len(units)-1], n)
	}
	return units, decodedHashes(t, es)
}

// decodedHashes decodes a byte stream with FFmpeg: one hash for each picture.
func decodedHashes(t *testing.T, es []byte) []string {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = bytes.NewReader(es)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, complaints.String())
	}
	if complaints.Len() > 0 {
		t.Errorf("the decoder complains:\n%s", complaints.String())
	}
	var hashes []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), ","); len(f) == 6 && !strings.HasPrefix(line, "#") {
			hashes = append(hashes, strings.TrimSpace(f[5]))
		}
	}
	return hashes
}

// lossyCamera is an RTSP server on real sockets that sends pictures once over
// UDP and drops packets on the way. It counts what it sent and dropped.
type lossyCamera struct {
	units         [][][]byte
	drop          func() bool
	sent, dropped int
}

// serve answers one client; it returns when that has gone.
func (c *lossyCamera) serve(t *testing.T, l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	media1, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Error(err)
		return
	}
	defer media1.Close()
	done := make(chan struct{})
	defer close(done)
	var client *net.UDPAddr
	r := wire.NewReader(bufio.NewReader(conn))
	for {
		m, err := r.Next()
		if err != nil {
			return
		}
		req, ok := m.(*wire.Request)
		if !ok {
			continue
		}
		resp := &wire.Response{Status: wire.StatusOK}
		resp.Header.Add("CSeq", req.Header.Get("CSeq"))
		switch req.Method {
		case wire.Describe:
			resp.Header.Add("Content-Type", "application/sdp")
			resp.Body = []byte("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n")
		case wire.Setup:
			ts, err := wire.ParseTransports(req.Header.Get("Transport"))
			if err != nil {
				t.Error(err)
				return
			}
			client = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: ts[0].ClientPort.First}
			port := media1.LocalAddr().(*net.UDPAddr).Port
			resp.Header.Add("Session", "1")
			resp.Header.Add("Transport", fmt.Sprintf("RTP/AVP;unicast;client_port=%s;server_port=%d-%d", ts[0].ClientPort, port, port))
		case wire.Play:
			wg.Go(func() { c.send(media1, client, done) })
		}
		b, err := resp.AppendTo(nil)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := conn.Write(b); err != nil {
			return
		}
	}
}

// send sends the pictures at four times their rate.
func (c *lossyCamera) send(from *net.UDPConn, to *net.UDPAddr, done chan struct{}) {
	seq := uint16(65000)
	for i, nalus := range c.units {
		payloads := media.Packetize(nalus)
		for j, payload := range payloads {
			seq++
			c.sent++
			if c.drop() {
				c.dropped++
				continue
			}
			b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: seq, Timestamp: uint32(i) * 3600, SSRC: 7,
				Marker: j == len(payloads)-1}, Payload: payload}).Marshal()
			if err == nil {
				_, _ = from.WriteToUDP(b, to)
			}
		}
		select {
		case <-done:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// runner is a source as a stream's feed, once.
type runner struct{ src *rtsp.Source }

func (r runner) Run(ctx context.Context, s *hub.Stream) error {
	s.Status(hub.Connecting, time.Time{}, nil)
	return r.src.Run(ctx, s)
}

// With packets lost on a real path, what a viewer decodes has no picture that
// differs from the clean one, and no picture that a decoder complains of.
func TestViewerSeesNoDamage(t *testing.T) {
	units, hashes := pictures(t)
	if len(hashes) != len(units) {
		t.Fatalf("%d pictures of %d units", len(hashes), len(units))
	}
	for name, drop := range map[string]func(*rand.Rand) func() bool{
		"none":        func(*rand.Rand) func() bool { return func() bool { return false } },
		"5 % random":  func(r *rand.Rand) func() bool { return func() bool { return r.Float64() < 0.05 } },
		"30 % random": func(r *rand.Rand) func() bool { return func() bool { return r.Float64() < 0.3 } },
		"5 % in bursts": func(r *rand.Rand) func() bool {
			left := 0
			return func() bool {
				if left == 0 && r.Float64() < 0.005 {
					left = 10
				}
				left = max(0, left-1)
				return left > 0
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			cam := &lossyCamera{units: units, drop: drop(rand.New(rand.NewPCG(1, 2)))}
			served := make(chan struct{})
			go func() { defer close(served); cam.serve(t, l) }()
			s := hub.New(hub.Config{Name: "gate", OnDemand: true, RingAge: time.Minute,
				Feed: runner{&rtsp.Source{URL: "rtsp://" + l.Addr().String() + "/v", Transport: rtsp.UDP, SilenceTimeout: 2 * time.Second}}})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			ran := make(chan struct{})
			go func() { defer close(ran); _ = s.Run(ctx) }()
			var es []byte
			var keys []int
			tap := s.Tap(true)
			var depack media.Depacketizer
			for {
				next, done := context.WithTimeout(ctx, 5*time.Second)
				f, err := tap.Next(next)
				done()
				if err != nil {
					break
				}
				if f.Skipped > 0 {
					t.Errorf("the test's own reader was late by %d pictures", f.Skipped)
				}
				for i, payload := range f.Payloads {
					for _, au := range depack.Push(&rtp.Packet{Header: rtp.Header{Timestamp: f.TS, Marker: i == len(f.Payloads)-1}, Payload: payload}, false, f.Received) {
						for _, n := range au.NALUs {
							es = append(append(es, 0, 0, 0, 1), n...)
						}
					}
				}
				keys = append(keys, int(f.TS))
			}
			info := s.Info()
			tap.Close()
			cancel()
			<-ran
			l.Close()
			<-served
			got := decodedHashes(t, es)
			if len(got) != len(keys) {
				t.Fatalf("%d pictures decoded of %d forwarded", len(got), len(keys))
			}
			// The clean picture of each forwarded one: the first one is known by
			// its hash, the others by their timestamps from there.
			first := -1
			for i, h := range hashes {
				if len(got) > 0 && h == got[0] {
					first = i
					break
				}
			}
			if first < 0 {
				t.Fatal("the first picture is none of the clean ones")
			}
			differ := 0
			for i, h := range got {
				n := first + int(int32(uint32(keys[i])-uint32(keys[0]))+1800)/3600
				if n >= len(hashes) || hashes[n] != h {
					differ++
				}
			}
			t.Logf("%d of %d packets dropped (%.1f %%), %d of %d pictures forwarded, %d differ from the clean ones; stream: lost %d, pictures left out %d, repairs %v",
				cam.dropped, cam.sent, 100*float64(cam.dropped)/float64(cam.sent), len(got), len(units), differ, info.Received.Lost, info.Received.Dropped, info.Repairs.Kinds())
			if differ > 0 {
				t.Errorf("%d pictures differ", differ)
			}
			if cam.dropped == 0 && len(got) != len(units) {
				t.Errorf("%d pictures of %d without loss", len(got), len(units))
			}
			if cam.dropped > 0 && info.Received.Lost == 0 {
				t.Error("no loss is counted")
			}
		})
	}
}
