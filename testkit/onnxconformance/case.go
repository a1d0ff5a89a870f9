// Package onnxconformance runs cases in the layout of ONNX's backend tests: a
// folder with model.onnx and folders test_data_set_* with input_*.pb and
// output_*.pb. It knows no engine: an [Executor] computes the models.
package onnxconformance

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sightline/vision/onnx"
)

// Executor computes the outputs of a model file for inputs in the order of its
// graph. The options give the shapes of these, and the inputs that are known
// when the model is loaded. What it does not support it refuses with an
// [onnx.UnsupportedError].
type Executor interface {
	Run(model []byte, o onnx.Options, inputs []*onnx.Tensor) ([]*onnx.Tensor, error)
}

// Operators are those that an engine must have. A case whose operators are all
// among them, and whose floats are all of 32 bits, counts.
var Operators = strings.Fields(`Conv ConvTranspose Gemm MatMul Add Sub Mul Div Pow Exp Sqrt Sigmoid HardSwish HardSigmoid
	Relu LeakyRelu PRelu Clip Tanh MaxPool AveragePool GlobalAveragePool Resize Upsample Concat Split Slice Pad Reshape
	Flatten Squeeze Unsqueeze Transpose Softmax ReduceMean ReduceMax Gather Shape Constant Cast Identity Dropout
	BatchNormalization`)

// Outcome is how a case went.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Refused Outcome = "refused" // by operator and attribute
	Wrong   Outcome = "wrong"   // another result, or an error that names no operator
)

// Result is one case.
type Result struct {
	Name    string
	Outcome Outcome
	// Counts tells whether the case is one of 32-bit floats with operators of
	// [Operators] alone.
	Counts bool
	// Reason is the refusal, or where the outputs differ.
	Reason string
	// Refusal is the operator, with the attribute where there is one.
	Refusal string
}

// Cases lists the folders below dir that hold a model.onnx.
func Cases(dir string) ([]string, error) {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == "model.onnx" {
			list = append(list, filepath.Dir(path))
		}
		return err
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no model.onnx below %s", dir)
	}
	return list, err
}

// Run runs all data sets of one case.
func Run(dir string, e Executor) Result {
	r := Result{Name: filepath.Base(dir), Outcome: Passed}
	model, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return r.fail(err)
	}
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err == nil && len(sets) == 0 {
		err = errors.New("it has no test_data_set_*")
	}
	if err != nil {
		return r.fail(err)
	}
	about := describe(model)
	for _, set := range sets {
		inputs, err := tensors(set, "input")
		if err != nil {
			return r.fail(err)
		}
		outputs, err := tensors(set, "output")
		if err != nil {
			return r.fail(err)
		}
		r.Counts = about.counts(inputs, outputs)
		if err := run(about, e, model, inputs, outputs); err != nil {
			return r.fail(fmt.Errorf("%s: %w", filepath.Base(set), err))
		}
	}
	return r
}

func (r Result) fail(err error) Result {
	r.Outcome, r.Reason = Wrong, err.Error()
	var u *onnx.UnsupportedError
	var no refusedFile
	switch {
	case errors.As(err, &u):
		r.Outcome, r.Refusal = Refused, u.Op
		if u.Attribute != "" {
			r.Refusal += ": " + u.Attribute
		}
	case errors.As(err, &no):
		r.Outcome, r.Refusal = Refused, "tensor type"
	}
	return r
}

// refusedFile is an error of a tensor whose type is not supported.
type refusedFile struct{ error }

// tensors reads the files of one data set in the order of their numbers.
func tensors(set, kind string) ([]*onnx.Tensor, error) {
	var list []*onnx.Tensor
	for i := 0; ; i++ {
		name := kind + "_" + strconv.Itoa(i) + ".pb"
		data, err := os.ReadFile(filepath.Join(set, name))
		if errors.Is(err, fs.ErrNotExist) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		_, t, err := onnx.ParseTensor(data, onnx.Options{})
		if err != nil {
			// Sequences, strings, floats of 8 bits.
			return nil, refusedFile{fmt.Errorf("%s: %w", name, err)}
		}
		list = append(list, t)
	}
}

// run computes one data set and compares the outputs.
func run(about about, e Executor, model []byte, inputs, outputs []*onnx.Tensor) error {
	o := onnx.Options{Constants: make(map[string]*onnx.Tensor), Inputs: make(map[string][]int)}
	var fed []*onnx.Tensor
	for i, t := range inputs {
		if i < len(about.inputs) {
			name := about.inputs[i]
			if about.types[i] == onnx.BFloat16 {
				t = reinterpret(t)
			}
			if !t.Type.IsFloat() || about.parameters[name] {
				o.Constants[name] = t
				continue
			}
			o.Inputs[name] = t.Shape
		}
		fed = append(fed, t)
	}
	got, err := e.Run(model, o, fed)
	if err != nil {
		return err
	}
	if len(got) < len(outputs) {
		return fmt.Errorf("it has %d outputs, want %d", len(got), len(outputs))
	}
	for i, want := range outputs {
		if got[i].Type == onnx.BFloat16 {
			want = reinterpret(want)
		}
		if err := Compare(got[i], want); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// reinterpret gives bfloat16 its type back: the tests store it as uint16.
func reinterpret(t *onnx.Tensor) *onnx.Tensor {
	if t.Type != onnx.Uint16 {
		return t
	}
	out := &onnx.Tensor{Type: onnx.BFloat16, Shape: t.Shape, F32: make([]float32, len(t.I64))}
	for i, v := range t.I64 {
		out.F32[i] = math.Float32frombits(uint32(v) << 16)
	}
	return out
}

// Compare holds a result against what is wanted: |a-b| <= 1e-3 max(1, |b|), or
// one step of bfloat16.
func Compare(got, want *onnx.Tensor) error {
	if got.Type != want.Type || !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("it is %v %v, want %v %v", got.Type, got.Shape, want.Type, want.Shape)
	}
	if len(got.F32) != len(want.F32) || len(got.I64) != len(want.I64) {
		return fmt.Errorf("it has %d elements, want %d", len(got.F32)+len(got.I64), len(want.F32)+len(want.I64))
	}
	tolerance := 1e-3
	if want.Type == onnx.BFloat16 {
		tolerance = 1. / 128
	}
	for i, b := range want.F32 {
		a := got.F32[i]
		if a == b || a != a && b != b {
			continue
		}
		if d := math.Abs(float64(a) - float64(b)); !(d <= tolerance*max(1, math.Abs(float64(b)))) || math.IsInf(float64(b), 0) {
			return fmt.Errorf("element %d of %v is %v, want %v", i, want.Shape, a, b)
		}
	}
	for i, b := range want.I64 {
		if got.I64[i] != b {
			return fmt.Errorf("element %d of %v is %d, want %d", i, want.Shape, got.I64[i], b)
		}
	}
	return nil
}
