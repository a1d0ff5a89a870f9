package ort

import (
	"errors"
	"fmt"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"

	"sightline/vision/detect"
)

// Session is one loaded model.
type Session struct {
	input    string
	outputs  []string
	size     [3]int // channels, height, width
	batch    int    // what the model is made for, 0 for any
	static   []onnx.Shape
	provider Provider

	mu      sync.Mutex // one run at a time; ONNX Runtime uses the threads
	session *onnx.DynamicAdvancedSession
	runs    map[buffer]*run
	padded  []float32
}

// buffer is where an input lies. Callers use the same few again and again, so
// that ONNX Runtime reads them in place.
type buffer struct {
	first *float32
	batch int
}

// maxBuffers bounds the tensors that are kept.
const maxBuffers = 16

// run holds the tensors for one buffer.
type run struct {
	input   *onnx.Tensor[float32]
	outputs []onnx.Value // nil where the size is known after the run only
}

func (r *run) destroy() {
	_ = r.input.Destroy()
	for _, o := range r.outputs {
		if o != nil {
			_ = o.Destroy()
		}
	}
}

// Load makes a session of an ONNX file's content. The model must take one f32
// tensor N x channels x height x width and give f32 tensors. A provider that
// refuses the model leaves it to the next one.
func (r *Runtime) Load(model []byte) (*Session, error) {
	if len(model) == 0 {
		return nil, errors.New("ort: the model is an empty file")
	}
	inputs, outputs, err := onnx.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("ort: no ONNX model that can be run: %s", brief(err))
	}
	s := &Session{runs: map[buffer]*run{}}
	if err := s.describe(inputs, outputs); err != nil {
		return nil, err
	}
	for {
		p := r.Choice().Provider
		o, err := r.options(p)
		if err == nil {
			s.session, err = onnx.NewDynamicAdvancedSessionWithONNXData(model, []string{s.input}, s.outputs, o)
			_ = o.Destroy()
		}
		if err == nil {
			s.provider = p
			return s, nil
		}
		if p == CPU {
			return nil, fmt.Errorf("ort: the model cannot be run: %s", brief(err))
		}
		r.refuse(p, err)
		r.settle(order(p)[1])
	}
}

func (s *Session) describe(inputs, outputs []onnx.InputOutputInfo) error {
	if len(inputs) != 1 {
		return fmt.Errorf("ort: the model has %d inputs, want one picture", len(inputs))
	}
	in := inputs[0]
	if in.OrtValueType != onnx.ONNXTypeTensor || in.DataType != onnx.TensorElementDataTypeFloat || len(in.Dimensions) != 4 {
		return fmt.Errorf("ort: the model's input is %s, want a tensor of 32-bit floats with four dimensions", in.String())
	}
	s.input = in.Name
	s.batch = int(max(in.Dimensions[0], 0))
	for i := range s.size {
		s.size[i] = int(max(in.Dimensions[i+1], 0))
	}
	for _, o := range outputs {
		if o.OrtValueType != onnx.ONNXTypeTensor || o.DataType != onnx.TensorElementDataTypeFloat || len(o.Dimensions) < 2 {
			return fmt.Errorf("ort: the model's output is %s, want a tensor of 32-bit floats", o.String())
		}
		s.outputs = append(s.outputs, o.Name)
		s.static = append(s.static, o.Dimensions.Clone())
	}
	if len(outputs) == 0 {
		return errors.New("ort: the model has no outputs")
	}
	return nil
}

// Fits checks that the model takes pictures of this size.
func (s *Session) Fits(width, height int) error {
	want := [3]int{3, height, width}
	for i, n := range s.size {
		if n != 0 && n != want[i] {
			return fmt.Errorf("ort: the model's input is %dx%dx%d (channels, height, width), but its card says %dx%dx%d",
				s.size[0], s.size[1], s.size[2], want[0], want[1], want[2])
		}
	}
	s.size = want
	return nil
}

// Provider is what the session runs on.
func (s *Session) Provider() Provider { return s.provider }

// Batch is how many pictures one run may have when limit are wanted at the
// most: limit where the model takes any number, else what it is made for.
func (s *Session) Batch(limit int) int {
	if s.batch > 0 {
		return s.batch
	}
	return limit
}

// Run runs the pictures of one batch and hands each one's outputs to each, in
// order; their data is valid during the call alone. The input is n pictures,
// one after the other; a model made for more gets zeros for the rest. Inputs
// are best kept by the caller and used again: each new one costs something.
func (s *Session) Run(input []float32, n int, each func(i int, outputs []detect.Tensor) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return errors.New("ort: the session is closed")
	}
	picture := s.size[0] * s.size[1] * s.size[2]
	if n < 1 || len(input) != n*picture || s.batch > 0 && n > s.batch {
		return fmt.Errorf("ort: a batch of %d pictures with %d values does not fit the model", n, len(input))
	}
	if n < s.batch {
		s.padded = append(append(s.padded[:0], input...), make([]float32, (s.batch-n)*picture)...)
		input = s.padded
	}
	r, err := s.prepare(input, max(n, s.batch))
	if err != nil {
		return err
	}
	outputs := make([]onnx.Value, len(r.outputs))
	copy(outputs, r.outputs)
	defer func() {
		for i, o := range outputs {
			if o != nil && r.outputs[i] == nil {
				_ = o.Destroy()
			}
		}
	}()
	if err := s.session.Run([]onnx.Value{r.input}, outputs); err != nil {
		return fmt.Errorf("ort: run: %s", brief(err))
	}
	tensors := make([]detect.Tensor, len(outputs))
	for i := range n {
		for k, o := range outputs {
			t, ok := o.(*onnx.Tensor[float32])
			if !ok {
				return fmt.Errorf("ort: output %s is no tensor of 32-bit floats", s.outputs[k])
			}
			if tensors[k], err = part(t, i, max(n, s.batch)); err != nil {
				return err
			}
		}
		if err := each(i, tensors); err != nil {
			return err
		}
	}
	return nil
}

// part is one picture's share of an output.
func part(t *onnx.Tensor[float32], i, batch int) (detect.Tensor, error) {
	sides, data := t.GetShape(), t.GetData()
	if len(sides) < 2 || int(sides[0]) != batch {
		// Some exports leave the batch dimension of one picture out.
		if batch != 1 {
			return detect.Tensor{}, fmt.Errorf("ort: an output of shape %v has no batch of %d", sides, batch)
		}
		return detect.Tensor{Shape: ints(sides), Data: data}, nil
	}
	size := len(data) / batch
	return detect.Tensor{Shape: ints(sides[1:]), Data: data[i*size : (i+1)*size]}, nil
}

func ints(sides onnx.Shape) []int {
	out := make([]int, len(sides))
	for i, n := range sides {
		out[i] = int(n)
	}
	return out
}

// prepare returns the tensors for an input, made once.
func (s *Session) prepare(input []float32, batch int) (*run, error) {
	key := buffer{&input[0], batch}
	if r := s.runs[key]; r != nil {
		return r, nil
	}
	if len(s.runs) >= maxBuffers {
		for key, r := range s.runs {
			r.destroy()
			delete(s.runs, key)
		}
	}
	r := &run{outputs: make([]onnx.Value, len(s.outputs))}
	var err error
	if r.input, err = onnx.NewTensor(onnx.NewShape(int64(batch), int64(s.size[0]), int64(s.size[1]), int64(s.size[2])), input); err != nil {
		return nil, fmt.Errorf("ort: input: %w", err)
	}
	for i, sides := range s.static {
		sides = sides.Clone()
		if s.batch == 0 {
			sides[0] = int64(batch)
		}
		if sides.Validate() != nil {
			continue // the run tells
		}
		if r.outputs[i], err = onnx.NewEmptyTensor[float32](sides); err != nil {
			return nil, fmt.Errorf("ort: output %s: %w", s.outputs[i], err)
		}
	}
	s.runs[key] = r
	return r, nil
}

// Close frees the model.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return
	}
	for _, r := range s.runs {
		r.destroy()
	}
	_ = s.session.Destroy()
	s.session, s.runs = nil, nil
}
