package main

import (
	"context"
	"fmt"
)

type demoResult struct {
	Idle usage `json:"idle"`
	Runs usage `json:"runs"`
	// CPU is what the running camera adds, in percent of one core.
	CPU float64 `json:"cpu_percent"`
}

// benchDemo compares a relay whose demo camera always runs with one whose
// demo camera nobody wants.
func benchDemo(ctx context.Context, o *options, t *table) (any, error) {
	var r demoResult
	for _, c := range []struct {
		demand bool
		into   *usage
	}{{true, &r.Idle}, {false, &r.Runs}} {
		relay, err := startRelay(ctx, o, fmt.Sprintf("  demo: {source: demo, on_demand: %t}\n", c.demand))
		if err != nil {
			return nil, err
		}
		if err = pause(ctx, settle); err == nil {
			*c.into, err = relay.watch(ctx, o.window)
		}
		relay.close()
		if err != nil {
			return nil, err
		}
	}
	r.CPU = round(r.Runs.CPU-r.Idle.CPU, 2)
	t.add("720p25", fmt.Sprintf("%.1f %%  %.0f MB", r.CPU, r.Runs.RSS), "share of one core; scene and encoder, no viewer")
	return r, nil
}
