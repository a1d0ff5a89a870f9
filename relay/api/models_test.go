package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"

	"sightline/relay/health"
)

// modelFiles are models in memory, by name.
type modelFiles map[string][]byte

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (f modelFiles) List() []Model {
	var out []Model
	for _, name := range []string{"tiny", "noise", "absent"} {
		if m, err := f.Get(name); err == nil {
			out = append(out, m)
		}
	}
	return out
}

func (f modelFiles) Get(name string) (Model, error) {
	m := Model{Name: name, About: "about " + name, Card: json.RawMessage(`{"name":"` + name + `"}`)}
	data, ok := f[name]
	if !ok {
		return m, health.New(health.ModelMissing, "The catalogue has no model %q.", name)
	}
	if data == nil {
		return m, nil
	}
	sum := sha256.Sum256(data)
	m.Here, m.Bytes, m.SHA256 = true, int64(len(data)), hex.EncodeToString(sum[:])
	return m, nil
}

func (f modelFiles) Open(name string) (Model, ModelFile, error) {
	m, err := f.Get(name)
	switch {
	case err != nil:
		return m, nil, err
	case name == "damaged":
		return m, nil, health.New(health.ModelInvalid, "It is another file.")
	case !m.Here:
		return m, nil, errors.New("not pulled")
	}
	return m, memoryFile{bytes.NewReader(f[name])}, nil
}

func testModels() modelFiles {
	noise := make([]byte, 50_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return modelFiles{"tiny": bytes.Repeat([]byte("weights and biases "), 3000), "noise": noise, "absent": nil, "damaged": {1}}
}

func modelsHandler(t *testing.T, models Models) http.Handler {
	t.Helper()
	r := newRelay()
	r.cfg.Routes = append(r.cfg.Routes, ModelRoutes(models))
	return r.handler(t)
}

func unpack(t *testing.T, encoding, body string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(body)
	var err error
	switch encoding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestModelList(t *testing.T) {
	h := modelsHandler(t, testModels())
	resp, body := do(t, h, "GET", "/api/v1/models")
	var got struct{ Models []Model }
	if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, body, err)
	}
	if len(got.Models) != 3 {
		t.Fatalf("%d models", len(got.Models))
	}
	tiny, absent := got.Models[0], got.Models[2]
	if !tiny.Here || tiny.Bytes != 57_000 || string(tiny.Card) != `{"name":"tiny"}` || tiny.File != "/api/v1/models/tiny/model.onnx?v="+tiny.SHA256[:24] {
		t.Errorf("%+v", tiny)
	}
	if absent.Here || absent.File != "" || absent.SHA256 != "" {
		t.Errorf("%+v", absent)
	}
	resp, body = do(t, h, "GET", "/api/v1/models/tiny")
	var one Model
	if err := json.Unmarshal([]byte(body), &one); err != nil || resp.StatusCode != 200 || one.File != tiny.File {
		t.Error(resp.StatusCode, body, err)
	}
	resp, body = do(t, h, "GET", "/api/v1/models/none")
	wantProblem(t, resp, body, 404, health.ModelMissing)
	if _, body := do(t, modelsHandler(t, modelFiles{}), "GET", "/api/v1/models"); strings.TrimSpace(body) != `{"models":[]}` {
		t.Errorf("without models: %s", body)
	}
}

func TestModelFile(t *testing.T) {
	models := testModels()
	h := modelsHandler(t, models)
	tags := map[string]bool{}
	for _, c := range []struct{ name, accept, encoding string }{
		{"tiny", "", ""},
		{"tiny", "gzip, deflate, br, zstd", "br"},
		{"tiny", "gzip", "gzip"},
		{"tiny", "br;q=0, gzip;q=0.5", "gzip"},
		{"tiny", "identity", ""},
		{"noise", "gzip, br", ""}, // not worth it
	} {
		m, _ := models.Get(c.name)
		path := m.located().File
		resp, body := do(t, h, "GET", path, "Accept-Encoding: "+c.accept)
		header := resp.Header
		if resp.StatusCode != 200 || header.Get("Content-Encoding") != c.encoding || header.Get("Vary") != "Accept-Encoding" ||
			header.Get("Content-Type") != "application/octet-stream" || header.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			resp.ContentLength != int64(len(body)) {
			t.Errorf("%s %q: %d %d %v", c.name, c.accept, resp.StatusCode, len(body), header)
		}
		if unpack(t, c.encoding, body) != string(models[c.name]) {
			t.Errorf("%s %q: another file", c.name, c.accept)
		}
		etag := header.Get("ETag")
		if etag == "" {
			t.Errorf("%s %q: no ETag", c.name, c.accept)
		}
		tags[c.encoding+etag] = true
		if resp, body := do(t, h, "GET", path, "Accept-Encoding: "+c.accept, "If-None-Match: "+etag); resp.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s with %s: %d", c.name, etag, resp.StatusCode)
		}
		if resp, body := do(t, h, "HEAD", path, "Accept-Encoding: "+c.accept); resp.StatusCode != 200 || body != "" || resp.ContentLength < 1 {
			t.Errorf("HEAD %s: %d %d", c.name, resp.StatusCode, resp.ContentLength)
		}
	}
	if len(tags) != 4 {
		t.Errorf("tags %v: encodings must differ", tags)
	}
	// Without a version the answer is asked for again.
	resp, body := do(t, h, "GET", "/api/v1/models/tiny/model.onnx")
	if resp.StatusCode != 200 || body != string(models["tiny"]) || resp.Header.Get("Cache-Control") != "no-cache" || resp.Header.Get("ETag") == "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp, body := do(t, h, "GET", "/api/v1/models/tiny/model.onnx", "Range: bytes=8-10"); resp.StatusCode != 206 || body != "and" {
		t.Errorf("range: %d %q", resp.StatusCode, body)
	}
}

func TestModelFileThatIsNone(t *testing.T) {
	h := modelsHandler(t, testModels())
	for path, want := range map[string]struct {
		status int
		code   health.Code
	}{
		"/api/v1/models/none/model.onnx":            {404, health.ModelMissing},
		"/api/v1/models/absent/model.onnx":          {404, health.ModelMissing},
		"/api/v1/models/damaged/model.onnx":         {503, health.ModelInvalid},
		"/api/v1/models/tiny/model.onnx?v=0123":     {404, health.ModelMissing},
		"/api/v1/models/..%2f..%2fetc/model.onnx":   {404, health.ModelMissing},
		"/api/v1/models/%2fetc%2fpasswd/model.onnx": {404, health.ModelMissing},
	} {
		resp, body := do(t, h, "GET", path, "Accept-Encoding: br")
		wantProblem(t, resp, body, want.status, want.code)
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

// counting counts how often a file is read from its beginning.
type counting struct {
	*bytes.Reader
	reads *int
}

func (c counting) Seek(offset int64, whence int) (int64, error) {
	*c.reads++
	return c.Reader.Seek(offset, whence)
}

func TestPackerCompressesOnceAndForgets(t *testing.T) {
	data := bytes.Repeat([]byte("abc"), 20_000)
	model := func(name string) Model { return Model{SHA256: name, Bytes: int64(len(data))} }
	reads := 0
	p := packer{limit: 3 * 1200}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			r, err := p.pack(model("a"), counting{bytes.NewReader(data), &reads}, "gzip")
			if err != nil || r == nil {
				t.Error(r, err)
			}
		})
	}
	wait.Wait()
	if reads != 1 {
		t.Errorf("compressed %d times", reads)
	}
	for _, name := range []string{"b", "a", "c", "d", "a"} {
		if r, err := p.pack(model(name), counting{bytes.NewReader(data), &reads}, "gzip"); err != nil || r == nil {
			t.Fatal(err)
		}
	}
	if reads != 4 || len(p.list) > 3 {
		t.Errorf("compressed %d times, %d remembered: a was asked for all the time", reads, len(p.list))
	}
	if _, err := p.pack(model("e"), failing{}, "br"); err == nil {
		t.Error("a file that cannot be read")
	}
	if r, err := p.pack(Model{SHA256: "f", Bytes: packLargest + 1}, failing{}, "br"); r != nil || err != nil {
		t.Error("a model that is too large")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error)       { return 0, errors.New("the disk is gone") }
func (failing) Seek(int64, int) (int64, error) { return 0, nil }
