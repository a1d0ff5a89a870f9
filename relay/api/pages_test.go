package api

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"sightline/relay/health"
)

func TestPages(t *testing.T) {
	h := newRelay().handler(t)
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/", "grid", 200},
		{"/view/gate", "view", 200},
		{"/embed/gate", "embed", 200},
		{"/view/none", "view", 404}, // the page explains
		{"/embed/none", "embed", 404},
	} {
		resp, body := do(t, h, "GET", c.path)
		if resp.StatusCode != c.status || !strings.Contains(body, "<title>"+c.body) || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %q %s", c.path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
}

func TestWithoutTheWebClient(t *testing.T) {
	for name, web := range map[string]fstest.MapFS{"nil": nil, "placeholder": {".placeholder": {}}} {
		r := newRelay()
		r.cfg.Web = web
		if web == nil {
			r.cfg.Web = nil
		}
		h := r.handler(t)
		resp, body := do(t, h, "GET", "/", "Accept: text/html")
		if resp.StatusCode != 503 || !strings.Contains(body, "make build") || !strings.Contains(body, "<h1>") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
		resp, body = do(t, h, "GET", "/view/gate")
		wantProblem(t, resp, body, 503, health.WebClientMissing)
		if resp, _ := do(t, h, "GET", "/api/v1/streams"); resp.StatusCode != 200 {
			t.Errorf("%s: the API answers %d", name, resp.StatusCode)
		}
	}
}

func TestAssets(t *testing.T) {
	h := newRelay().handler(t)
	for _, c := range []struct{ accept, encoding, body string }{
		{"", "", "the script"},
		{"gzip, deflate, br, zstd", "br", "brotli"},
		{"gzip", "gzip", "gzip"},
		{"br;q=0, gzip;q=0.5", "gzip", "gzip"},
		{"*", "br", "brotli"},
		{"identity, *;q=0", "", "the script"},
		{"br;q=x", "", "the script"},
	} {
		resp, body := do(t, h, "GET", "/assets/grid.js", "Accept-Encoding: "+c.accept)
		if body != c.body || resp.Header.Get("Content-Encoding") != c.encoding || resp.Header.Get("Vary") != "Accept-Encoding" ||
			resp.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || resp.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%q: %s %v", c.accept, body, resp.Header)
		}
		etag := resp.Header.Get("ETag")
		if resp, body := do(t, h, "GET", "/assets/grid.js", "Accept-Encoding: "+c.accept, "If-None-Match: "+etag); resp.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%q with %s: %d %s", c.accept, etag, resp.StatusCode, body)
		}
	}
	resp, body := do(t, h, "GET", "/assets/client-4KX2A7QB.wasm")
	if body != "\x00asm" || resp.Header.Get("Content-Type") != "application/wasm" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("wasm %v", resp.Header)
	}
	if resp, _ := do(t, h, "GET", "/assets/client.0f1e2d3c4b.css"); !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("css %v", resp.Header)
	}
	if resp, body := do(t, h, "HEAD", "/assets/grid.js"); resp.StatusCode != 200 || body != "" || resp.ContentLength != 10 {
		t.Errorf("HEAD %d %d", resp.StatusCode, resp.ContentLength)
	}
	if resp, body := do(t, h, "GET", "/assets/grid.js", "Range: bytes=4-"); resp.StatusCode != 206 || body != "script" {
		t.Errorf("range %d %s", resp.StatusCode, body)
	}
}

func TestAssetsThatAreNone(t *testing.T) {
	h := newRelay().handler(t)
	for _, path := range []string{"/assets/none.js", "/assets/", "/assets/grid.js.br", "/assets/..%2findex.html", "/assets/%2e%2e/index.html", "/manifest.json"} {
		resp, body := do(t, h, "GET", path)
		if resp.StatusCode != 404 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}
