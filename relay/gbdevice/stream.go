package gbdevice

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"sightline/relay/media"
	"sightline/relay/mpegps"
)

// session is one invitation that the device has taken.
type session struct {
	d       *Device
	id      string // Call-ID
	channel string
	addr    string // of the platform's media port
	tcp     bool
	listen  net.Listener // where the platform connects to
	ssrc    uint32
	start   chan struct{}
	once    sync.Once
	cancel  context.CancelFunc
}

func (s *session) acked() { s.once.Do(func() { close(s.start) }) }

// invite answers an invitation and streams after its ACK.
func (d *Device) invite(ctx context.Context, m *message) {
	id := m.header("Call-ID")
	d.mu.Lock()
	_, again := d.sessions[id]
	d.mu.Unlock()
	if again {
		return
	}
	channel := strings.TrimPrefix(m.uri, "sip:")
	channel, _, _ = strings.Cut(channel, "@")
	known := channel == d.cfg.ID
	for _, c := range d.cfg.Channels {
		known = known || c.ID == channel
	}
	if !known || d.cfg.Media == nil {
		d.respond(m, 404, "Not Found", "")
		return
	}
	s := &session{d: d, id: id, channel: channel, start: make(chan struct{})}
	host, setup := "", ""
	for line := range strings.SplitSeq(string(m.body), "\r\n") {
		key, value, _ := strings.Cut(line, "=")
		f := strings.Fields(value)
		switch {
		case key == "c" && len(f) == 3:
			host = f[2]
		case key == "m" && len(f) > 2:
			s.addr = net.JoinHostPort(host, f[1])
			s.tcp = strings.HasPrefix(f[2], "TCP")
		case key == "a" && strings.HasPrefix(value, "setup:"):
			setup = strings.TrimPrefix(value, "setup:")
		case key == "y":
			n, _ := strconv.ParseUint(value, 10, 32)
			s.ssrc = uint32(n)
		}
	}
	port := 0
	if s.tcp && setup == "active" {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			d.respond(m, 486, "Busy Here", "")
			return
		}
		s.listen = l
		port = l.Addr().(*net.TCPAddr).Port
	}
	d.respond(m, 100, "Trying", "")
	d.answer(m, s, host, port)
	ctx, s.cancel = context.WithCancel(ctx)
	d.mu.Lock()
	d.sessions[id] = s
	d.mu.Unlock()
	d.Invites.Add(1)
	d.work.Go(func() {
		defer func() {
			s.cancel()
			d.mu.Lock()
			delete(d.sessions, id)
			d.mu.Unlock()
		}()
		select {
		case <-s.start:
		case <-ctx.Done():
			return
		}
		if err := s.stream(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("stream ended", "channel", s.channel, "err", err)
		}
	})
}

// answer sends the 200.
func (d *Device) answer(m *message, s *session, host string, port int) {
	if port == 0 {
		port = 15060
	}
	if d.has(AnswerPortZero) {
		port = 0
	}
	proto, setup, y := "RTP/AVP", "", s.ssrc
	if s.tcp {
		proto, setup = "TCP/RTP/AVP", "a=setup:active\r\na=connection:new\r\n"
		if s.listen != nil {
			setup = "a=setup:passive\r\na=connection:new\r\n"
		}
	}
	switch {
	case d.has(OtherSSRC):
		s.ssrc = s.ssrc + 77777
	case d.has(AnswerOtherSSRC):
		s.ssrc = s.ssrc + 77777
		y = s.ssrc
	case d.has(ZeroSSRC):
		s.ssrc, y = 0, 0
	}
	format := "PS"
	if d.has(Bare) && s.tcp {
		format = "H264"
	}
	sdp := fmt.Sprintf("v=0\r\no=%s 0 0 IN IP4 %s\r\ns=Play\r\nc=IN IP4 %s\r\nt=0 0\r\nm=video %d %s 96\r\na=sendonly\r\na=rtpmap:96 %s/90000\r\n%sy=%010d\r\n",
		s.channel, host, host, port, proto, format, setup, y)
	if d.has(AnswerCRCRLF) {
		sdp = strings.ReplaceAll(sdp, "\r\n", "\r\r\n")
	}
	extra := []string{fmt.Sprintf("Contact: <sip:%s@%s>", s.channel, d.line.conn().LocalAddr()), "Content-Type: application/sdp"}
	if d.has(AnswerNoContact) {
		extra = extra[1:]
	}
	if d.has(AnswerNoSDP) {
		sdp, extra = "", extra[:len(extra)-1]
	}
	d.respond(m, 200, "OK", sdp, extra...)
}

// stream sends the channel's pictures until ctx ends.
func (s *session) stream(ctx context.Context) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if s.d.has(Silent) {
		<-ctx.Done()
		return nil
	}
	if s.tcp && s.d.has(SecondConn) && s.listen == nil {
		if second, err := net.Dial("tcp", s.addr); err == nil {
			_, _ = second.Write(bytes.Repeat([]byte("garbage "), 100))
			defer second.Close()
		}
	}
	p := &packetizer{d: s.d, conn: conn, tcp: s.tcp, ssrc: s.ssrc, sequence: uint16(rand.Uint32())}
	if s.d.has(SequenceWrap) {
		p.sequence = 65500
	}
	if s.tcp && s.d.has(EHome) {
		_, _ = conn.Write(append([]byte{1, 0, 2}, make([]byte, 253)...))
	}
	w := &writer{s: s, p: p, mux: s.d.muxer(), began: !s.d.has(MidPackStart)}
	ending, end := context.WithCancel(ctx)
	defer end()
	err = s.d.cfg.Media(ending, s.channel, func(au media.AccessUnit) {
		if s.d.has(MediaStatus) && w.pictures == changeAfter {
			end()
			return
		}
		w.picture(au)
	})
	if s.d.has(MediaStatus) && w.pictures == changeAfter && ctx.Err() == nil {
		s.d.mediaStatus(ctx, s.id)
	}
	if p.err != nil {
		return p.err
	}
	return err
}

// changeAfter is how many pictures come before what some quirks change.
const changeAfter = 100

// writer makes packets of pictures.
type writer struct {
	s        *session
	p        *packetizer
	mux      *mpegps.Muxer
	buf      []byte
	began    bool
	pictures int
}

// wrapAt makes presentation times begin a third of a second before they wrap.
const wrapAt = 1<<33 - 30000

func (w *writer) picture(au media.AccessUnit) {
	d := w.s.d
	w.pictures++
	if d.has(PTSWrap) {
		au.PTS += wrapAt
	}
	if d.has(LargeIDR) && w.pictures == 1 {
		filler := bytes.Repeat([]byte{0xff}, 5<<20)
		filler[0] = 12 // filler data
		au.NALUs = append([][]byte{filler}, au.NALUs...)
	}
	if d.has(PSCodecChange) && w.pictures > changeAfter {
		w.mux.Codec, au.Key = mpegps.H265, true
		au.NALUs = [][]byte{{0x40, 1, 0xc, 1, 0xff, 0xff}} // a video parameter set
	}
	var es []byte
	for _, n := range au.NALUs {
		es = append(append(es, 0, 0, 0, 1), n...)
	}
	w.buf = w.mux.Picture(w.buf[:0], es, au.PTS&(1<<33-1), au.Key)
	ps := w.buf
	if !w.began {
		ps, w.began = ps[min(len(ps), 300):], true
	}
	switch {
	case d.has(Bare):
		w.p.bare(au)
	case d.has(TransportTS):
		w.p.transport(au)
	default:
		w.p.kind = 96
		w.p.picture(ps, uint32(au.PTS))
	}
}

// connect opens the way for media: over TCP the device dials, three times at
// most, or waits for the platform.
func (s *session) connect(ctx context.Context) (net.Conn, error) {
	if !s.tcp {
		return net.Dial("udp", s.addr)
	}
	if s.listen != nil {
		stop := context.AfterFunc(ctx, func() { _ = s.listen.Close() })
		defer stop()
		defer s.listen.Close()
		return s.listen.Accept()
	}
	var conn net.Conn
	var err error
	for range 3 {
		if conn, err = new(net.Dialer).DialContext(ctx, "tcp", s.addr); err == nil {
			return conn, nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, err
}

// payloadSize is how much of the program stream goes into one packet.
const payloadSize = 1400

// packetizer sends RTP.
type packetizer struct {
	d        *Device
	conn     net.Conn
	tcp      bool
	ssrc     uint32
	sequence uint16
	kind     byte
	sent     int
	later    []byte
	out      []byte // of the picture, over TCP
	err      error
}

func (p *packetizer) picture(ps []byte, ts uint32) {
	for len(ps) > 0 {
		n := min(len(ps), payloadSize)
		if p.d.has(PSSplitCodes) && n > 4 {
			if i := bytes.Index(ps[3:n], []byte{0, 0, 1}); i >= 0 {
				n = 3 + i + 2
			}
		}
		if !p.tcp && p.d.has(LargeIDR) && p.sent%100 == 99 {
			time.Sleep(5 * time.Millisecond) // more at once than any receive buffer holds
		}
		last := n == len(ps)
		marker := last && !p.d.has(MarkerNever) || p.d.has(MarkerAlways)
		p.send(ps[:n], ts, marker)
		ps = ps[n:]
	}
	p.flush()
}

// transport sends transport stream packets under their own payload type.
func (p *packetizer) transport(au media.AccessUnit) {
	p.kind = 33
	for range 8 {
		packet := make([]byte, 188*7)
		for i := 0; i < len(packet); i += 188 {
			packet[i] = 0x47
		}
		p.send(packet, uint32(au.PTS), false)
	}
	p.flush()
}

// bare sends H.264 by RFC 6184.
func (p *packetizer) bare(au media.AccessUnit) {
	if p.kind = 98; p.tcp {
		p.kind = 96 // as the answer says
	}
	payloads := media.Packetize(au.NALUs)
	for i, b := range payloads {
		p.send(b, uint32(au.PTS), i == len(payloads)-1)
	}
	p.flush()
}

func (p *packetizer) send(payload []byte, ts uint32, marker bool) {
	if p.err != nil {
		return
	}
	p.sent++
	if p.d.has(SSRCChange) && p.sent == 200 {
		p.ssrc += 1000
		p.sequence += 12345
	}
	p.sequence++
	head := []byte{0x80, p.kind & 0x7f}
	if marker {
		head[1] |= 0x80
	}
	head = binary.BigEndian.AppendUint16(head, p.sequence)
	head = binary.BigEndian.AppendUint32(head, ts)
	head = binary.BigEndian.AppendUint32(head, p.ssrc)
	packet := append(head, payload...)
	if p.d.has(BadPadding) && p.sent%50 == 0 {
		bad := bytes.Clone(packet[:min(len(packet), 40)])
		bad[0] |= 0x20
		bad[len(bad)-1] = 255
		p.write(bad)
	}
	if p.tcp {
		if p.d.has(EmptyFrames) && p.sent%20 == 0 {
			p.out = append(p.out, 0, 0, 0, 4, 1, 2, 3, 4)
		}
		p.write(packet)
		return
	}
	if p.d.cfg.Loss > 0 && rand.Float64() < p.d.cfg.Loss {
		return
	}
	if p.d.has(Reordered) && p.sent%10 == 0 {
		p.later = packet
		return
	}
	p.write(packet)
	if p.later != nil {
		p.write(p.later)
		p.later = nil
	}
}

// write sends a packet; over TCP it is framed, and leaves with its picture.
func (p *packetizer) write(packet []byte) {
	if !p.tcp {
		_, _ = p.conn.Write(packet) // a platform that does not listen is no reason to stop
		return
	}
	if p.d.has(Dollar) {
		p.out = append(p.out, '$', 0)
	}
	p.out = append(binary.BigEndian.AppendUint16(p.out, uint16(len(packet))), packet...)
}

// flush sends what a picture has become over TCP.
func (p *packetizer) flush() {
	if len(p.out) == 0 {
		return
	}
	if _, err := p.conn.Write(p.out); err != nil && p.err == nil {
		p.err = err
	}
	p.out = p.out[:0]
}
