package main

import (
	"context"
	"errors"
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
// kit's relay analyses the demo camera and the browser draws it, once with
// holding and once without.
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
	var cases []holdCase
	for _, annotations := range []string{"free", "hold"} {
		c, err := holdOnce(ctx, o, url, annotations)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
		name := map[string]string{"free": "holding off", "hold": "holding on"}[annotations]
		t.add(name, fmt.Sprintf("p50 %.0f  p95 %.0f ms; adds %.1f ms", c.Spread.P50, c.Spread.P95, c.AddedMS),
			fmt.Sprintf("%d pictures held, %.1f ms each; pictures with boxes p50 %.0f, p95 %.0f ms; %d shown with their boxes, %d without",
				c.Held, c.HeldMS, c.Analysed.P50, c.Analysed.P95, c.Shown, c.Missed))
	}
	return cases, nil
}

func holdOnce(ctx context.Context, o *options, url, annotations string) (holdCase, error) {
	var s struct {
		latencySamples
		WithBoxes   []bool `json:"with_boxes"`
		Annotations struct {
			Shown  int     `json:"shown"`
			Missed int     `json:"missed"`
			Held   int     `json:"held"`
			HeldMS float64 `json:"heldMs"`
		} `json:"annotations"`
	}
	if err := runBrowser(ctx, &s, "latency", url, fmt.Sprint(o.frames), annotations); err != nil {
		return holdCase{}, err
	}
	if len(s.WithBoxes) != len(s.MS) {
		return holdCase{}, errors.New("the browser's lists differ in length")
	}
	a := s.Annotations
	c := holdCase{Annotations: annotations, Spread: spreadOf(s.MS), Held: a.Held, Shown: a.Shown, Missed: a.Missed}
	if a.Held > 0 {
		c.HeldMS = round(a.HeldMS/float64(a.Held), 1)
		// Every second picture is one of those shown or missed.
		c.AddedMS = round(a.HeldMS/float64(2*(a.Shown+a.Missed)), 1)
	}
	var analysed []float64
	for i, with := range s.WithBoxes {
		if with {
			analysed = append(analysed, s.MS[i])
		}
	}
	c.Analysed = spreadOf(analysed)
	return c, nil
}
