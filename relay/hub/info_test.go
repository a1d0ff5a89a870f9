package hub

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"sightline/relay/health"
)

var update = flag.Bool("update", false, "write testdata anew")

// The sample is what the web client's tests read: both sides fail until both
// know a field.
func TestInfoSample(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 4, 5, 123e6, time.UTC)
	c := health.New(health.SourceLoss, "1.5 %% of the packets of the last 10 s never arrived from rtsp://camera/stream.")
	c.Since = at
	got, err := json.MarshalIndent(Info{
		Name: "gate", State: Live, Since: at, RetryAt: at.Add(time.Second), Source: "rtsp://viewer:***@camera/stream",
		OnDemand: true, Epoch: 7, Viewers: 2, Restarts: 1,
		Video: &VideoInfo{Codec: "H264", Profile: "High 4.0", Width: 1920, Height: 1080, FPS: 24.9, GOPSec: 2,
			BitsPerS: 4e6, Transport: "udp"},
		Received:   Received{Packets: 10, Bytes: 1000, Lost: 3, Frames: 5, Keys: 1, Dropped: 4, JitterMS: 1.5},
		Late:       Late{Ring: 2, Viewers: 5},
		Ring:       RingInfo{Seconds: 1.5, Bytes: 2, Packets: 3},
		Counter:    &CounterMap{RTP: 2483920331, Counter: 4, TicksPerFrame: 3600},
		Latest:     &Latest{RTP: 2483923931, Received: at, Captured: at.Add(-40 * time.Millisecond)},
		Conditions: []health.Condition{c},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/info.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("a stream's JSON is no longer that of %s (go test ./relay/hub -update writes it):\n%s", file, got)
	}
}
