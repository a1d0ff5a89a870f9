package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// event is what a session's readers bring to the goroutine that runs it.
type event struct {
	at      time.Time
	message wire.Message // from the connection
	udp     channel      // or a datagram
	stream  int          // of this stream
	data    []byte
	from    net.Addr
	err     error // or the end of the connection
}

// channel tells RTP from RTCP.
type channel int

const (
	none channel = iota
	rtpChannel
	rtcpChannel
)

// session is one connection to a camera. Run's goroutine owns all of it; the
// readers only send events.
type session struct {
	cfg  *settings
	out  source.Sink
	conn net.Conn
	raw  net.Conn // the socket below TLS

	events  chan event
	done    chan struct{}
	readers sync.WaitGroup
	release []func()

	auth      wire.Authenticator
	cseq      int
	replies   int // how many have come
	lastDoing string
	id        string // session identifier
	timeout   time.Duration
	control   string // URI of PLAY and TEARDOWN
	alive     string // method of keepalives
	pending   map[int]pendingRequest
	gone      bool          // the connection has failed
	patience  time.Duration // for writes

	desc    *description
	overUDP bool
	streams []*stream // the video first

	receiver
}

// video is the stream of pictures.
func (s *session) video() *stream { return s.streams[0] }

// pendingRequest is a keepalive whose reply has not come.
type pendingRequest struct{ auth string }

// attempt plays the camera once, over TCP or UDP, until ctx ends or it fails.
// All goroutines have ended when it returns.
func (c *settings) attempt(ctx context.Context, out source.Sink, useTCP bool) error {
	conn, raw, err := c.connect(ctx)
	if err != nil {
		return err
	}
	s := &session{
		cfg: c, out: out, conn: conn, raw: raw,
		events: make(chan event, 256), done: make(chan struct{}),
		auth:    wire.Authenticator{User: c.user, Password: c.password},
		pending: map[int]pendingRequest{},
		alive:   wire.Options,
		timeout: wire.DefaultSessionTimeout, patience: c.reply,
	}
	if useTCP {
		s.watch(raw)
	}
	s.readers.Add(1)
	go s.read()
	err = s.run(ctx, useTCP)
	if s.counts != (media.Counts{}) {
		s.count()
	}
	s.teardown(ctx, ctx.Err() != nil || errors.Is(err, errUDPSilent))
	s.close()
	return err
}

// connect opens the connection; raw is the socket below TLS.
func (c *settings) connect(ctx context.Context) (conn, raw net.Conn, err error) {
	dctx, cancel := context.WithTimeout(ctx, c.dialTimeout)
	defer cancel()
	raw, err = c.dial(dctx, "tcp", c.url.Address())
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, c.dialFailure(err)
	}
	if c.url.Scheme != "rtsps" {
		return raw, raw, nil
	}
	conf := &tls.Config{}
	if c.tls != nil {
		conf = c.tls.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = c.url.Hostname()
	}
	t := tls.Client(raw, conf)
	if err := t.HandshakeContext(dctx); err != nil {
		_ = raw.Close()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, c.tlsFailure(err)
	}
	return t, raw, nil
}

// watch shows a media socket to the watcher.
func (s *session) watch(socket any) {
	if s.cfg.watcher == nil {
		return
	}
	if c, ok := socket.(syscall.Conn); ok {
		s.release = append(s.release, s.cfg.watcher.Watch(c, s.cfg.stream))
	}
}

func (s *session) unwatch() {
	for _, f := range s.release {
		f()
	}
	s.release = nil
}

// close ends the readers and waits for them.
func (s *session) close() {
	close(s.done)
	s.unwatch()
	_ = s.conn.Close()
	for _, st := range s.streams {
		if st.udp != nil {
			st.udp.close()
		}
	}
	s.readers.Wait()
}

// read brings what the connection carries to the session.
func (s *session) read() {
	defer s.readers.Done()
	r := wire.NewReader(s.conn)
	for {
		m, err := r.Next()
		if !s.bring(event{at: time.Now(), message: m, err: err}) || err != nil {
			return
		}
	}
}

func (s *session) bring(e event) bool {
	select {
	case s.events <- e:
		return true
	case <-s.done:
		return false
	}
}

// run makes the session and plays it.
func (s *session) run(ctx context.Context, useTCP bool) error {
	target := s.cfg.url.String()
	reply, err := s.do(ctx, wire.Options, target)
	if err != nil {
		return err
	}
	if reply.Status == wire.StatusUnauthorized {
		return s.refusal(wire.Options, reply)
	}
	if slices.Contains(reply.Header.Methods("Public"), wire.GetParameter) {
		s.alive = wire.GetParameter
	}
	reply, err = s.do(ctx, wire.Describe, target, wire.Field{Name: "Accept", Value: "application/sdp"})
	if err != nil {
		return err
	}
	if err := s.redirect(reply); err != nil {
		return err
	}
	if reply.Status != wire.StatusOK {
		return s.refusal(wire.Describe, reply)
	}
	if s.desc, err = parseDescription(reply.Body, s.cfg.codecs...); err != nil {
		return err
	}
	s.prepare(s.desc, useTCP)
	base := reply.Header.Get("Content-Base")
	if base == "" {
		base = reply.Header.Get("Content-Location")
	}
	if err := s.setup(ctx, base, useTCP); err != nil {
		return err
	}
	return s.play(ctx)
}

// send writes a request and returns its number and Authorization.
func (s *session) send(method, uri string, fields ...wire.Field) (cseq int, auth string, err error) {
	s.cseq++
	req := wire.Request{Method: method, URL: uri}
	req.Header.Add("CSeq", strconv.Itoa(s.cseq))
	req.Header.Add("User-Agent", s.cfg.agent)
	if s.id != "" {
		req.Header.Add("Session", s.id)
	}
	if auth = s.auth.Authorization(method, uri, nil); auth != "" {
		req.Header.Add("Authorization", auth)
	}
	req.Header = append(req.Header, fields...)
	return s.cseq, auth, s.write(&req, method)
}

// write sends a message; doing names it in the failure.
func (s *session) write(m wire.Message, doing string) error {
	b, err := m.AppendTo(nil)
	if err != nil {
		return failure(source.Retry, health.SourceProtocol, err, "the camera's addresses cannot be used: %v", err)
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.patience))
	if _, err := s.conn.Write(b); err != nil {
		s.gone = true
		return s.connectionFailure(err, doing)
	}
	return nil
}

// do sends a request, signs in if asked to, and returns the reply, also one
// that refuses. Media that arrives meanwhile is taken.
func (s *session) do(ctx context.Context, method, uri string, fields ...wire.Field) (*wire.Response, error) {
	for try := 0; ; try++ {
		cseq, auth, err := s.send(method, uri, fields...)
		if err != nil {
			return nil, s.better(ctx, err)
		}
		r, err := s.await(ctx, cseq, method, s.cfg.reply)
		if err != nil {
			return nil, err
		}
		if !s.signIn(r, auth) || try == 3 {
			return r, nil
		}
	}
}

// signIn takes a reply's verdict on the credentials and says whether to send
// the request again.
func (s *session) signIn(r *wire.Response, auth string) bool {
	if r.Status != wire.StatusUnauthorized {
		if auth != "" {
			s.auth.Accepted()
		}
		return false
	}
	return s.auth.Challenged(r.Header.Values("WWW-Authenticate"), auth)
}

// better replaces the failure of a write by what the camera had said before it
// closed the connection, such as that it speaks another protocol.
func (s *session) better(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for {
		select {
		case e := <-s.events:
			if e.err != nil {
				return s.connectionFailure(e.err, "reading")
			}
		default:
			return err
		}
	}
}

// await takes events until the reply to a request comes.
func (s *session) await(ctx context.Context, cseq int, method string, limit time.Duration) (*wire.Response, error) {
	s.lastDoing = method
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return nil, s.replyTimeout(method)
		case e := <-s.events:
			if r, ok := e.message.(*wire.Response); ok && r.Status >= 200 {
				// A reply without a number can only be the one awaited.
				if n, has := r.Header.CSeq(); !has || n == cseq {
					s.replies++
					return r, nil
				}
			}
			if err := s.handle(e); err != nil {
				return nil, err
			}
		}
	}
}

// handle takes one event: media, a late reply, a request of the camera, or the
// end of the connection.
func (s *session) handle(e event) error {
	if e.err != nil {
		s.gone = true
		return s.connectionFailure(e.err, s.lastDoing)
	}
	if e.udp != none {
		st := s.streams[e.stream]
		if e.udp == rtcpChannel {
			st.udp.replyAddress(e.from)
			return s.rtcp(st, e.data, e.at)
		}
		return s.rtp(st, e.data, e.at)
	}
	switch m := e.message.(type) {
	case *wire.Frame:
		if s.overUDP || s.id == "" {
			return nil
		}
		for _, st := range s.streams {
			switch int(m.Channel) {
			case st.interleaved.First:
				return s.rtp(st, m.Payload, e.at)
			case st.interleaved.Last:
				return s.rtcp(st, m.Payload, e.at)
			}
		}
	case *wire.Response:
		return s.lateReply(m)
	case *wire.Request:
		return s.answer(m)
	}
	return nil
}

// lateReply takes the reply to a keepalive.
func (s *session) lateReply(r *wire.Response) error {
	n, ok := r.Header.CSeq()
	p, waiting := s.pending[n]
	if !ok || !waiting || r.Status < 200 {
		return nil
	}
	delete(s.pending, n)
	s.replies++
	switch {
	case s.signIn(r, p.auth):
		return s.keepAlive()
	case r.Status == wire.StatusUnauthorized, r.Status == wire.StatusSessionNotFound:
		return s.refusal(s.alive, r)
	case r.Status >= 400 && s.alive == wire.GetParameter:
		s.alive = wire.Options // not every camera that lists it means it
		return s.keepAlive()
	}
	return nil
}

// keepAlive sends the request that keeps the session; its reply is taken when
// it comes. A camera that never answers it is judged by its media.
func (s *session) keepAlive() error {
	if len(s.pending) > 8 {
		clear(s.pending)
	}
	n, auth, err := s.send(s.alive, s.control)
	if err != nil {
		return err
	}
	s.pending[n] = pendingRequest{auth}
	return nil
}

// answer answers a request of the camera.
func (s *session) answer(r *wire.Request) error {
	resp := wire.Response{Status: wire.StatusOK}
	switch r.Method {
	case wire.Options:
		resp.Header.Add("Public", "OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE, TEARDOWN, REDIRECT")
	case wire.GetParameter, wire.SetParameter, wire.Announce, wire.Teardown, wire.Redirect:
	default:
		resp.Status = wire.StatusNotImplemented
	}
	if n := r.Header.Get("CSeq"); n != "" {
		resp.Header.Add("CSeq", n)
	}
	if err := s.write(&resp, "answering "+r.Method); err != nil {
		return err
	}
	switch r.Method {
	case wire.Redirect:
		if err := s.moved(r.Header.Get("Location")); err != nil {
			return err
		}
		fallthrough
	case wire.Teardown:
		return failure(source.Retry, health.SourceEnded, nil, "%s ended the session", s.cfg.url.Address())
	}
	return nil
}

// teardownTimeout bounds the farewell.
const teardownTimeout = time.Second

// teardown ends the session politely, so that the camera can serve another
// client. It may wait shortly for the reply: cameras drop requests of
// connections that close at once.
func (s *session) teardown(ctx context.Context, wait bool) {
	if s.id == "" || s.gone {
		return
	}
	s.stopped = true
	s.patience = min(s.patience, teardownTimeout)
	n, _, err := s.send(wire.Teardown, s.control)
	if err != nil || !wait {
		return
	}
	fctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardownTimeout)
	defer cancel()
	_, _ = s.await(fctx, n, wire.Teardown, teardownTimeout)
}

// sender makes a random synchronisation source for reports.
func sender() uint32 { return rand.Uint32() }

// trackOf describes the stream for the sink.
func (s *session) trackOf() media.Track {
	t := media.Track{Codec: s.desc.codec, FrameRate: s.desc.frameRate, Transport: s.transport()}
	parse := media.ParseSPS
	switch s.desc.codec {
	case media.JPEG:
		t.Width, t.Height = s.images.JPEGSize()
		return t
	case media.H265:
		parse = media.ParseH265SPS
		t.VPS = slices.Clone(s.depack.VPS())
	}
	t.SPS, t.PPS = slices.Clone(s.depack.SPS()), slices.Clone(s.depack.PPS())
	if info, err := parse(t.SPS); err == nil {
		t.Width, t.Height, t.Profile = info.Width, info.Height, info.Profile()
		if t.FrameRate == 0 {
			t.FrameRate = info.FrameRate
		}
	}
	return t
}

// transport names how the media arrives.
func (s *session) transport() string {
	if s.overUDP {
		return "udp"
	}
	return "tcp"
}
