package onnxconformance_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/testkit/onnxconformance"
	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

// TestBackendCases runs the cases that setup fetches.
func TestBackendCases(t *testing.T) {
	dir := filepath.Join("..", "..", ".tools", "onnx-cases")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("needs the test cases of ONNX: make setup")
	}
	cases, err := onnxconformance.Cases(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s onnxconformance.Summary
	for _, c := range cases {
		s.Results = append(s.Results, onnxconformance.Run(c, onnxconformance.Interpreter{}))
	}
	var table strings.Builder
	if err := s.Write(&table, true); err != nil {
		t.Fatal(err)
	}
	t.Log(table.String())
	if err := s.Err(); err != nil {
		t.Error(err)
	}
	counting := 0
	for _, r := range s.Results {
		if r.Counts {
			counting++
		}
	}
	if counting < 300 {
		t.Errorf("%d cases count, want 300 at least: are all there?", counting)
	}
}

// write makes a folder with one case: y = op(x), wanted to be as given.
func write(t *testing.T, op string, x, y *onnx.Tensor) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "test_"+op)
	set := filepath.Join(dir, "test_data_set_0")
	if err := os.MkdirAll(set, 0o755); err != nil {
		t.Fatal(err)
	}
	m := onnxmodel.Model{
		Nodes:   []onnxmodel.Node{{Op: op, Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Inputs:  []onnxmodel.Value{{Name: "x", Shape: x.Shape}},
		Outputs: []onnxmodel.Value{{Name: "y", Shape: y.Shape}},
	}
	for path, data := range map[string][]byte{
		filepath.Join(dir, "model.onnx"): m.Bytes(), filepath.Join(set, "input_0.pb"): onnxmodel.Tensor("x", x, false),
		filepath.Join(set, "output_0.pb"): onnxmodel.Tensor("y", y, false),
	} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOutcomes(t *testing.T) {
	x := onnxmodel.Floats([]int{3}, -1, 0, 2)
	for _, c := range []struct {
		name string
		op   string
		y    *onnx.Tensor
		want onnxconformance.Result
	}{
		{"passed", "Relu", onnxmodel.Floats([]int{3}, 0, 0, 2), onnxconformance.Result{Outcome: onnxconformance.Passed, Counts: true}},
		{"wrong value", "Relu", onnxmodel.Floats([]int{3}, 0, 0, 2.01), onnxconformance.Result{Outcome: onnxconformance.Wrong, Counts: true}},
		{"wrong shape", "Relu", onnxmodel.Floats([]int{3, 1}, 0, 0, 2), onnxconformance.Result{Outcome: onnxconformance.Wrong, Counts: true}},
		{"refused", "Erf", onnxmodel.Floats([]int{3}, 0, 0, 2), onnxconformance.Result{Outcome: onnxconformance.Refused, Refusal: "Erf"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := onnxconformance.Run(write(t, c.op, x, c.y), onnxconformance.Interpreter{})
			if got.Outcome != c.want.Outcome || got.Counts != c.want.Counts || got.Refusal != c.want.Refusal {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if (got.Outcome == onnxconformance.Passed) != (got.Reason == "") {
				t.Errorf("the reason is %q", got.Reason)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	passed := onnxconformance.Result{Outcome: onnxconformance.Passed, Counts: true}
	refused := onnxconformance.Result{Outcome: onnxconformance.Refused, Counts: true, Refusal: "MaxPool: output 1 (Indices)"}
	many := func(n int, r onnxconformance.Result) (list []onnxconformance.Result) {
		for range n {
			list = append(list, r)
		}
		return list
	}
	for _, c := range []struct {
		name    string
		results []onnxconformance.Result
		ok      bool
	}{
		{"enough", append(many(95, passed), many(5, refused)...), true},
		{"too few", append(many(94, passed), many(6, refused)...), false},
		{"one wrong", append(many(99, passed), onnxconformance.Result{Outcome: onnxconformance.Wrong}), false},
		{"none", nil, false},
	} {
		s := onnxconformance.Summary{Results: c.results}
		if err := s.Err(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestServe checks both halves of the protocol against each other, in the
// process of a test.
func TestServe(t *testing.T) {
	if os.Getenv("ONNXCONFORMANCE_SERVE") != "" {
		if err := onnxconformance.Serve(os.Stdin, os.Stdout, onnxconformance.Interpreter{}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := onnxconformance.StartProcess("env ONNXCONFORMANCE_SERVE=1 " + exe + " -test.run '^TestServe$'")
	if err != nil {
		t.Fatal(err)
	}
	x := onnxmodel.Floats([]int{3}, -1, 0, 2)
	if r := onnxconformance.Run(write(t, "Relu", x, onnxmodel.Floats([]int{3}, 0, 0, 2)), p); r.Outcome != onnxconformance.Passed {
		t.Errorf("Relu: %+v", r)
	}
	if r := onnxconformance.Run(write(t, "Erf", x, x), p); r.Outcome != onnxconformance.Refused || r.Refusal != "Erf" {
		t.Errorf("Erf: %+v", r)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestServeBadRequest(t *testing.T) {
	var out strings.Builder
	if err := onnxconformance.Serve(strings.NewReader("{\n"), &out, onnxconformance.Interpreter{}); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"error"`) {
		t.Errorf("answer %q", out.String())
	}
}
