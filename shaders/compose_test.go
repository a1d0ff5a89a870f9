package shaders

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func mapFS(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

const entry = "@compute @workgroup_size(1) fn main() {}\n"

func TestDirectives(t *testing.T) {
	files := map[string]string{
		"lib/a.wgsl": "a\n#import lib/b.wgsl\n",
		"lib/b.wgsl": "b\n",
	}
	for _, test := range []struct {
		name, text, conditions string
		want                   string // lines joined by spaces, or
		wantError              string // a part of the error
	}{
		{name: "plain", text: "x\ny", want: "x y"},
		{name: "import once", text: "#import lib/b.wgsl\n#import lib/a.wgsl\n#import lib/a.wgsl", want: "b a"},
		{name: "if", text: "#if A\nx\n#endif\ny", conditions: "A", want: "x y"},
		{name: "if not", text: "#if A\nx\n#endif\ny", want: "y"},
		{name: "else", text: "#if A\nx\n#else\nz\n#endif\ny", want: "z y"},
		{name: "else not", text: "#if A\nx\n#else\nz\n#endif\ny", conditions: "A", want: "x y"},
		{name: "nested", text: "#if A\n#if B\nx\n#else\ny\n#endif\n#else\n#if B\nz\n#endif\n#endif", conditions: "B", want: "z"},
		{name: "nested in a branch that is off", text: "#if A\n#if B\nx\n#else\ny\n#endif\n#endif\nz", conditions: "B", want: "z"},
		{name: "indented", text: "  #if A\n  x\n  #endif", conditions: "A", want: "  x"},
		{name: "import in a branch that is off", text: "#if A\n#import lib/none.wgsl\n#endif\nx", want: "x"},
		{name: "unknown directive", text: "x\n#include lib/a.wgsl", wantError: "k.wgsl:2: unknown directive #include"},
		{name: "unknown directive in a branch that is off", text: "#if A\n#elif B\n#endif", wantError: "k.wgsl:2: unknown directive #elif"},
		{name: "unknown file", text: "#import lib/none.wgsl", wantError: "k.wgsl:1: import: open lib/none.wgsl"},
		{name: "if without a name", text: "#if\n#endif", wantError: "k.wgsl:1: #if takes 1 word(s), got 0"},
		{name: "if of two names", text: "#if A B\n#endif", wantError: "got 2"},
		{name: "if of an expression", text: "#if !A\n#endif", wantError: "which is no name"},
		{name: "else without if", text: "#else", wantError: "k.wgsl:1: #else without #if"},
		{name: "two elses", text: "#if A\n#else\n#else\n#endif", wantError: "k.wgsl:3: #else without #if"},
		{name: "endif without if", text: "#endif", wantError: "#endif without #if"},
		{name: "if without endif", text: "x\n#if A", wantError: "k.wgsl:2: #if without #endif"},
		{name: "condition nobody asks for", text: "x", conditions: "A", wantError: "no #if asks for A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files["k.wgsl"] = test.text + "\n" + entry
			s, err := compose(mapFS(files), Permutation{Name: "k", File: "k.wgsl", Conditions: strings.Fields(test.conditions)}, nil)
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) {
					t.Fatalf("error %v, want %q", err, test.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(s.Code, entry), "\n"), "\n", " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestConstants(t *testing.T) {
	files := mapFS(map[string]string{"k.wgsl": "@compute @workgroup_size(X, Y) fn main() {}\n"})
	p := Permutation{Name: "k", File: "k.wgsl", Constants: []Constant{{"X", "8"}, {"Y", "4u"}}}
	s, err := compose(files, p, []Constant{{"X", "16"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Code, "const X = 16;\nconst Y = 4u;\n") {
		t.Errorf("code begins %.40q", s.Code)
	}
	if got := s.EntryPoints[0].WorkgroupSize; got != [3]uint32{16, 4, 1} {
		t.Errorf("workgroup size %v", got)
	}
	if p.Constants[0].Value != "8" {
		t.Error("an override changed the permutation")
	}
	for _, bad := range []Constant{{"Z", "1"}, {"X", "1; fn evil()"}, {"X", ""}, {"X", "Y"}, {"X", "1.5u"}} {
		if _, err := compose(files, p, []Constant{bad}); err == nil {
			t.Errorf("constant %v was taken", bad)
		}
	}
	for _, good := range []string{"0", "-3i", "1.5", "2e-3", "7u"} {
		if !isNumber(good) {
			t.Errorf("%s is no number", good)
		}
	}
}

func TestParsePermutations(t *testing.T) {
	list, err := parsePermutations("# head\na.wgsl X=1 Y=2\n+ one:\n+ two: A B X=3 # tail\n\nb.wgsl\n+ three: A\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Permutation{
		{"one", "a.wgsl", nil, []Constant{{"X", "1"}, {"Y", "2"}}},
		{"two", "a.wgsl", []string{"A", "B"}, []Constant{{"X", "3"}, {"Y", "2"}}},
		{"three", "b.wgsl", []string{"A"}, nil},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("got %v, want %v", list, want)
	}
	for text, wantError := range map[string]string{
		"+ one:":                       "permutations:1: one stands before any file",
		"a.wgsl\n+ one":                "permutations:2: want",
		"a.wgsl\n+ one: A\n+ one: B":   "permutations:3: one is there twice",
		"a.wgsl A":                     "condition A on a file's line",
		"a.wgsl\n+ one: X=Y":           "neither a condition nor NAME=number",
		"a.wgsl\n+ one: -":             "neither a condition nor NAME=number",
		"a.wgsl\n+ two words: A":       "want",
		"a.wgsl X=1=2\n+ one: A\nb, c": "neither",
	} {
		if _, err := parsePermutations(text); err == nil || !strings.Contains(err.Error(), wantError) {
			t.Errorf("%q: error %v, want %q", text, err, wantError)
		}
	}
}

func TestParse(t *testing.T) {
	s := Shader{Code: `
// @group(9) @binding(9) var<uniform> comment: F;
/* @group(9) /* nested */ @binding(9) var<uniform> comment: F; */
const N = 2;
const NOT_LITERAL = N * 2;
struct F { @size(16) a: f32, @align(16) b: vec4<f32> }
@group(1) @binding(3) var<storage, read_write> out: array<vec4<f32>>;
@binding(0) @group(0)
var<uniform> params: F;
@group(0) @binding(1) var<storage,read> in_: array<u32>;
@group(0) @binding(N) var<storage> in2 : array<u32>;
@group(1) @binding(0) var t: texture_2d<f32>;
@group(1) @binding(1) var ta: texture_2d_array<u32>;
@group(1) @binding(2) var d: texture_depth_cube;
@group(2) @binding(0) var st: texture_storage_3d<rgba16float, read_write>;
@group(2) @binding(1) var e: texture_external;
@group(2) @binding(2) var sf: sampler;
@group(2) @binding(3) var sc: sampler_comparison;
var<private> p: f32 = 1.0;
var<workgroup> w: array<f32, 4>;
fn helper(@builtin(position) x: vec4f) { var<function> v: f32; { let y = 1; } }
@compute @workgroup_size(N, 4u, 1)
fn first(@builtin(global_invocation_id) id: vec3u) { if true { var z = 0u; } }
@vertex fn second() -> @builtin(position) vec4f { return vec4f(); }
@fragment fn third() -> @location(0) vec4f { return vec4f(); }
`}
	if err := s.parse(); err != nil {
		t.Fatal(err)
	}
	all := Vertex | Fragment | Compute
	want := []Binding{
		{Group: 0, Index: 0, Name: "params", Kind: UniformBuffer},
		{Group: 0, Index: 1, Name: "in_", Kind: ReadOnlyStorage},
		{Group: 0, Index: 2, Name: "in2", Kind: ReadOnlyStorage},
		{Group: 1, Index: 0, Name: "t", Kind: SampledTexture, SampleType: "float", ViewDimension: "2d"},
		{Group: 1, Index: 1, Name: "ta", Kind: SampledTexture, SampleType: "uint", ViewDimension: "2d-array"},
		{Group: 1, Index: 2, Name: "d", Kind: SampledTexture, SampleType: "depth", ViewDimension: "cube"},
		{Group: 1, Index: 3, Name: "out", Kind: Storage},
		{Group: 2, Index: 0, Name: "st", Kind: StorageTexture, ViewDimension: "3d", Format: "rgba16float", Access: "read-write"},
		{Group: 2, Index: 1, Name: "e", Kind: ExternalTexture},
		{Group: 2, Index: 2, Name: "sf", Kind: FilteringSampler},
		{Group: 2, Index: 3, Name: "sc", Kind: ComparisonSampler},
	}
	for i := range want {
		want[i].Visibility = all
	}
	if !slices.Equal(s.Bindings, want) {
		t.Errorf("bindings\n%v, want\n%v", s.Bindings, want)
	}
	wantEntries := []EntryPoint{
		{"first", Compute, [3]uint32{2, 4, 1}}, {"second", Vertex, [3]uint32{}}, {"third", Fragment, [3]uint32{}},
	}
	if !slices.Equal(s.EntryPoints, wantEntries) {
		t.Errorf("entry points %v, want %v", s.EntryPoints, wantEntries)
	}
	if b, ok := s.Binding("e"); !ok || b.Index != 1 {
		t.Errorf("Binding(e) = %v, %t", b, ok)
	}
}

func TestGroups(t *testing.T) {
	s, err := Compose("external")
	if err != nil {
		t.Fatal(err)
	}
	if g := s.Groups(); len(g) != 2 || len(g[0]) != 0 || len(g[1]) != 2 || g[1][1].Name != "picture" {
		t.Errorf("groups %v", g)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"fn main() {}":                               "no entry point",
		"@compute fn main() {}":                      "no workgroup size",
		"@compute @workgroup_size(M) fn main() {}":   "workgroup size M",
		"@compute @workgroup_size(0) fn main() {}":   "workgroup size 0",
		"@group(0) var<uniform> a: F;":               "needs both group and binding",
		"@group(4) @binding(0) var a: sampler;":      "group 4 is above 3",
		"@group(a) @binding(0) var<uniform> b: F;":   "no integer",
		"@group(0) @binding(0) var a: f32;":          "cannot bind type f32",
		"@group(0) @binding(0) var<workgroup> a: F;": "cannot bind",
		"@group(0) @binding(0) var a: texture_2d;":   "cannot bind",
		"@group(0) @binding(0) var a: sampler; @group(0) @binding(0) var b: sampler; @fragment fn main() {}": "a and b have the same",
		"@group(": "", "@": "", "var<": "", "fn": "", "/*": "",
	} {
		s := Shader{Code: text}
		if err := s.parse(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// Every permutation composes, and its kernel keeps to the groups: 0 is what a plan fixes, 1 what changes.
func TestPermutationsCompose(t *testing.T) {
	list, err := Permutations()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, p := range list {
		used[p.File] = true
		s, err := Compose(p.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.Contains(s.Code, "\n#") {
			t.Errorf("%s: a directive is left", p.Name)
		}
		for _, b := range s.Bindings {
			if b.Group > 1 {
				t.Errorf("%s: %s is in group %d", p.Name, b.Name, b.Group)
			}
		}
		if e, ok := s.EntryPoint(Compute); ok && e.Name != "main" {
			t.Errorf("%s: entry point %s, want main", p.Name, e.Name)
		}
	}
	kernels, err := fs.Glob(files, "*.wgsl")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kernels {
		if !used[k] {
			t.Errorf("%s has no permutation", k)
		}
	}
	if _, err := Compose("planes"); err == nil || !strings.Contains(err.Error(), `"planes"`) {
		t.Errorf("unknown permutation: %v", err)
	}
	for name, want := range map[string]string{
		PlanesPermutation(I420, false): "planes_i420", PlanesPermutation(NV12, true): "planes_nv12_tensor",
	} {
		if _, err := Compose(name); err != nil || name != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBindingsOfPlanes(t *testing.T) {
	s, err := Compose("planes_nv12_tensor")
	if err != nil {
		t.Fatal(err)
	}
	want := []Binding{
		{Group: 0, Index: 0, Name: "frame", Kind: UniformBuffer, Visibility: Compute},
		{Group: 0, Index: 1, Name: "tensor_params", Kind: UniformBuffer, Visibility: Compute},
		{Group: 1, Index: 0, Name: "planes", Kind: ReadOnlyStorage, Visibility: Compute},
		{Group: 1, Index: 1, Name: "picture", Kind: StorageTexture, Visibility: Compute, ViewDimension: "2d", Format: "rgba8unorm", Access: "write-only"},
		{Group: 1, Index: 2, Name: "tensor", Kind: Storage, Visibility: Compute},
	}
	if !slices.Equal(s.Bindings, want) {
		t.Errorf("bindings\n%v, want\n%v", s.Bindings, want)
	}
}

// A kernel's name may carry its constants.
func TestConstantsInAName(t *testing.T) {
	s, err := Compose("OPERATION=3u/A_FORM=1u/nn_map_f16")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "OPERATION=3u/A_FORM=1u/nn_map_f16" || !strings.Contains(s.Code, "const OPERATION = 3u;") || !strings.Contains(s.Code, "const A_FORM = 1u;") {
		t.Errorf("%s: %s", s.Name, s.Code[:200])
	}
	for name, want := range map[string]string{"NONE=1/nn_map": `"NONE"`, "OPERATION/nn_map": "OPERATION=", "OPERATION=x/nn_map": "OPERATION=x", "OPERATION=1/none": `"none"`, "/nn_map": `""`} {
		if _, err := Compose(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}
