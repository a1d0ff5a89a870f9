package mpegps

import (
	"bytes"
	"encoding/binary"
)

// Frame is what one PES packet, or a run of them with the same time, carries:
// a picture in Annex B form, or a piece of audio.
type Frame struct {
	// Stream is the stream_id: 0xe0 to 0xef video, 0xc0 to 0xdf audio.
	Stream byte
	// Codec is what the program stream map says, or what the picture looks
	// like without one; Unknown when neither tells.
	Codec Codec
	// PTS is the presentation time in ticks of 90 kHz, unwrapped; it means
	// something only with HasPTS.
	PTS    int64
	HasPTS bool
	// Data is valid during the call only.
	Data []byte
	// Damaged says that data was lost between the frame before and this one.
	// The frame's own bytes are contiguous up to its end, but its beginning
	// may be among what was lost.
	Damaged bool
}

// Limits of what the reader keeps.
const (
	maxFrame  = 16 << 20 // a picture beyond this is dropped
	maxHeader = 4096     // of a system header or a map
)

// Demuxer takes a program stream apart. OnFrame gets each frame in the order of
// the stream. It is not safe for concurrent use. In steady state it allocates
// nothing.
type Demuxer struct {
	OnFrame func(f *Frame)

	// Resyncs counts the times that bytes had to be left out to find the next
	// start code.
	Resyncs uint64
	// Packs counts pack headers.
	Packs uint64

	buf     []byte
	state   state
	anyCode bool // hunt takes any start code, since nothing was lost
	left    int  // bytes of the PES or of what is skipped; -1 up to the next start code
	id      byte // stream of the payload

	types        [256]byte // by stream_id, of the newest map
	video, audio assembly
	videoID      byte
	damaged      bool  // the next frame follows a loss
	dropped      int64 // PTS whose remains are not taken
	dropping     bool
	pack         bool // a pack header came since the last PES
	clock        unwrapper
	marks        marks
	frame        Frame
}

type state int

const (
	hunting state = iota
	header
	payload
	skipping
)

// assembly is a frame that is being put together.
type assembly struct {
	data    []byte
	pts     int64
	hasPTS  bool
	open    bool
	whole   bool // the last PES is complete by its length
	tooLong bool
}

// Write takes the next bytes of the stream; they are copied where needed.
func (d *Demuxer) Write(p []byte) {
	if len(p) == 0 {
		return
	}
	if len(d.buf) == 0 {
		rest := d.parse(p)
		d.buf = append(d.buf[:0], rest...)
		return
	}
	d.buf = append(d.buf, p...)
	rest := d.parse(d.buf)
	d.buf = d.buf[:copy(d.buf, rest)]
}

// Lost says that bytes are missing before the next Write. The frame that was
// being put together is given up, unless it is known to be complete, and
// reading begins again at the next pack.
func (d *Demuxer) Lost() {
	if d.marks.pending && d.marks.trusted() && d.complete() {
		d.finishVideo()
	}
	d.marks.pending = false
	d.giveUp()
	d.audio = assembly{data: d.audio.data[:0]}
	d.buf = d.buf[:0]
	d.state, d.anyCode = hunting, false
}

func (d *Demuxer) giveUp() {
	if d.video.open && d.video.hasPTS {
		d.dropped, d.dropping = d.video.pts, true
	}
	d.video = assembly{data: d.video.data[:0]}
	d.damaged = true
}

// Marker says that the sender claims the end of a picture here (the RTP marker
// bit). A sender that has proved right with it gets its pictures out at once;
// otherwise a picture ends where the next one begins.
func (d *Demuxer) Marker() { d.marks.mark(d) }

// Flush gives out what is complete at the end of the stream.
func (d *Demuxer) Flush() {
	if d.complete() {
		d.finishVideo()
	}
	if d.audio.open {
		d.finishAudio()
	}
}

// complete says that the open picture ends at a place where it may end.
func (d *Demuxer) complete() bool {
	return d.video.open && len(d.buf) == 0 && (d.video.whole || d.state == payload && d.left < 0 && isVideo(d.id))
}

// parse consumes as much as it can and returns the rest, a few bytes as a rule.
func (d *Demuxer) parse(b []byte) []byte {
	for {
		var n int
		switch d.state {
		case hunting:
			n = d.hunt(b)
		case header:
			n = d.header(b)
		case payload:
			n = d.payload(b)
		default:
			n = min(d.left, len(b))
			if d.left -= n; d.left == 0 {
				d.state = header
			}
		}
		if n < 0 {
			return b // more is needed
		}
		if b = b[n:]; len(b) == 0 {
			return b
		}
	}
}

// nextCode finds the next start code of the program stream layer: NAL units
// never contain one, since their first byte is below 0x80. Without one it
// returns how many bytes cannot be part of one, and false.
func nextCode(b []byte, packOnly bool) (int, bool) {
	for at := 0; ; {
		i := bytes.Index(b[at:], startCode)
		if i < 0 {
			return len(b) - tail(b), false
		}
		if i += at; i+3 >= len(b) {
			return i, false
		}
		if c := b[i+3]; c == codePack || c >= codeEnd && !packOnly {
			return i, true
		}
		at = i + 3
	}
}

var startCode = []byte{0, 0, 1}

// tail is how many bytes at the end may begin a start code.
func tail(b []byte) int {
	n := len(b)
	switch {
	case n >= 3 && b[n-3] == 0 && b[n-2] == 0 && b[n-1] == 1:
		return 3
	case n >= 2 && b[n-2] == 0 && b[n-1] == 0:
		return 2
	case n >= 1 && b[n-1] == 0:
		return 1
	}
	return 0
}

func (d *Demuxer) hunt(b []byte) int {
	i, ok := nextCode(b, !d.anyCode)
	if ok {
		d.state = header
	} else if i == 0 {
		return -1
	}
	return i
}

// resync looks for the next start code; nothing was lost, so it may be any.
func (d *Demuxer) resync(skip int) int {
	d.Resyncs++
	d.state, d.anyCode = hunting, true
	return skip
}

func (d *Demuxer) header(b []byte) int {
	if len(b) < 4 {
		return -1
	}
	if !bytes.HasPrefix(b, startCode) || b[3] < codeEnd {
		if d.video.open && isVideo(d.id) {
			// The length of the PES packet was too small; pictures over
			// 65,535 bytes are sent like that.
			d.Resyncs++
			d.state, d.left, d.video.whole = payload, -1, false
			return 0
		}
		d.marks.continued(d)
		return d.resync(1)
	}
	switch id := b[3]; {
	case id == codeEnd:
		return 4
	case id == codePack:
		return d.packHeader(b)
	case id == codeSystem, id == codeMap:
		return d.tableHeader(b)
	case isVideo(id), isAudio(id):
		return d.pes(b)
	default: // private, padding and whatever else has a length
		if len(b) < 6 {
			return -1
		}
		if d.left = int(binary.BigEndian.Uint16(b[4:])); d.left > 0 {
			d.state = skipping
		}
		d.id = id
		return 6
	}
}

func (d *Demuxer) packHeader(b []byte) int {
	if len(b) < 5 {
		return -1
	}
	n := 12 // MPEG-1
	switch {
	case b[4]>>6 == 1:
		if len(b) < 14 {
			return -1
		}
		n = 14 + int(b[13]&7)
	case b[4]>>4 != 2:
		return d.resync(4)
	}
	if len(b) < n {
		return -1
	}
	d.pack = true
	d.id = codePack
	d.Packs++
	return n
}

// tableHeader reads a system header or a map. Its length is believed when a
// start code follows; otherwise the next start code ends it.
func (d *Demuxer) tableHeader(b []byte) int {
	if len(b) < 6 {
		return -1
	}
	d.id = b[3]
	n := 6 + int(binary.BigEndian.Uint16(b[4:]))
	if n <= maxHeader && len(b) < n+3 {
		return -1
	}
	if n > maxHeader || !bytes.HasPrefix(b[n:], startCode) {
		i, ok := nextCode(b[6:min(len(b), 6+maxHeader)], false)
		if !ok && len(b) < 6+maxHeader {
			return -1
		}
		if !ok {
			return d.resync(6)
		}
		d.Resyncs++
		n = 6 + i
	}
	if b[3] == codeMap {
		d.readMap(b[6:n])
	}
	return n
}

// readMap learns the stream types (ISO/IEC 13818-1 table 2-41). The CRC is not
// checked, since cameras get it wrong, and lengths that lead out of the map
// count as 0.
func (d *Demuxer) readMap(m []byte) {
	if len(m) < 6 {
		return
	}
	at := 4 + int(binary.BigEndian.Uint16(m[2:]))
	if at+2 > len(m) {
		at = 4
	}
	found := d.readTypes(m[at+2:])
	if !found && at != 4 {
		found = d.readTypes(m[6:])
	}
	for i := 0; !found && i+1 < len(m); i++ {
		if codecOf(m[i]) != Unknown && (isVideo(m[i+1]) || isAudio(m[i+1])) {
			d.types[m[i+1]] = m[i]
		}
	}
}

func (d *Demuxer) readTypes(m []byte) (found bool) {
	for len(m) >= 4 {
		if isVideo(m[1]) || isAudio(m[1]) {
			d.types[m[1]] = m[0]
			found = true
		}
		n := 4 + int(binary.BigEndian.Uint16(m[2:]))
		if n > len(m) {
			n = 4
		}
		m = m[n:]
	}
	return found
}

// pes reads the header of a PES packet (table 2-17).
func (d *Demuxer) pes(b []byte) int {
	if len(b) < 9 {
		return -1
	}
	if b[6]>>6 != 2 {
		return d.resync(4)
	}
	head := 9 + int(b[8])
	if len(b) < head {
		return -1
	}
	id, flags := b[3], b[7]
	d.left = -1
	if n := int(binary.BigEndian.Uint16(b[4:])); n > 0 && n+6 >= head {
		d.left = n + 6 - head
	}
	pts, hasPTS := int64(0), false
	if flags&0x80 != 0 && b[8] >= 5 {
		hasPTS = true
		pts = d.clock.unwrap(int64(b[9]>>1&7)<<30 | int64(b[10])<<22 | int64(b[11]>>1)<<15 | int64(b[12])<<7 | int64(b[13]>>1))
	}
	d.id = id
	if isVideo(id) {
		d.beginVideo(id, pts, hasPTS)
	} else {
		if d.audio.open {
			d.finishAudio()
		}
		d.audio = assembly{data: d.audio.data[:0], pts: pts, hasPTS: hasPTS, open: true}
	}
	d.pack = false
	d.state = payload
	if d.left == 0 {
		d.endPES()
	}
	return head
}

func (d *Demuxer) beginVideo(id byte, pts int64, hasPTS bool) {
	if d.videoID != id && (d.videoID == 0 || d.types[id] != 0 && d.types[d.videoID] == 0) {
		d.videoID = id // the first one, or the one that the map names
	}
	if id != d.videoID {
		return
	}
	v := &d.video
	if v.open {
		next := hasPTS && (!v.hasPTS || pts != v.pts) || !hasPTS && !v.hasPTS && d.pack
		if !next {
			d.marks.wrong()
			v.whole = false
			return
		}
		d.marks.right()
		d.finishVideo()
	}
	if d.marks.early && hasPTS && pts == d.marks.pts {
		d.marks.continued(d)
	}
	d.marks.early, d.marks.pending = false, false
	if d.dropping {
		if !hasPTS || pts == d.dropped {
			return // the rest of a frame whose beginning is gone
		}
		d.dropping = false
	}
	if !hasPTS && !d.pack && d.damaged {
		return
	}
	d.video = assembly{data: v.data[:0], pts: pts, hasPTS: hasPTS, open: true}
}

// payload takes the bytes of a PES packet.
func (d *Demuxer) payload(b []byte) int {
	n, code := len(b), false
	if d.left >= 0 {
		n = min(n, d.left)
	}
	if isVideo(d.id) || d.left < 0 {
		// A start code ends the packet, whatever its length says.
		i, ok := nextCode(b[:n], false)
		if ok {
			n, code = i, true
		} else if n != d.left {
			if n = i; n == 0 {
				return -1
			}
		}
	}
	if isAudio(d.id) {
		d.audio.take(b[:n])
	} else if d.id == d.videoID {
		d.video.take(b[:n])
	}
	if d.left >= 0 {
		d.left -= n
	}
	if code || d.left == 0 {
		d.endPES()
	}
	return n
}

func (d *Demuxer) endPES() {
	d.state = header
	if isAudio(d.id) {
		d.finishAudio()
	} else if d.id == d.videoID {
		d.video.whole = true
	}
}

func (a *assembly) take(b []byte) {
	switch {
	case !a.open || a.tooLong:
	case len(a.data)+len(b) > maxFrame:
		a.tooLong = true
	default:
		a.data = append(a.data, b...)
	}
}

func (d *Demuxer) finishVideo() {
	v := &d.video
	if v.tooLong {
		d.giveUp()
		return
	}
	if len(v.data) > 0 {
		c := codecOf(d.types[d.videoID])
		if s := sniff(v.data); s != Unknown && s != c && (c == Unknown || s != SVAC) {
			c = s
			d.types[d.videoID] = streamTypeOf(c)
		}
		d.emit(d.videoID, c, v, d.damaged)
		d.damaged = false
	}
	// What follows without a new time belongs to the frame just given out.
	d.video = assembly{data: v.data[:0]}
}

func (d *Demuxer) finishAudio() {
	if a := &d.audio; len(a.data) > 0 && !a.tooLong {
		d.emit(d.id, codecOf(d.types[d.id]), a, false)
	}
	d.audio = assembly{data: d.audio.data[:0]}
}

func (d *Demuxer) emit(id byte, c Codec, a *assembly, damaged bool) {
	if d.OnFrame == nil {
		return
	}
	d.frame = Frame{Stream: id, Codec: c, PTS: a.pts, HasPTS: a.hasPTS, Data: a.data, Damaged: damaged}
	d.OnFrame(&d.frame)
}
