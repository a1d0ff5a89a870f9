package config

import (
	"fmt"
	"strings"
	"time"
)

// Where says who analyses a stream.
type Where string

// The places of analysis.
const (
	WhereAuto   Where = "auto"
	WhereRelay  Where = "relay"
	WhereClient Where = "client"
	WhereOff    Where = "off"
)

// Analyze says what is detected in a stream, and where.
type Analyze struct {
	// Where is one of off, auto, relay, client. With relay the stream is
	// analysed all the time, which keeps an on-demand source connected; with
	// auto while somebody watches; with client by the viewers' own detectors
	// alone.
	Where Where `yaml:"where"`
	// Model is the detector: a name that sightline models list shows, or the
	// path of an ONNX file with its card beside it.
	Model string `yaml:"model"`
	// FPS is how many pictures per second are analysed, at most. Under load it
	// is less, and never is a picture delayed for it.
	FPS float64 `yaml:"fps"`
	// Classes are the labels that count, such as [person, car]; all of the
	// model's without any.
	Classes []string `yaml:"classes"`
	// Threshold is the least score of a box that is shown, above 0 and up to
	// 1; 0 for the model's own.
	Threshold float64 `yaml:"threshold"`
}

// Provider is what computes models on the relay.
type Provider string

// The providers.
const (
	ProviderAuto     Provider = "auto"
	ProviderTensorRT Provider = "tensorrt"
	ProviderCUDA     Provider = "cuda"
	ProviderCPU      Provider = "cpu"
)

// Infer says how models run on the relay.
type Infer struct {
	// Provider is one of auto, tensorrt, cuda, cpu. auto takes the first of
	// them that this machine has; the log and sightline doctor tell which and
	// why.
	Provider Provider `yaml:"provider"`
	// MaxBatch is how many pictures of all streams together one run of a model
	// may take, for models that take more than one.
	MaxBatch int `yaml:"max_batch"`
	// MaxDelay is how long a picture may wait for others to fill the batch.
	MaxDelay time.Duration `yaml:"max_delay"`
}

// DefaultAnalyze returns the section's defaults.
func DefaultAnalyze() Analyze { return Analyze{Where: WhereOff, Model: "fastestdet", FPS: 5} }

// DefaultInfer returns the section's defaults.
func DefaultInfer() Infer {
	return Infer{Provider: ProviderAuto, MaxBatch: 16, MaxDelay: 10 * time.Millisecond}
}

// Validate checks the section.
func (a Analyze) Validate() []Problem {
	var ps []Problem
	switch a.Where {
	case WhereAuto, WhereRelay, WhereClient, WhereOff:
	default:
		ps = append(ps, Problem{Key: "where", Text: fmt.Sprintf("%s is not one of off, auto, relay, client", show(string(a.Where)))})
	}
	if !strings.HasSuffix(strings.ToLower(a.Model), ".onnx") && !ValidStreamName(a.Model) {
		ps = append(ps, Problem{Key: "model", Text: fmt.Sprintf("%s is neither a model's name nor the path of an .onnx file; sightline models list shows the names", show(a.Model))})
	}
	if !(a.FPS >= 0.01 && a.FPS <= 120) {
		ps = append(ps, Problem{Key: "fps", Text: fmt.Sprintf("%g is not from 0.01 to 120", a.FPS)})
	}
	if !(a.Threshold >= 0 && a.Threshold <= 1) {
		ps = append(ps, Problem{Key: "threshold", Text: fmt.Sprintf("%g is not from 0 to 1", a.Threshold)})
	}
	seen := map[string]bool{}
	for i, c := range a.Classes {
		key := fmt.Sprintf("classes[%d]", i)
		switch {
		case c == "" || len(c) > 64:
			ps = append(ps, Problem{Key: key, Text: fmt.Sprintf("%s is no label; it has 1 to 64 bytes", show(c))})
		case seen[c]:
			ps = append(ps, Problem{Key: key, Text: fmt.Sprintf("%s comes twice", show(c))})
		}
		seen[c] = true
	}
	return ps
}

// Validate checks the section.
func (i Infer) Validate() []Problem {
	var ps []Problem
	switch i.Provider {
	case ProviderAuto, ProviderTensorRT, ProviderCUDA, ProviderCPU:
	default:
		ps = append(ps, Problem{Key: "provider", Text: fmt.Sprintf("%s is not one of auto, tensorrt, cuda, cpu", show(string(i.Provider)))})
	}
	if i.MaxBatch < 1 || i.MaxBatch > 256 {
		ps = append(ps, Problem{Key: "max_batch", Text: fmt.Sprintf("%d is not from 1 to 256", i.MaxBatch)})
	}
	if i.MaxDelay < 0 || i.MaxDelay > time.Second {
		ps = append(ps, Problem{Key: "max_delay", Text: fmt.Sprintf("%v is not from 0s to 1s", i.MaxDelay)})
	}
	return ps
}
