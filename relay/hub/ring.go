package hub

import (
	"sort"
	"time"
)

// Frame is one access unit as RTP payloads, ready to send. Frames are shared
// by all readers and never modified.
type Frame struct {
	// TS is the RTP timestamp, the same for every viewer.
	TS uint32
	// Key says that decoding can start here.
	Key bool
	// Payloads are the RTP payloads; the last one carries the marker bit.
	Payloads [][]byte
	// Received is when the relay had the whole access unit.
	Received time.Time

	first uint64 // index of the first payload in the stream, without wrap
	bytes int
}

// ring holds a stream's newest frames, bounded in seconds and bytes. It serves
// the replay of the group of pictures to a new viewer, and retransmission.
type ring struct {
	maxAge   time.Duration
	maxBytes int

	frames []*Frame // frames[head:] are held
	head   int
	base   uint64 // number of frames[head]
	bytes  int
	next   uint64 // index of the next payload
	key    uint64 // number of the newest key frame
	hasKey bool
}

func (r *ring) end() uint64 { return r.base + uint64(len(r.frames)-r.head) }

func (r *ring) push(f *Frame) {
	f.first = r.next
	r.next += uint64(len(f.Payloads))
	for _, p := range f.Payloads {
		f.bytes += len(p)
	}
	if f.Key {
		r.key, r.hasKey = r.end(), true
	}
	r.frames = append(r.frames, f)
	r.bytes += f.bytes
	for r.head < len(r.frames)-1 {
		old := r.frames[r.head]
		if r.bytes <= r.maxBytes && f.Received.Sub(old.Received) <= r.maxAge {
			break
		}
		r.drop()
	}
	// Half-empty storage is moved down, so that its size follows the content.
	if r.head > 64 && r.head*2 > len(r.frames) {
		n := copy(r.frames, r.frames[r.head:])
		clear(r.frames[n:])
		r.frames = r.frames[:n]
		r.head = 0
	}
}

func (r *ring) drop() {
	r.bytes -= r.frames[r.head].bytes
	r.frames[r.head] = nil
	r.head++
	r.base++
	if r.hasKey && r.key < r.base {
		r.hasKey = false
	}
}

// clear forgets all frames; numbers go on, so that readers notice.
func (r *ring) clear() {
	for r.head < len(r.frames) {
		r.drop()
	}
	r.frames, r.head = r.frames[:0], 0
}

// frame returns frame number n, nil when it is not held.
func (r *ring) frame(n uint64) *Frame {
	if n < r.base || n >= r.end() {
		return nil
	}
	return r.frames[r.head+int(n-r.base)]
}

// packet returns payload number i and its frame, nil when it is not held.
func (r *ring) packet(i uint64) (f *Frame, payload []byte, marker bool) {
	held := r.frames[r.head:]
	at := sort.Search(len(held), func(k int) bool { return held[k].first > i }) - 1
	if at < 0 {
		return nil, nil, false
	}
	f = held[at]
	k := i - f.first
	if k >= uint64(len(f.Payloads)) {
		return nil, nil, false
	}
	return f, f.Payloads[k], k == uint64(len(f.Payloads)-1)
}

func (r *ring) info() RingInfo {
	held := r.frames[r.head:]
	if len(held) == 0 {
		return RingInfo{}
	}
	return RingInfo{
		Seconds: held[len(held)-1].Received.Sub(held[0].Received).Seconds(),
		Bytes:   r.bytes,
		Packets: int(r.next - held[0].first),
	}
}
