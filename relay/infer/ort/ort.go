// Package ort runs ONNX models with ONNX Runtime: it finds the library, chooses
// an execution provider, and runs batches of pictures. It knows no streams and
// does not know what the outputs mean.
package ort

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"

	"sightline/relay/health"
)

// Provider is what computes.
type Provider string

// The providers. Auto is the first of the others that this machine has.
const (
	Auto     Provider = "auto"
	TensorRT Provider = "tensorrt"
	CUDA     Provider = "cuda"
	CPU      Provider = "cpu"
)

// Options of a runtime.
type Options struct {
	// Provider is the wanted provider; default Auto.
	Provider Provider
	// Search says where the library is looked for; default [DefaultSearch].
	Search *Search
	// Threads is how many threads one inference on the CPU may use; default
	// half of the processors, 4 at most: the media path needs the others.
	Threads int
	Logger  *slog.Logger
}

// Runtime is the loaded library with the chosen provider. Its methods are safe
// for concurrent use.
type Runtime struct {
	opts    Options
	library string
	version string

	mu     sync.Mutex
	choice Choice
}

// Choice is the provider in use and why.
type Choice struct {
	Provider Provider `json:"provider"`
	// Reason says for people why it is not one before it in the order.
	Reason string `json:"reason"`
	// Refused are the providers that were tried first, with their errors.
	Refused []Refusal `json:"refused,omitempty"`
}

// Refusal is a provider that cannot be used.
type Refusal struct {
	Provider Provider `json:"provider"`
	Reason   string   `json:"reason"`
}

// loading orders the one load of the library in a process: ONNX Runtime is a
// global of the process, and is never unloaded, since its threads may live on.
var loading sync.Mutex

// Open loads the library and chooses the provider. A library that is missing or
// cannot be used is a [health.Condition].
func Open(o Options) (*Runtime, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Provider == "" {
		o.Provider = Auto
	}
	if o.Search == nil {
		s := DefaultSearch()
		o.Search = &s
	}
	if o.Threads == 0 {
		o.Threads = min(4, max(1, runtime.NumCPU()/2))
	}
	library, err := o.Search.Find()
	if err != nil {
		return nil, health.New(health.InferLibraryMissing, "ONNX Runtime is not found: %v.", err)
	}
	if err := load(library); err != nil {
		return nil, health.New(health.InferLibraryMissing, "%s cannot be used: %v.", library, err).
			WithFix("Sightline needs ONNX Runtime 1.24 or later; set %s to its library.", LibraryEnv)
	}
	r := &Runtime{opts: o, library: library, version: onnx.GetVersion()}
	if err := r.choose(); err != nil {
		return nil, err
	}
	return r, nil
}

func load(library string) error {
	loading.Lock()
	defer loading.Unlock()
	if onnx.IsInitialized() {
		return nil
	}
	onnx.SetSharedLibraryPath(library)
	// Errors come back as such; ONNX Runtime's own log knows no slog.
	err := onnx.InitializeEnvironment(onnx.WithLogLevelFatal())
	if err != nil && strings.Contains(err.Error(), "ORT API base") {
		return fmt.Errorf("it is too old (%w)", err)
	}
	return err
}

// Library is the path of the library in use.
func (r *Runtime) Library() string { return r.library }

// Version is ONNX Runtime's version.
func (r *Runtime) Version() string { return r.version }

// Choice is the provider in use and why.
func (r *Runtime) Choice() Choice {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.choice
	c.Refused = slices.Clone(c.Refused)
	return c
}

// order is which providers are tried for the wanted one.
func order(wanted Provider) []Provider {
	all := []Provider{TensorRT, CUDA, CPU}
	switch wanted {
	case TensorRT:
		return all
	case CUDA:
		return all[1:]
	case CPU:
		return all[2:]
	}
	return all
}

// choose finds the first provider that the library and the machine have.
func (r *Runtime) choose() error {
	for _, p := range order(r.opts.Provider) {
		o, err := r.options(p)
		if err == nil {
			_ = o.Destroy()
			r.settle(p)
			return nil
		}
		r.refuse(p, err)
	}
	return errors.New("ort: the library has not even the CPU provider")
}

func (r *Runtime) refuse(p Provider, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.choice.Refused = append(r.choice.Refused, Refusal{p, brief(err)})
}

func (r *Runtime) settle(p Provider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.choice.Provider = p
	var why []string
	for _, f := range r.choice.Refused {
		why = append(why, fmt.Sprintf("no %s: %s", f.Provider, f.Reason))
	}
	switch {
	case len(why) > 0:
		r.choice.Reason = strings.Join(why, "; ")
	case r.opts.Provider == p:
		r.choice.Reason = "as configured"
	default:
		r.choice.Reason = "the fastest that there is"
	}
}

// brief cuts an error of the library to one line without its source positions.
func brief(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, ".cc:"); i >= 0 {
		if j := strings.IndexByte(s[i:], ' '); j >= 0 {
			s = s[i+j+1:]
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return s
}

// options makes session options with a provider.
func (r *Runtime) options(p Provider) (*onnx.SessionOptions, error) {
	o, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	if err := r.configure(o, p); err != nil {
		_ = o.Destroy()
		return nil, err
	}
	return o, nil
}

func (r *Runtime) configure(o *onnx.SessionOptions, p Provider) error {
	if file := map[Provider]string{CUDA: "libonnxruntime_providers_cuda.so", TensorRT: "libonnxruntime_providers_tensorrt.so"}[p]; file != "" {
		if _, err := os.Stat(filepath.Join(filepath.Dir(r.library), file)); err != nil {
			return fmt.Errorf("%s is not beside ONNX Runtime's library", file)
		}
	}
	switch p {
	case CUDA:
		c, err := onnx.NewCUDAProviderOptions()
		if err != nil {
			return err
		}
		defer func() { _ = c.Destroy() }()
		if err := o.AppendExecutionProviderCUDA(c); err != nil {
			return err
		}
	case TensorRT:
		t, err := onnx.NewTensorRTProviderOptions()
		if err != nil {
			return err
		}
		defer func() { _ = t.Destroy() }()
		if err := o.AppendExecutionProviderTensorRT(t); err != nil {
			return err
		}
		// What TensorRT cannot run stays on the GPU.
		if c, err := onnx.NewCUDAProviderOptions(); err == nil {
			_ = o.AppendExecutionProviderCUDA(c)
			_ = c.Destroy()
		}
	}
	if err := o.SetIntraOpNumThreads(r.opts.Threads); err != nil {
		return err
	}
	if err := o.SetInterOpNumThreads(1); err != nil {
		return err
	}
	// Threads that wait for work must not keep a processor busy: the media
	// path and other streams need it.
	return o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0")
}

// Condition tells of a configured provider that this machine does not have.
func (r *Runtime) Condition() (health.Condition, bool) {
	c := r.Choice()
	if r.opts.Provider == Auto || c.Provider == r.opts.Provider {
		return health.Condition{}, false
	}
	return health.New(health.InferProviderMissing, "infer.provider is %s, but the models run on %s: %s.", r.opts.Provider, c.Provider, c.Reason), true
}
