package rtsp

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sightline/relay/health"
	"sightline/relay/media"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// fakeCamera is a scripted RTSP server on pipes, for tests inside a synctest
// bubble: time passes at once, and every goroutine must end.
type fakeCamera struct {
	t *testing.T
	// reply may change the usual reply to a request, or drop it (nil); n
	// counts the requests of the method from 1.
	reply func(n int, req *wire.Request, usual *wire.Response) *wire.Response
	// playing runs after the reply to PLAY, in a goroutine that must end when
	// the link is closed.
	playing func(l *fakeLink)
	// before runs ahead of the reply to a request.
	before func(l *fakeLink, req *wire.Request)
	// greeting is sent on connect.
	greeting string
	// hangUp closes the connection before anything is read.
	hangUp bool

	// sdp replaces the usual description.
	sdp string
	// crless makes it end lines with a bare line feed.
	crless bool

	mu       sync.Mutex
	punched  []string // addresses that the client's RTP sockets sent to
	requests []fakeRequest
	reports  []fakeReport
	counts   map[string]int
	sockets  map[int]*fakeSocket
	nextPort int
}

type fakeRequest struct {
	at  time.Time
	req *wire.Request
}

type fakeReport struct {
	at      time.Time
	packets []rtcp.Packet
}

// fakeLink is one client's connection, and its sockets if it chose UDP.
type fakeLink struct {
	cam    *fakeCamera
	conn   net.Conn
	closed chan struct{}
	mu     sync.Mutex
	tracks []wire.Range // the client's ports by track; zero over TCP
	seq    uint16
}

func newCamera(t *testing.T) *fakeCamera {
	return &fakeCamera{t: t, counts: map[string]int{}, sockets: map[int]*fakeSocket{}, nextPort: 40001}
}

func (c *fakeCamera) source() *Source {
	return &Source{Stream: "gate", URL: "rtsp://cam.example/live", DialContext: c.dial, ListenPacket: c.listen}
}

func (c *fakeCamera) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go c.serve(server)
	return client, nil
}

func (c *fakeCamera) serve(conn net.Conn) {
	l := &fakeLink{cam: c, conn: conn, closed: make(chan struct{})}
	var playing sync.WaitGroup
	defer playing.Wait()
	defer close(l.closed)
	defer conn.Close()
	if c.hangUp {
		return
	}
	if c.greeting != "" {
		if _, err := conn.Write([]byte(c.greeting)); err != nil {
			return
		}
	}
	r := wire.NewReader(conn)
	for {
		m, err := r.Next()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *wire.Frame:
			c.report(m.Payload)
		case *wire.Request:
			c.mu.Lock()
			c.requests = append(c.requests, fakeRequest{time.Now(), m})
			c.counts[m.Method]++
			n := c.counts[m.Method]
			c.mu.Unlock()
			resp := l.usual(m)
			if c.reply != nil {
				resp = c.reply(n, m, resp)
			}
			if resp == nil {
				continue
			}
			if c.before != nil {
				c.before(l, m)
			}
			if resp.Header.Get("CSeq") == "" {
				resp.Header.Add("CSeq", m.Header.Get("CSeq"))
			}
			l.write(resp)
			if m.Method == wire.Play && resp.Status == wire.StatusOK && c.playing != nil {
				playing.Go(func() { c.playing(l) })
			}
		}
	}
}

// usual is the reply of a camera in order.
func (l *fakeLink) usual(m *wire.Request) *wire.Response {
	r := &wire.Response{Status: wire.StatusOK}
	switch m.Method {
	case wire.Options:
		r.Header.Add("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
	case wire.Describe:
		r.Header.Add("Content-Base", m.URL+"/")
		r.Body = []byte(sdpHead + sdpVideo)
		if l.cam.sdp != "" {
			r.Body = []byte(l.cam.sdp)
		}
	case wire.Setup:
		ts, err := wire.ParseTransports(m.Header.Get("Transport"))
		if err != nil {
			l.cam.t.Errorf("SETUP with transport %q: %v", m.Header.Get("Transport"), err)
			return nil
		}
		t := ts[0]
		if m.Header.Get("Session") == "" {
			l.tracks = nil
		}
		l.tracks = append(l.tracks, t.ClientPort)
		if !t.TCP {
			t.Source, t.ServerPort = "10.0.0.9", wire.Range{First: 6000, Last: 6001}
		}
		r.Header.Add("Transport", t.String())
		r.Header.Add("Session", wire.Session{ID: "S1", Timeout: 20 * time.Second}.String())
	}
	return r
}

func (l *fakeLink) write(m wire.Message) bool {
	b, err := m.AppendTo(nil)
	if err != nil {
		l.cam.t.Errorf("fake camera: %v", err)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, frame := m.(*wire.Frame); l.cam.crless && !frame {
		head, body, _ := strings.Cut(string(b), "\r\n\r\n")
		b = []byte(strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + body)
	}
	_, err = l.conn.Write(b)
	return err == nil
}

// sleep waits, and says whether the link is still open.
func (l *fakeLink) sleep(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-l.closed:
		return false
	}
}

// rtp sends a packet the way the client chose, with the next number unless the
// packet has one.
func (l *fakeLink) rtp(p *rtp.Packet) bool {
	p.Version, p.PayloadType, p.SSRC = 2, 96, 0xcafe
	if p.SequenceNumber == 0 {
		l.seq++
		p.SequenceNumber = l.seq
	}
	l.seq = p.SequenceNumber
	b, err := p.Marshal()
	if err != nil {
		l.cam.t.Error(err)
		return false
	}
	return l.send(b, 0, "10.0.0.9:6000")
}

// send sends a datagram or frame of the RTP (0) or RTCP (1) channel of the
// video, or those of the next tracks (2, 3 and so on).
func (l *fakeLink) send(b []byte, ch int, from string) bool {
	if l.tracks[ch/2].IsZero() {
		return l.write(&wire.Frame{Channel: uint8(ch), Payload: b})
	}
	l.cam.mu.Lock()
	s := l.cam.sockets[l.tracks[ch/2].First+ch%2]
	l.cam.mu.Unlock()
	if s == nil {
		return false
	}
	addr, _ := net.ResolveUDPAddr("udp", from)
	return s.put(datagram{b, addr})
}

func (l *fakeLink) rtcp(packets ...rtcp.Packet) bool {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		l.cam.t.Error(err)
		return false
	}
	return l.send(b, 1, "10.0.0.9:6001")
}

// sendPictures sends a picture every interval, a key frame first, until the link is
// closed or n are sent.
func sendPictures(interval time.Duration, n int) func(*fakeLink) {
	return func(l *fakeLink) {
		for i := range n {
			nalu := []byte{0x41, 0x9a, 1}
			if i%10 == 0 {
				nalu = []byte{0x65, 0x88, 1}
			}
			if !l.rtp(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i) * 3600, Marker: true}, Payload: nalu}) || !l.sleep(interval) {
				return
			}
		}
	}
}

func (c *fakeCamera) report(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		c.t.Errorf("the client's RTCP: %v", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports = append(c.reports, fakeReport{time.Now(), packets})
}

// sent lists the requests of a method, all with "".
func (c *fakeCamera) sent(method string) []fakeRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []fakeRequest
	for _, r := range c.requests {
		if method == "" || r.req.Method == method {
			out = append(out, r)
		}
	}
	return out
}

// fakeSocket is a UDP socket of the client.
type fakeSocket struct {
	cam    *fakeCamera
	addr   *net.UDPAddr
	in     chan datagram
	closed chan struct{}
	once   sync.Once
}

type datagram struct {
	data []byte
	from net.Addr
}

func (c *fakeCamera) listen(_, address string) (net.PacketConn, error) {
	addr, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if addr.Port == 0 { // the first is odd, then its mate is even
		addr.Port = c.nextPort
		c.nextPort += 2
	}
	if c.sockets[addr.Port] != nil {
		return nil, syscall.EADDRINUSE
	}
	s := &fakeSocket{cam: c, addr: addr, in: make(chan datagram, 64), closed: make(chan struct{})}
	c.sockets[addr.Port] = s
	return s, nil
}

func (s *fakeSocket) put(d datagram) bool {
	select {
	case s.in <- d:
		return true
	case <-s.closed:
		return false
	}
}

func (s *fakeSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-s.in:
		return copy(b, d.data), d.from, nil
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
}

func (s *fakeSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	if to.String() == "10.0.0.9:6001" {
		s.cam.report(b)
	} else if s.addr.Port%2 == 0 {
		s.cam.mu.Lock()
		s.cam.punched = append(s.cam.punched, to.String())
		s.cam.mu.Unlock()
	}
	return len(b), nil
}

func (s *fakeSocket) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.cam.mu.Lock()
		delete(s.cam.sockets, s.addr.Port)
		s.cam.mu.Unlock()
	})
	return nil
}

func (s *fakeSocket) LocalAddr() net.Addr              { return s.addr }
func (s *fakeSocket) SetDeadline(time.Time) error      { return nil }
func (s *fakeSocket) SetReadDeadline(time.Time) error  { return nil }
func (s *fakeSocket) SetWriteDeadline(time.Time) error { return nil }

// SyscallConn makes it watchable; nothing uses the descriptor.
func (s *fakeSocket) SyscallConn() (syscall.RawConn, error) { return nil, syscall.ENOTSUP }

// fakeSink keeps what a run gives out.
type fakeSink struct {
	tracks  []media.Track
	units   []media.AccessUnit
	counts  []media.Counts
	notices []health.Condition
	onUnit  func(media.AccessUnit)
}

func (s *fakeSink) Track(t media.Track) { s.tracks = append(s.tracks, t) }
func (s *fakeSink) AccessUnit(au media.AccessUnit) {
	s.units = append(s.units, au)
	if s.onUnit != nil {
		s.onUnit(au)
	}
}
func (s *fakeSink) Count(c media.Counts)      { s.counts = append(s.counts, c) }
func (s *fakeSink) Notice(c health.Condition) { s.notices = append(s.notices, c) }

func (s *fakeSink) total() (c media.Counts) {
	for _, x := range s.counts {
		c.Packets += x.Packets
		c.Bytes += x.Bytes
		c.Lost += x.Lost
	}
	return c
}

// richSink takes sound and metadata too.
type richSink struct {
	fakeSink
	sound     []media.AudioTrack
	audio     []media.AudioUnit
	documents []media.Metadata
}

func (s *richSink) AudioTrack(t media.AudioTrack) { s.sound = append(s.sound, t) }
func (s *richSink) AudioUnit(u media.AudioUnit)   { s.audio = append(s.audio, u) }
func (s *richSink) Metadata(m media.Metadata)     { s.documents = append(s.documents, m) }

// script is PTS, K for key and D for damaged of each unit.
func (s *fakeSink) script() string {
	var out []string
	for _, au := range s.units {
		f := fmt.Sprint(au.PTS)
		if au.Key {
			f += "K"
		}
		if au.Damaged {
			f += "D"
		}
		out = append(out, f)
	}
	return strings.Join(out, " ")
}

// wantFailure checks a run's error.
func wantFailure(t *testing.T, err error, class source.Class, code health.Code, words ...string) {
	t.Helper()
	f := source.Sorted(err)
	if err == nil || f.Class != class || f.Condition.Code != code {
		t.Errorf("got %v (class %v, %s), want class %v, %s", err, f.Class, f.Condition.Code, class, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(f.Condition.Text, w) {
			t.Errorf("%q does not say %q", f.Condition.Text, w)
		}
	}
	for _, s := range []string{err.Error(), f.Condition.Text, f.Condition.Fix} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("the password is in %q", s)
		}
	}
}

// methods lists the requests in short.
func (c *fakeCamera) methods() string {
	var out []string
	for _, r := range c.sent("") {
		out = append(out, r.req.Method)
	}
	return strings.Join(out, " ")
}
