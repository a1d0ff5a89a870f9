package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/testkit/camera"
	"sightline/vision/card"
)

// The catalogue's models and files of one's own are served, each under its
// card's name; what is wrong with a file is said where it is asked for.
func TestModelsAreServed(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	own := filepath.Join(t.TempDir(), "mine.onnx")
	if err := os.WriteFile(own, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "{name: my-model, input: {width: 8, height: 8, scale: [1, 1, 1], mean: [0, 0, 0]}, head: yolo, classes: [a], thresholds: {score: 0.5, iou: 0.5}}"
	if err := os.WriteFile(filepath.Join(filepath.Dir(own), "mine.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, model := range map[string]string{"gate": own, "yard": own, "hall": "fastestdet", "lost": filepath.Join(cfg.DataDir, "none.onnx"), "off": own} {
		s := config.DefaultStream()
		s.Source = config.Source{URL: "demo"}
		s.Analyze = config.Analyze{Where: config.WhereClient, Model: model, FPS: 3, Classes: []string{"a"}, Threshold: 0.7}
		if name == "off" {
			s.Analyze.Where = config.WhereOff
		}
		cfg.Streams[name] = s
	}
	store, err := OpenModels(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	from := "file://" + filepath.Join(camera.Shared(t), "testdata", "models", "fastestdet-352.onnx")
	if err := store.Pull(t.Context(), "fastestdet", from, ModelPuller{}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := New(cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	models := &servedModels{store: store, own: a.ownModels()}
	here := map[string]bool{}
	for _, m := range models.List() {
		here[m.Name] = m.Here
		c, err := card.Decode(m.Card)
		if err != nil || c.Name != m.Name || !json.Valid(m.Card) {
			t.Errorf("%s: card %s: %v", m.Name, m.Card, err)
		}
	}
	if len(here) != 3 || !here["fastestdet"] || !here["my-model"] || here["ultraface-rfb-320"] {
		t.Errorf("models %v", here)
	}
	for name, size := range map[string]int64{"my-model": 7, "fastestdet": 998169} {
		m, f, err := models.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		_ = f.Close()
		sum := sha256.Sum256(data)
		if err != nil || int64(len(data)) != size || m.Bytes != size || m.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %+v, %d bytes, %v", name, m, len(data), err)
		}
	}
	// Another file in its place is another version, and one of the catalogue is then the wrong one.
	before, _ := models.Get("my-model")
	if err := os.WriteFile(own, []byte("other weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	if after, _ := models.Get("my-model"); after.SHA256 == before.SHA256 || after.Bytes != 13 {
		t.Errorf("%+v", after)
	}
	if err := os.WriteFile(store.Path("fastestdet"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]health.Code{"fastestdet": health.ModelInvalid, "ultraface-rfb-320": health.ModelMissing, "none": health.ModelMissing, own: health.ModelMissing} {
		_, _, err := models.Open(name)
		if c, ok := errors.AsType[health.Condition](err); !ok || c.Code != code {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
	if m, err := models.Get("fastestdet"); err != nil || m.Here {
		t.Errorf("damaged: %+v, %v", m, err)
	}
	for stream, model := range map[string]string{"gate": "my-model", "hall": "fastestdet", "lost": ""} {
		if got := a.analysis(models, stream); got == nil || got.Model != model || got.Where != "client" || got.FPS != 3 || got.Threshold != 0.7 || len(got.Classes) != 1 {
			t.Errorf("%s: %+v", stream, got)
		}
	}
	if a.analysis(models, "off") != nil || a.analysis(models, "none") != nil {
		t.Error("analysis of a stream without any")
	}
}
