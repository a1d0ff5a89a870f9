package media

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pion/rtp"
)

// latmFormat is the state of AAC in LATM (RFC 6416, ISO/IEC 14496-3 section
// 1.7.3).
type latmFormat struct {
	inBand  bool // each element says whether it has a configuration
	known   bool
	frames  int // of one element
	samples int // of one frame
	other   int // bits of other data behind the frames
	length  int // bits of a frame if it is fixed, 0 if each has its length
}

func newLATMFormat(params map[string]string) (*latmFormat, []byte, error) {
	f := &latmFormat{inBand: strings.TrimSpace(params["cpresent"]) != "0"}
	text := strings.TrimSpace(params["config"])
	if text == "" {
		if !f.inBand {
			return nil, nil, fmt.Errorf("media: the sound's description has neither config nor a configuration in the stream (cpresent=0)")
		}
		return f, nil, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, nil, fmt.Errorf("media: the parameter config of the sound is %q: must be hexadecimal digits", text)
	}
	config, err := f.configure(&bitReader{b: b})
	return f, config, err
}

// configure reads a StreamMuxConfig and returns the AudioSpecificConfig in it.
func (f *latmFormat) configure(r *bitReader) ([]byte, error) {
	version := r.bits(1)
	if version == 1 && r.bits(1) == 1 {
		return nil, errAudioConfig // reserved
	}
	value := func() int {
		n := int(r.bits(2))
		v := 0
		for range n + 1 {
			v = v<<8 | int(r.bits(8))
		}
		return v
	}
	if version == 1 {
		value() // taraBufferFullness
	}
	r.bits(1) // allStreamsSameTimeFraming
	frames := int(r.bits(6)) + 1
	if r.bits(4) != 0 || r.bits(3) != 0 {
		return nil, errAudioConfig // several programs or layers
	}
	end := -1
	if version == 1 {
		n := value()
		end = r.pos + n
	}
	from := r.pos
	c, err := readAudioConfig(r)
	if err != nil {
		return nil, err
	}
	config := bitsOf(r.b, from, r.pos-from)
	if end >= 0 {
		if end < r.pos || end > 8*len(r.b) {
			return nil, errAudioConfig
		}
		r.pos = end
	}
	length := 0
	switch r.bits(3) { // frameLengthType
	case 0:
		r.bits(8)
	case 1:
		length = 8 * (int(r.bits(9)) + 20)
	default:
		return nil, errAudioConfig
	}
	other := 0
	if r.bits(1) == 1 {
		if version == 1 {
			other = value()
		} else {
			for more := true; more && !r.failed; {
				more = r.bits(1) == 1
				other = other<<8 | int(r.bits(8))
			}
		}
	}
	if r.bits(1) == 1 {
		r.bits(8) // CRC
	}
	if r.failed || other < 0 || other > 8*maxAudioUnit {
		return nil, errAudioConfig
	}
	f.known, f.frames, f.samples, f.other, f.length = true, frames, c.samples, other, length
	return config, nil
}

// pushLATM takes an audioMuxElement, whole or in fragments; the marker ends it.
func (d *AudioDepacketizer) pushLATM(p *rtp.Packet) (units [][]byte, step int) {
	whole := d.join(p.Payload, 0, p.Marker)
	if whole == nil {
		return nil, 0
	}
	f := d.latm
	r := &bitReader{b: whole}
	for r.pos+8 <= 8*len(whole) && len(units) < 256 {
		if f.inBand && r.bits(1) == 0 {
			config, err := f.configure(r)
			if err != nil {
				d.lost = true
				return units, f.samples
			}
			d.learn(config)
		}
		if !f.known {
			d.lost = true
			return units, f.samples
		}
		for range f.frames {
			n := f.length
			if n == 0 {
				for more := true; more && !r.failed; {
					v := int(r.bits(8))
					n += 8 * v
					more = v == 255
				}
			}
			if r.failed || n > 8*len(whole)-r.pos {
				d.lost = true
				return units, f.samples
			}
			if n > 0 {
				units = append(units, bitsOf(whole, r.pos, n))
			}
			r.pos += n
		}
		r.pos = min(r.pos+f.other, 8*len(whole))
		r.pos = (r.pos + 7) &^ 7
	}
	return units, f.samples
}
