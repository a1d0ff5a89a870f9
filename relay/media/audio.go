package media

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtp"
)

// maxAudioUnit bounds one piece of sound, in bytes.
const maxAudioUnit = 64 << 10

// AudioFormat is a format of sound as an SDP describes it: the encoding's name
// in upper case, clock rate and channels of its rtpmap (0 where it has none)
// and the parameters of its fmtp.
type AudioFormat struct {
	Name       string
	ClockRate  int
	Channels   int
	Parameters map[string]string // keys in lower case
}

// AudioDepacketizer takes coded sound out of RTP packets: G.711 (RFC 3551),
// Opus (RFC 7587), AAC (RFC 3640) and AAC in LATM (RFC 6416, formerly 3016). It
// expects the packets of one stream in order. It holds one fragmented unit at
// most.
type AudioDepacketizer struct {
	track AudioTrack
	aac   *aacFormat
	latm  *latmFormat

	started bool
	pts     int64
	lost    bool
	partial []byte // a unit whose fragments are being joined
	expect  int    // its size, 0 while none
	begun   uint32 // RTP timestamp of the newest packet
}

// errAudio marks a format of sound that is not known.
var errAudio = errors.New("media: the format of the sound is not known")

// NewAudioDepacketizer makes one for a format. It returns an error for a format
// that is not known or lacks a parameter.
func NewAudioDepacketizer(f AudioFormat) (*AudioDepacketizer, error) {
	d := &AudioDepacketizer{track: AudioTrack{ClockRate: f.ClockRate, Channels: max(1, f.Channels)}}
	var err error
	switch f.Name {
	case "PCMA", "PCMU":
		d.track.Codec = Codec(f.Name)
		if d.track.ClockRate == 0 {
			d.track.ClockRate = 8000
		}
	case "OPUS":
		// The clock is 48000 and the channels 2 whatever the sound has (RFC
		// 7587 section 7).
		d.track.Codec, d.track.ClockRate, d.track.Channels = Opus, 48000, 2
	case "MPEG4-GENERIC":
		d.track.Codec = AAC
		d.aac, d.track.Config, err = newAACFormat(f.Parameters)
	case "MP4A-LATM":
		d.track.Codec = AAC
		d.latm, d.track.Config, err = newLATMFormat(f.Parameters)
	default:
		return nil, fmt.Errorf("%w: %s", errAudio, f.Name)
	}
	if err != nil {
		return nil, err
	}
	if d.track.Codec == AAC && d.track.Config != nil {
		d.learn(d.track.Config)
	}
	return d, nil
}

// learn takes what the AudioSpecificConfig says of the track.
func (d *AudioDepacketizer) learn(config []byte) {
	c, _, err := parseAudioConfig(config)
	if err != nil {
		return
	}
	d.track.Config = config
	if c.channels > 0 {
		d.track.Channels = c.channels
	}
	if d.track.ClockRate == 0 {
		d.track.ClockRate = c.rate
	}
}

// Track describes the sound. That of LATM with its configuration in the stream
// is whole after the first packets only.
func (d *AudioDepacketizer) Track() AudioTrack { return d.track }

// Push takes the next packet and returns the pieces of sound that it completes.
// lost says that packets before it are missing. The packet's payload must not
// be changed afterwards.
func (d *AudioDepacketizer) Push(p *rtp.Packet, lost bool, received time.Time) []AudioUnit {
	if d.started {
		d.pts += int64(int32(p.Timestamp - uint32(d.pts)))
	} else {
		d.pts, d.started = int64(p.Timestamp), true
	}
	if lost {
		d.lost = true
		d.partial, d.expect = nil, 0
	}
	if len(p.Payload) == 0 {
		return nil
	}
	if len(d.partial) > 0 && p.Timestamp != d.begun {
		d.partial, d.expect, d.lost = nil, 0, true // its end has not come
	}
	d.begun = p.Timestamp
	var units [][]byte
	step := 0
	switch {
	case d.aac != nil:
		units, step = d.pushAAC(p)
	case d.latm != nil:
		units, step = d.pushLATM(p)
	default:
		units = [][]byte{p.Payload}
	}
	out := make([]AudioUnit, 0, len(units))
	for i, u := range units {
		out = append(out, AudioUnit{PTS: d.pts + int64(i*step), Data: u, Lost: d.lost, Received: received})
		d.lost = false
	}
	return out
}

// join collects the fragments of a unit; it returns nil until it is whole.
func (d *AudioDepacketizer) join(part []byte, size int, end bool) []byte {
	if len(d.partial)+len(part) > maxAudioUnit || d.expect != 0 && size != 0 && size != d.expect {
		d.partial, d.expect, d.lost = nil, 0, true
		return nil
	}
	d.partial = append(d.partial, part...)
	d.expect = size
	if !end {
		return nil
	}
	whole := d.partial
	d.partial, d.expect = nil, 0
	if size != 0 && len(whole) != size {
		d.lost = true
		return nil
	}
	return whole
}

// number reads a decimal parameter; missing ones are def.
func number(params map[string]string, key string, def, most int) (int, error) {
	v, ok := params[key]
	if !ok || strings.TrimSpace(v) == "" {
		return def, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("media: parameter %s is %q: must be a number from 0 to %d", key, v, most)
	}
	return n, nil
}

// audioConfig is what an AudioSpecificConfig says (ISO/IEC 14496-3 section
// 1.6.2.1).
type audioConfig struct {
	object, rate, channels int
	samples                int // of a frame: 1024 or 960
}

var errAudioConfig = errors.New("media: the AudioSpecificConfig is malformed, or of a kind that is not known")

// parseAudioConfig reads an AudioSpecificConfig and how many bits it has.
func parseAudioConfig(b []byte) (audioConfig, int, error) {
	r := bitReader{b: b}
	c, err := readAudioConfig(&r)
	return c, r.pos, err
}

func readAudioConfig(r *bitReader) (audioConfig, error) {
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	object := func() int {
		o := int(r.bits(5))
		if o == 31 {
			o = 32 + int(r.bits(6))
		}
		return o
	}
	rate := func() int {
		i := int(r.bits(4))
		switch {
		case i == 15:
			return int(r.bits(24))
		case i < len(rates):
			return rates[i]
		}
		return 0
	}
	c := audioConfig{object: object(), samples: 1024}
	c.rate = rate()
	c.channels = int(r.bits(4))
	if c.channels == 7 {
		c.channels = 8
	}
	if c.object == 5 || c.object == 29 { // SBR, PS: the core follows
		rate()
		c.object = object()
	}
	switch c.object {
	case 1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23:
	default:
		return c, errAudioConfig
	}
	if r.bits(1) == 1 {
		c.samples = 960
	}
	if r.bits(1) == 1 {
		r.bits(14)
	}
	extension := r.bits(1) == 1
	if c.channels == 0 {
		return c, errAudioConfig // a program config element
	}
	if c.object == 6 || c.object == 20 {
		r.bits(3)
	}
	if extension {
		switch c.object {
		case 22:
			r.bits(16)
		case 17, 19, 20, 23:
			r.bits(3)
		}
		r.bits(1)
	}
	if r.failed || c.rate <= 0 {
		return c, errAudioConfig
	}
	return c, nil
}

// bitsOf copies n bits from a position into bytes, padded with zeros.
func bitsOf(b []byte, from, n int) []byte {
	r := bitReader{b: b, pos: from}
	out := bytes.Repeat([]byte{0}, (n+7)/8)
	for i := range n {
		out[i/8] |= byte(r.bits(1)) << (7 - i%8)
	}
	return out
}
