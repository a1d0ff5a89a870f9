package gb28181

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/media"
	"sightline/relay/mpegps"
	"sightline/relay/source"
)

var (
	errBye     = errors.New("gb28181: the device has hung up")
	errEnded   = errors.New("gb28181: the device says that its media has ended")
	errSilent  = errors.New("gb28181: no more media comes")
	errNothing = errors.New("gb28181: no media has come")
	errTS      = errors.New("gb28181: the device sends an MPEG transport stream")
	errStopped = errors.New("gb28181: the session is over")
)

// codecError says that the device sends a codec that is not shown.
type codecError struct{ codec mpegps.Codec }

func (e codecError) Error() string { return "gb28181: the device sends " + string(e.codec) }

// session is one invitation and the media that comes of it. Packets come from
// the port's or the connection's goroutine, timers from Run's; mu keeps them
// apart.
type session struct {
	name    string // of the stream, for the watcher
	device  peer
	host    netip.Addr
	tcp     bool
	silence time.Duration
	done    chan error // the first reason to end
	hungUp  atomic.Bool
	release func() // of the watcher; the port's lock guards it

	mu      sync.Mutex
	out     source.Sink
	over    bool
	offered uint32 // SSRC
	answer  description
	from    netip.AddrPort
	conn    *net.TCPConn
	last    time.Time // newest packet; zero before the first
	first   bool      // a packet has come

	seq     sequencer
	demux   mpegps.Demuxer
	bare    *media.Depacketizer // H.264 without a program stream
	clock   int64               // RTP timestamp, unwrapped
	clocked bool
	track   bool
	odd     int // packets that are no program stream

	damage  bool                      // no whole key frame has come since a loss
	askKey  func(ctx context.Context) // asks the device for a key frame; nil where it cannot
	asked   time.Time                 // when it was asked last
	askings sync.WaitGroup

	packets, bytes uint64 // since the last report
	reportedLost   uint64
}

func newSession(name string, d peer, tcp bool, silence time.Duration, out source.Sink) *session {
	s := &session{name: name, device: d, tcp: tcp, silence: silence, out: out, done: make(chan error, 1)}
	if a, err := netip.ParseAddr(host(d.addr)); err == nil {
		s.host = a.Unmap()
	}
	s.seq = sequencer{reorder: !tcp, deliver: s.deliver}
	s.demux.OnFrame = s.frame
	return s
}

// end ends the session; the first reason counts.
func (s *session) end(err error) {
	select {
	case s.done <- err:
	default:
	}
}

// stop ends the use of the sink: nothing goes to it afterwards.
func (s *session) stop() {
	s.mu.Lock()
	s.over = true
	conn := s.conn
	s.conn = nil
	s.mu.Unlock()
	if conn != nil {
		_ = conn.CloseRead() // its reader closes it, when the watcher has let go
	}
}

// knows says whether media of that SSRC and from there is this session's.
func (s *session) knows(ssrc uint32, from netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ssrc == s.offered || ssrc == s.answer.ssrc && ssrc != 0 || s.first && s.from == from && s.seq.ssrc == ssrc
}

// waitsFor says whether the session has no media yet and its device is there.
func (s *session) waitsFor(a netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.first && a == s.host
}

// welcome says whether media from there may be this session's: of the device's
// host, or of an SSRC that only it knows. The lock is held.
func (s *session) welcome(ssrc uint32, from netip.Addr) bool {
	return from == s.host || ssrc == s.offered || s.answer.ssrc != 0 && ssrc == s.answer.ssrc
}

// switchAfter is how long one sender has to be silent for another to take over.
const switchAfter = 2 * time.Second

// sender is the SSRC that the session's media has, as far as is known.
func (s *session) sender() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seq.started {
		return s.seq.ssrc
	}
	if s.answer.ssrc != 0 {
		return s.answer.ssrc
	}
	return s.offered
}

func (s *session) unwatch() {
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

// datagram takes a packet that came over UDP; it reports whether the session's
// SSRC is a new one.
func (s *session) datagram(p packet, from netip.AddrPort, size int) (found bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.tcp {
		return false
	}
	if from != s.from {
		if !s.welcome(p.ssrc, from.Addr()) || s.first && now.Sub(s.last) < switchAfter && p.ssrc != s.seq.ssrc {
			return false
		}
		s.from = from
	}
	known, was := s.seq.started, s.seq.ssrc
	s.packet(p, size, now)
	return !known || s.seq.ssrc != was
}

// attach makes a connection the session's; one that delivers stays.
func (s *session) attach(conn *net.TCPConn) bool {
	from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || !s.tcp || s.conn != nil && time.Since(s.last) < switchAfter || from.Addr().Unmap() != s.host {
		return false
	}
	if s.conn != nil {
		_ = s.conn.CloseRead()
	}
	s.conn = conn
	s.from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if s.first {
		s.seq = sequencer{deliver: s.deliver}
		s.demux.Lost()
	}
	return true
}

func (s *session) detach(conn *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == conn {
		s.conn = nil
	}
}

// stream takes a packet that came over TCP; it reports false when the
// connection is not wanted any more.
func (s *session) stream(conn *net.TCPConn, p packet, size int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.conn != conn {
		return false
	}
	s.packet(p, size, time.Now())
	return true
}

func (s *session) packet(p packet, size int, now time.Time) {
	s.last, s.first = now, true
	s.packets++
	s.bytes += uint64(size)
	s.seq.push(p, now)
}

// tick does what time demands; it is called several times a second.
func (s *session) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq.flush(now)
}

// report tells the sink what came since the last report.
func (s *session) report() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.out.Count(media.Counts{Packets: s.packets, Bytes: s.bytes, Lost: s.seq.lost - s.reportedLost})
	s.packets, s.bytes, s.reportedLost = 0, 0, s.seq.lost
}

// heard is when the newest packet came, zero before the first.
func (s *session) heard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// deliver takes packets in order.
func (s *session) deliver(p packet, lost int) {
	if s.over || len(p.payload) == 0 {
		return
	}
	if lost != 0 {
		s.demux.Lost()
	}
	if !s.clocked {
		s.clock, s.clocked = int64(p.timestamp), true
	}
	s.clock += int64(int32(p.timestamp - uint32(s.clock)))
	if s.bare != nil {
		s.bareH264(p, lost)
		return
	}
	if s.demux.Packs == 0 && s.strange(p, lost) {
		return
	}
	s.demux.Write(p.payload)
	if p.marker {
		s.demux.Marker()
	}
}

// strange looks at packets before the first pack: what comes may be no program
// stream.
func (s *session) strange(p packet, lost int) bool {
	b := p.payload
	switch {
	case len(b) >= 188 && len(b)%188 == 0 && b[0] == 0x47 && (len(b) == 188 || b[188] == 0x47):
		if s.odd++; s.odd > 3 {
			s.end(errTS)
		}
		return true
	case (p.kind == 98 || s.answer.codecs[p.kind] == "H264") && !bytes.Contains(b, packCode) && len(b) > 1 && b[0]&0x80 == 0 && b[0]&0x1f != 0:
		// H.264 in RTP as RFC 6184 has it.
		if s.odd++; s.odd > 8 {
			s.bare = &media.Depacketizer{}
			s.bareH264(p, lost)
		}
		return true
	}
	return false
}

var packCode = []byte{0, 0, 1, 0xba}

func (s *session) bareH264(p packet, lost int) {
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: p.marker, PayloadType: p.kind, SequenceNumber: p.sequence,
		Timestamp: p.timestamp, SSRC: p.ssrc}, Payload: bytes.Clone(p.payload)}
	for _, au := range s.bare.Push(packet, lost != 0, time.Now()) {
		s.damage = au.Damaged
		s.announce()
		s.out.AccessUnit(au)
	}
}

func (s *session) announce() {
	if s.track {
		return
	}
	s.track = true
	transport := "udp"
	if s.tcp {
		transport = "tcp"
	}
	s.out.Track(media.Track{Codec: media.H264, Transport: transport})
}

// frame takes what the program stream carries.
func (s *session) frame(f *mpegps.Frame) {
	if s.over {
		return
	}
	if f.Stream < 0xe0 {
		return // sound is not relayed yet
	}
	switch f.Codec {
	case mpegps.H264:
	case mpegps.Unknown:
		return // until a key frame tells
	default:
		s.end(codecError{f.Codec})
		return
	}
	nalus := media.SplitAnnexB(bytes.Clone(f.Data))
	if len(nalus) == 0 {
		return
	}
	pts := f.PTS
	if !f.HasPTS {
		pts = s.clock
	}
	key := media.IsKey(nalus)
	damaged := f.Damaged && !(key && beginsPicture(nalus))
	s.damage = damaged || s.damage && !key
	s.announce()
	s.out.AccessUnit(media.AccessUnit{PTS: pts, Key: key, Damaged: damaged, NALUs: nalus, Received: time.Now()})
}

// askAgain is the least time between two requests for a key frame.
const askAgain = time.Second

// askKeyFrame asks the device for a key frame while pictures are damaged. The
// question is asked beside the media, since its answer may take long.
func (s *session) askKeyFrame(ctx context.Context, now time.Time) {
	s.mu.Lock()
	due := s.damage && !s.over && s.askKey != nil && now.Sub(s.asked) >= askAgain
	if due {
		s.asked = now
	}
	s.mu.Unlock()
	if due {
		s.askings.Go(func() { s.askKey(ctx) })
	}
}

// beginsPicture says whether the first slice is a picture's first
// (first_mb_in_slice is 0): then nothing of the picture is missing, since what
// follows is whole.
func beginsPicture(nalus [][]byte) bool {
	for _, n := range nalus {
		if t := media.NALUType(n); t >= 1 && t <= 5 {
			return len(n) > 1 && n[1]&0x80 != 0
		}
	}
	return false
}
