package rtsp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sightline/relay/health"
	wire "sightline/relay/rtsp"
	"sightline/relay/source"
)

// guard makes a camera ask for credentials: accept judges an Authorization,
// nonce gives the challenge's nonce for each request.
func guard(offer func(n int) []string, accept func(n int, auth string) bool) func(int, *wire.Request, *wire.Response) *wire.Response {
	count := 0
	return func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
		count++
		if accept(count, req.Header.Get("Authorization")) {
			return r
		}
		r = &wire.Response{Status: wire.StatusUnauthorized}
		for _, o := range offer(count) {
			r.Header.Add("WWW-Authenticate", o)
		}
		return r
	}
}

func fixed(offers ...string) func(int) []string { return func(int) []string { return offers } }

func TestSignIn(t *testing.T) {
	const digest = `Digest realm="cam", nonce="n1"`
	for name, c := range map[string]struct {
		url, user, password string
		offer               func(int) []string
		accept              func(n int, auth string) bool
		requests            string // "" expects a refusal
	}{
		"digest from the URL": {
			"rtsp://op:p@ss/1@cam.example/live", "", "", fixed(digest),
			func(_ int, a string) bool { return strings.HasPrefix(a, `Digest username="op"`) },
			"OPTIONS OPTIONS DESCRIBE SETUP PLAY TEARDOWN"},
		"fields before the URL's": {
			"rtsp://op:wrong@cam.example/live", "boss", "hunter2", fixed(`Basic realm="cam"`),
			func(_ int, a string) bool { return a == "Basic Ym9zczpodW50ZXIy" },
			"OPTIONS OPTIONS DESCRIBE SETUP PLAY TEARDOWN"},
		"SHA-256 before MD5": {
			"rtsp://cam.example/live", "boss", "hunter2", fixed(digest, digest+`, algorithm=SHA-256, qop="auth"`),
			func(_ int, a string) bool {
				return strings.Contains(a, "algorithm=SHA-256") && strings.Contains(a, "qop=auth, nc=")
			},
			"OPTIONS OPTIONS DESCRIBE SETUP PLAY TEARDOWN"},
		"nonce ages": {
			"rtsp://cam.example/live", "boss", "hunter2",
			func(n int) []string {
				if n < 4 {
					return []string{digest}
				}
				return []string{`Digest realm="cam", nonce="n2", stale=true`}
			},
			func(n int, a string) bool {
				return n < 4 && strings.Contains(a, `nonce="n1"`) || strings.Contains(a, `nonce="n2"`)
			},
			"OPTIONS OPTIONS DESCRIBE SETUP SETUP PLAY TEARDOWN"},
		"new nonce for each request, not called stale": {
			"rtsp://cam.example/live", "boss", "hunter2",
			func(n int) []string {
				return []string{`Digest realm="cam", nonce="m` + string(rune('a'+n)) + `"`}
			},
			func(n int, a string) bool { return strings.Contains(a, `nonce="m`+string(rune('a'+n-1))+`"`) },
			"OPTIONS OPTIONS DESCRIBE DESCRIBE SETUP SETUP PLAY PLAY TEARDOWN"},
		"wrong password": {
			"rtsp://cam.example/live", "boss", "hunter2",
			func(n int) []string {
				return []string{`Digest realm="cam", nonce="m` + string(rune('a'+n)) + `"`}
			},
			func(int, string) bool { return false }, ""},
		"always stale": {
			"rtsp://cam.example/live", "boss", "hunter2", fixed(digest + ", stale=true"),
			func(int, string) bool { return false }, ""},
		"no credentials": {
			"rtsp://cam.example/live", "", "", fixed(digest), func(_ int, a string) bool { return a != "" }, ""},
		"unknown scheme": {
			"rtsp://cam.example/live", "boss", "hunter2", fixed("Negotiate", `Digest realm="r", nonce="n", algorithm=SHA3`),
			func(_ int, a string) bool { return a != "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.reply = guard(c.offer, c.accept)
				cam.playing = sendPictures(time.Second, 1e6)
				src := cam.source()
				src.URL, src.User, src.Password, src.Transport = c.url, c.user, c.password, TCP
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				err := src.Run(ctx, &fakeSink{})
				if c.requests == "" {
					wantFailure(t, err, source.NeedsPerson, health.SourceUnauthorized, "cam.example")
					if n := len(cam.sent("")); n > 4 {
						t.Errorf("%d requests: cameras lock users out", n)
					}
					return
				}
				if !errors.Is(err, context.DeadlineExceeded) || cam.methods() != c.requests {
					t.Errorf("Run: %v, requests %s", err, cam.methods())
				}
			})
		})
	}
}

func TestWrongPasswordIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.reply = guard(fixed(`Digest realm="cam", nonce="n"`), func(int, string) bool { return false })
		src := cam.source()
		src.User, src.Password = "boss", "hunter2"
		wantFailure(t, src.Run(t.Context(), &fakeSink{}), source.NeedsPerson, health.SourceUnauthorized, `"boss"`)
		tried := 0
		for _, r := range cam.sent("") {
			if r.req.Header.Get("Authorization") != "" {
				tried++
			}
		}
		if tried != 1 {
			t.Errorf("the password was tried %d times", tried)
		}
	})
}

func TestKeepAliveSignsInAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		nonce := "n1"
		time.AfterFunc(15*time.Second, func() {
			cam.mu.Lock()
			defer cam.mu.Unlock()
			nonce = "n2"
		})
		cam.reply = func(_ int, req *wire.Request, r *wire.Response) *wire.Response {
			cam.mu.Lock()
			defer cam.mu.Unlock()
			if strings.Contains(req.Header.Get("Authorization"), `nonce="`+nonce+`"`) {
				return r
			}
			r = &wire.Response{Status: wire.StatusUnauthorized}
			r.Header.Add("WWW-Authenticate", `Digest realm="cam", nonce="`+nonce+`", stale=true`)
			return r
		}
		cam.playing = sendPictures(time.Second, 1e6)
		src := cam.source()
		src.User, src.Password, src.Transport = "boss", "hunter2", TCP
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
		defer cancel()
		if err := src.Run(ctx, &fakeSink{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Run: %v", err)
		}
		// At 10, 20 (refused), 20 again and 30 s.
		if n := len(cam.sent(wire.GetParameter)); n != 4 {
			t.Errorf("%d keepalives, want 4", n)
		}
	})
}
