package engine_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"sightline/shaders"
	"sightline/wasm/engine"
)

// dawnRun is a plan with its inputs, for testdata/run.mjs.
type dawnRun struct {
	plan   *engine.Plan
	inputs [][]float32
	// repeat and profile ask for so many runs, the latter of each dispatch by itself.
	repeat, profile int
}

// dawnResult is what came back: outputs in the order of the plan, rows without padding.
type dawnResult struct {
	Error   string    `json:"error"`
	Wall    []float64 `json:"wall_ms"`
	CPU     []float64 `json:"cpu_ms"`
	Kernels []float64 `json:"kernels_ms"`
	outputs [][]float32
	// result is the result's buffer.
	result []byte
}

type file struct {
	File string `json:"file"`
	Size int    `json:"size"`
}

type kernel struct {
	Name  string `json:"name"`
	Code  string `json:"code"`
	Entry string `json:"entry"`
}

type dispatch struct {
	Kernel int    `json:"kernel"`
	Params int    `json:"params"`
	X      uint32 `json:"x"`
	Y      uint32 `json:"y"`
}

type region struct {
	file
	Offset int `json:"offset"`
	Pitch  int `json:"pitch"`
	Width  int `json:"width"`
}

type job struct {
	Half       bool       `json:"half"`
	Window     int        `json:"window"`
	Repeat     int        `json:"repeat"`
	Profile    int        `json:"profile"`
	Kernels    []kernel   `json:"kernels"`
	Params     file       `json:"params"`
	Constants  file       `json:"constants"`
	Arena      int        `json:"arena"`
	Detections int        `json:"detections"`
	Result     int        `json:"result"`
	Results    string     `json:"results"`
	Dispatches []dispatch `json:"dispatches"`
	Inputs     []region   `json:"inputs"`
	Outputs    []region   `json:"outputs"`
}

// swiftShader is where Debian's Chromium keeps its Vulkan driver for the CPU.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// runDawn runs plans in one Node process.
func runDawn(t testing.TB, runs []dawnRun) []dawnResult {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) file {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file{name, len(data)}
	}
	var jobs []job
	for i, r := range runs {
		p, name := r.plan, strconv.Itoa(i)
		j := job{Inputs: []region{}, Outputs: []region{}, Half: p.Half, Window: engine.ParamsWindow, Repeat: r.repeat, Profile: r.profile, Arena: p.Arena, Detections: p.Detections, Result: p.Result, Results: name + ".result",
			Params: write(name+".params", p.Params), Constants: write(name+".constants", p.Constants)}
		for _, k := range p.Kernels {
			s, err := shaders.Compose(k)
			if err != nil {
				t.Fatal(err)
			}
			entry, _ := s.EntryPoint(shaders.Compute)
			j.Kernels = append(j.Kernels, kernel{k, s.Code, entry.Name})
		}
		for _, d := range p.Dispatches {
			j.Dispatches = append(j.Dispatches, dispatch{d.Kernel, d.Params, d.X, d.Y})
		}
		size := 4
		if p.Half {
			size = 2
		}
		for k, in := range p.Inputs {
			f := write(name+".in"+strconv.Itoa(k), shaders.AppendFloats(nil, r.inputs[k]))
			j.Inputs = append(j.Inputs, region{f, in.Offset, in.Pitch, in.Width()})
		}
		for k, out := range p.Outputs {
			j.Outputs = append(j.Outputs, region{file{name + ".out" + strconv.Itoa(k), size * out.Rows() * out.Pitch}, out.Offset, out.Pitch, out.Width()})
		}
		jobs = append(jobs, j)
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	write("plans.json", text)
	if _, err := os.Stat("../../node_modules/webgpu"); err != nil {
		t.Fatal("node_modules/webgpu is missing: run npm ci in the repository's root")
	}
	icd := os.Getenv("VK_ICD_FILENAMES")
	if icd == "" {
		icd = swiftShader
	}
	if _, err := os.Stat(icd); err != nil {
		t.Fatalf("no Vulkan driver at %s: install chromium, or set VK_ICD_FILENAMES", icd)
	}
	runner := filepath.Join("testdata", "run.mjs")
	// Opened here too, so that go test's cache knows that the result depends on it.
	if _, err := os.ReadFile(runner); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", runner, dir)
	cmd.Env = append(os.Environ(), "VK_ICD_FILENAMES="+icd, "XDG_RUNTIME_DIR="+dir)
	// Dawn prints its warnings on standard output.
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("node testdata/run.mjs: %v\n%s", err, out)
	}
	text, err = os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary struct{ Results []dawnResult }
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatalf("results.json holds %q: %v", text, err)
	}
	if len(summary.Results) != len(runs) {
		t.Fatalf("%d results for %d plans", len(summary.Results), len(runs))
	}
	for i := range summary.Results {
		if summary.Results[i].Error != "" {
			continue
		}
		if summary.Results[i].result, err = os.ReadFile(filepath.Join(dir, jobs[i].Results)); err != nil {
			t.Fatal(err)
		}
		for _, out := range jobs[i].Outputs {
			data, err := os.ReadFile(filepath.Join(dir, out.File))
			if err != nil {
				t.Fatal(err)
			}
			summary.Results[i].outputs = append(summary.Results[i].outputs, floatsOf(data))
		}
	}
	return summary.Results
}

func floatsOf(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
