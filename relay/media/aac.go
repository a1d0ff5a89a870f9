package media

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pion/rtp"
)

// aacFormat are the parameters of RFC 3640 section 4.1 that say how the AU
// headers are coded, each a number of bits.
type aacFormat struct {
	size, index, delta           int
	cts, dts, access, state, aux int
	samples                      int // of one unit
}

func newAACFormat(params map[string]string) (*aacFormat, []byte, error) {
	if mode := strings.ToLower(params["mode"]); mode != "" && !strings.HasPrefix(mode, "aac-") && mode != "generic" {
		return nil, nil, fmt.Errorf("%w: mpeg4-generic in mode %q", errAudio, params["mode"])
	}
	f := &aacFormat{samples: 1024}
	var err error
	for _, p := range []struct {
		key  string
		to   *int
		most int
	}{{"sizelength", &f.size, 32}, {"indexlength", &f.index, 32}, {"indexdeltalength", &f.delta, 32}, {"ctsdeltalength", &f.cts, 32},
		{"dtsdeltalength", &f.dts, 32}, {"randomaccessindication", &f.access, 1}, {"streamstateindication", &f.state, 32},
		{"auxiliarydatasizelength", &f.aux, 32}} {
		if *p.to, err = number(params, p.key, 0, p.most); err != nil {
			return nil, nil, err
		}
	}
	if f.size == 0 {
		// AAC-hbr, which every camera means (section 3.3.6).
		f.size, f.index, f.delta = 13, 3, 3
	}
	config, err := hex.DecodeString(strings.TrimSpace(params["config"]))
	if err != nil || len(config) == 0 {
		return nil, nil, fmt.Errorf("media: the parameter config of the sound is %q: must be an AudioSpecificConfig in hexadecimal digits", params["config"])
	}
	c, _, err := parseAudioConfig(config)
	if err != nil {
		return nil, nil, err
	}
	f.samples = c.samples
	if n, err := number(params, "constantduration", 0, 1<<20); err == nil && n > 0 {
		f.samples = n
	}
	return f, config, nil
}

// pushAAC takes a payload of RFC 3640 apart (section 3.2).
func (d *AudioDepacketizer) pushAAC(p *rtp.Packet) (units [][]byte, step int) {
	f, b := d.aac, p.Payload
	if len(b) < 2 {
		d.lost = true
		return nil, 0
	}
	bits := int(b[0])<<8 | int(b[1])
	head := 2 + (bits+7)/8
	if head > len(b) {
		d.lost = true
		return nil, 0
	}
	r := bitReader{b: b[2:head]}
	data := b[head:]
	if f.aux > 0 {
		a := bitReader{b: data}
		n := int(a.bits(f.aux))
		skip := (f.aux + n + 7) / 8
		if a.failed || n < 0 || skip > len(data) {
			d.lost = true
			return nil, 0
		}
		data = data[skip:]
	}
	for i := 0; r.pos < bits && len(units) < 256; i++ {
		size := int(r.bits(f.size))
		if i == 0 {
			r.bits(f.index)
		} else {
			r.bits(f.delta)
		}
		if f.cts > 0 && r.bits(1) == 1 {
			r.bits(f.cts)
		}
		if f.dts > 0 && r.bits(1) == 1 {
			r.bits(f.dts)
		}
		r.bits(f.access)
		r.bits(f.state)
		if r.failed || r.pos > bits {
			d.lost = true
			break
		}
		if size > len(data) { // a fragment, alone in its packet
			if i == 0 && size <= maxAudioUnit {
				if whole := d.join(data, size, len(d.partial)+len(data) >= size); whole != nil {
					units = append(units, whole)
				}
				return units, 0
			}
			d.lost = true
			break
		}
		if d.expect != 0 && i == 0 { // the last fragment may be whole by its size
			if whole := d.join(data, size, len(d.partial)+len(data) >= size); whole != nil {
				return append(units, whole), 0
			}
			return units, 0
		}
		if size > 0 {
			units = append(units, data[:size:size])
		}
		data = data[size:]
	}
	return units, f.samples
}
