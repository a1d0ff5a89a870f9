//go:build !js

package gpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// swiftShader is where Debian's Chromium keeps its Vulkan driver for the CPU.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// The tests of this package, and of picture, are of GOOS=js; this one runs them under Node, with Dawn as its WebGPU.
func TestUnderDawn(t *testing.T) {
	runner, err := filepath.Abs(filepath.Join("testdata", "exec.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	icd := os.Getenv("VK_ICD_FILENAMES")
	if icd == "" {
		icd = swiftShader
	}
	if _, err := os.Stat(icd); err != nil {
		t.Fatalf("no Vulkan driver at %s: install chromium, or set VK_ICD_FILENAMES", icd)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-exec", "node "+runner, ".", "../picture")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=", "VK_ICD_FILENAMES="+icd, "XDG_RUNTIME_DIR="+t.TempDir(), "SIGHTLINE_DAWN=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
