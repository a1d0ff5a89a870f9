package engine_test

import (
	"os"
	"slices"
	"testing"

	"sightline/wasm/engine"
)

// TestConvolutionSpeed prints what single convolutions take, when asked for.
func TestConvolutionSpeed(t *testing.T) {
	if os.Getenv("ENGINE_SPEED") == "" {
		t.Skip("ENGINE_SPEED is not set")
	}
	same := func(k int) [4]int { return [4]int{k / 2, k / 2, k / 2, k / 2} }
	three, five := [2]int{3, 3}, [2]int{5, 5}
	cases := []convCase{
		{1, 3, 24, 1, 352, 352, three, two, one, same(3), false},
		{1, 96, 96, 1, 22, 22, one, one, one, same(1), false},
		{1, 24, 24, 24, 44, 44, three, one, one, same(3), false},
		{1, 96, 96, 96, 22, 22, five, one, one, same(5), false},
		{1, 24, 24, 24, 88, 88, three, two, one, same(3), false},
		{1, 64, 64, 1, 40, 40, three, one, one, same(3), false},
		{1, 16, 32, 1, 160, 160, three, two, one, same(3), false},
	}
	var runs []dawnRun
	for i, k := range cases {
		b, x := k.graph(uint64(i))
		p, err := engine.Compile(&b.graph, engine.Options{Half: os.Getenv("ENGINE_HALF") != ""})
		if err != nil {
			t.Fatal(err)
		}
		// Several times the same, so that submitting counts little.
		p.Dispatches = slices.Repeat(p.Dispatches, 8)
		runs = append(runs, dawnRun{plan: p, inputs: [][]float32{x}, repeat: 8})
	}
	for i, r := range runDawn(t, runs) {
		t.Logf("%-60s %-28s wall %6.2f cpu %6.2f %s", cases[i], runs[i].plan.Kernels[0], slices.Min(r.Wall)/8, slices.Min(r.CPU)/8, r.Error)
	}
}
