package api

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"sightline/relay/health"
)

const maxBody = 1 << 20 // for any request; routes have smaller limits of their own

// policy is the content security policy of every answer. WebAssembly needs
// 'wasm-unsafe-eval'; nothing inline is allowed. Workers take the policy from
// their own script's answer, so assets carry it too.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// guard is what every request passes before its route.
func guard(next http.Handler, cfg Config) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Problem(w, r, http.StatusForbidden, health.New(health.RequestInvalid,
			"A page of another site (%s) may not %s here.", clip(r.Header.Get("Origin")), r.Method).
			WithFix("Send the request from the relay's own pages, or from a program."))
	}))
	next = origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		t := &tracker{ResponseWriter: w}
		w = t
		defer recovered(t, r, cfg.Logger)
		if !hostAllowed(r.Host, cfg.Hosts) {
			Problem(w, r, http.StatusMisdirectedRequest, health.New(health.RequestInvalid,
				"The relay is not known as %q; the rule is localhost or a loopback address.", clip(r.Host)).
				WithFix("Open the address that the relay prints when it starts."))
			return
		}
		if r.Body != nil && !endless(r) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// endless says that a request's body has no end: a stream that is pushed. Its
// route has bounds of its own.
func endless(r *http.Request) bool {
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && strings.HasPrefix(r.URL.Path, "/push/")
}

// recovered turns a panic into a condition, and logs where it came from.
func recovered(w *tracker, r *http.Request, log *slog.Logger) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	log.Error("a request failed", "method", r.Method, "path", clip(r.URL.Path), "panic", v, "stack", string(debug.Stack()))
	if w.began {
		panic(http.ErrAbortHandler) // too late for an answer: cut the connection
	}
	w.Header().Del("Content-Encoding")
	Problem(w, r, http.StatusInternalServerError, health.New(health.Internal, "%s %s failed in the relay.", r.Method, clip(r.URL.Path)))
}

// tracker knows whether an answer has begun.
type tracker struct {
	http.ResponseWriter
	began bool
}

// WriteHeader implements http.ResponseWriter.
func (t *tracker) WriteHeader(status int) {
	t.began = true
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *tracker) Write(b []byte) (int, error) {
	t.began = true
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// hostAllowed keeps out requests that reached this machine by a name of
// somebody else's (DNS rebinding): their pages would count as ours.
func hostAllowed(hostport string, more []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback() || slices.Contains(more, host)
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(more, host)
}

// problemForUnrouted turns the mux's plain 404 and 405 into problems.
func problemForUnrouted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &statusProbe{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if allow := probe.header.Get("Allow"); probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			Problem(w, r, probe.status, health.New(health.RequestInvalid, "%s does not take %s; the rule is %s.", clip(r.URL.Path), clip(r.Method), allow))
			return
		}
		Problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid, "There is nothing at %s.", clip(r.URL.Path)).
			WithFix("Open / for the pages; the API is under /api/v1/."))
	})
}

// statusProbe keeps an answer's status and header and drops the body.
type statusProbe struct {
	header http.Header
	status int
}

func (p *statusProbe) Header() http.Header         { return p.header }
func (p *statusProbe) WriteHeader(status int)      { p.status = status }
func (p *statusProbe) Write(b []byte) (int, error) { return len(b), nil }
