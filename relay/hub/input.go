package hub

import (
	"bytes"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
)

// Status states where the stream's source is in its life; the supervisor of
// the source calls it. The condition of a failure replaces those of the run
// and stands until pictures arrive again; retryAt is zero unless the source is
// going to be tried again.
func (s *Stream) Status(state State, retryAt time.Time, c *health.Condition) {
	for _, old := range s.cfg.Board.Of(s.subject) {
		if (c != nil && old.Code != c.Code) || (state == Connecting && old.Severity != health.Error) {
			s.cfg.Board.Clear(s.subject, old.Code)
		}
	}
	if c != nil {
		s.cfg.Board.Raise(s.subject, *c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == Connecting {
		s.starts++
		for _, au := range s.repair.Restart() {
			s.deliver(au)
		}
		s.clock.Restart()
		s.broken, s.holding, s.lossy = true, time.Time{}, 0
		s.bFrames = false
		s.anew = true
		s.sound.track = nil
		s.sps = media.SPSInfo{}
	}
	s.retryAt = retryAt
	s.setState(state)
}

// arrived notes that pictures come: what kept them away is over.
func (s *Stream) arrived() {
	if s.runs() {
		return
	}
	s.setState(Live)
	s.retryAt = time.Time{}
	for _, c := range s.cfg.Board.Of(s.subject) {
		if c.Severity == health.Error {
			s.cfg.Board.Clear(s.subject, c.Code)
		}
	}
}

// Notice raises a condition that does not end the run.
func (s *Stream) Notice(c health.Condition) { s.cfg.Board.Raise(s.subject, c) }

// Track announces the video track of the run.
func (s *Stream) Track(t media.Track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.sets.SPS(); before != nil && t.SPS != nil && !s.anew && !bytes.Equal(before, t.SPS) {
		s.repair.Counts.Changes++
	}
	s.anew = false
	s.track = &t
	s.sets = media.ParameterSets{}
	s.sets.Learn(t.SPS, t.PPS)
	s.learnSPS()
}

// learnSPS fills in what the sequence parameter set says of the track.
func (s *Stream) learnSPS() {
	info, err := media.ParseSPS(s.sets.SPS())
	if err != nil || s.track == nil {
		return
	}
	if was := s.sps; was.Width > 0 && (was.Width != info.Width || was.Height != info.Height) {
		s.repair.Counts.Resolutions++
	}
	s.sps = info
	if s.bFrames {
		s.repair.Reorder(true, info.Order)
	}
	t := *s.track
	t.Width, t.Height, t.Profile = info.Width, info.Height, info.Profile()
	s.track = &t
}

// AccessUnit takes one coded picture, repairs its time, packetises it once for
// all readers, and wakes them. A damaged picture, and all after it up to the
// next key frame, are left out: the last good picture stands meanwhile.
func (s *Stream) AccessUnit(au media.AccessUnit) {
	if au.Received.IsZero() {
		au.Received = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.track != nil && s.track.CounterTicks > 0 && !au.Untimed {
		s.deliver(au) // its times are those of a counter in the picture
		return
	}
	s.checkBFrames(&au)
	waited := !s.repair.Due().IsZero()
	for _, au := range s.repair.Push(au) {
		s.deliver(au)
	}
	if !s.repair.Due().IsZero() && !waited {
		s.call()
	}
}

// deliver takes one picture whose time is right. The caller holds the lock.
func (s *Stream) deliver(au media.AccessUnit) {
	had := len(s.sets.SPS()) > 0
	changed, decodable := s.sets.Apply(&au)
	if changed {
		if had {
			s.repair.Counts.Changes++
		}
		s.learnSPS()
	}
	if len(au.NALUs) == 0 {
		return
	}
	if au.SetsAdded {
		s.repair.Counts.ParameterSets++
	}
	s.counts.Frames++
	switch {
	case au.Damaged:
		s.broken = true
	case decodable:
		s.broken = false
		s.counts.Keys++
	case au.Recovery && s.ring.hasKey && !s.bFrames:
		// Viewers have decoded before. Pictures with B-frames may be shown
		// before this one, and would be broken.
		s.broken = false
	}
	if !s.broken {
		s.holding = time.Time{}
	} else if s.holding.IsZero() {
		s.holding = au.Received
	}
	ts := s.clock.Place(au.PTS, au.Received)
	s.rates.add(au.Received, au.Size(), au.Key)
	s.latest = Latest{RTP: uint32(ts), Received: au.Received.UTC(), Captured: au.Captured}
	s.arrived()
	if s.broken {
		s.counts.Dropped++
		return
	}
	s.ring.push(&Frame{TS: uint32(ts), Key: decodable, Payloads: media.Packetize(au.NALUs), Received: au.Received})
	s.pokeLocked()
}

// checkBFrames looks for the first picture with B slices.
func (s *Stream) checkBFrames(au *media.AccessUnit) {
	if s.bFrames || !media.HasBSlice(au.NALUs) {
		return
	}
	s.bFrames = true
	s.repair.Reorder(true, s.sps.Order)
	s.cfg.Board.Raise(s.subject, health.New(health.SourceBFrames,
		"%s sends B-frames, which browsers cannot reorder over WebRTC: the picture will be missing or jerky.", s.cfg.Name))
}

// Count takes what the source received since its last call.
func (s *Stream) Count(c media.Counts) {
	s.mu.Lock()
	s.counts.Packets += c.Packets
	s.counts.Bytes += c.Bytes
	s.counts.Lost += c.Lost
	s.counts.JitterMS = float64(c.Jitter) / float64(time.Millisecond)
	lossy := s.rates.loss(time.Now(), c.Packets, c.Lost)
	s.lossy = lossy
	s.judge()
	s.mu.Unlock()
	switch {
	case lossy > 0.001:
		c := health.New(health.SourceLoss,
			"%.1f %% of the packets of the last 10 s never arrived from %s.", lossy*100, s.cfg.Source)
		c.DependsOn = health.ReceiveBufferFull // where the kernel dropped them, that is the message
		s.cfg.Board.Raise(s.subject, c)
	case lossy == 0:
		s.cfg.Board.Clear(s.subject, health.SourceLoss)
	}
}

// rates measures a stream over its last seconds.
type rates struct {
	total   int
	times   [128]time.Time
	sizes   [128]int
	lastKey time.Time
	gop     float64
	loss10  [10]lossBucket
}

type lossBucket struct {
	second    int64
	got, lost uint64
}

func (r *rates) add(t time.Time, size int, key bool) {
	i := r.total % len(r.times)
	r.times[i], r.sizes[i] = t, size
	r.total++
	if key {
		if !r.lastKey.IsZero() {
			r.gop = t.Sub(r.lastKey).Seconds()
		}
		r.lastKey = t
	}
}

// window sums up the frames of the last 3 s, as far as they are kept.
func (r *rates) window() (frames, bytes int, seconds float64) {
	n := min(r.total, len(r.times))
	if n < 2 {
		return 0, 0, 0
	}
	newest := r.times[(r.total-1)%len(r.times)]
	for k := 1; k < n; k++ {
		i := (r.total - 1 - k) % len(r.times)
		age := newest.Sub(r.times[i]).Seconds()
		if age > 3 {
			break
		}
		frames++
		bytes += r.sizes[(i+1)%len(r.times)]
		seconds = age
	}
	return frames, bytes, seconds
}

func (r *rates) fps() float64 {
	f, _, s := r.window()
	if s <= 0 {
		return 0
	}
	return float64(f) / s
}

func (r *rates) bitsPerSecond() float64 {
	_, b, s := r.window()
	if s <= 0 {
		return 0
	}
	return float64(b) * 8 / s
}

// loss adds packets and returns the share lost in the last 10 s.
func (r *rates) loss(now time.Time, got, lost uint64) float64 {
	b := &r.loss10[now.Unix()%10]
	if b.second != now.Unix() {
		*b = lossBucket{second: now.Unix()}
	}
	b.got += got
	b.lost += lost
	var g, l uint64
	for _, b := range r.loss10 {
		if now.Unix()-b.second < 10 {
			g += b.got
			l += b.lost
		}
	}
	if g+l == 0 {
		return 0
	}
	return float64(l) / float64(g+l)
}
