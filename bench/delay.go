package main

import (
	"context"
	"errors"
	"fmt"
)

// delayCase is one number of viewers.
type delayCase struct {
	Viewers int    `json:"viewers"`
	MS      spread `json:"delay_ms"`
	KeyMS   spread `json:"key_frame_delay_ms"`
	Frames  uint64 `json:"frames"`
	Lost    uint64 `json:"lost_packets"`
}

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
		if _, err := v.ask(ctx, fmt.Sprintf("join %d", n)); err != nil {
			return nil, err
		}
		if err := pause(ctx, settle); err != nil {
			return nil, err
		}
		if _, err := v.ask(ctx, "start"); err != nil {
			return nil, err
		}
		if err := pause(ctx, 2*o.window); err != nil {
			return nil, err
		}
		seen, err := v.received(ctx)
		if err != nil {
			return nil, err
		}
		d := delayCase{Viewers: n, MS: spreadOf(seen.DelayMS), KeyMS: spreadOf(seen.KeyMS), Frames: seen.Frames, Lost: seen.Lost}
		if d.MS.N == 0 {
			return nil, errors.New("no stamped picture arrived")
		}
		result.Cases = append(result.Cases, d)
		note := fmt.Sprintf("p90 %.2f, max %.2f ms; key frames p50 %.2f, p99 %.2f ms; %d pictures",
			d.MS.P90, d.MS.Max, d.KeyMS.P50, d.KeyMS.P99, d.MS.N)
		if d.Lost > 0 {
			note += fmt.Sprintf("; %d packets lost", d.Lost)
		}
		t.add(viewersText(n), fmt.Sprintf("p50 %.2f  p99 %.2f ms", d.MS.P50, d.MS.P99), note)
	}
	return result, nil
}
