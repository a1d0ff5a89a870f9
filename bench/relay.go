package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// viewerCounts are the cases of the relay's figures.
var viewerCounts = [...]int{1, 10, 30}

func viewersText(n int) string {
	if n == 1 {
		return "1 viewer"
	}
	return fmt.Sprintf("%d viewers", n)
}

// settle is the time between a change and the next window.
const settle = 2 * time.Second

// relayCase is one number of viewers, the median of the rounds.
type relayCase struct {
	Viewers int     `json:"viewers"`
	CPU     float64 `json:"cpu_percent"`
	RSS     float64 `json:"rss_mb"`
	Bare    float64 `json:"bare_loop_cpu_percent"`
	// Ratio is the relay's CPU, source and all, over the bare loop's.
	Ratio  float64 `json:"ratio"`
	Frames float64 `json:"frames_per_viewer_per_s"`
	Mbit   float64 `json:"mbit_per_viewer_per_s"`
	Lost   uint64  `json:"lost_packets"`
}

type relayResult struct {
	Stream         string       `json:"stream"`
	WindowSeconds  float64      `json:"window_s"`
	Idle           usage        `json:"idle"`
	NoViewer       usage        `json:"stream_runs_without_viewer"`
	Cases          []relayCase  `json:"cases"`
	CPUPerViewer   float64      `json:"cpu_percent_per_viewer"`
	MBPerViewer    float64      `json:"rss_mb_per_viewer"`
	BarePerViewer  float64      `json:"bare_loop_cpu_percent_per_viewer"`
	RatioPerViewer float64      `json:"ratio_per_viewer"`
	Rounds         []relayRound `json:"rounds"`
}

// relayRound is one pass: the relay, then the bare loop.
type relayRound struct {
	Load     string     `json:"load_average"`
	Idle     usage      `json:"idle"`
	NoViewer usage      `json:"stream_runs_without_viewer"`
	Relay    []usage    `json:"relay"`
	Seen     []received `json:"viewers"`
	Bare     []usage    `json:"bare_loop"`
}

func benchRelay(ctx context.Context, o *options, t *table) (any, error) {
	c, err := makeClip(ctx, o)
	if err != nil {
		return nil, err
	}
	r := relayResult{WindowSeconds: o.window.Seconds(),
		Stream: fmt.Sprintf("H.264 1280x720, %d fps, %.2f Mbit/s, key frame every 2 s, from a file", clipFPS, c.bits/1e6)}
	for range o.rounds {
		one, err := relayPass(ctx, o, c)
		if err != nil {
			return nil, err
		}
		r.Rounds = append(r.Rounds, one)
	}
	r.sumUp()
	r.table(t)
	return r, nil
}

// relayPass measures the relay alone, then the bare loop alone.
func relayPass(ctx context.Context, o *options, c *clip) (relayRound, error) {
	round := relayRound{Load: loadAverage()}
	err := round.relay(ctx, o, c)
	if err == nil {
		err = round.bare(ctx, o)
	}
	return round, err
}

func (p *relayRound) relay(ctx context.Context, o *options, c *clip) error {
	r, err := startRelay(ctx, o, fmt.Sprintf("  clip: {source: %q, loop: true}\n", "file:"+c.mp4))
	if err != nil {
		return err
	}
	defer r.close()
	if err := pause(ctx, settle); err != nil {
		return err
	}
	if p.Idle, err = r.watch(ctx, o.window); err != nil {
		return err
	}
	v, err := startProcess(ctx, self(), roleWord, "viewers", r.url+"whep/clip")
	if err != nil {
		return err
	}
	defer v.stop()
	for _, n := range viewerCounts {
		if _, err := v.ask(ctx, fmt.Sprintf("join %d", n)); err != nil {
			return err
		}
		if err := pause(ctx, settle); err != nil {
			return err
		}
		profile := o.profile != "" && n == viewerCounts[len(viewerCounts)-1]
		if profile {
			if _, err := r.ask(ctx, "profile "+o.profile); err != nil {
				return err
			}
		}
		if _, err := v.ask(ctx, "start"); err != nil {
			return err
		}
		u, err := r.watch(ctx, o.window)
		if err != nil {
			return err
		}
		seen, err := v.received(ctx)
		if err != nil {
			return err
		}
		if profile {
			if _, err := r.ask(ctx, "done"); err != nil {
				return err
			}
		}
		p.Relay, p.Seen = append(p.Relay, u), append(p.Seen, seen)
	}
	v.leave()
	if err := pause(ctx, settle); err != nil {
		return err
	}
	p.NoViewer, err = r.watch(ctx, o.window) // the stream lingers after its last viewer
	return err
}

// received asks viewers for what they saw since "start".
func (p *process) received(ctx context.Context) (received, error) {
	var seen received
	answer, err := p.ask(ctx, "stop")
	if err == nil {
		err = json.Unmarshal([]byte(answer), &seen)
	}
	return seen, err
}

func (p *relayRound) bare(ctx context.Context, o *options) error {
	raw := filepath.Join(o.cache, "720p30-3m.h264")
	for _, n := range viewerCounts {
		u, err := bareCase(ctx, o, raw, n)
		if err != nil {
			return err
		}
		p.Bare = append(p.Bare, u)
	}
	return nil
}

func bareCase(ctx context.Context, o *options, raw string, n int) (usage, error) {
	sink, err := startProcess(ctx, self(), roleWord, "sink", fmt.Sprint(n))
	if err != nil {
		return usage{}, err
	}
	defer sink.stop()
	ports, err := sink.line(ctx, startTime)
	if err != nil {
		return usage{}, err
	}
	loop, err := startProcess(ctx, self(), roleWord, "bare", raw, ports)
	if err != nil {
		return usage{}, err
	}
	defer loop.stop()
	if _, err := loop.line(ctx, startTime); err != nil {
		return usage{}, err
	}
	if err := pause(ctx, settle/2); err != nil {
		return usage{}, err
	}
	return loop.watch(ctx, o.window)
}

// sumUp fills in the medians and what a viewer adds.
func (r *relayResult) sumUp() {
	over := func(get func(p *relayRound) float64) float64 {
		var list []float64
		for i := range r.Rounds {
			list = append(list, get(&r.Rounds[i]))
		}
		return round(median(list), 2)
	}
	r.Idle = usage{over(func(p *relayRound) float64 { return p.Idle.CPU }), over(func(p *relayRound) float64 { return p.Idle.RSS })}
	r.NoViewer = usage{over(func(p *relayRound) float64 { return p.NoViewer.CPU }), over(func(p *relayRound) float64 { return p.NoViewer.RSS })}
	for i, n := range viewerCounts {
		c := relayCase{Viewers: n,
			CPU:    over(func(p *relayRound) float64 { return p.Relay[i].CPU }),
			RSS:    over(func(p *relayRound) float64 { return p.Relay[i].RSS }),
			Bare:   over(func(p *relayRound) float64 { return p.Bare[i].CPU }),
			Ratio:  over(func(p *relayRound) float64 { return p.Relay[i].CPU / p.Bare[i].CPU }),
			Frames: over(func(p *relayRound) float64 { return float64(p.Seen[i].Frames) / float64(n) / r.WindowSeconds }),
			Mbit: over(func(p *relayRound) float64 {
				return float64(p.Seen[i].Bytes) * 8 / 1e6 / float64(n) / r.WindowSeconds
			}),
		}
		for _, p := range r.Rounds {
			c.Lost += p.Seen[i].Lost
		}
		r.Cases = append(r.Cases, c)
	}
	last := len(viewerCounts) - 1
	more := float64(viewerCounts[last] - viewerCounts[0])
	r.CPUPerViewer = over(func(p *relayRound) float64 { return (p.Relay[last].CPU - p.Relay[0].CPU) / more })
	r.MBPerViewer = over(func(p *relayRound) float64 { return (p.Relay[last].RSS - p.Relay[0].RSS) / more })
	r.BarePerViewer = over(func(p *relayRound) float64 { return (p.Bare[last].CPU - p.Bare[0].CPU) / more })
	r.RatioPerViewer = over(func(p *relayRound) float64 {
		return (p.Relay[last].CPU - p.Relay[0].CPU) / (p.Bare[last].CPU - p.Bare[0].CPU)
	})
}

func (r *relayResult) table(t *table) {
	t.add("stream", r.Stream, "CPU in % of one core, resident memory")
	t.add("idle", fmt.Sprintf("%.1f %%  %.0f MB", r.Idle.CPU, r.Idle.RSS), "no viewer, source not running")
	t.add("no viewer", fmt.Sprintf("%.1f %%  %.0f MB", r.NoViewer.CPU, r.NoViewer.RSS), "source running, all viewers have left")
	for _, c := range r.Cases {
		note := fmt.Sprintf("bare loop %.1f %%, ratio %.2f", c.Bare, c.Ratio)
		if c.Lost > 0 {
			note += fmt.Sprintf("; viewers lost %d packets", c.Lost)
		}
		if c.Frames < 0.98*clipFPS {
			note += fmt.Sprintf("; only %.1f fps arrived", c.Frames)
		}
		t.add(viewersText(c.Viewers), fmt.Sprintf("%.1f %%  %.0f MB", c.CPU, c.RSS), note)
	}
	t.add("each viewer more", fmt.Sprintf("%.2f %%  %.1f MB", r.CPUPerViewer, r.MBPerViewer),
		fmt.Sprintf("bare loop %.2f %%, ratio %.2f", r.BarePerViewer, r.RatioPerViewer))
	if len(r.Rounds) > 1 {
		var all []string
		for _, p := range r.Rounds {
			all = append(all, fmt.Sprintf("%.1f / %.1f", p.Relay[len(p.Relay)-1].CPU, p.Bare[len(p.Bare)-1].CPU))
		}
		t.add("rounds", strings.Join(all, ", "), "relay / bare loop, CPU % at 30 viewers")
	}
}
