package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// holdSource is drawn by a GPU that may be a program. Of its pictures every
// second is analysed, and carries a box whose label is its counter.
const holdSource = "demo:?size=768x432&fps=10"

// holdCase is the delay with one setting.
type holdCase struct {
	Annotations string `json:"annotations"` // the player's attribute
	Spread      spread `json:"latency"`
	// Analysed is the same of the pictures that were drawn with their boxes.
	Analysed spread `json:"latency_analysed"`
	// Held is how many pictures waited, HeldMS for how long each; AddedMS is
	// what that makes over all pictures.
	Held    int     `json:"held"`
	HeldMS  float64 `json:"held_ms"`
	AddedMS float64 `json:"added_ms"`
	Shown   int     `json:"shown"`
	Missed  int     `json:"missed"`
}

// benchHold measures what holding pictures for their boxes costs: the test
// kit's relay analyses the demo camera, and the browser draws it in turns with
// holding and without.
func benchHold(ctx context.Context, o *options, t *table) (any, error) {
	program := filepath.Join(o.cache, "counterrelay")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./testkit/counterrelay").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./testkit/counterrelay: %w\n%s", err, out)
	}
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p, err := startProcess(ctx, program, "-source", holdSource, "-every", "2", "-data-dir", dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	l, err := p.line(ctx, startTime)
	if err != nil {
		return nil, err
	}
	url := regexp.MustCompile(`https?://\S+`).FindString(l)
	var seen map[string]holdSamples
	if err := runBrowser(ctx, &seen, "hold", url, fmt.Sprint(o.frames)); err != nil {
		return nil, err
	}
	var cases []holdCase
	for _, setting := range []struct{ annotations, name string }{{"free", "holding off"}, {"hold", "holding on"}} {
		c := holdCaseOf(setting.annotations, seen[setting.annotations])
		cases = append(cases, c)
		t.add(setting.name, fmt.Sprintf("adds %.2f ms; p50 %.0f  p95 %.0f ms", c.AddedMS, c.Spread.P50, c.Spread.P95),
			fmt.Sprintf("%d pictures held, %.1f ms each; %d shown with their boxes, %d without; delay of those with boxes p50 %.0f, p95 %.0f ms",
				c.Held, c.HeldMS, c.Shown, c.Missed, c.Analysed.P50, c.Analysed.P95))
	}
	return cases, nil
}

// holdSamples is what bench/browser.mjs hold prints for one setting.
type holdSamples struct {
	MS        []float64 `json:"latency_ms"`
	WithBoxes []bool    `json:"with_boxes"`
	Held      int       `json:"held"`
	HeldMS    float64   `json:"heldMs"`
	Shown     int       `json:"shown"`
	Missed    int       `json:"missed"`
}

func holdCaseOf(annotations string, s holdSamples) holdCase {
	c := holdCase{Annotations: annotations, Spread: spreadOf(s.MS), Held: s.Held, Shown: s.Shown, Missed: s.Missed}
	if s.Held > 0 {
		c.HeldMS = round(s.HeldMS/float64(s.Held), 2)
	}
	if drawn := 2 * (s.Shown + s.Missed); drawn > 0 { // every second picture is analysed
		c.AddedMS = round(s.HeldMS/float64(drawn), 2)
	}
	var analysed []float64
	for i, with := range s.WithBoxes {
		if with && i < len(s.MS) {
			analysed = append(analysed, s.MS[i])
		}
	}
	c.Analysed = spreadOf(analysed)
	return c
}
