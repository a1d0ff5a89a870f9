package gb28181

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"sightline/relay/health"
	"sightline/relay/source"
)

// Transport chooses how a channel's media comes.
type Transport string

// The transports of a source.
const (
	// Auto tries UDP and falls back to TCP when no packet arrives.
	Auto Transport = "auto"
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
)

// Source is one channel of a device. It must not be copied after its first Run.
type Source struct {
	// Server is the platform that the device registers with.
	Server *Server
	// Stream names the stream for the watcher.
	Stream string
	// Device and Channel are their numbers.
	Device, Channel string
	// Transport is auto, udp or tcp; default auto.
	Transport Transport
	// Setup says who connects over TCP; default Passive: the device does.
	Setup Setup
	// Logger takes events worth a line; default none.
	Logger *slog.Logger

	mu       sync.Mutex
	tcpUntil time.Time
}

// Parse makes a source of gb28181://device/channel[?setup=active].
func Parse(url string) (*Source, error) {
	rest, ok := strings.CutPrefix(url, "gb28181://")
	if !ok {
		return nil, fmt.Errorf("%q is not gb28181://DEVICE/CHANNEL", url)
	}
	rest, query, _ := strings.Cut(rest, "?")
	s := &Source{Setup: Passive}
	var more bool
	s.Device, s.Channel, more = strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	if !more {
		s.Channel = s.Device // a camera that is its own channel
	}
	if !validID(s.Device) || !validID(s.Channel) {
		return nil, fmt.Errorf("%q is not gb28181://DEVICE/CHANNEL with the numbers of both", url)
	}
	switch query {
	case "", "setup=passive":
	case "setup=active":
		s.Setup = Active
	default:
		return nil, fmt.Errorf("%q: after the ? only setup=active or setup=passive is known", url)
	}
	return s, nil
}

// rememberTCP is how long a fall back to TCP holds for further runs.
const rememberTCP = 30 * time.Minute

func failure(class source.Class, code health.Code, cause error, format string, args ...any) error {
	return source.Fail(class, health.New(code, format, args...), cause)
}

// Run implements source.Source. While the device is not registered it waits,
// with a notice, so that the picture is back as soon as the device is.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	if s.Server == nil {
		return failure(source.GiveUp, health.GB28181Off, nil, "gb28181://%s/%s needs the relay to be a GB/T 28181 platform, which it is not.", s.Device, s.Channel)
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := s.await(ctx, out)
	if err != nil {
		return err
	}
	s.mu.Lock()
	tcp := s.Transport == TCP || s.Transport != UDP && (time.Now().Before(s.tcpUntil) || s.Setup == Active)
	s.mu.Unlock()
	err = s.attempt(ctx, out, p, tcp)
	if errors.Is(err, errNothing) && !tcp && s.Transport != UDP && ctx.Err() == nil {
		reason := fmt.Sprintf("%s/%s has taken the invitation, and no media came over UDP within %v.", s.Device, s.Channel, s.Server.cfg.Silence)
		s.Logger.Info("falling back to TCP", "reason", reason)
		out.Notice(health.New(health.SourceUDPSilent, "%s", reason))
		s.mu.Lock()
		s.tcpUntil = time.Now().Add(rememberTCP)
		s.mu.Unlock()
		err = s.attempt(ctx, out, p, true)
	}
	if errors.Is(err, errNothing) {
		s.mu.Lock()
		s.tcpUntil = time.Time{} // not the transport's fault
		s.mu.Unlock()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.sorted(err)
}

// await waits for the device to be registered. Why it waits is a notice; when
// the reason becomes another one, that ends the run.
func (s *Source) await(ctx context.Context, out source.Sink) (peer, error) {
	var noticed health.Code
	for {
		p, changed, why := s.presence()
		if why == nil {
			return p, nil
		}
		if noticed == "" {
			noticed = why.Code
			out.Notice(*why)
		} else if why.Code != noticed {
			return peer{}, source.Fail(source.Retry, *why, nil)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return peer{}, ctx.Err()
		}
	}
}

// presence says where the device is reached, or why it is not there; changed is
// closed when that may be otherwise.
func (s *Source) presence() (p peer, changed <-chan struct{}, why *health.Condition) {
	srv := s.Server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	d := srv.devices[s.Device]
	refused, wrong := srv.refused[s.Device]
	var c health.Condition
	switch {
	case d != nil && d.online:
		return d.peer(), srv.changed, nil
	case wrong:
		c = health.New(health.GB28181Refused, "Device %s tried to register from %s: %s.", s.Device, refused.addr, refused.reason)
	case d != nil:
		c = health.New(health.GB28181Offline, "Device %s is offline: it has stopped to report, or has signed off.", s.Device)
	default:
		c = health.New(health.GB28181Unregistered, "Device %s is not registered.", s.Device).
			WithFix("Set the device's SIP server to this relay: address %s, number %s, domain %s.", srv.cfg.Listen, srv.cfg.ID, srv.cfg.Realm)
	}
	return peer{}, srv.changed, &c
}

// attempt invites the channel once and takes its media until something ends it.
func (s *Source) attempt(ctx context.Context, out source.Sink, p peer, tcp bool) error {
	srv := s.Server
	ses := newSession(s.Stream, p, tcp, srv.cfg.Silence, out)
	ssrc := srv.takeSSRC()
	defer srv.giveSSRC(ssrc)
	ses.offered = ssrc
	port, err := srv.ports.take(ses)
	if err != nil {
		return err
	}
	defer srv.ports.give(port, ses)
	defer ses.stop()
	defer srv.forget(ses)
	o := offer{platform: srv.cfg.ID, channel: s.Channel, addr: srv.cfg.Listen.Addr(), port: port.number, tcp: tcp, setup: s.Setup, ssrc: ssrc}
	d, answer, err := srv.invite(ctx, ses, o)
	if err != nil {
		return err
	}
	defer func() {
		if !ses.hungUp.Load() {
			d.bye()
		}
	}()
	s.Logger.Debug("channel invited", "device", s.Device, "channel", s.Channel, "port", port.number, "tcp", tcp, "ssrc", ssrc, "answered", answer.ssrc)
	ses.mu.Lock()
	ses.answer = answer
	ses.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer ses.askings.Wait()
	defer cancel()
	ses.mu.Lock()
	ses.askKey = func(ctx context.Context) {
		if err := srv.ask(ctx, p, keyFrameCommand(srv.number(), s.Channel)); err != nil && ctx.Err() == nil {
			s.Logger.Debug("device takes no request for a key frame", "device", s.Device, "channel", s.Channel, "err", err)
		}
	}
	ses.mu.Unlock()
	if tcp && s.Setup == Active {
		end, err := s.dial(ctx, ses, answer, p)
		if err != nil {
			return err
		}
		defer end()
	}
	return ses.watch(ctx)
}

// keyFrameCommand makes the command for a key frame (GB/T 28181-2016 section
// A.2.3.1.7, whose spelling it is).
func keyFrameCommand(sn int, channel string) string {
	return fmt.Sprintf("<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<Control>\r\n<CmdType>DeviceControl</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%s</DeviceID>\r\n<IFameCmd>Send</IFameCmd>\r\n</Control>\r\n", sn, channel)
}

// number is the next number of a question.
func (s *Server) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sn++
	return s.sn
}

// dial connects to a device that waits for it.
func (s *Source) dial(ctx context.Context, ses *session, answer description, p peer) (end func(), err error) {
	addr, err := mediaAddr(answer, p)
	if err != nil {
		return nil, fmt.Errorf("gb28181: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Server.cfg.Silence)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("gb28181: connect for media: %w", err)
	}
	conn := c.(*net.TCPConn)
	ses.mu.Lock()
	ses.host = addr.Addr()
	ses.mu.Unlock()
	if !ses.attach(conn) {
		_ = conn.Close()
		return nil, errStopped
	}
	release := func() {}
	if w := s.Server.cfg.Watcher; w != nil {
		release = w.Watch(conn, s.Stream)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := readFrames(conn, s.Server.cfg.Silence, func(b []byte) bool {
			if p, ok := parsePacket(b); ok {
				return ses.stream(conn, p, len(b))
			}
			return true
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && ses.heard().IsZero():
			ses.end(errNothing)
		case errors.Is(err, os.ErrDeadlineExceeded):
			ses.end(errSilent)
		case err != nil:
			ses.end(fmt.Errorf("gb28181: media connection: %w", err))
		}
	}()
	return func() {
		release()
		_ = conn.Close()
		<-done
	}, nil
}

// watch waits for the end of the session.
func (s *session) watch(ctx context.Context) error {
	began := time.Now()
	tick := time.NewTicker(hold / 2)
	defer tick.Stop()
	reported := began
	for {
		select {
		case err := <-s.done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			s.tick(now)
			s.askKeyFrame(ctx, now)
			if now.Sub(reported) >= time.Second {
				s.report()
				reported = now
			}
			if last := s.heard(); !last.IsZero() && now.Sub(last) > s.silence {
				return errSilent
			} else if last.IsZero() && now.Sub(began) > s.silence {
				return errNothing
			}
		}
	}
}

// sorted words why an attempt ended.
func (s *Source) sorted(err error) error {
	what := s.Device + "/" + s.Channel
	if st, ok := errors.AsType[statusError](err); ok {
		switch st.status {
		case sip.StatusNotFound, sip.StatusGone:
			return failure(source.NeedsPerson, health.SourceNotFound, err, "Device %s has no channel %s: it answers %v.", s.Device, s.Channel, st)
		case sip.StatusBusyHere, sip.StatusNotAcceptableHere:
			return failure(source.Retry, health.SourceRefused, err, "%s answers %v: it sends to as many as it can, or not over this transport.", what, st)
		}
		return failure(source.Retry, health.SourceRefused, err, "%s refuses the invitation: %v.", what, st)
	}
	if c, ok := errors.AsType[codecError](err); ok {
		return failure(source.NeedsPerson, health.SourceCodec, err, "%s sends %s, which is not shown.", what, c.codec)
	}
	switch {
	case err == nil, errors.Is(err, errBye), errors.Is(err, errEnded):
		return failure(source.Retry, health.SourceUnreachable, err, "%s has ended the stream; it is invited again.", what)
	case errors.Is(err, errSilent), errors.Is(err, errNothing):
		return failure(source.Retry, health.SourceSilent, err, "%s has taken the invitation, and no media comes for %v.", what, s.Server.cfg.Silence)
	case errors.Is(err, errTS):
		return failure(source.NeedsPerson, health.GB28181Format, err, "%s sends an MPEG transport stream in place of a program stream.", what)
	case errors.Is(err, sip.ErrTransactionTimeout):
		return failure(source.Retry, health.SourceUnreachable, err, "Device %s does not answer the invitation of %s.", s.Device, s.Channel)
	}
	return failure(source.Retry, health.SourceUnreachable, err, "%s: %v.", what, err)
}
