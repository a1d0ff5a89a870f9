package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// dropCost is one case of relay/dropmon's benchmarks.
type dropCost struct {
	Case          string  `json:"case"`
	Packets       int     `json:"packets"`
	NSPerRun      float64 `json:"ns_per_run"`
	RunsPerPacket float64 `json:"runs_per_packet"`
}

// benchDrops runs the benchmarks of relay/dropmon, which ask the kernel how
// long its program ran.
func benchDrops(ctx context.Context, _ *options, t *table) (any, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "(Dropped|Delivered)Packet",
		"-benchtime", "50000x", "./relay/dropmon").CombinedOutput()
	list := dropCosts(string(out))
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("go test -bench Packet ./relay/dropmon: %w\n%s", err, out)
	}
	for _, c := range list {
		t.add(c.Case, fmt.Sprintf("%.0f ns", c.NSPerRun*c.RunsPerPacket), fmt.Sprintf("per packet; %.3f runs of the program", c.RunsPerPacket))
	}
	return list, nil
}

// dropCosts reads the lines of go test -bench.
func dropCosts(text string) []dropCost {
	var list []dropCost
	for _, l := range benchLines(text) {
		list = append(list, dropCost{Case: strings.ReplaceAll(l.name, "_", " "), Packets: l.times,
			NSPerRun: l.units["ns/run"], RunsPerPacket: l.units["runs/packet"]})
	}
	return list
}

// benchLine is one line of go test -bench.
type benchLine struct {
	name  string // without Benchmark and the number of processors
	times int
	units map[string]float64
}

func benchLines(text string) []benchLine {
	var list []benchLine
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		l := benchLine{units: map[string]float64{}}
		l.name, _, _ = strings.Cut(strings.TrimPrefix(f[0], "Benchmark"), "-")
		l.times, _ = strconv.Atoi(f[1])
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				l.units[f[i+1]] = v
			}
		}
		list = append(list, l)
	}
	return list
}
