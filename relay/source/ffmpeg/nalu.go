package ffmpeg

import (
	"errors"
)

var (
	errAVCC = errors.New("ffmpeg: the H.264 track's configuration is malformed")
	errHVCC = errors.New("ffmpeg: the H.265 track's configuration is malformed")
)

// parseAVCC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 5.3.3.1): its first SPS and PPS and the size of a NAL unit's length.
func parseAVCC(b []byte) (sps, pps []byte, lengthSize int, err error) {
	if len(b) < 7 || b[0] != 1 {
		return nil, nil, 0, errAVCC
	}
	lengthSize = int(b[4]&3) + 1
	rest := b[5:]
	for i, mask := range [2]byte{0x1f, 0xff} {
		if len(rest) < 1 {
			return nil, nil, 0, errAVCC
		}
		count := int(rest[0] & mask)
		rest = rest[1:]
		for n := range count {
			if len(rest) < 2 {
				return nil, nil, 0, errAVCC
			}
			size := int(rest[0])<<8 | int(rest[1])
			if len(rest) < 2+size {
				return nil, nil, 0, errAVCC
			}
			if set := rest[2 : 2+size : 2+size]; n == 0 && size > 0 {
				if i == 0 {
					sps = set
				} else {
					pps = set
				}
			}
			rest = rest[2+size:]
		}
	}
	return sps, pps, lengthSize, nil
}

// splitLengths cuts a sample whose NAL units carry their length in front
// (ISO/IEC 14496-15 section 5.3.4.2). The parts share b's memory. With a
// length that does not fit it returns the units before it and an error.
func splitLengths(b []byte, lengthSize int) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < lengthSize {
			return out, errAVCC
		}
		size := 0
		for _, v := range b[:lengthSize] {
			size = size<<8 | int(v)
		}
		b = b[lengthSize:]
		if size > len(b) {
			return out, errAVCC
		}
		if size > 0 {
			out = append(out, b[:size:size])
		}
		b = b[size:]
	}
	return out, nil
}

// parseHVCC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 8.3.3.1): its parameter sets and the size of a NAL unit's length.
func parseHVCC(b []byte) (sets [][]byte, lengthSize int, err error) {
	if len(b) < 23 || b[0] != 1 {
		return nil, 0, errHVCC
	}
	lengthSize = int(b[21]&3) + 1
	arrays, rest := int(b[22]), b[23:]
	for range arrays {
		if len(rest) < 3 {
			return nil, 0, errHVCC
		}
		count := int(rest[1])<<8 | int(rest[2])
		rest = rest[3:]
		for range count {
			if len(rest) < 2 {
				return nil, 0, errHVCC
			}
			size := int(rest[0])<<8 | int(rest[1])
			if len(rest) < 2+size {
				return nil, 0, errHVCC
			}
			if size > 0 {
				sets = append(sets, rest[2:2+size:2+size])
			}
			rest = rest[2+size:]
		}
	}
	return sets, lengthSize, nil
}
