package main

import (
	"context"
	"errors"
	"fmt"
)

// delayCase is one number of viewers. P50 and P99 are the medians of those of
// the windows, so that one hiccup of the machine does not decide.
type delayCase struct {
	Viewers int           `json:"viewers"`
	P50     float64       `json:"p50_ms"`
	P99     float64       `json:"p99_ms"`
	KeyP50  float64       `json:"key_frame_p50_ms"`
	Max     float64       `json:"max_ms"`
	Frames  uint64        `json:"frames"`
	Lost    uint64        `json:"lost_packets"`
	Windows []delayWindow `json:"windows"`
}

type delayWindow struct {
	MS    spread `json:"delay_ms"`
	KeyMS spread `json:"key_frame_delay_ms"`
}

// delayWindows is how often each case is watched.
const delayWindows = 3

type delayResult struct {
	Stream string      `json:"stream"`
	From   string      `json:"from"`
	To     string      `json:"to"`
	Cases  []delayCase `json:"cases"`
}

// benchDelay measures from the camera's stamp to the viewers' last packet.
// Both clocks are this machine's.
func benchDelay(ctx context.Context, o *options, t *table) (any, error) {
	c, err := makeClip(ctx, o)
	if err != nil {
		return nil, err
	}
	cam, err := startCamera(ctx, c)
	if err != nil {
		return nil, err
	}
	defer cam.close()
	r, err := startRelay(ctx, o, fmt.Sprintf("  clip: {source: %q, transport: tcp}\n", cam.url))
	if err != nil {
		return nil, err
	}
	defer r.close()
	v, err := startProcess(ctx, self(), roleWord, "viewers", r.url+"whep/clip")
	if err != nil {
		return nil, err
	}
	defer v.leave()
	result := delayResult{
		Stream: fmt.Sprintf("H.264 1280x720, %d fps, %.2f Mbit/s, key frame every 2 s, by RTSP over TCP", clipFPS, c.bits/1e6),
		From:   "the camera begins to write the picture to its socket",
		To:     "the viewer has decrypted the picture's last packet",
	}
	t.add("stream", result.Stream, "from the camera's write to the viewer's decrypted last packet")
	for _, n := range viewerCounts {
		d, err := v.delay(ctx, o, n)
		if err != nil {
			return nil, err
		}
		result.Cases = append(result.Cases, d)
		note := fmt.Sprintf("key frames p50 %.2f, all at most %.2f ms; %d pictures", d.KeyP50, d.Max, d.Frames)
		if d.Lost > 0 {
			note += fmt.Sprintf("; %d packets lost", d.Lost)
		}
		t.add(viewersText(n), fmt.Sprintf("p50 %.2f  p99 %.2f ms", d.P50, d.P99), note)
	}
	return result, nil
}

// delay watches a number of viewers.
func (p *process) delay(ctx context.Context, o *options, n int) (delayCase, error) {
	d := delayCase{Viewers: n}
	if _, err := p.ask(ctx, fmt.Sprintf("join %d", n)); err != nil {
		return d, err
	}
	if err := pause(ctx, settle); err != nil {
		return d, err
	}
	var p50, p99, key []float64
	for range delayWindows {
		if _, err := p.ask(ctx, "start"); err != nil {
			return d, err
		}
		if err := pause(ctx, o.window); err != nil {
			return d, err
		}
		seen, err := p.received(ctx)
		if err != nil {
			return d, err
		}
		w := delayWindow{MS: spreadOf(seen.DelayMS), KeyMS: spreadOf(seen.KeyMS)}
		if w.MS.N == 0 || w.KeyMS.N == 0 {
			return d, errors.New("no stamped picture, or no key frame, arrived within a window")
		}
		d.Windows = append(d.Windows, w)
		d.Frames += seen.Frames
		d.Lost += seen.Lost
		d.Max = max(d.Max, w.MS.Max)
		p50, p99, key = append(p50, w.MS.P50), append(p99, w.MS.P99), append(key, w.KeyMS.P50)
	}
	d.P50, d.P99, d.KeyP50 = round(median(p50), 2), round(median(p99), 2), round(median(key), 2)
	return d, nil
}
