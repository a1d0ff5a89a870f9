//go:build js && wasm

package player

import (
	"strconv"
	"time"

	"sightline/wasm/detect"
	"sightline/wasm/engine"
	"sightline/wasm/link"
)

// addModel plans a model that the page has sent, and tells the page what it takes, and the choices of a
// tuned plan for it to keep. Players that wait for the model begin. It waits for the GPU where it measures.
func (r *Registry) addModel(m link.Message) {
	begun := time.Now()
	model, choices, err := r.planned(m)
	if err != nil {
		r.send(map[string]any{"type": "model", "model": m.Model, "error": err.Error()})
		return
	}
	r.models[m.Model] = model
	r.send(map[string]any{"type": "model", "model": m.Model, "error": "", "milliseconds": float64(time.Since(begun)) / float64(time.Millisecond),
		"dispatches": len(model.Plan.Dispatches) + 1, "pipelines": len(model.Plan.Kernels) + 1, "bytes": model.Plan.Bytes(),
		"choices": string(choices.Append(nil)), "version": engine.Version})
	for _, p := range r.players {
		if p.analysis.message.Model == m.Model {
			p.analysis.configure(p.analysis.message)
		}
	}
}

// choice is what makes a player's model another one.
func choice(m link.Message) string {
	key := m.Model + " " + strconv.FormatFloat(m.Threshold, 'g', -1, 64)
	for _, c := range m.Classes {
		key += "," + c
	}
	return key
}

// modelOf is the neural detector that a message asks for, nil for none and while it is not there yet.
func (a *analysis) modelOf(m link.Message) *detect.Model {
	known := a.player.registry.models[m.Model]
	if m.Model == "" || known == nil {
		a.model = nil
		return nil
	}
	if key := choice(m); a.model == nil || a.choice != key || a.model.Plan != known.Plan {
		a.choice = key
		a.model = &detect.Model{Card: known.Card, Plan: known.Plan, Score: float32(m.Threshold), Classes: m.Classes}
	}
	return a.model
}
