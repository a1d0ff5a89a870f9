// Package media holds what every source and reader of pictures shares: tracks,
// access units, H.264 parameter sets, the stream clock, and RTP packetisation.
// It knows no transport and no stream.
package media

import "time"

// ClockRate is the rate of every video stream clock, in ticks per second.
const ClockRate = 90000

// Codec names a codec as its RTP payload format does.
type Codec string

// Codecs that Sightline can name; only H264 is relayed so far.
const (
	H264 Codec = "H264"
	H265 Codec = "H265"
	JPEG Codec = "JPEG"
)

// Track describes a source's video track.
type Track struct {
	Codec Codec
	// SPS and PPS are parameter sets known out of band (from an SDP or a file
	// header), without start codes; nil when they come in the stream only.
	SPS, PPS []byte
	// Width and Height are the displayed size in pixels, 0 while unknown.
	Width, Height int
	// FrameRate is the nominal rate in frames per second, 0 while unknown.
	FrameRate float64
	// Transport says how the media arrives: "udp", "tcp", "file", "demo".
	Transport string
	// Profile names the encoder profile for people, such as "High 4.0".
	Profile string
	// CounterTicks is set by sources whose pictures carry a readable frame
	// counter: the picture with counter n has PTS n*CounterTicks. 0 elsewhere.
	CounterTicks int64
}

// AccessUnit is one coded picture.
type AccessUnit struct {
	// PTS is the presentation time on the source's own timeline, in ticks of
	// ClockRate, unwrapped. The zero is the source's choice; the hub maps it
	// to the stream clock.
	PTS int64
	// Untimed says that the source gave no PTS: it is to be made up.
	Untimed bool
	// DTS is the decoding time on the same timeline, valid if HasDTS.
	DTS    int64
	HasDTS bool
	// Key says that decoding can start here (an IDR picture).
	Key bool
	// Damaged says that packets of this unit, or of units before it, are
	// missing, so that it cannot be decoded faithfully.
	Damaged bool
	// SetsAdded says that the unit came without its parameter sets and was
	// completed with those known.
	SetsAdded bool
	// NALUs are the NAL units without start codes. Whoever gets the access
	// unit owns them from then on; the producer does not touch them again.
	NALUs [][]byte
	// Captured is when the camera took the picture by its own wall clock
	// (RTCP sender reports); zero while unknown.
	Captured time.Time
	// Received is when the last byte of the unit reached the relay.
	Received time.Time
}

// Size is the number of payload bytes in the unit.
func (au *AccessUnit) Size() int {
	n := 0
	for _, b := range au.NALUs {
		n += len(b)
	}
	return n
}

// Counts are what a source received since its last report.
type Counts struct {
	Packets, Bytes uint64
	// Lost is the number of packets missing by RTP sequence numbers.
	Lost uint64
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1.
	Jitter time.Duration
}
