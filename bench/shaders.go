package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// passTime is one line that shaders.BenchmarkPassTime prints.
type passTime struct {
	Pass    string  `json:"pass"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Adapter string  `json:"adapter"`
	Clock   string  `json:"clock"`
	Passes  int     `json:"passes"`
	P50     float64 `json:"p50_ms"`
	Min     float64 `json:"min_ms"`
	CPU     float64 `json:"cpu_ms"`
}

// benchShaders runs the shaders' own benchmark.
func benchShaders(ctx context.Context, _ *options, t *table) (any, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "PassTime", "-benchtime", "1x", "./shaders").CombinedOutput()
	var list []passTime
	for line := range strings.Lines(string(out)) {
		var p passTime
		// The benchmark's own line stands before the first brace.
		if at := strings.IndexByte(line, '{'); at >= 0 && json.Unmarshal([]byte(line[at:]), &p) == nil && p.Pass != "" {
			list = append(list, p)
		}
	}
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("go test -bench PassTime ./shaders: %w\n%s", err, out)
	}
	by := map[string][2]*passTime{}
	var order []string
	for i, p := range list {
		pair, known := by[p.Pass]
		if !known {
			order = append(order, p.Pass)
		}
		if p.Height > 432 {
			pair[1] = &list[i]
		} else {
			pair[0] = &list[i]
		}
		by[p.Pass] = pair
	}
	t.add("adapter", list[0].Adapter, "times by "+list[0].Clock+", p50 of a pass")
	for _, name := range order {
		text := func(p *passTime) string {
			if p == nil {
				return "-"
			}
			return fmt.Sprintf("%.1f ms", p.P50)
		}
		pair := by[name]
		t.add(name, text(pair[0])+" at 432p", text(pair[1])+" at 720p")
	}
	return list, nil
}
