package hub

import (
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
)

// State is where a stream is in its life.
type State string

// States of a stream.
const (
	Idle       State = "idle"       // nobody watches, the source is not connected
	Connecting State = "connecting" // the source is starting
	Live       State = "live"       // pictures arrive
	Degraded   State = "degraded"   // pictures arrive, but some are lost or cannot be shown
	Stalled    State = "stalled"    // connected, but no picture has come for a while
	Backoff    State = "backoff"    // failed, a new try is due at RetryAt
	Failed     State = "failed"     // will not be tried again, or only rarely; see the condition
	Ended      State = "ended"      // the source has come to its end
)

// Info is a stream as the API shows it.
type Info struct {
	Name  string    `json:"name"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
	// RetryAt is when a failed source is tried again.
	RetryAt  time.Time `json:"retry_at,omitzero"`
	Source   string    `json:"source"` // redacted
	OnDemand bool      `json:"on_demand"`
	// Epoch changes when RTP timestamps of before mean nothing any more.
	Epoch uint32     `json:"epoch"`
	Video *VideoInfo `json:"video,omitempty"`
	// Audio and Metadata are what comes beside the video, if it does.
	Audio    *AudioInfo    `json:"audio,omitempty"`
	Metadata *MetadataInfo `json:"metadata,omitempty"`
	Viewers  int           `json:"viewers"`
	Restarts int           `json:"restarts"`
	Received Received      `json:"received"`
	Late     Late          `json:"late"`
	Ring     RingInfo      `json:"ring"`
	// Repairs are what was put right in the source's timestamps and parameter
	// sets, since the relay started.
	Repairs media.Repairs `json:"repairs"`
	// Counter maps RTP timestamps to the frame counter burnt into the
	// picture, where the source has one.
	Counter *CounterMap `json:"counter,omitempty"`
	// Latest pairs the newest picture's RTP timestamp with wall clocks.
	Latest     *Latest            `json:"latest,omitempty"`
	Conditions []health.Condition `json:"conditions"`
}

// VideoInfo describes the video track.
type VideoInfo struct {
	Codec     string  `json:"codec"`
	Profile   string  `json:"profile,omitempty"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	FPS       float64 `json:"fps"`        // measured over the last seconds
	GOPSec    float64 `json:"gop_s"`      // distance of the last two key frames
	BitsPerS  float64 `json:"bits_per_s"` // measured over the last seconds
	Transport string  `json:"transport"`
}

// Received is what came from the source since the relay started.
type Received struct {
	Packets  uint64  `json:"packets"`
	Bytes    uint64  `json:"bytes"`
	Lost     uint64  `json:"lost"` // by RTP sequence gaps
	Frames   uint64  `json:"frames"`
	Keys     uint64  `json:"key_frames"`
	Dropped  uint64  `json:"frames_dropped"` // damaged, or waiting for a key frame
	JitterMS float64 `json:"jitter_ms"`
}

// Late is what was lost between the relay and its readers, in packets, since
// the relay started.
type Late struct {
	// Ring was left out for readers that were late: the ring no longer had it,
	// or they had to go on at a newer key frame.
	Ring uint64 `json:"ring"`
	// Viewers is what viewers report as missing (RTCP receiver reports).
	Viewers uint64 `json:"viewers"`
}

// RingInfo is how much the stream's ring holds.
type RingInfo struct {
	Seconds float64 `json:"seconds"`
	Bytes   int     `json:"bytes"`
	Packets int     `json:"packets"`
}

// CounterMap says that the picture with this RTP timestamp carries this
// counter, and that the counter grows by one each TicksPerFrame.
type CounterMap struct {
	RTP           uint32 `json:"rtp"`
	Counter       uint32 `json:"counter"`
	TicksPerFrame int64  `json:"ticks_per_frame"`
}

// Latest is the newest picture: its RTP timestamp, when the relay had received
// it, and when the camera says it took it (absent without sender reports).
type Latest struct {
	RTP      uint32    `json:"rtp"`
	Received time.Time `json:"received"`
	Captured time.Time `json:"captured,omitzero"`
}
