package doctor

import (
	"path/filepath"
	"strings"
	"testing"

	"sightline/models"
	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/infer/catalog"
	"sightline/relay/infer/ort"
	"sightline/testkit/camera"
)

func TestInference(t *testing.T) {
	cfg := config.Demo()
	cfg.DataDir = t.TempDir()
	if got := checkInference(cfg); len(got) != 1 || got[0].Level != "ok" || !strings.Contains(got[0].Text, "ONNX Runtime 1.") {
		t.Errorf("without analysis: %+v", got)
	}
	demo := cfg.Streams["demo"]
	demo.Analyze.Where = config.WhereRelay
	cfg.Streams["demo"] = demo
	if got := checkInference(cfg); len(got) != 2 || got[1].Code != health.ModelMissing || got[1].Fix != "sightline models pull fastestdet" {
		t.Errorf("without the model: %+v", got)
	}
	store, err := catalog.Open(filepath.Join(cfg.DataDir, "models"), models.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	from := "file://" + filepath.Join(camera.Shared(t), "testdata", "models", "fastestdet-352.onnx")
	if err := store.Pull(t.Context(), "fastestdet", from, catalog.Puller{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := checkInference(cfg); len(got) != 2 || got[1].Level != "ok" || got[1].Text != "the model fastestdet runs" {
		t.Errorf("with the model: %+v", got)
	}
	cfg.Infer.Provider = config.ProviderCUDA
	if got := checkInference(cfg); got[0].Level != "ok" && got[0].Code != health.InferProviderMissing {
		t.Errorf("with CUDA: %+v", got)
	}
	t.Setenv(ort.LibraryEnv, "/nonexistent")
	if got := checkInference(cfg); len(got) != 1 || got[0].Code != health.InferLibraryMissing || got[0].Level != "error" {
		t.Errorf("without the library: %+v", got)
	}
	demo.Analyze.Where = config.WhereClient
	cfg.Streams["demo"] = demo
	if got := checkInference(cfg); len(got) != 1 || got[0].Level != "info" {
		t.Errorf("without the library and without need: %+v", got)
	}
}
