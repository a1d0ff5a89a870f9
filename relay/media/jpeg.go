package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"time"

	"github.com/pion/rtp"
)

// JPEGDepacketizer joins RTP packets of JPEG (RFC 2435, types 0 and 1, with or
// without restart markers) into whole JFIF images, one access unit each, and
// holds one at most. An image of which a packet is missing is left out: each
// stands for itself. The low 32 bits of a unit's PTS are its RTP timestamp.
type JPEGDepacketizer struct {
	// Width and Height are the picture's size for senders that give none, as
	// those do whose pictures are larger than 2040 pixels.
	Width, Height int
	// Incomplete counts the images that were left out.
	Incomplete uint64

	huffman []byte // the DHT segments of the standard tables
	tables  map[byte][]byte
	head    jpegHead
	data    []byte
	open    bool
	started bool
	pts     int64
}

// jpegHead is what one image's packets have in common.
type jpegHead struct {
	kind, q       byte
	width, height int
	restart       uint16
	tables        []byte // 64 or 128 values
}

// JPEGSize is the size of the newest image in pixels, 0 before the first.
func (d *JPEGDepacketizer) JPEGSize() (width, height int) { return d.head.width, d.head.height }

// Push takes the next packet; see [Depacketizer.Push].
func (d *JPEGDepacketizer) Push(p *rtp.Packet, lost bool, received time.Time) []AccessUnit {
	if d.open && (lost || p.Timestamp != uint32(d.pts)) {
		d.giveUp()
	}
	if !d.fragment(p) {
		d.giveUp()
		return nil
	}
	if !d.open || !p.Marker {
		return nil
	}
	d.open = false
	image := d.image()
	return []AccessUnit{{PTS: d.pts, Key: true, NALUs: [][]byte{image}, Received: received}}
}

func (d *JPEGDepacketizer) giveUp() {
	if d.open {
		d.Incomplete++
	}
	d.open = false
}

// fragment takes one packet's part of an image (RFC 2435 section 3.1); it
// reports false for what makes none.
func (d *JPEGDepacketizer) fragment(p *rtp.Packet) bool {
	b := p.Payload
	if len(b) < 8 {
		return false
	}
	offset := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	h := jpegHead{kind: b[4], q: b[5], width: int(b[6]) * 8, height: int(b[7]) * 8}
	b = b[8:]
	if h.kind >= 64 && h.kind < 128 { // restart markers (section 3.1.7)
		if len(b) < 4 {
			return false
		}
		h.restart = binary.BigEndian.Uint16(b)
		b = b[4:]
	}
	if h.kind&0x3f > 1 || h.kind >= 128 {
		return false // no other type is defined
	}
	if offset > 0 {
		if !d.open || offset != len(d.data) || len(d.data)+len(b) > maxUnitBytes {
			return false
		}
		d.data = append(d.data, b...)
		return true
	}
	if d.open {
		d.giveUp()
	}
	if h.width == 0 || h.height == 0 {
		h.width, h.height = d.Width, d.Height
	}
	if h.width <= 0 || h.height <= 0 || h.width > 0xffff || h.height > 0xffff {
		return false
	}
	var ok bool
	if b, ok = d.quantization(&h, b); !ok {
		return false
	}
	d.head, d.open = h, true
	d.data = append(make([]byte, 0, max(len(d.data), 2*len(b))), b...)
	if d.started {
		d.pts += int64(int32(p.Timestamp - uint32(d.pts)))
	} else {
		d.pts, d.started = int64(p.Timestamp), true
	}
	return true
}

// quantization takes the tables from the first packet of an image, or makes
// them of its Q value (RFC 2435 sections 3.1.8 and 4.2).
func (d *JPEGDepacketizer) quantization(h *jpegHead, b []byte) ([]byte, bool) {
	switch {
	case h.q == 0 || h.q >= 100 && h.q < 128:
		return nil, false // reserved
	case h.q < 100:
		h.tables = scaledTables(int(h.q))
		return b, true
	}
	if len(b) < 4 {
		return nil, false
	}
	precision, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
	b = b[4:]
	if n == 0 { // as before
		h.tables = d.tables[h.q]
		return b, h.tables != nil
	}
	if n > len(b) || precision != 0 || n != 64 && n != 128 {
		return nil, false
	}
	h.tables = bytes.Clone(b[:n])
	if h.q != 255 { // 255 may change from image to image
		if d.tables == nil {
			d.tables = map[byte][]byte{}
		}
		d.tables[h.q] = h.tables
	}
	return b[n:], true
}

// scaledTables are those of ISO/IEC 10918-1 annex K, scaled by Q, in zigzag
// order (RFC 2435 appendix A).
func scaledTables(q int) []byte {
	factor := 200 - 2*q
	if q < 50 {
		factor = 5000 / q
	}
	out := make([]byte, 0, 128)
	for _, table := range [2][64]byte{lumaTable, chromaTable} {
		for _, v := range table {
			out = append(out, byte(min(max((int(v)*factor+50)/100, 1), 255)))
		}
	}
	return out
}

var lumaTable = [64]byte{
	16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
	26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
	56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
	95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
}

var chromaTable = [64]byte{
	17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
}

// image puts the headers before the scan (RFC 2435 appendix B).
func (d *JPEGDepacketizer) image() []byte {
	h := d.head
	if d.huffman == nil {
		d.huffman = standardHuffman()
	}
	out := make([]byte, 0, len(d.data)+len(d.huffman)+256)
	out = append(out, 0xff, 0xd8)
	for i := 0; i*64 < len(h.tables); i++ {
		out = append(out, 0xff, 0xdb, 0, 67, byte(i))
		out = append(out, h.tables[i*64:i*64+64]...)
	}
	if h.kind >= 64 {
		out = append(out, 0xff, 0xdd, 0, 4, byte(h.restart>>8), byte(h.restart))
	}
	sampling, chroma := byte(0x21), byte(1) // 4:2:2
	if h.kind&0x3f == 1 {
		sampling = 0x22 // 4:2:0
	}
	if len(h.tables) == 64 {
		chroma = 0
	}
	out = append(out, 0xff, 0xc0, 0, 17, 8, byte(h.height>>8), byte(h.height), byte(h.width>>8), byte(h.width), 3,
		0, sampling, 0, 1, 0x11, chroma, 2, 0x11, chroma)
	out = append(out, d.huffman...)
	out = append(out, 0xff, 0xda, 0, 12, 3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0)
	out = append(out, d.data...)
	if !bytes.HasSuffix(out, []byte{0xff, 0xd9}) {
		out = append(out, 0xff, 0xd9)
	}
	return out
}

// standardHuffman are the segments with the tables of ISO/IEC 10918-1 annex
// K.3, which RFC 2435 leaves out and Go's encoder writes.
func standardHuffman() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420), nil); err != nil {
		return nil
	}
	var out []byte
	for rest := b.Bytes()[2:]; len(rest) > 4 && rest[0] == 0xff && rest[1] != 0xda; {
		n := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if n > len(rest) {
			break
		}
		if rest[1] == 0xc4 {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}
