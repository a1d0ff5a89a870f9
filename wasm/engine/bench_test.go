package engine_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/wasm/engine"
)

// dawnTimer measures dispatches by Dawn's timestamps.
type dawnTimer struct{ t testing.TB }

func (d dawnTimer) Time(p *engine.Plan) ([]time.Duration, error) {
	run := dawnRun{plan: p, profile: 3}
	for _, in := range p.Inputs {
		run.inputs = append(run.inputs, scene(in.Shape))
	}
	r := runDawn(d.t, []dawnRun{run})[0]
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	times := make([]time.Duration, len(r.Kernels))
	for i, ms := range r.Kernels {
		times[i] = time.Duration(ms * float64(time.Millisecond))
	}
	return times, nil
}

// BenchmarkDetectors reports what an inference takes, boxes included, by wall time and by the process's
// CPU time (at best), of the hardware plan and of the one that is tuned to this adapter.
// SIGHTLINE_DETECTORS names some of them.
func BenchmarkDetectors(b *testing.B) {
	names := detectors
	if list := os.Getenv("SIGHTLINE_DETECTORS"); list != "" {
		names = strings.Fields(list)
	}
	for _, name := range names {
		g, c := loadModel(b, name), cardOf(b, name)
		compile := func(o engine.Options) (*engine.Plan, error) { return engine.CompileDetector(g, c, o) }
		for _, plan := range []string{"gpu", "tuned"} {
			b.Run(name+"/plan="+plan, func(b *testing.B) {
				var o engine.Options
				if plan == "tuned" {
					choices, err := engine.Tune(compile, dawnTimer{b})
					if err != nil {
						b.Fatal(err)
					}
					o.Choices = choices
				}
				p, err := compile(o)
				if err != nil {
					b.Fatal(err)
				}
				const runs = 12
				r := runDawn(b, []dawnRun{{plan: p, inputs: [][]float32{scene(p.Inputs[0].Shape)}, repeat: runs, profile: 2}})[0]
				if r.Error != "" {
					b.Fatal(r.Error)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(slices.Min(r.Wall), "wall-ms")
				b.ReportMetric(slices.Min(r.CPU), "cpu-ms")
				b.ReportMetric(float64(len(p.Dispatches)), "dispatches")
				b.ReportMetric(float64(p.Bytes())/1e6, "MB")
				by := map[string]float64{}
				for i, ms := range r.Kernels {
					by[p.Kernels[p.Dispatches[i].Kernel]] += ms
				}
				for kernel, ms := range by {
					if ms > 2 {
						b.Logf("%8.2f ms %s", ms, kernel)
					}
				}
			})
		}
	}
}
