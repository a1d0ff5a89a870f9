package ffmpeg

import (
	"context"
	"log/slog"
	"time"

	"sightline/relay/media"
	"sightline/relay/source"
)

// player delivers units on one timeline over all passes.
type player struct {
	out source.Sink
	log *slog.Logger

	track    *media.Track // announced last
	sets     media.ParameterSets
	pace     pace
	recorded bool
	synced   bool // a key frame has come in this pass

	units  int64 // delivered in all
	offset int64 // from the input's time to the timeline
	last   int64 // DTS delivered last
	step   int64 // distance of two pictures

	start    time.Time // when the picture at startPTS was due
	startPTS int64
	anchored bool

	lastPTS int64 // of the picture delivered last, and when it came
	lastAt  time.Time
	sounder sounder

	counts   media.Counts
	reported time.Time
}

const (
	// maxJump is the longest gap in timestamps that is played as a pause.
	maxJump = 10 * media.ClockRate
	// maxBack is how far decoding times may go back without being a jump: some
	// containers have none, and what is made up for them does so.
	maxBack = media.ClockRate
)

const (
	// maxLate is how far playing may fall behind before the lost time is left
	// out.
	maxLate = time.Second
	// maxEarly is how far a live stream may run ahead of the time since its
	// start before it is slowed down; a sender's clock that is fast by less than
	// one in slack is no hurry.
	maxEarly = 2 * time.Second
	slack    = 1000
)

// begin prepares for a pass of in.
func (p *player) begin(in *input) {
	p.pace, p.recorded = in.pace, in.recorded
	if p.sounder.out, _ = p.out.(source.AudioSink); p.sounder.out != nil {
		in.other = p.sound
	}
	p.synced = false
	if p.reported.IsZero() {
		p.reported = time.Now()
	}
}

// announce tells of the track, if it is not the one announced last.
func (p *player) announce(in *input) {
	p.sets.Learn(in.sps, in.pps)
	if in.track.FrameRate > 0 && in.track.FrameRate < 1000 {
		p.step = int64(media.ClockRate/in.track.FrameRate + 0.5)
	} else if p.step == 0 {
		p.step = media.ClockRate / 25
	}
	t := in.track
	if p.track != nil && p.track.Codec == t.Codec && p.track.Width == t.Width && p.track.Height == t.Height &&
		string(p.track.SPS) == string(t.SPS) && string(p.track.PPS) == string(t.PPS) {
		return
	}
	if p.track != nil {
		p.synced = false // pictures of before are no reference any more
	}
	p.track = &t
	p.out.Track(t)
}

// loop ends a pass: the next one's first picture follows the last one.
func (p *player) loop() { p.synced = false }

// play waits until the unit is due and delivers it. Units before the first key
// frame are left out.
func (p *player) play(ctx context.Context, u unit) error {
	p.counts.Packets++
	p.counts.Bytes += uint64(u.size)
	if !p.synced {
		if !u.key {
			return nil
		}
		p.synced = true
		if p.units > 0 { // a later pass
			p.offset = p.last + p.step - p.time(u, 0)
		}
	}
	dts := p.time(u, p.offset)
	switch d := dts - p.last; {
	case p.units == 0:
	case d < -maxBack || d > maxJump:
		p.log.Debug("timestamps jump in the input, repaired", "ticks", d)
		p.offset += p.last + p.step - dts
		dts = p.last + p.step
	case d <= 0: // the container did not say, or says the same twice
		dts = p.last + 1
	}
	if err := p.wait(ctx, dts); err != nil {
		return err
	}
	au := media.AccessUnit{PTS: dts, DTS: dts, HasDTS: u.timed, Key: u.key, NALUs: u.nalus, Received: time.Now()}
	if u.timed {
		au.PTS = u.pts + p.offset
	}
	if p.track.Codec == media.H264 {
		if _, decodable := p.sets.Apply(&au); u.key && !decodable {
			p.synced = false // no parameter sets: nothing can be decoded yet
			return nil
		}
	}
	p.lastPTS, p.lastAt = au.PTS, au.Received
	p.out.AccessUnit(au)
	p.units++
	p.last = dts
	if time.Since(p.reported) >= time.Second/2 {
		p.report()
	}
	return ctx.Err()
}

// time is when the unit is to be decoded, on the timeline; one without a time
// follows the last.
func (p *player) time(u unit, offset int64) int64 {
	if u.timed {
		return u.dts + offset
	}
	if p.units == 0 {
		return 0
	}
	return p.last + p.step
}

// wait pauses until the unit is due. After a stall the clock is set anew, so
// that the input goes on where it stood instead of hurrying after.
func (p *player) wait(ctx context.Context, dts int64) error {
	if p.pace == asItComes {
		return ctx.Err()
	}
	if !p.anchored {
		p.anchored, p.start, p.startPTS = true, time.Now(), dts
	}
	ticks := dts - p.startPTS
	due := time.Duration(ticks/media.ClockRate)*time.Second + time.Duration(ticks%media.ClockRate)*time.Second/media.ClockRate
	late := maxLate
	if p.pace == noFaster {
		due -= maxEarly + due/slack
		late = maxEarly
	}
	pause := due - time.Since(p.start)
	if pause < -late {
		p.start, p.startPTS = time.Now(), dts
	}
	if pause <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (p *player) report() {
	p.out.Count(p.counts)
	p.counts, p.reported = media.Counts{}, time.Now()
}
