package rtsp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		class  source.Class
		code   health.Code
	}{
		{wire.Describe, 404, source.Retry, health.SourceNotFound},
		{wire.Describe, 403, source.NeedsPerson, health.SourceUnauthorized},
		{wire.Describe, 304, source.NeedsPerson, health.SourceRefused},
		{wire.Describe, 500, source.Retry, health.SourceRefused},
		{wire.Describe, 503, source.Retry, health.SourceRefused},
		{wire.Setup, 404, source.Retry, health.SourceNotFound},
		{wire.Setup, 453, source.Retry, health.SourceRefused},
		{wire.Play, 454, source.Retry, health.SourceRefused},
		{wire.Play, 455, source.Retry, health.SourceRefused},
	} {
		synctest.Test(t, func(t *testing.T) {
			cam := newCamera(t)
			cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
				if req.Method == c.method {
					r = &wire.Response{Status: c.status}
					r.Header.Add("Location", "rtsp://u:hunter2@elsewhere/x")
				}
				return r
			}
			err := cam.source().Run(t.Context(), &fakeSink{})
			wantFailure(t, err, c.class, c.code, c.method)
		})
	}
}

func TestDialFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		code  health.Code
		words string
	}{
		"refused":  {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, health.SourceUnreachable, "refuses the connection"},
		"unknown":  {&net.DNSError{Err: "no such host", Name: "cam.example", IsNotFound: true}, health.SourceHostUnknown, `"cam.example"`},
		"no names": {&net.DNSError{Err: "timeout", Name: "cam.example", IsTimeout: true}, health.SourceHostUnknown, "name server"},
		"no route": {&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, health.SourceUnreachable, "no route"},
		"silence":  {nil, health.SourceUnreachable, "within 5s"},
		"other":    {errors.New("odd"), health.SourceUnreachable, "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &Source{URL: "rtsp://u:hunter2@cam.example/live", DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
					if addr != "cam.example:554" {
						t.Errorf("dialled %s", addr)
					}
					if c.err != nil {
						return nil, c.err
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}}
				wantFailure(t, src.Run(t.Context(), &fakeSink{}), source.Retry, c.code, c.words)
			})
		})
	}
}

func TestStrangersAndHangUps(t *testing.T) {
	for name, c := range map[string]struct {
		cam   *fakeCamera
		class source.Class
		code  health.Code
		words string
	}{
		"web server":   {&fakeCamera{greeting: "HTTP/1.1 400 Bad Request\r\n\r\n"}, source.NeedsPerson, health.SourceProtocol, "no RTSP server"},
		"secure shell": {&fakeCamera{greeting: "SSH-2.0-OpenSSH_9.2\r\n"}, source.NeedsPerson, health.SourceProtocol, "no RTSP server"},
		"hangs up":     {&fakeCamera{hangUp: true}, source.Retry, health.SourceRefused, "closed the connection"},
		"hangs up while playing": {&fakeCamera{playing: func(l *fakeLink) { sendPictures(time.Second, 3)(l); l.conn.Close() }},
			source.Retry, health.SourceUnreachable, "closed the connection"},
		"ends with BYE": {&fakeCamera{playing: func(l *fakeLink) {
			sendPictures(time.Second, 3)(l)
			l.rtcp(&rtcp.Goodbye{Sources: []uint32{0xcafe}})
		}}, source.Retry, health.SourceEnded, "BYE"},
		"ends with TEARDOWN": {&fakeCamera{playing: func(l *fakeLink) {
			l.write(&wire.Request{Method: wire.Options, URL: "*", Header: wire.Header{{Name: "CSeq", Value: "1"}}})
			l.write(&wire.Request{Method: wire.Teardown, URL: "*", Header: wire.Header{{Name: "CSeq", Value: "2"}}})
		}}, source.Retry, health.SourceEnded, "ended the session"},
		"nonsense while playing": {&fakeCamera{playing: func(l *fakeLink) { _, _ = l.conn.Write([]byte("\x00\x01\x02")) }},
			source.Retry, health.SourceProtocol, "no RTSP"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.greeting, cam.hangUp, cam.playing = c.cam.greeting, c.cam.hangUp, c.cam.playing
				src := cam.source()
				src.Transport = TCP
				wantFailure(t, src.Run(t.Context(), &fakeSink{}), c.class, c.code, c.words)
			})
		})
	}
}

func TestCredentialsStayHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cam := newCamera(t)
		cam.playing = func(l *fakeLink) {
			if l.tracks[0].IsZero() {
				sendPictures(time.Second, 2)(l)
			}
		}
		src := cam.source()
		src.URL = "rtsp://user:hunter2@cam.example/live"
		src.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		err := src.Run(t.Context(), &fakeSink{})
		wantFailure(t, err, source.Retry, health.SourceSilent)
		if log.Len() == 0 || strings.Contains(log.String(), "hunter2") {
			t.Errorf("log: %s", log.String())
		}
		for _, r := range cam.sent("") {
			if strings.Contains(r.req.URL, "hunter2") {
				t.Errorf("the password is in the request URI %s", r.req.URL)
			}
		}
	})
}

func TestBadConfiguration(t *testing.T) {
	for _, src := range []*Source{
		{URL: "rtsp://u:hunter2@"}, {URL: "http://cam/"}, {URL: "rtsp://cam/", Transport: "sctp"}, {URL: "rtsps://cam/", Transport: UDP},
	} {
		wantFailure(t, src.Run(t.Context(), &fakeSink{}), source.GiveUp, health.SourceURLInvalid)
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"cam.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for name, trust := range map[string]*tls.Config{"trusted": {RootCAs: roots}, "unknown": {RootCAs: x509.NewCertPool()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.playing = sendPictures(time.Second, 2)
				src := cam.source()
				src.URL, src.TLSConfig = "rtsps://cam.example/live", trust
				src.DialContext = func(_ context.Context, _, addr string) (net.Conn, error) {
					if addr != "cam.example:322" {
						t.Errorf("dialled %s", addr)
					}
					client, server := net.Pipe()
					go cam.serve(tls.Server(server, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}))
					return client, nil
				}
				sink := &fakeSink{}
				err := src.Run(t.Context(), sink)
				if name == "unknown" {
					wantFailure(t, err, source.NeedsPerson, health.SourceProtocol, "certificate")
					return
				}
				wantFailure(t, err, source.Retry, health.SourceSilent)
				if len(sink.units) != 2 || sink.tracks[0].Transport != "tcp" {
					t.Errorf("%d units, tracks %+v", len(sink.units), sink.tracks)
				}
			})
		})
	}
}
