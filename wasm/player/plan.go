//go:build js && wasm && neural

package player

import (
	"sightline/vision/card"
	"sightline/vision/onnx"
	"sightline/wasm/detect"
	"sightline/wasm/engine"
	"sightline/wasm/gpu"
	"sightline/wasm/link"
)

// planned reads a model and plans how the GPU computes it.
func (r *Registry) planned(m link.Message) (*detect.Model, engine.Choices, error) {
	c, err := card.Decode([]byte(m.Card))
	if err != nil {
		return nil, nil, err
	}
	loaded, err := onnx.Load(m.File, onnx.Options{})
	if err != nil {
		return nil, nil, err
	}
	compile := func(o engine.Options) (*engine.Plan, error) { return engine.CompileDetector(loaded.Graph, *c, o) }
	var o engine.Options
	if m.Plan == "tuned" {
		if o.Choices, err = r.choices(m.Choices, compile); err != nil {
			return nil, nil, err
		}
	}
	p, err := compile(o)
	if err != nil {
		return nil, nil, err
	}
	return &detect.Model{Card: *c, Plan: p}, o.Choices, nil
}

// choices are those that the page has kept, or measured ones; none where the adapter measures nothing.
func (r *Registry) choices(kept string, compile func(engine.Options) (*engine.Plan, error)) (engine.Choices, error) {
	if kept != "" {
		// What cannot be read is measured anew.
		if c, err := engine.ParseChoices([]byte(kept)); err == nil {
			return c, nil
		}
	}
	<-r.settled
	if r.kit == nil {
		return nil, gpu.ErrUnavailable
	}
	if !r.kit.Device.Timed {
		return nil, nil
	}
	return engine.Tune(compile, r.kit.Device)
}
