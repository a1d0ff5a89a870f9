package hub

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed is what Next returns when the stream has been removed.
var ErrClosed = errors.New("hub: the stream is closed")

// Pacing of a replay: it runs at most replaySpeed times real time and
// replayRate bytes per second. Unpaced bursts lose packets even on loopback.
const (
	replaySpeed = 8
	replayRate  = 60e6 / 8
	// liveRate is for the newest frame of a reader that has caught up: a large
	// key frame is spread too, but nothing else waits to be sent.
	liveRate = 200e6 / 8
	// burst is what may leave at once, in bytes; what is larger is spread at
	// these rates. Browsers give a connection 64 KB of socket buffer, and each
	// packet takes about twice its size of it.
	burst = 32 << 10
	// refill is how much of it has to be there again before packets leave.
	refill = burst / 2
	// batch is how many payloads Next hands out at once at the most.
	batch = 64
	// maxLag is how late a reader may be before it loses to the next key frame.
	maxLag = 2 * time.Second
)

// Packet is one RTP packet for one reader: its own sequence number, the
// stream's timestamp and payload.
type Packet struct {
	Seq     uint16
	TS      uint32
	Marker  bool
	Payload []byte
}

// ReaderStats count what one reader got. Lost is what the ring could not keep
// for it; it is never held against the stream.
type ReaderStats struct {
	Packets, Bytes   uint64
	Frames           uint64
	Skipped          uint64 // frames left out because the reader was late
	SkippedPackets   uint64 // their packets
	ReportedLost     uint64 // packets that the reader says it misses
	Retransmitted    uint64
	NotRetransmitted uint64 // asked for, but gone from the ring or over the limit
	KeyFrameRequests uint64
	Replays          uint64
	CaughtUp         bool // the replay has reached the newest frame
	CaughtUpAfter    time.Duration
	FirstFrameAfter  time.Duration
	LatestTS         uint32
	LatestReceived   time.Time
}

// Reader consumes one stream at its own pace. It holds a place in the stream's
// ring and no queue, so a slow reader costs nothing and slows nobody: when it
// falls behind it goes on at the next key frame. Next is for one goroutine;
// the other methods may be called from any.
type Reader struct {
	s      *Stream
	joined time.Time

	mu       sync.Mutex
	pos      uint64 // number of the frame to send next
	inFrame  int    // payloads of it that were sent
	waiting  bool   // for a key frame
	again    bool   // go back to the newest key frame
	out      uint64 // sequence number of the next packet, without wrap
	segments []segment
	stats    ReaderStats
	closed   bool

	tokens   float64 // bytes that may leave now
	refilled time.Time
	due      time.Time // when the next frame of a replay may leave
	replayed time.Time // when the last replay began
	repair   float64   // bytes that may be sent again now
	repaired time.Time
	buf      []Packet
}

// segment says that from outgoing number out on the packets are the stream's
// from index in on, one by one.
type segment struct{ out, in uint64 }

// spot is a frame that a reader may send: the frame, whether it is the
// stream's newest, and how long after it the next one came.
type spot struct {
	f    *Frame
	last bool
	gap  time.Duration
}

// Join adds a reader, positioned at the newest key frame, and thereby wakes an
// idle stream. The caller must Close it.
func (s *Stream) Join() *Reader {
	now := time.Now()
	r := &Reader{s: s, joined: now, tokens: burst, refilled: now, waiting: true,
		out: 1<<16 + uint64(randomUint32())%(1<<15), buf: make([]Packet, 0, batch)}
	s.mu.Lock()
	r.pos = s.ring.end()
	if s.ring.hasKey {
		r.pos, r.waiting = s.ring.key, false
		r.stats.Replays++
		r.replayed = now
	}
	s.readers[r] = struct{}{}
	s.mu.Unlock()
	s.poke()
	return r
}

// Close removes the reader from the stream; Next then returns ErrClosed.
func (r *Reader) Close() {
	r.s.mu.Lock()
	delete(r.s.readers, r)
	r.s.mu.Unlock()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.s.poke()
}

// Stats returns the reader's counts.
func (r *Reader) Stats() ReaderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Next waits until packets may leave and returns them, all of one frame. The
// slice is valid until the next call. It returns ctx's error or [ErrClosed].
func (r *Reader) Next(ctx context.Context) ([]Packet, error) {
	for {
		r.s.mu.Lock()
		wake, closed := r.s.wake, r.s.closed
		at, open := r.place()
		r.s.mu.Unlock()
		if closed || !open {
			return nil, ErrClosed
		}
		if at.f == nil {
			select {
			case <-wake:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if wait := r.pace(at); wait > 0 {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
				continue
			case <-ctx.Done():
				t.Stop()
				return nil, ctx.Err()
			}
		}
		return r.take(at), nil
	}
}

// place finds the frame to send, none to wait for more, and moves a late or
// waiting reader on. It reports whether the reader is open. The caller holds
// the stream's lock.
func (r *Reader) place() (at spot, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return spot{}, false
	}
	g := &r.s.ring
	end := g.end()
	newest := g.frame(end - 1)
	if newest == nil {
		if r.pos < end {
			r.restartAt(end, true)
		}
		return spot{}, true
	}
	if r.inFrame == 0 && g.hasKey && r.again {
		r.restartAt(g.key, false)
	}
	// A frame that has begun is sent to its end: a torn one looks like loss.
	if r.inFrame == 0 && g.hasKey && (r.waiting || g.key > r.pos) {
		late := newest.Received.Sub(r.lateSince(g)) > maxLag
		if r.waiting || late || !r.stats.CaughtUp {
			// A newer key frame shortens a replay, and is where a late
			// reader goes on.
			if late && !r.waiting {
				r.stats.Skipped += g.key - r.pos
				r.skip(g.frame(g.key).first)
			}
			if g.key != r.pos || r.waiting {
				r.restartAt(g.key, false)
			}
		}
	}
	if r.pos < g.base { // fell out of the ring, and no key frame is newer
		r.stats.Skipped += end - r.pos
		r.skip(g.next)
		if r.inFrame > 0 {
			r.out++ // a torn frame has to look like loss
		}
		r.restartAt(end, true)
		return spot{}, true
	}
	if r.waiting || r.pos >= end {
		return spot{}, true
	}
	at = spot{f: g.frame(r.pos), last: r.pos == end-1}
	if next := g.frame(r.pos + 1); next != nil {
		at.gap = next.Received.Sub(at.f.Received)
	}
	return at, true
}

// lateSince is when the frame that the reader stands at was received.
func (r *Reader) lateSince(g *ring) time.Time {
	if f := g.frame(r.pos); f != nil {
		return f.Received
	}
	return time.Time{}
}

// skip counts the packets from the reader's place to index to as lost to it.
// The caller holds the stream's lock.
func (r *Reader) skip(to uint64) {
	if n := len(r.segments); n > 0 {
		s := r.segments[n-1]
		if at := s.in + r.out - s.out; at < to {
			r.stats.SkippedPackets += to - at
			r.s.late.Ring += to - at
		}
	}
}

// ReportLoss takes how many packets the reader misses by its own count, since
// it joined; repeated reports and smaller numbers change nothing.
func (r *Reader) ReportLoss(total uint64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if total > r.stats.ReportedLost {
		r.s.late.Viewers += total - r.stats.ReportedLost
		r.stats.ReportedLost = total
	}
}

func (r *Reader) restartAt(pos uint64, waiting bool) {
	r.pos, r.inFrame, r.waiting, r.again = pos, 0, waiting, false
	r.due = time.Time{}
}

// pace says how long to wait before packets of the frame may leave.
func (r *Reader) pace(at spot) time.Duration {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	rate := float64(replayRate)
	if at.last && r.stats.CaughtUp {
		rate = liveRate
	}
	r.tokens = min(burst, r.tokens+now.Sub(r.refilled).Seconds()*rate)
	r.refilled = now
	if r.inFrame == 0 && !at.last && now.Before(r.due) {
		return r.due.Sub(now)
	}
	if r.tokens < MTU {
		return time.Duration((refill - r.tokens) / rate * float64(time.Second))
	}
	return 0
}

// MTU is the largest RTP packet in bytes, for budgets.
const MTU = 1200

// take cuts the next packets from the frame and moves on.
func (r *Reader) take(at spot) []Packet {
	f := at.f
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inFrame == 0 {
		r.mapFrom(f.first)
	}
	r.buf = r.buf[:0]
	for r.inFrame < len(f.Payloads) && len(r.buf) < batch && r.tokens > 0 {
		p := f.Payloads[r.inFrame]
		r.inFrame++
		r.buf = append(r.buf, Packet{Seq: uint16(r.out), TS: f.TS, Payload: p, Marker: r.inFrame == len(f.Payloads)})
		r.out++
		r.tokens -= float64(len(p))
		r.stats.Packets++
		r.stats.Bytes += uint64(len(p))
	}
	if r.inFrame == len(f.Payloads) {
		r.finish(at, now)
	}
	return r.buf
}

func (r *Reader) finish(at spot, now time.Time) {
	f := at.f
	r.pos++
	r.inFrame = 0
	r.stats.Frames++
	r.stats.LatestTS, r.stats.LatestReceived = f.TS, f.Received
	if r.stats.Frames == 1 {
		r.stats.FirstFrameAfter = now.Sub(r.joined)
	}
	r.due = time.Time{}
	if at.last {
		if !r.stats.CaughtUp {
			r.stats.CaughtUp = true
			r.stats.CaughtUpAfter = now.Sub(r.joined)
		}
		return
	}
	// Frames that came in one burst are still sent one by one, and a pause of
	// the camera is not replayed.
	r.due = now.Add(min(max(at.gap/replaySpeed, time.Millisecond), 100*time.Millisecond))
}

// mapFrom notes that the stream's packets from index in on leave with the
// sequence numbers from r.out on, without a gap that looks like loss.
func (r *Reader) mapFrom(in uint64) {
	if n := len(r.segments); n > 0 {
		s := r.segments[n-1]
		if in-s.in == r.out-s.out {
			return
		}
		if n == 16 {
			r.segments = append(r.segments[:0], r.segments[1:]...)
		}
	}
	r.segments = append(r.segments, segment{out: r.out, in: in})
}

// Retransmit returns the packet that the reader got under a sequence number,
// if the ring still holds it and the reader's budget for retransmission (a
// quarter of what it gets, at least 64 KB per second) allows it.
func (r *Reader) Retransmit(seq uint16) (Packet, bool) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	// The newest outgoing number with these low bits.
	out := r.out - 1 - uint64(uint16(r.out-1)-seq)
	for i := len(r.segments) - 1; i >= 0; i-- {
		s := r.segments[i]
		if out < s.out {
			continue
		}
		f, payload, marker := r.s.ring.packet(s.in + out - s.out)
		if f == nil || !r.spend(len(payload)) {
			break
		}
		r.stats.Retransmitted++
		return Packet{Seq: seq, TS: f.TS, Payload: payload, Marker: marker}, true
	}
	r.stats.NotRetransmitted++
	return Packet{}, false
}

// spend takes n bytes from the budget for retransmission.
func (r *Reader) spend(n int) bool {
	now := time.Now()
	rate := max(64<<10, float64(r.stats.Bytes)/max(1, now.Sub(r.joined).Seconds())/4)
	if r.repaired.IsZero() {
		r.repair = rate
	} else {
		r.repair = min(rate, r.repair+rate*now.Sub(r.repaired).Seconds())
	}
	r.repaired = now
	if r.repair < float64(n) {
		return false
	}
	r.repair -= float64(n)
	return true
}

// KeyFrame answers a viewer that cannot decode (RTCP PLI or FIR): the reader
// goes back to the newest key frame in the ring and is replayed from there. No
// request reaches the source. While a replay runs, and within half a second of
// its start, further requests change nothing. Neither do they while the source
// is silent: viewers ask then because no picture comes, and the picture that
// they have is the newest there is.
func (r *Reader) KeyFrame() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.KeyFrameRequests++
	now := time.Now()
	since := now.Sub(r.replayed)
	if newest := r.s.ring.frame(r.s.ring.end() - 1); newest == nil || now.Sub(newest.Received) > stallAfter {
		return
	}
	if !r.s.ring.hasKey || r.waiting || since < 500*time.Millisecond || (!r.stats.CaughtUp && since < maxLag) {
		return
	}
	r.again = true
	r.replayed = now
	r.stats.CaughtUp = false
	r.stats.Replays++
	r.s.pokeLocked()
}
