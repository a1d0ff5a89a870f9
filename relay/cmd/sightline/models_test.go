package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/testkit/camera"
)

func TestModels(t *testing.T) {
	dir := t.TempDir()
	from := "file://" + filepath.Join(camera.Shared(t), "testdata", "models", "fastestdet-352.onnx")
	models := func(code int, want string, args ...string) {
		t.Helper()
		r := execute(t, nil, nil, append([]string{"models"}, args...)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("models %q ends with %d, want %d and %q:\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
		}
	}
	in := "--data-dir=" + dir
	models(exitUsage, "Usage:")
	models(exitOK, "sightline models pull", "--help")
	models(exitOK, "sightline models pull", "pull", "--help")
	models(exitUsage, `did you mean "list"?`, "lst")
	models(exitUsage, `did you mean "fastestdet"?`, "pull", in, "fastestdt")
	models(exitUsage, "name a model", "pull", in)
	models(exitUsage, "flag provided but not defined", "pull", "--moon")
	models(exitUsage, "--from is for one model", "pull", in, "--all", "--from", from)
	models(exitOK, "not pulled", "list", in)
	models(exitOK, "fastestdet: not pulled", "check", in)
	models(exitFailed, "sightline models pull fastestdet", "check", in, "fastestdet")
	models(exitFailed, "no such file", "pull", in, "fastestdet", "--from", "file:/nonexistent")
	models(exitOK, "verified", "pull", "fastestdet", in, "--from", from)
	models(exitOK, "there already", "pull", in, "fastestdet")
	models(exitOK, "fastestdet: ok", "check", in)
	models(exitOK, "person, bicycle", "list", in, "fastestdet")
	if err := os.Truncate(filepath.Join(dir, "models", "fastestdet.onnx"), 1000); err != nil {
		t.Fatal(err)
	}
	models(exitFailed, "fastestdet: damaged: 1000 bytes", "check", in)
}
