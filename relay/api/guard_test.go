package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sightline/relay/health"
)

func TestHost(t *testing.T) {
	r := newRelay()
	r.cfg.Hosts = []string{"relay.lan"}
	h := r.handler(t)
	for host, ok := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "localhost.": true, "sightline.localhost:80": true,
		"127.0.0.1": true, "127.0.0.1:8080": true, "127.8.8.8": true, "[::1]": true, "[::1]:8080": true, "[::ffff:127.0.0.1]:1": true,
		"relay.lan:8080": true,
		"evil.example":   false, "127.0.0.1.evil.example": false, "localhost.evil.example": false, "192.0.2.7:8080": false,
		"[2001:db8::1]": false, "0.0.0.0": false, "evil.example:8080": false,
	} {
		resp, body := do(t, h, "GET", "/api/v1/relay", "Host: "+host)
		if ok {
			if resp.StatusCode != 200 {
				t.Errorf("%s: %d %s", host, resp.StatusCode, body)
			}
			continue
		}
		wantProblem(t, resp, body, http.StatusMisdirectedRequest, health.RequestInvalid)
	}
}

func TestCrossOriginRequestsThatChangeSomething(t *testing.T) {
	r := newRelay()
	calls := 0
	r.cfg.Routes = []func(*http.ServeMux){func(mux *http.ServeMux) {
		mux.HandleFunc("POST /whep/{stream}", func(w http.ResponseWriter, _ *http.Request) { calls++ })
	}}
	h := r.handler(t)
	for _, c := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"a program", nil, true},
		{"our page", []string{"Sec-Fetch-Site: same-origin"}, true},
		{"typed in", []string{"Sec-Fetch-Site: none"}, true},
		{"another site", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, false},
		{"another port of this machine", []string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:9"}, false},
		{"an old browser elsewhere", []string{"Origin: https://evil.example"}, false},
		{"a sandboxed frame", []string{"Origin: null"}, false},
	} {
		before := calls
		resp, body := do(t, h, "POST", "/whep/gate", c.headers...)
		if c.ok {
			if resp.StatusCode != 200 || calls != before+1 {
				t.Errorf("%s: %d %s", c.name, resp.StatusCode, body)
			}
			continue
		}
		wantProblem(t, resp, body, 403, health.RequestInvalid)
		if calls != before {
			t.Errorf("%s reached the route", c.name)
		}
	}
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	h := newRelay().handler(t)
	for _, path := range []string{"/", "/view/gate", "/embed/gate", "/assets/grid.js", "/api/v1/streams", "/nowhere", "/metrics"} {
		resp, _ := do(t, h, "GET", path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "'wasm-unsafe-eval'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if !strings.Contains(resp.Header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, resp.Header.Get(name))
			}
		}
		if csp := resp.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "'unsafe-eval'") || !strings.Contains(csp, "frame-ancestors 'self'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other sites may read it", path)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	r := newRelay()
	var got int64
	var failed error
	r.cfg.Routes = []func(*http.ServeMux){func(mux *http.ServeMux) {
		mux.HandleFunc("POST /sink", func(_ http.ResponseWriter, r *http.Request) { got, failed = io.Copy(io.Discard, r.Body) })
	}}
	srv := httptest.NewServer(r.handler(t))
	defer srv.Close()
	resp, err := http.Post(srv.URL+"/sink", "text/plain", strings.NewReader(strings.Repeat("x", maxBody+1)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got > maxBody || failed == nil {
		t.Errorf("%d bytes, %v", got, failed)
	}
}
