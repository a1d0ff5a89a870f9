package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
)

type streams []hub.Info

func (s streams) List() []hub.Info { return s }

func (s streams) Get(name string) (hub.Info, bool) {
	for _, i := range s {
		if i.Name == name {
			return i, true
		}
	}
	return hub.Info{}, false
}

// relay is everything that the API shows, with values that a test may change.
type relay struct {
	board *health.Board
	cfg   Config
	log   bytes.Buffer
}

func newRelay() *relay {
	r := &relay{board: &health.Board{}}
	r.cfg = Config{
		Streams: streams{
			{Name: "gate", State: hub.Live, Source: "rtsp://admin:***@camera/1", Viewers: 2, Restarts: 3,
				Received: hub.Received{Packets: 100, Bytes: 12345, Lost: 7, Frames: 50, Dropped: 2, JitterMS: 1.5}, Repairs: media.Repairs{Jumps: 6}},
			{Name: "yard", State: hub.Idle, Source: "demo"},
		},
		Conditions: r.board,
		Relay: func() Relay {
			return Relay{Version: "1.2.3", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), WebRTCPort: 8189, TLS: TLS{Mode: "off"}, URLs: []string{"http://127.0.0.1:8080/"}}
		},
		Web: fstest.MapFS{
			"index.html":                   {Data: []byte("<title>grid</title>")},
			"view.html":                    {Data: []byte("<title>view</title>")},
			"embed.html":                   {Data: []byte("<title>embed</title>")},
			"manifest.json":                {Data: []byte("{}")},
			"assets/grid.js":               {Data: []byte("the script")},
			"assets/grid.js.br":            {Data: []byte("brotli")},
			"assets/grid.js.gz":            {Data: []byte("gzip")},
			"assets/client-4KX2A7QB.wasm":  {Data: []byte("\x00asm")},
			"assets/client.0f1e2d3c4b.css": {Data: []byte("a{}")},
		},
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	return r
}

func (r *relay) handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := New(r.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// do sends a request by way of a real server. Headers are "Name: value".
func do(t *testing.T, h http.Handler, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	c := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer c.CloseIdleConnections()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func wantProblem(t *testing.T, resp *http.Response, body string, status int, code health.Code) {
	t.Helper()
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("status %d, type %q, body %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{"type": "/docs/conditions#" + string(code), "code": string(code), "status": float64(status)} {
		if p[k] != want {
			t.Errorf("%s is %v, want %v", k, p[k], want)
		}
	}
	for _, k := range []string{"title", "detail", "fix"} {
		if s, _ := p[k].(string); s == "" {
			t.Errorf("%s is missing in %s", k, body)
		}
	}
}

func TestStreams(t *testing.T) {
	h := newRelay().handler(t)
	resp, body := do(t, h, "GET", "/api/v1/streams")
	var all struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
	}
	if len(all.Streams) != 2 || all.Streams[0]["name"] != "gate" || all.Streams[1]["state"] != "idle" {
		t.Errorf("streams %s", body)
	}
	if c, ok := all.Streams[0]["conditions"].([]any); !ok || len(c) != 0 {
		t.Errorf("conditions are %v, not an empty list", all.Streams[0]["conditions"])
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", resp.Header)
	}
	resp, body = do(t, h, "GET", "/api/v1/streams/gate")
	if resp.StatusCode != 200 || !strings.Contains(body, `"source":"rtsp://admin:***@camera/1"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	resp, body = do(t, h, "GET", "/api/v1/streams/none")
	wantProblem(t, resp, body, 404, health.StreamUnknown)
}

func TestNoStreamsIsAnEmptyList(t *testing.T) {
	r := newRelay()
	r.cfg.Streams = streams(nil)
	if _, body := do(t, r.handler(t), "GET", "/api/v1/streams"); body != `{"streams":[]}`+"\n" {
		t.Errorf("body %s", body)
	}
}

func TestRelay(t *testing.T) {
	r := newRelay()
	_, body := do(t, r.handler(t), "GET", "/api/v1/relay")
	want := `{"version":"1.2.3","started":"2026-01-02T03:04:05Z","webrtc_port":8189,"tls":{"mode":"off"},"urls":["http://127.0.0.1:8080/"],"conditions":[]}`
	if strings.TrimSpace(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	r.cfg.CA = []byte("-----BEGIN")
	r.board.Raise("relay", health.New(health.EncoderMissing, "x"))
	_, body = do(t, r.handler(t), "GET", "/api/v1/relay")
	if !strings.Contains(body, `"ca":"/ca.pem"`) || !strings.Contains(body, `"code":"encoder-missing"`) {
		t.Errorf("body %s", body)
	}
}

func TestCA(t *testing.T) {
	r := newRelay()
	resp, body := do(t, r.handler(t), "GET", "/ca.pem")
	wantProblem(t, resp, body, 404, health.RequestInvalid)
	r.cfg.CA = []byte("-----BEGIN CERTIFICATE-----\n")
	resp, body = do(t, r.handler(t), "GET", "/ca.pem")
	if body != string(r.cfg.CA) || resp.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("%v %s", resp.Header, body)
	}
}

func TestHealth(t *testing.T) {
	r := newRelay()
	h := r.handler(t)
	if resp, body := do(t, h, "GET", "/healthz"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("healthz %d %s", resp.StatusCode, body)
	}
	if resp, body := do(t, h, "GET", "/readyz"); resp.StatusCode != 200 || body != `{"ready":true,"conditions":{}}`+"\n" {
		t.Errorf("readyz %d %s", resp.StatusCode, body)
	}
	r.board.Raise("stream/gate", health.New(health.SourceUnreachable, "no answer"))
	resp, body := do(t, h, "GET", "/readyz")
	if resp.StatusCode != 200 || !strings.Contains(body, `"ready":true`) || !strings.Contains(body, `"stream/gate":[{"code":"source-unreachable"`) {
		t.Errorf("one camera's fault: %d %s", resp.StatusCode, body)
	}
	r.board.Raise("relay", health.New(health.ListenInUse, "port 8189"))
	if resp, body := do(t, h, "GET", "/readyz"); resp.StatusCode != 503 || !strings.Contains(body, `"ready":false`) {
		t.Errorf("the relay's fault: %d %s", resp.StatusCode, body)
	}
	if resp, _ := do(t, h, "GET", "/healthz"); resp.StatusCode != 200 {
		t.Errorf("healthz %d while not ready", resp.StatusCode)
	}
}

func TestUnroutedRequestsAreProblems(t *testing.T) {
	h := newRelay().handler(t)
	resp, body := do(t, h, "GET", "/api/v2/streams")
	wantProblem(t, resp, body, 404, health.RequestInvalid)
	resp, body = do(t, h, "POST", "/api/v1/streams")
	wantProblem(t, resp, body, 405, health.RequestInvalid)
	if resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow %q", resp.Header.Get("Allow"))
	}
	resp, body = do(t, h, "GET", "/nowhere", "Accept: text/html,*/*;q=0.8")
	if resp.StatusCode != 404 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, "<h1>The request is not valid</h1>") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := do(t, h, "GET", "/%3Cscript%3E", "Accept: text/html"); strings.Contains(body, "<script>") || resp.StatusCode != 404 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestConditionsPageHasEveryAnchor(t *testing.T) {
	_, body := do(t, newRelay().handler(t), "GET", "/docs/conditions")
	for code := range health.Codes() {
		if !strings.Contains(body, `id="`+string(code)+`"`) {
			t.Errorf("no anchor %s", code)
		}
	}
}

func TestAPanicIsACondition(t *testing.T) {
	r := newRelay()
	r.cfg.Routes = []func(*http.ServeMux){func(mux *http.ServeMux) {
		mux.HandleFunc("GET /early", func(http.ResponseWriter, *http.Request) { panic("boom") })
		mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic("boom")
		})
	}}
	h := r.handler(t)
	resp, body := do(t, h, "GET", "/early")
	wantProblem(t, resp, body, 500, health.Internal)
	if strings.Contains(body, "boom") || !strings.Contains(r.log.String(), "boom") {
		t.Errorf("body %s, log %s", body, r.log.String())
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/late")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("half an answer passed as a whole one: %q", data)
	}
}

func TestServerHasLimits(t *testing.T) {
	s := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("server %+v", s)
	}
}
