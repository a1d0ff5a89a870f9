// Package media holds what every source and reader of pictures shares: tracks,
// access units, H.264 parameter sets, the stream clock, and RTP packetisation.
// It knows no transport and no stream.
package media

import "time"

// ClockRate is the rate of every video stream clock, in ticks per second.
const ClockRate = 90000

// Codec names a codec as its RTP payload format does.
type Codec string

// Codecs of pictures. Sources deliver each; browsers are shown H264 alone.
const (
	H264 Codec = "H264"
	H265 Codec = "H265"
	JPEG Codec = "JPEG"
)

// Codecs of sound.
const (
	AAC  Codec = "AAC"
	Opus Codec = "OPUS"
	PCMA Codec = "PCMA" // G.711 A-law
	PCMU Codec = "PCMU" // G.711 µ-law
)

// Track describes a source's video track.
type Track struct {
	Codec Codec
	// SPS and PPS are parameter sets known out of band (from an SDP or a file
	// header), without start codes; nil when they come in the stream only.
	// H.265 has a VPS too.
	SPS, PPS, VPS []byte
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
	// Key says that decoding can start here (an IDR picture, for H.265 any
	// random access picture; each JPEG).
	Key bool
	// Recovery says that a decoder which has lost pictures is right again from
	// here on, although decoding cannot start here (H.264 annex D.2.8, a
	// recovery point without a distance).
	Recovery bool
	// Damaged says that packets of this unit, or of units before it, are
	// missing, so that it cannot be decoded faithfully.
	Damaged bool
	// SetsAdded says that the unit came without its parameter sets and was
	// completed with those known.
	SetsAdded bool
	// NALUs are the NAL units without start codes; of JPEG there is one, the
	// whole image. Whoever gets the access
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

// AudioTrack describes a source's sound.
type AudioTrack struct {
	Codec Codec
	// ClockRate is the rate of the timestamps, in ticks per second; for PCM
	// and AAC it is that of the samples.
	ClockRate, Channels int
	// Config is AAC's AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
	Config []byte
	// Transport is as for the video track.
	Transport string
}

// AudioUnit is one coded piece of sound: an AAC frame without a header, an
// Opus packet, or PCM samples.
type AudioUnit struct {
	// PTS is on the sound's own timeline, in ticks of the track's ClockRate,
	// unwrapped.
	PTS  int64
	Data []byte
	// Lost says that sound before this unit is missing.
	Lost bool
	// Captured is by the camera's clock, as that of pictures, so that the two
	// can be brought together; zero while unknown.
	Captured, Received time.Time
}

// Metadata is one document of a camera's metadata stream (ONVIF Streaming
// Specification section 5.1.2.1).
type Metadata struct {
	Document           []byte // XML
	Captured, Received time.Time
}

// Counts are what a source received since its last report.
type Counts struct {
	Packets, Bytes uint64
	// Lost is the number of packets missing by RTP sequence numbers.
	Lost uint64
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1.
	Jitter time.Duration
}
