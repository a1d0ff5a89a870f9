package quality

import "time"

// Level says how much of the kernel's drops is seen.
type Level struct {
	// Rung is tp_btf, raw_tp or counters.
	Rung string `json:"rung"`
	// Reason says why it is none above, empty on the highest; Fix how to get
	// there, where there is a way.
	Reason string `json:"reason,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

// Buffer is a receive buffer, in bytes as the kernel counts them.
type Buffer struct {
	Size   int `json:"size"`
	Used   int `json:"used"`
	Peak   int `json:"peak"`
	Wanted int `json:"wanted"`
}

// TCP is what the kernel says of a camera's TCP connection: segments out of
// order (lost and sent again), the window still open in bytes, and how long
// nothing has come in milliseconds.
type TCP struct {
	OutOfOrder uint32 `json:"out_of_order"`
	Window     uint32 `json:"window"`
	SilentMS   uint32 `json:"silent_ms"`
}

// Drop is one sampled drop.
type Drop struct {
	Time     time.Time `json:"time"`
	Reason   string    `json:"reason"`
	Packets  uint32    `json:"packets"`
	SSRC     uint32    `json:"ssrc,omitempty"`
	Sequence uint16    `json:"sequence,omitempty"`
}

// StreamLoss is everything that is known of one stream's losses.
type StreamLoss struct {
	Stream string `json:"stream"`
	Account
	// Sent are the relay's own packets to the camera that were dropped.
	Sent   []Loss  `json:"sent,omitempty"`
	Buffer *Buffer `json:"receive_buffer,omitempty"`
	TCP    *TCP    `json:"tcp,omitempty"`
	// Recent are the newest drops, oldest first; not all of them.
	Recent []Drop `json:"recent,omitempty"`
}

// Report is the answer of /api/v1/drops.
type Report struct {
	Level   Level        `json:"level"`
	Streams []StreamLoss `json:"streams"`
}
