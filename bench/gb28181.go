package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"sightline/relay/gbdevice"
	"sightline/relay/media"
)

// gbStreams is how many streams run at once: what one takes is too little to
// be measured alone.
const gbStreams = 10

// gbTransport is what a stream costs by either protocol over one transport,
// the medians of the rounds.
type gbTransport struct {
	Transport string  `json:"transport"`
	GB28181   float64 `json:"gb28181_cpu_percent_per_stream"`
	RTSP      float64 `json:"rtsp_cpu_percent_per_stream"`
	// Ratio is the median of the rounds' ratios.
	Ratio  float64   `json:"ratio"`
	Rounds []gbRound `json:"rounds"`
}

// gbRound is one pass, one protocol after the other.
type gbRound struct {
	GB28181 usage `json:"gb28181"`
	RTSP    usage `json:"rtsp"`
}

type gbResult struct {
	Stream     string        `json:"stream"`
	Streams    int           `json:"streams"`
	Transports []gbTransport `json:"transports"`
	Demux      demuxSpeed    `json:"program_stream"`
}

// demuxSpeed is how fast relay/mpegps takes a program stream apart.
type demuxSpeed struct {
	MBPerS float64 `json:"mb_per_s"`
	Allocs float64 `json:"allocs_per_op"`
}

// benchGB28181 compares the relay with the same pictures from GB/T 28181
// channels and from RTSP cameras. Nobody watches: what is measured is from the
// socket to the ring.
func benchGB28181(ctx context.Context, o *options, t *table) (any, error) {
	c, err := makeClip(ctx, o)
	if err != nil {
		return nil, err
	}
	r := gbResult{Streams: gbStreams, Stream: fmt.Sprintf("H.264 1280x720, %d fps, %.2f Mbit/s, key frame every 2 s", clipFPS, c.bits/1e6)}
	t.add("stream", r.Stream, fmt.Sprintf("CPU in %% of one core for each of %d, no viewer", gbStreams))
	for _, transport := range []string{"udp", "tcp"} {
		one := gbTransport{Transport: transport}
		var gb, rtsp, ratios []float64
		for range o.rounds {
			var p gbRound
			if p.GB28181, err = byGB28181(ctx, o, c, transport); err == nil {
				p.RTSP, err = byRTSP(ctx, o, c, transport)
			}
			if err != nil {
				return nil, fmt.Errorf("over %s: %w", transport, err)
			}
			one.Rounds = append(one.Rounds, p)
			gb, rtsp, ratios = append(gb, p.GB28181.CPU/gbStreams), append(rtsp, p.RTSP.CPU/gbStreams), append(ratios, p.GB28181.CPU/p.RTSP.CPU)
		}
		one.GB28181, one.RTSP, one.Ratio = round(median(gb), 2), round(median(rtsp), 2), round(median(ratios), 2)
		r.Transports = append(r.Transports, one)
		t.add("over "+strings.ToUpper(transport), fmt.Sprintf("%.2f %%", one.GB28181), fmt.Sprintf("by RTSP %.2f %%, ratio %.2f", one.RTSP, one.Ratio))
	}
	if r.Demux, err = demux(ctx); err != nil {
		return nil, err
	}
	t.add("program stream", fmt.Sprintf("%.0f MB/s", r.Demux.MBPerS), fmt.Sprintf("read by one core, %.0f allocations", r.Demux.Allocs))
	return r, nil
}

// byGB28181 measures a relay with one device that has all channels.
func byGB28181(ctx context.Context, o *options, c *clip, transport string) (usage, error) {
	port, err := freePort()
	if err != nil {
		return usage{}, err
	}
	const variable, password = "SIGHTLINE_BENCH_GB_PASSWORD", "a password"
	if err := os.Setenv(variable, password); err != nil {
		return usage{}, err
	}
	device := gbdevice.Config{ID: firstDevice, Password: password, Server: fmt.Sprintf("127.0.0.1:%d", port), ServerID: platformID,
		Realm: platformID[:10], Media: c.play}
	var streams strings.Builder
	for i := range gbStreams {
		id := fmt.Sprintf("%s131%07d", platformID[:10], i+1)
		device.Channels = append(device.Channels, gbdevice.Channel{ID: id, Name: id})
		fmt.Fprintf(&streams, "  s%d: {source: \"gb28181://%s/%s\", transport: %s, on_demand: false}\n", i, firstDevice, id, transport)
	}
	fmt.Fprintf(&streams, "gb28181: {listen: \"127.0.0.1:%d\", id: \"%s\", password_env: %s, media_ports: \"0\"}\n", port, platformID, variable)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = gbdevice.New(device).Run(ctx)
	}()
	defer func() {
		cancel()
		<-done
	}()
	return liveUsage(ctx, o, streams.String())
}

// play gives out the clip in real time, again and again.
func (c *clip) play(ctx context.Context, _ string, out func(media.AccessUnit)) error {
	begun := time.Now()
	for n := 0; ; n++ {
		if pause(ctx, time.Until(begun.Add(time.Duration(n)*time.Second/clipFPS))) != nil {
			return nil
		}
		u := c.units[n%len(c.units)]
		u.PTS = int64(n) * clipTicks
		out(u)
	}
}

// byRTSP measures a relay with as many RTSP streams.
func byRTSP(ctx context.Context, o *options, c *clip, transport string) (usage, error) {
	cam, err := startCamera(ctx, c)
	if err != nil {
		return usage{}, err
	}
	defer cam.close()
	var streams strings.Builder
	for i := range gbStreams {
		fmt.Fprintf(&streams, "  s%d: {source: %q, transport: %s, on_demand: false}\n", i, cam.url, transport)
	}
	return liveUsage(ctx, o, streams.String())
}

// liveUsage starts a relay, waits for all its streams, and watches it.
func liveUsage(ctx context.Context, o *options, streams string) (usage, error) {
	r, err := startRelay(ctx, o, streams)
	if err != nil {
		return usage{}, err
	}
	defer r.close()
	for begun := time.Now(); ; {
		n, states, err := live(ctx, r.url)
		if err != nil {
			return usage{}, err
		}
		if n == gbStreams {
			break
		}
		if time.Since(begun) > startTime {
			return usage{}, fmt.Errorf("only %d of %d streams run after %v: %s\n%s", n, gbStreams, startTime, states, r.log)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return usage{}, err
		}
	}
	if err := pause(ctx, settle); err != nil {
		return usage{}, err
	}
	return r.watch(ctx, o.window)
}

// live counts the streams of a relay that have pictures.
func live(ctx context.Context, url string) (n int, states []string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"api/v1/streams", nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var list struct {
		Streams []struct {
			State string `json:"state"`
		} `json:"streams"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return 0, nil, err
	}
	for _, s := range list.Streams {
		states = append(states, s.State)
		if s.State == "live" {
			n++
		}
	}
	return n, states, nil
}

// demux runs the benchmark of relay/mpegps.
func demux(ctx context.Context) (demuxSpeed, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkDemux$", "./relay/mpegps").CombinedOutput()
	var d demuxSpeed
	if lines := benchLines(string(out)); len(lines) == 1 {
		d.MBPerS, d.Allocs = lines[0].units["MB/s"], lines[0].units["allocs/op"]
	}
	if err != nil || d.MBPerS == 0 {
		return d, fmt.Errorf("go test -bench Demux ./relay/mpegps: %w\n%s", err, out)
	}
	return d, nil
}
