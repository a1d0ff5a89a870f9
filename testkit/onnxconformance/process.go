package onnxconformance

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"sightline/vision/onnx"
)

// Process is an engine in a process of its own, such as Node.js with a WebGPU
// device. It reads a [Request] from each line of its standard input and answers
// with a line that holds a [Response].
type Process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// Request asks for one run of a model. Constants are known at load; Inputs are
// in the order of the graph's inputs that are left.
type Request struct {
	Model     string            `json:"model"` // base64
	Constants map[string]Tensor `json:"constants"`
	Inputs    []Tensor          `json:"inputs"`
	// Shapes are those of the inputs, by name.
	Shapes map[string][]int `json:"shapes"`
}

// Tensor is a tensor in a request or response.
type Tensor struct {
	Type  int    `json:"type"` // of TensorProto
	Shape []int  `json:"shape"`
	Data  string `json:"data"` // base64 of little-endian 32-bit floats or 64-bit integers
}

// Response has outputs, or a refusal, or an error.
type Response struct {
	Outputs []Tensor `json:"outputs,omitempty"`
	Refused *Refusal `json:"refused,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// Refusal says what is not supported, as [onnx.UnsupportedError] does.
type Refusal struct {
	Op        string `json:"op"`
	Node      string `json:"node"`
	Attribute string `json:"attribute"`
	Reason    string `json:"reason"`
}

// StartProcess runs a command of the shell.
func StartProcess(command string) (*Process, error) {
	c := exec.Command("/bin/sh", "-c", "exec "+command)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return &Process{command: c, in: in, out: bufio.NewReader(out)}, nil
}

// Close ends the process.
func (p *Process) Close() error {
	return errors.Join(p.in.Close(), p.command.Wait())
}

// Run has the process run a model once.
func (p *Process) Run(model []byte, o onnx.Options, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	q := Request{Model: base64.StdEncoding.EncodeToString(model), Constants: make(map[string]Tensor), Shapes: o.Inputs}
	for name, t := range o.Constants {
		q.Constants[name] = Pack(t)
	}
	for _, t := range inputs {
		q.Inputs = append(q.Inputs, Pack(t))
	}
	line, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("the engine's process: %w", err)
	}
	answer, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the engine's process: %w", err)
	}
	var r Response
	if err := json.Unmarshal(answer, &r); err != nil {
		return nil, fmt.Errorf("the engine's process answered %.200q: %w", answer, err)
	}
	if r.Refused != nil {
		return nil, &onnx.UnsupportedError{Op: r.Refused.Op, Node: r.Refused.Node, Attribute: r.Refused.Attribute, Reason: r.Refused.Reason}
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	outputs := make([]*onnx.Tensor, len(r.Outputs))
	for i, t := range r.Outputs {
		if outputs[i], err = t.Unpack(); err != nil {
			return nil, fmt.Errorf("output %d of the engine's process: %w", i, err)
		}
	}
	return outputs, nil
}

// Serve answers requests with what an executor computes, until the input ends:
// the other half of [Process].
func Serve(in io.Reader, out io.Writer, e Executor) error {
	reader := bufio.NewReader(in)
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		answer, err := json.Marshal(serve(line, e))
		if err != nil {
			return err
		}
		if _, err := out.Write(append(answer, '\n')); err != nil {
			return err
		}
	}
}

func serve(line []byte, e Executor) Response {
	var q Request
	if err := json.Unmarshal(line, &q); err != nil {
		return Response{Error: err.Error()}
	}
	model, err := base64.StdEncoding.DecodeString(q.Model)
	if err != nil {
		return Response{Error: err.Error()}
	}
	o := onnx.Options{Inputs: q.Shapes, Constants: make(map[string]*onnx.Tensor)}
	for name, t := range q.Constants {
		if o.Constants[name], err = t.Unpack(); err != nil {
			return Response{Error: err.Error()}
		}
	}
	inputs := make([]*onnx.Tensor, len(q.Inputs))
	for i, t := range q.Inputs {
		if inputs[i], err = t.Unpack(); err != nil {
			return Response{Error: err.Error()}
		}
	}
	outputs, err := e.Run(model, o, inputs)
	var u *onnx.UnsupportedError
	if errors.As(err, &u) {
		return Response{Refused: &Refusal{Op: u.Op, Node: u.Node, Attribute: u.Attribute, Reason: u.Reason}}
	}
	if err != nil {
		return Response{Error: err.Error()}
	}
	var r Response
	for _, t := range outputs {
		r.Outputs = append(r.Outputs, Pack(t))
	}
	return r
}
