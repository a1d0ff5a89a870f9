package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sightline/vision/onnx"
	"sightline/wasm/engine"
)

// modelsFolder is where the detectors' files are.
func modelsFolder(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	dir = filepath.Join(dir, "testdata", "models")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is missing: the detectors' files are not there", dir)
	}
	return dir
}

func loadModel(t testing.TB, name string) *onnx.Graph {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(modelsFolder(t), name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Load(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Graph
}

func TestGolden(t *testing.T) {
	dir := os.Getenv("ENGINE_GOLDEN")
	if dir == "" {
		t.Skip("ENGINE_GOLDEN is not set")
	}
	half := os.Getenv("ENGINE_HALF") != ""
	for _, name := range strings.Fields(os.Getenv("ENGINE_MODELS")) {
		t.Run(name, func(t *testing.T) {
			g := loadModel(t, name)
			p, err := engine.Compile(g, engine.Options{Half: half, Occupancy: occupancyOf(), Apart: os.Getenv("ENGINE_APART") != ""})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d dispatches, %d kernels, %.2f MB: arena %.2f constants %.2f", len(p.Dispatches), len(p.Kernels), float64(p.Bytes())/1e6, float64(p.Arena)/1e6, float64(len(p.Constants))/1e6)
			in, err := os.ReadFile(filepath.Join(dir, name+".in"))
			if err != nil {
				t.Fatal(err)
			}
			r := runDawn(t, []dawnRun{{plan: p, inputs: [][]float32{floatsOf(in)}, repeat: 5, profile: 3}})[0]
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			t.Logf("wall %.1f cpu %.1f", r.Wall, r.CPU)
			for i := range p.Outputs {
				want, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s.out%d", name, i)))
				if err != nil {
					t.Fatal(err)
				}
				if err := differ(r.outputs[i], floatsOf(want), 1e-3); err != nil {
					t.Error(p.Outputs[i].Name, err)
				}
			}
			total := 0.0
			by := map[string]float64{}
			for i, ms := range r.Kernels {
				total += ms
				by[p.Kernels[p.Dispatches[i].Kernel]] += ms
				if os.Getenv("ENGINE_PROFILE") != "" {
					t.Logf("%3d %7.2f ms %-28s %5d %s", i, ms, p.Kernels[p.Dispatches[i].Kernel], p.Dispatches[i].X, p.Dispatches[i].Label)
				}
			}
			t.Logf("kernels %.1f ms: %v", total, by)
		})
	}
}

func occupancyOf() int {
	n, _ := strconv.Atoi(os.Getenv("ENGINE_OCCUPANCY"))
	return n
}
