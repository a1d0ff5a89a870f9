package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// The picture that the browser shows: small and slow, because without a real
// GPU its shaders run on the processor.
const browserStream = "  demo: {source: \"demo:?size=768x432&fps=15\", on_demand: false}\n"

// runBrowser runs bench/browser.mjs, which drives Chromium, and reads the JSON
// that it prints.
func runBrowser(ctx context.Context, into any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{"bench/browser.mjs"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			return fmt.Errorf("node bench/browser.mjs %s: %w\n%s", strings.Join(args, " "), err, ended.Stderr)
		}
		return err
	}
	return json.Unmarshal(out, into)
}

// latencySamples is what bench/browser.mjs latency prints.
type latencySamples struct {
	Adapter string  `json:"adapter"`
	Rung    string  `json:"rung"`
	Path    string  `json:"path"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Read    int     `json:"frames_read"`   // pictures whose counter could be read
	Missed  int     `json:"frames_missed"` // pictures between them that were not drawn
	FPS     float64 `json:"fps"`
	// MS is from the picture's time to its copy in the page's hands.
	MS []float64 `json:"latency_ms"`
	// Stages are the player's own figures, one list a stage.
	Stages map[string][]float64 `json:"stages_ms"`
}

type latencyResult struct {
	latencySamples
	Spread spread             `json:"latency"`
	Stage  map[string]float64 `json:"stage_p50_ms"`
}

func benchLatency(ctx context.Context, o *options, t *table) (any, error) {
	relay, err := startRelay(ctx, o.withoutProfile(), browserStream)
	if err != nil {
		return nil, err
	}
	defer relay.close()
	r := latencyResult{Stage: map[string]float64{}}
	if err := runBrowser(ctx, &r.latencySamples, "latency", relay.url, fmt.Sprint(o.frames)); err != nil {
		return nil, err
	}
	r.Spread = spreadOf(r.MS)
	t.add("432p15", fmt.Sprintf("p50 %.0f  p95 %.0f ms", r.Spread.P50, r.Spread.P95),
		fmt.Sprintf("picture taken to drawn and read back; %d read, %d not drawn; %s", r.Read, r.Missed, r.Adapter))
	var stages []string
	for _, name := range []string{"camera", "network", "jitterBuffer", "decode", "gpu", "total"} {
		if list := r.Stages[name]; len(list) > 0 {
			r.Stage[name] = round(median(list), 1)
			stages = append(stages, fmt.Sprintf("%s %.1f", name, r.Stage[name]))
		}
	}
	t.add("by stage", "", "the player's own figures, p50 in ms: "+strings.Join(stages, ", "))
	return r, nil
}

// pageSamples is what bench/browser.mjs page prints.
type pageSamples struct {
	Files []struct {
		Path     string `json:"path"`
		Encoding string `json:"encoding"`
		Bytes    int    `json:"bytes"` // of the body, as transferred
	} `json:"files"`
	Visits []struct {
		FirstFrame float64 `json:"first_frame_ms"` // from navigation
		Loaded     float64 `json:"loaded_ms"`      // the page's load event
	} `json:"visits"`
}

type pageResult struct {
	Bytes      int     `json:"bytes"`
	FirstFrame float64 `json:"first_frame_ms"` // median
	pageSamples
}

func benchPage(ctx context.Context, o *options, t *table) (any, error) {
	relay, err := startRelay(ctx, o.withoutProfile(), browserStream)
	if err != nil {
		return nil, err
	}
	defer relay.close()
	var r pageResult
	if err := runBrowser(ctx, &r.pageSamples, "page", relay.url, fmt.Sprint(o.visits)); err != nil {
		return nil, err
	}
	var frames []float64
	for _, v := range r.Visits {
		frames = append(frames, v.FirstFrame)
	}
	r.FirstFrame = round(median(frames), 0)
	largest, plain := "", 0
	most := 0
	for _, f := range r.Files {
		r.Bytes += f.Bytes
		if f.Bytes > most {
			most, largest = f.Bytes, f.Path
		}
		if f.Encoding != "br" {
			plain += f.Bytes
		}
	}
	note := fmt.Sprintf("%d files of a first visit to /view/demo, by brotli; %.0f KB is %s",
		len(r.Files), float64(most)/1e3, largest)
	if plain > 0 {
		note += fmt.Sprintf("; %.0f KB came WITHOUT brotli: build with make build", float64(plain)/1e3)
	}
	t.add("download", fmt.Sprintf("%.0f KB", float64(r.Bytes)/1e3), note)
	t.add("first picture", fmt.Sprintf("%.0f ms", r.FirstFrame),
		fmt.Sprintf("from navigation, median of %d cold visits (%.0f), stream running, 432p15", len(frames), frames))
	return r, nil
}

// withoutProfile gives the options of a run of the program itself: the one
// within this program carries no web client.
func (o *options) withoutProfile() *options {
	plain := *o
	plain.profile = ""
	return &plain
}
