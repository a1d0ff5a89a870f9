package gbdevice

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"sightline/relay/mpegps"
)

// Quirk names something that real devices get wrong, or do their own way.
type Quirk string

// Quirks of a device, by what they concern.
const (
	// SIP
	LineFeeds       Quirk = "line-feeds"
	WrongLength     Quirk = "wrong-length"
	NoLength        Quirk = "no-length"
	TwoLengths      Quirk = "two-lengths"
	NoVia           Quirk = "no-via"
	NoFrom          Quirk = "no-from"
	NoFromTag       Quirk = "no-from-tag"
	SingleBytes     Quirk = "single-bytes"
	MovingPort      Quirk = "moving-port"
	MovingRegister  Quirk = "moving-register"
	EmptyKeepalive  Quirk = "empty-keepalive"
	LargeMessage    Quirk = "large-message"
	AnswerNoSDP     Quirk = "answer-no-sdp"
	AnswerNoContact Quirk = "answer-no-contact"
	AnswerNoToTag   Quirk = "answer-no-to-tag"
	AnswerPortZero  Quirk = "answer-port-zero"
	AnswerOtherSSRC Quirk = "answer-other-ssrc"
	AnswerCRCRLF    Quirk = "answer-crcrlf"
	// Catalog
	CharsetGB    Quirk = "charset-gb"
	CharsetLies  Quirk = "charset-lies"
	RawXML       Quirk = "raw-xml"
	ControlChars Quirk = "control-characters"
	Unclosed     Quirk = "unclosed-elements"
	EmptyKey     Quirk = "empty-elements"
	EntityBomb   Quirk = "entity-bomb"
	Shuffled     Quirk = "shuffled-parts"
	SumTooLarge  Quirk = "sum-too-large"
	SumTooSmall  Quirk = "sum-too-small"
	// Media
	OtherSSRC     Quirk = "other-ssrc"
	ZeroSSRC      Quirk = "zero-ssrc"
	SSRCChange    Quirk = "ssrc-change"
	SequenceWrap  Quirk = "sequence-wrap"
	BadPadding    Quirk = "bad-padding"
	MarkerAlways  Quirk = "marker-always"
	MarkerNever   Quirk = "marker-never"
	Reordered     Quirk = "reordered"
	MidPackStart  Quirk = "mid-pack-start"
	Dollar        Quirk = "dollar-framing"
	EHome         Quirk = "ehome-prefix"
	EmptyFrames   Quirk = "empty-frames"
	SecondConn    Quirk = "second-connection"
	TransportTS   Quirk = "transport-stream"
	Bare          Quirk = "bare-h264"
	Silent        Quirk = "silent"
	MediaStatus   Quirk = "media-status"
	PTSWrap       Quirk = "pts-wrap"
	LargeIDR      Quirk = "large-idr"
	PSNoMap       Quirk = "ps-no-map"
	PSBadCRC      Quirk = "ps-bad-map-crc"
	PSBadLength   Quirk = "ps-bad-map-length"
	PSZeroLength  Quirk = "ps-zero-length"
	PSShortLength Quirk = "ps-short-length"
	PSPrivate     Quirk = "ps-private-data"
	PSMapAudio    Quirk = "ps-map-audio"
	PSEndCode     Quirk = "ps-end-code"
	PSSmall       Quirk = "ps-small-pes"
	PSSplitCodes  Quirk = "ps-split-codes"
	PSCodecChange Quirk = "ps-codec-change"
)

var quirks = map[Quirk]string{
	LineFeeds:       "SIP lines end in LF alone",
	WrongLength:     "Content-Length of 9999 over UDP",
	NoLength:        "no Content-Length over UDP",
	TwoLengths:      "two Content-Length headers, the second one wrong",
	NoVia:           "requests without Via",
	NoFrom:          "a MESSAGE without From before each keepalive",
	NoFromTag:       "From without a tag",
	SingleBytes:     "SIP over TCP byte by byte",
	MovingPort:      "each keepalive from another UDP port, as through a NAT",
	MovingRegister:  "the challenge is answered from another UDP port than it was sent to",
	EmptyKeepalive:  "keepalives without their body",
	LargeMessage:    "a MESSAGE of 70 kB before the catalog (TCP)",
	AnswerNoSDP:     "200 to INVITE without SDP",
	AnswerNoContact: "200 to INVITE without Contact",
	AnswerNoToTag:   "200 to INVITE without a tag in To",
	AnswerPortZero:  "m=video 0 in the answer",
	AnswerOtherSSRC: "y= in the answer is another SSRC than the one asked for, and the media has it",
	AnswerCRCRLF:    "SDP lines end in CR CR LF",
	CharsetGB:       "the catalog is GB2312",
	CharsetLies:     "the catalog declares GB2312 and is UTF-8",
	RawXML:          "raw & and < in names",
	ControlChars:    "control characters in addresses",
	Unclosed:        "elements that are not closed",
	EmptyKey:        "elements such as <key/>",
	EntityBomb:      "a document type with nested entities",
	Shuffled:        "catalog parts in reverse order, and the first twice",
	SumTooLarge:     "SumNum is one more than there are channels",
	SumTooSmall:     "SumNum is the number of channels in the part, not of all",
	OtherSSRC:       "media with another SSRC than the one asked for",
	ZeroSSRC:        "media with SSRC 0, and y=0 in the answer",
	SSRCChange:      "the SSRC changes after 200 packets, and the sequence begins anew",
	SequenceWrap:    "the sequence numbers begin shortly before they wrap",
	BadPadding:      "now and then a packet whose padding is longer than its payload",
	MarkerAlways:    "the marker on each packet",
	MarkerNever:     "no marker at all",
	Reordered:       "every tenth packet after the one behind it (UDP)",
	MidPackStart:    "the stream begins in the middle of a pack",
	Dollar:          "TCP framed as in RTSP: $, channel, length",
	EHome:           "256 bytes in front of the TCP stream",
	EmptyFrames:     "frames of length 0 and of less than 12 bytes (TCP)",
	SecondConn:      "a second TCP connection that sends garbage",
	TransportTS:     "a transport stream in place of a program stream",
	Bare:            "H.264 in RTP without a program stream, payload type 98; over TCP 96, as the answer says",
	Silent:          "the invitation is taken, and nothing is sent",
	MediaStatus:     "after 100 pictures the media ends, and a notice says so under another number",
	PTSWrap:         "the presentation times begin a third of a second before they wrap",
	LargeIDR:        "a first key frame of 5 MB",
	PSNoMap:         "no program stream map",
	PSBadCRC:        "a program stream map with a wrong CRC",
	PSBadLength:     "a program stream map whose descriptor lengths are wrong",
	PSZeroLength:    "PES packets of length 0",
	PSShortLength:   "the length of large pictures modulo 65,536",
	PSPrivate:       "private PES packets (0xBD)",
	PSMapAudio:      "audio in the map, and none sent",
	PSEndCode:       "a program end code after each picture",
	PSSmall:         "PES packets of 1400 bytes",
	PSSplitCodes:    "RTP packets that end within a start code",
	PSCodecChange:   "H.265 after 100 pictures",
}

// Quirks lists the names with what they mean, sorted by name.
func Quirks() [][2]string {
	out := make([][2]string, 0, len(quirks))
	for q, text := range quirks {
		out = append(out, [2]string{string(q), text})
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0] < out[j][0] })
	return out
}

// ParseQuirks reads a list of names, separated by commas.
func ParseQuirks(list string) ([]Quirk, error) {
	var out []Quirk
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, ok := quirks[Quirk(name)]; !ok {
			return nil, fmt.Errorf("no quirk is named %q", name)
		}
		out = append(out, Quirk(name))
	}
	return out, nil
}

func (d *Device) has(q Quirk) bool { return slices.Contains(d.cfg.Quirks, q) }

// muxer makes the program stream's writer with its quirks.
func (d *Device) muxer() *mpegps.Muxer {
	m := &mpegps.Muxer{}
	for q, ps := range map[Quirk]mpegps.Quirk{PSNoMap: mpegps.NoMap, PSBadCRC: mpegps.BadMapCRC, PSBadLength: mpegps.BadMapLength,
		PSZeroLength: mpegps.ZeroLength, PSShortLength: mpegps.ShortLength, PSPrivate: mpegps.PrivateData,
		PSMapAudio: mpegps.MapAudio, PSEndCode: mpegps.MarkEnd} {
		if d.has(q) {
			m.Quirks |= ps
		}
	}
	if d.has(PSSmall) || d.cfg.PESSize > 0 {
		m.PESSize = d.cfg.PESSize
		if m.PESSize == 0 {
			m.PESSize = 1400
		}
	}
	return m
}
