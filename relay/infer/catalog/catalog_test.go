package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/models"
	"sightline/relay/health"
	"sightline/testkit/camera"
)

func TestOurCatalogue(t *testing.T) {
	s, err := Open(t.TempDir(), models.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Names(), " "); got != "fastestdet ultraface-rfb-320" {
		t.Errorf("models %s", got)
	}
	for _, e := range s.Entries {
		if e.About == "" || e.Licence == "" || !strings.HasPrefix(e.Source, "https://") || !strings.HasPrefix(e.URL, "https://") {
			t.Errorf("%s: %+v", e.Card.Name, e)
		}
	}
	if e, _ := s.Entry("fastestdet"); len(e.Card.Classes) != 80 || e.Card.Classes[0] != "person" || e.Card.Classes[79] != "toothbrush" {
		t.Errorf("classes %q", e.Card.Classes)
	}
	for name, file := range map[string]string{"fastestdet": "fastestdet-352.onnx", "ultraface-rfb-320": "ultraface-rfb-320.onnx"} {
		from := "file://" + filepath.Join(camera.Shared(t), "testdata", "models", file)
		if err := s.Pull(t.Context(), name, from, Puller{}, nil); err != nil {
			t.Error(err)
		}
		if state, text := s.Check(name); state != Present {
			t.Errorf("%s: %s %s", name, state, text)
		}
		if c, data, err := s.Load(name); err != nil || c.Name != name || len(data) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const entry = `models:
  - {about: a, licence: MIT, source: "https://x", url: "%s", sha256: "%x", bytes: %d,
     card: {name: tiny, input: {width: 8, height: 8, scale: [1, 1, 1], mean: [0, 0, 0]}, head: yolo, classes: [a], thresholds: {score: 0.5, iou: 0.5}}}
`

var content = bytes.Repeat([]byte("model"), 50_000)

// tiny is a store whose catalogue has one model at an address.
func tiny(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "models"), fmt.Appendf(nil, entry, url, sha256.Sum256(content), len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPullOverHTTPS(t *testing.T) {
	var answer http.HandlerFunc
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer server.Close()
	s := tiny(t, server.URL+"/m.onnx")
	p := Puller{Client: server.Client()}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"404": {http.NotFound, "404"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content[:1000]) }, "1000 bytes with SHA-256"},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(content[:5000])
			panic(http.ErrAbortHandler)
		}, "get https://"},
		"larger":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(content, 'x')) }, "more than 250000 bytes"},
		"other":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, len(content))) }, "is not the model"},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>log in</html>")) }, "is not the model"},
	} {
		answer = c.answer
		err := s.Pull(t.Context(), "tiny", "", p, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if left, _ := os.ReadDir(s.Dir); len(left) > 0 {
			t.Errorf("%s: %s is left", name, left[0].Name())
		}
		if state, _ := s.Check("tiny"); state != Absent {
			t.Errorf("%s: %s", name, state)
		}
	}
	answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	var seen []int64
	if err := s.Pull(t.Context(), "tiny", "", p, func(done, total int64) {
		seen = append(seen, done)
		if total != int64(len(content)) || len(seen) > 1 && done < seen[len(seen)-2] {
			t.Errorf("progress %d of %d", done, total)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 2 || seen[len(seen)-1] != int64(len(content)) {
		t.Errorf("progress %v", seen)
	}
	// A failed try leaves the good file in place.
	answer = http.NotFound
	if s.Pull(t.Context(), "tiny", "", p, nil) == nil {
		t.Error("404 is a model")
	}
	if state, text := s.Check("tiny"); state != Present {
		t.Errorf("%s %s", state, text)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Pull(stopped, "tiny", "", p, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPullRefuses(t *testing.T) {
	s := tiny(t, "file:/nonexistent/m.onnx")
	for from, want := range map[string]string{
		"":                   "no such file",
		"http://h/m.onnx":    `scheme "http": must be https or file`,
		"file://host/m.onnx": "names no host",
		"m.onnx":             `scheme ""`,
	} {
		if err := s.Pull(t.Context(), "tiny", from, Puller{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", from, err, want)
		}
	}
	if err := s.Pull(t.Context(), "moon", "", Puller{}, nil); err == nil || !strings.Contains(err.Error(), "it has tiny") {
		t.Error(err)
	}
}

func TestLoadFaults(t *testing.T) {
	s := tiny(t, "file:/m.onnx")
	dir := t.TempDir()
	own := filepath.Join(dir, "own.onnx")
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fault := func(name string, code health.Code, want string) {
		t.Helper()
		_, _, err := s.Load(name)
		c, ok := errors.AsType[health.Condition](err)
		if !ok || c.Code != code || !strings.Contains(c.Text+" "+c.Fix, want) {
			t.Errorf("%s: %v, want %s with %q", name, err, code, want)
		}
	}
	fault("tin", health.ModelMissing, `Did you mean "tiny"?`)
	fault("tiny", health.ModelMissing, "sightline models pull tiny")
	write(s.Path("tiny"), "other")
	fault("tiny", health.ModelInvalid, "not the file of the catalogue")
	if state, text := s.Check("tiny"); state != Damaged || text != "5 bytes, want 250000" {
		t.Errorf("%s %s", state, text)
	}
	fault(own, health.ModelInvalid, "has no card")
	write(filepath.Join(dir, "own.yaml"), "name: own\nmoon: 1\n")
	fault(own, health.ModelInvalid, "moon")
	write(filepath.Join(dir, "own.yaml"), "name: own\nhead: yolo\nclasses: [a]\ninput: {width: 8, height: 8, mean: [0, 0, 0], scale: [1, 1, 1]}\nthresholds: {score: 0.5, iou: 0.5}\n")
	fault(own, health.ModelMissing, "no such file")
	write(own, "model")
	if c, data, err := s.Load(own); err != nil || c.Name != "own" || string(data) != "model" {
		t.Errorf("%+v, %q, %v", c, data, err)
	}
}

func TestBadCatalogues(t *testing.T) {
	good := string(fmt.Appendf(nil, entry, "https://h/m", sha256.Sum256(content), len(content)))
	for want, text := range map[string]string{
		"unknown field":            strings.Replace(good, "about", "abuot", 1),
		"an https or file address": strings.Replace(good, "https://h/m", "http://h/m", 1),
		"64 hexadecimal digits":    strings.Replace(good, `sha256: "`, `sha256: "z`, 1),
		"comes twice":              good + strings.TrimPrefix(good, "models:\n"),
		"must be fastestdet":       strings.Replace(good, "yolo", "yoyo", 1),
		"bytes: 0":                 strings.Replace(good, "bytes: 250000", "bytes: 0", 1),
		"catalog:":                 "models: [",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
