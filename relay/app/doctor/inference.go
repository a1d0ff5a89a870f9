package doctor

import (
	"path/filepath"
	"slices"

	"sightline/models"
	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/infer"
	"sightline/relay/infer/catalog"
	"sightline/relay/infer/ort"
)

// checkInference looks for ONNX Runtime, and runs each model that streams name
// once. Without such streams a missing library is no fault.
func checkInference(cfg *config.Config) []Finding {
	const area = "detection"
	var names []string
	for _, n := range cfg.StreamNames() {
		a := cfg.Streams[n].Analyze
		if (a.Where == config.WhereRelay || a.Where == config.WhereAuto) && !slices.Contains(names, a.Model) {
			names = append(names, a.Model)
		}
	}
	r, err := ort.Open(ort.Options{Provider: ort.Provider(cfg.Infer.Provider)})
	if err != nil {
		out := failures(area, err)
		if len(names) == 0 {
			for i := range out {
				out[i].Level = string(health.Info)
			}
		}
		return out
	}
	c := r.Choice()
	out := []Finding{good(area, "ONNX Runtime %s on %s (%s)", r.Version(), c.Provider, c.Reason)}
	if missing, is := r.Condition(); is {
		out[0] = bad(area, missing)
	}
	store, err := catalog.Open(filepath.Join(cfg.DataDir, "models"), models.Catalog)
	if err != nil {
		return append(out, failures(area, err)...)
	}
	for _, n := range names {
		if err := infer.Try(r, store, n); err != nil {
			out = append(out, failures(area, err)...)
			continue
		}
		out = append(out, good(area, "the model %s runs", n))
	}
	return out
}
