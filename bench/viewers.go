package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"sightline/testkit/viewer"
)

// received is what the viewers saw between "start" and "stop".
type received struct {
	Viewers int    `json:"viewers"`
	Frames  uint64 `json:"frames"`
	Bytes   uint64 `json:"bytes"` // of RTP payloads
	Lost    uint64 `json:"lost"`  // packets, by sequence gaps
	// DelayMS is the time from a picture's stamp to its last packet, for
	// pictures that carry one; KeyMS is of those the key frames.
	DelayMS []float64 `json:"delay_ms,omitempty"`
	KeyMS   []float64 `json:"key_delay_ms,omitempty"`
}

// runViewers is a process of WebRTC viewers of one WHEP endpoint: "join N"
// brings their number to N, "start" begins to count, "stop" prints received.
func runViewers(args []string) error {
	var list []*watcher
	defer func() {
		for _, w := range list {
			w.viewer.Close()
		}
	}()
	return commands(func(line string) (string, error) {
		switch {
		case strings.HasPrefix(line, "join "):
			var n int
			if _, err := fmt.Sscanf(line, "join %d", &n); err != nil {
				return "", err
			}
			for len(list) < n {
				w, err := join(args[0])
				if err != nil {
					return "", err
				}
				list = append(list, w)
			}
			return line, nil
		case line == "start":
			for _, w := range list {
				w.start()
			}
			return line, nil
		case line == "stop":
			sum := received{Viewers: len(list)}
			for _, w := range list {
				w.stop(&sum)
			}
			b, err := json.Marshal(sum)
			return string(b), err
		}
		return "", fmt.Errorf("unknown command")
	})
}

// watcher is one viewer and what it saw.
type watcher struct {
	viewer *viewer.Viewer
	live   chan struct{} // closed with the first packet

	mu    sync.Mutex
	on    bool
	seen  received
	seq   uint16
	some  bool
	ts    uint32
	stamp time.Time // of the picture that is arriving
	key   bool      // whether that is a key frame
}

func join(endpoint string) (*watcher, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	w := &watcher{live: make(chan struct{})}
	var err error
	if w.viewer, err = viewer.Join(ctx, endpoint, viewer.Options{OnPacket: w.packet}); err != nil {
		return nil, err
	}
	select {
	case <-w.live:
		return w, nil
	case <-ctx.Done():
		w.viewer.Close()
		return nil, fmt.Errorf("no packet within 20 s")
	}
}

func (w *watcher) packet(p viewer.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.some {
		close(w.live)
	}
	if gap := p.SequenceNumber - w.seq - 1; w.some && gap < 1<<15 {
		w.seen.Lost += uint64(gap)
	}
	w.seq, w.some = p.SequenceNumber, true
	if p.Timestamp != w.ts {
		w.ts, w.stamp, w.key = p.Timestamp, time.Time{}, false
	}
	w.key = w.key || isKey(p.Payload)
	if at, ok := readStamp(p.Payload); ok {
		w.stamp = at
	}
	w.seen.Bytes += uint64(len(p.Payload))
	if !p.Marker {
		return
	}
	w.seen.Frames++
	if w.on && !w.stamp.IsZero() {
		ms := round(p.At.Sub(w.stamp).Seconds()*1000, 3)
		w.seen.DelayMS = append(w.seen.DelayMS, ms)
		if w.key {
			w.seen.KeyMS = append(w.seen.KeyMS, ms)
		}
	}
}

// isKey says whether an RTP payload is a part of an IDR slice or a whole one
// (RFC 6184 sections 5.6 and 5.8).
func isKey(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	kind := payload[0] & 0x1f
	return kind == 5 || kind == 28 && payload[1]&0x1f == 5
}

func (w *watcher) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on, w.seen = true, received{}
}

func (w *watcher) stop(sum *received) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = false
	sum.Frames += w.seen.Frames
	sum.Bytes += w.seen.Bytes
	sum.Lost += w.seen.Lost
	sum.DelayMS = append(sum.DelayMS, w.seen.DelayMS...)
	sum.KeyMS = append(sum.KeyMS, w.seen.KeyMS...)
}

// A stamped picture carries the time in an SEI message of user data (H.264
// section D.1.7): the mark in place of the UUID, and nanoseconds since 1970 in
// hexadecimal digits, which need no emulation prevention.
const stampMark = "sightline-bench:"

// stamped returns the SEI NAL unit with a time.
func stamped(at time.Time) []byte {
	const size = len(stampMark) + 16
	b := append([]byte{6, 5, byte(size)}, stampMark...)
	return append(fmt.Appendf(b, "%016x", at.UnixNano()), 0x80)
}

// readStamp finds the time in an RTP payload.
func readStamp(payload []byte) (time.Time, bool) {
	_, rest, ok := bytes.Cut(payload, []byte(stampMark))
	if !ok || len(rest) < 16 {
		return time.Time{}, false
	}
	var ns int64
	if _, err := fmt.Sscanf(string(rest[:16]), "%x", &ns); err != nil {
		return time.Time{}, false
	}
	return time.Unix(0, ns), true
}
