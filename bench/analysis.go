package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// benchmark is one line of go test -bench: its name without the package's and
// the processors' parts, and its figures by unit.
type benchmark struct {
	Name    string             `json:"name"`
	Figures map[string]float64 `json:"figures"`
}

// benchAnalysis runs the benchmarks of package infer, which need the shared
// test data.
func benchAnalysis(ctx context.Context, _ *options, t *table) (any, error) {
	var all []benchmark
	for _, b := range []struct{ name, time string }{{"Rate", "20x"}, {"Streams", "8x"}} {
		args := []string{"test", "-run", "^$", "-bench", b.name, "-benchtime", b.time, "./relay/infer"}
		out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
		list := parseBenchmarks(string(out))
		if err != nil || len(list) == 0 {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		all = append(all, list...)
	}
	for _, b := range all {
		f := b.Figures
		if b.Name == "Rate" {
			t.add("FastestDet", fmt.Sprintf("%.0f/s, %.2f of a bare loop", f["pipeline/s"], f["ratio"]),
				fmt.Sprintf("one thread, medians of turns; bare ONNX Runtime %.0f/s; a picture takes %.1f ms of CPU, bare %.1f; others took %.0f %% of a core",
					f["bare/s"], f["pipeline-cpu-us"]/1e3, f["bare-cpu-us"]/1e3, f["others-cpu%"]))
			continue
		}
		t.add(strings.TrimPrefix(b.Name, "Streams/"), fmt.Sprintf("p50 %.0f  p95 %.0f ms, %.1f %% of a core", f["p50-ms"], f["p95-ms"], f["cpu%/stream"]),
			fmt.Sprintf("frame received to its annotation; CPU for each stream, of which decoding %.0f %%; %.1f results/s each", f["decode%"], f["results/s/stream"]))
	}
	return all, nil
}

// parseBenchmarks reads the lines of go test -bench.
func parseBenchmarks(out string) (list []benchmark) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
		b := benchmark{Name: name, Figures: map[string]float64{}}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				b.Figures[f[i+1]] = v
			}
		}
		if len(b.Figures) > 0 {
			list = append(list, b)
		}
	}
	return list
}
