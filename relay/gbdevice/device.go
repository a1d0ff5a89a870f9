// Package gbdevice is a simulated GB/T 28181 device, for integrators and for
// tests: it registers with a platform, reports, answers questions about its
// channels, and streams pictures when it is invited, over UDP and TCP, with the
// quirks of real devices on request. It speaks SIP by itself, so that it can
// make every mistake, and knows nothing of the platform's code.
package gbdevice

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sightline/relay/media"
)

// Channel is one camera of the device.
type Channel struct {
	ID, Name string
}

// Config of a device.
type Config struct {
	// ID is the device's number, Password its password.
	ID, Password string
	// Server is the platform's address for SIP, host:port; ServerID and Realm
	// its number and domain.
	Server, ServerID, Realm string
	// Network is "udp" or "tcp", for SIP; default udp.
	Network string
	// Channels are the cameras; default one with the device's own number, its
	// type digits 132.
	Channels []Channel
	// Keepalive is the interval of reports; default 60 s.
	Keepalive time.Duration
	// Expires is asked for when registering; default 86400 s.
	Expires int
	// Media produces a channel's pictures in real time until ctx ends.
	Media func(ctx context.Context, channel string, out func(media.AccessUnit)) error
	// Quirks are what the device does wrong.
	Quirks []Quirk
	// Loss is the share of RTP packets over UDP that are left out, 0 to 1.
	Loss float64
	// PESSize bounds PES packets; default as large as they may be.
	PESSize int
	Logger  *slog.Logger
}

// Device is one simulated device.
type Device struct {
	cfg  Config
	log  *slog.Logger
	line *line

	mu       sync.Mutex
	waiting  map[string]chan *message // by Call-ID and CSeq
	sessions map[string]*session      // by Call-ID
	cseq     int
	sn       int
	work     sync.WaitGroup

	keyFrames atomic.Int64

	// Registered counts successful registrations, Invites invitations taken,
	// Byes those that the platform has ended, Keepalives reports answered.
	Registered, Invites, Byes, Keepalives atomic.Int64
}

// KeyFrameRequests is how often the platform has asked for a key frame.
func (d *Device) KeyFrameRequests() int64 { return d.keyFrames.Load() }

// New makes a device; Run starts it.
func New(cfg Config) *Device {
	if cfg.Network == "" {
		cfg.Network = "udp"
	}
	if cfg.Keepalive <= 0 {
		cfg.Keepalive = time.Minute
	}
	if cfg.Expires == 0 {
		cfg.Expires = 86400
	}
	if len(cfg.Channels) == 0 && len(cfg.ID) == 20 {
		cfg.Channels = []Channel{{ID: cfg.ID[:10] + "132" + cfg.ID[13:], Name: "Camera 1"}}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Device{cfg: cfg, log: cfg.Logger.With("device", cfg.ID), waiting: map[string]chan *message{}, sessions: map[string]*session{}}
}

// ErrKilled as the cause of Run's context ends a device like a power cut: it
// does not sign off.
var ErrKilled = errors.New("gbdevice: killed")

// errRefused says that the platform does not want the device.
var errRefused = errors.New("gbdevice: refused")

// retry is how long a device waits before it tries again.
const retry = time.Second

// Run registers, reports and streams until ctx ends; then it signs off. A
// platform that goes away is tried again.
func (d *Device) Run(ctx context.Context) error {
	for {
		err := d.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		d.log.Warn("connection with the platform ended", "err", err)
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return nil
		}
	}
}

// session is one registration with what follows.
func (d *Device) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := d.dial(ctx)
	if err != nil {
		return err
	}
	d.line = l
	failed := make(chan error, 1)
	d.work.Go(func() {
		if err := d.read(ctx, l); err != nil {
			failed <- err
		}
	})
	defer d.work.Wait()
	defer l.close()
	defer cancel()
	callID := token()
	if err := d.register(ctx, callID, d.cfg.Expires); err != nil {
		return err
	}
	d.Registered.Add(1)
	d.log.Info("registered", "with", d.cfg.Server)
	first := d.cfg.Keepalive
	if first > 10*time.Second {
		first = rand.N(d.cfg.Keepalive) // so that many do not report at once
	}
	report := time.NewTimer(first)
	defer report.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), ErrKilled) {
				return ErrKilled
			}
			bye, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer done()
			_ = d.register(bye, callID, 0)
			return ctx.Err()
		case err := <-failed:
			return err
		case <-report.C:
			report.Reset(d.cfg.Keepalive)
			if err := d.keepalive(ctx); errors.Is(err, errRefused) {
				return err
			} else if err != nil {
				if missed++; missed >= 3 {
					return err
				}
			} else {
				missed = 0
				d.Keepalives.Add(1)
			}
		}
	}
}

// register signs in, with the answer to the platform's challenge.
func (d *Device) register(ctx context.Context, callID string, expires int) error {
	extra := []string{fmt.Sprintf("Expires: %d", expires), "X-GB-Ver: 3.0"}
	uri := "sip:" + d.cfg.ServerID + "@" + d.cfg.Realm
	res, err := d.ask(ctx, "REGISTER", callID, "", extra...)
	if err != nil {
		return err
	}
	for range 2 {
		if res.status != 401 {
			break
		}
		realm, nonce := param(res.header("WWW-Authenticate"), "realm"), param(res.header("WWW-Authenticate"), "nonce")
		ha1, ha2 := hash(d.cfg.ID+":"+realm+":"+d.cfg.Password), hash("REGISTER:"+uri)
		auth := fmt.Sprintf(`Authorization: Digest username="%s",realm="%s",nonce="%s",uri="%s",response="%s",algorithm=MD5`,
			d.cfg.ID, realm, nonce, uri, hash(ha1+":"+nonce+":"+ha2))
		if d.has(MovingRegister) {
			if err := d.move(ctx); err != nil {
				return err
			}
		}
		if res, err = d.ask(ctx, "REGISTER", callID, "", append(extra, auth)...); err != nil {
			return err
		}
	}
	if res.status != 200 {
		return fmt.Errorf("gbdevice: register: %d %s: %w", res.status, res.reason, errRefused)
	}
	return nil
}

// move goes on from another UDP port.
func (d *Device) move(ctx context.Context) error {
	l := d.line
	if err := l.move(); err != nil {
		return err
	}
	if l.tcp == nil {
		d.work.Go(func() { _ = d.read(ctx, l) })
	}
	return nil
}

func (d *Device) keepalive(ctx context.Context) error {
	if d.has(MovingPort) {
		if err := d.move(ctx); err != nil {
			return err
		}
	}
	if d.has(NoFrom) {
		d.line.send(d.dress([]byte("MESSAGE sip:" + d.cfg.ServerID + "@" + d.cfg.Realm + " SIP/2.0\r\nVia: SIP/2.0/" + d.line.via() +
			";branch=z9hG4bK" + token() + "\r\nTo: <sip:x@y>\r\nCall-ID: " + token() + "\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n")))
	}
	d.sn++
	body := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%s</DeviceID>\r\n<Status>OK</Status>\r\n</Notify>\r\n", d.sn, d.cfg.ID)
	if d.has(EmptyKeepalive) {
		body = ""
	}
	res, err := d.ask(ctx, "MESSAGE", token(), body)
	if err != nil {
		return err
	}
	if res.status >= 300 {
		return fmt.Errorf("gbdevice: keepalive: %d %s: %w", res.status, res.reason, errRefused)
	}
	return nil
}

func hash(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func token() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// param is a parameter of a header, without its quotes.
func param(header, name string) string {
	for p := range strings.SplitSeq(header, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if i := strings.LastIndexByte(k, ' '); i >= 0 {
			k = k[i+1:]
		}
		if strings.EqualFold(k, name) {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}
