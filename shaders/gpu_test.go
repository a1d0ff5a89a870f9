package shaders_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"sightline/shaders"
)

// job is one GPU submission of testdata/run.mjs.
type job struct {
	Steps       []step              `json:"steps"`
	Resources   map[string]resource `json:"resources,omitempty"`
	Target      string              `json:"target,omitempty"`
	Outputs     map[string]string   `json:"outputs,omitempty"`
	CompileOnly bool                `json:"compileOnly,omitempty"`
	Repeat      int                 `json:"repeat,omitempty"`
	// Frames runs the job so many times, each with the next part of the inputs, by resource.
	Frames int               `json:"frames,omitempty"`
	Inputs map[string]string `json:"inputs,omitempty"`
	// frameData is written to Inputs before the run.
	frameData map[string][]byte
}

// step is one dispatch or draw.
type step struct {
	Name     string    `json:"name"`
	Code     string    `json:"code"`
	Bindings []binding `json:"bindings"`
	// Resources renames a binding's resource, from the binding's name.
	Resources  map[string]string `json:"resources,omitempty"`
	Compute    string            `json:"compute,omitempty"`
	Workgroups [2]uint32         `json:"workgroups"`
	Vertex     string            `json:"vertex,omitempty"`
	Fragment   string            `json:"fragment,omitempty"`
	Vertices   int               `json:"vertices"`
	Instances  int               `json:"instances"`
	Blend      bool              `json:"blend,omitempty"`
}

type binding struct {
	Group         uint32        `json:"group"`
	Index         uint32        `json:"index"`
	Name          string        `json:"name"`
	Kind          string        `json:"kind"`
	Visibility    shaders.Stage `json:"visibility"`
	SampleType    string        `json:"sampleType,omitempty"`
	ViewDimension string        `json:"viewDimension,omitempty"`
	Format        string        `json:"format,omitempty"`
	Access        string        `json:"access,omitempty"`
}

type resource struct {
	Type    string `json:"type"`
	Uniform bool   `json:"uniform,omitempty"`
	Size    int    `json:"size,omitempty"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Format  string `json:"format,omitempty"`
	Input   string `json:"input,omitempty"`
	// data is written to Input before the run.
	data []byte
}

// gpuRun is results.json of testdata/run.mjs.
type gpuRun struct {
	Adapter string `json:"adapter"`
	Timed   bool   `json:"timed"`
	Results []struct {
		Error string    `json:"error"`
		GPUms []float64 `json:"gpu_ms"`
		CPUms []float64 `json:"cpu_ms"`
	} `json:"results"`
	dir string
}

// output reads what a job wrote.
func (r *gpuRun) output(t testing.TB, job int, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, outputFile(job, name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func outputFile(job int, name string) string { return strconv.Itoa(job) + "." + name + ".out" }

// swiftShader is where Debian's Chromium keeps its Vulkan driver for the CPU.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// runGPU runs jobs in one Node process and reads the outputs named in each job's Outputs.
func runGPU(t testing.TB, jobs []job) *gpuRun {
	t.Helper()
	dir := t.TempDir()
	for i := range jobs {
		for name, r := range jobs[i].Resources {
			if r.data == nil {
				continue
			}
			r.Input = strconv.Itoa(i) + "." + name + ".in"
			if err := os.WriteFile(filepath.Join(dir, r.Input), r.data, 0o600); err != nil {
				t.Fatal(err)
			}
			jobs[i].Resources[name] = r
		}
		for name, data := range jobs[i].frameData {
			if jobs[i].Inputs == nil {
				jobs[i].Inputs = map[string]string{}
			}
			jobs[i].Inputs[name] = strconv.Itoa(i) + "." + name + ".frames"
			if err := os.WriteFile(filepath.Join(dir, jobs[i].Inputs[name]), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for name := range jobs[i].Outputs {
			jobs[i].Outputs[name] = outputFile(i, name)
		}
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "jobs.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../node_modules/webgpu"); err != nil {
		t.Fatal("node_modules/webgpu is missing: run npm ci in the repository's root")
	}
	icd := os.Getenv("VK_ICD_FILENAMES")
	if icd == "" {
		icd = swiftShader
	}
	if _, err := os.Stat(icd); err != nil {
		t.Fatalf("no Vulkan driver at %s: install chromium, or set VK_ICD_FILENAMES", icd)
	}
	// Opened here too, so that go test's cache knows that the result depends on it.
	runner := filepath.Join("testdata", "run.mjs")
	if _, err := os.ReadFile(runner); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", runner, dir)
	cmd.Env = append(os.Environ(), "VK_ICD_FILENAMES="+icd, "XDG_RUNTIME_DIR="+dir)
	// Dawn prints its warnings on standard output.
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("node testdata/run.mjs: %v\n%s", err, out)
	}
	results, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	run := &gpuRun{dir: dir}
	if err := json.Unmarshal(results, run); err != nil {
		t.Fatalf("results.json holds %q: %v", results, err)
	}
	if len(run.Results) != len(jobs) {
		t.Fatalf("%d results for %d jobs", len(run.Results), len(jobs))
	}
	return run
}

// newStep makes a step with what the Go side read from the shader's text, as the client does.
func newStep(t testing.TB, name string, constants ...shaders.Constant) (step, *shaders.Shader) {
	t.Helper()
	s, err := shaders.Compose(name, constants...)
	if err != nil {
		t.Fatal(err)
	}
	st := step{Name: s.Name, Code: s.Code}
	for _, e := range s.EntryPoints {
		switch e.Stage {
		case shaders.Compute:
			st.Compute = e.Name
		case shaders.Vertex:
			st.Vertex = e.Name
		case shaders.Fragment:
			st.Fragment = e.Name
		}
	}
	kinds := map[shaders.BindingKind]string{
		shaders.UniformBuffer: "uniform", shaders.ReadOnlyStorage: "read-only-storage", shaders.Storage: "storage",
		shaders.SampledTexture: "texture", shaders.StorageTexture: "storage-texture",
		shaders.ExternalTexture: "external-texture", shaders.FilteringSampler: "filtering",
		shaders.ComparisonSampler: "comparison",
	}
	for _, b := range s.Bindings {
		st.Bindings = append(st.Bindings, binding{
			Group: b.Group, Index: b.Index, Name: b.Name, Kind: kinds[b.Kind], Visibility: b.Visibility,
			SampleType: b.SampleType, ViewDimension: b.ViewDimension, Format: b.Format, Access: b.Access,
		})
	}
	return st, s
}

// Every permutation compiles, and its layouts made from the text fit its pipeline.
func TestPermutationsCompile(t *testing.T) {
	list, err := shaders.Permutations()
	if err != nil {
		t.Fatal(err)
	}
	var jobs []job
	for _, p := range list {
		st, _ := newStep(t, p.Name)
		jobs = append(jobs, job{Steps: []step{st}, CompileOnly: true})
	}
	run := runGPU(t, jobs)
	for i, p := range list {
		t.Run(p.Name, func(t *testing.T) {
			if e := run.Results[i].Error; e != "" {
				t.Error(e)
			}
		})
	}
}
