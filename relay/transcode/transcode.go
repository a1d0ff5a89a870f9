// Package transcode makes of any source one that browsers can show: what they
// cannot is decoded and coded again as H.264 without B-frames, and sound as
// Opus, once for all viewers and without delay; the rest passes untouched. Each picture keeps its
// timestamp, so that whatever was said of the frame still fits it.
//
// It knows no protocol and no viewer. A stream that connects on demand is
// transcoded while somebody wants it, since its source runs no longer.
package transcode

import (
	"context"
	"log/slog"
	"sync"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// Source wraps another one.
type Source struct {
	Source source.Source
	// Stream names the stream in conditions.
	Stream string
	Logger *slog.Logger
}

// Run implements source.Source.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	log := s.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &sink{out: out, stream: s.Stream, log: log}
	defer t.stop()
	defer t.silence()
	return s.Source.Run(ctx, t.as(out))
}

// Bounds of what is kept to find out whether a stream has B-frames.
const (
	// lookFor is how many pictures are looked at.
	lookFor = 250
	// hold is how many wait where the stream says that it may have some.
	hold = 4
	// keepBytes bounds the pictures since the key frame that are kept.
	keepBytes = 16 << 20
)

// sink stands between a source and its stream.
type sink struct {
	stream string
	log    *slog.Logger

	mu  sync.Mutex // what comes from the source and from the worker is one
	out source.Sink

	track  media.Track
	looked int
	last   int64              // PTS passed last
	gop    []media.AccessUnit // since the key frame, while looking
	bytes  int                // of gop
	held   []media.AccessUnit // not passed yet
	holds  bool               // pictures are held back
	worker *worker            // nil while everything passes
	sound  *opus              // nil while sound passes
}

// as gives the sink the abilities that the stream has besides.
func (s *sink) as(out source.Sink) source.Sink {
	audio, hasAudio := out.(source.AudioSink)
	metadata, hasMetadata := out.(source.MetadataSink)
	a, m := lockedAudio{s, audio}, lockedMetadata{s, metadata}
	switch {
	case hasAudio && hasMetadata:
		return struct {
			*sink
			lockedAudio
			lockedMetadata
		}{s, a, m}
	case hasAudio:
		return struct {
			*sink
			lockedAudio
		}{s, a}
	case hasMetadata:
		return struct {
			*sink
			lockedMetadata
		}{s, m}
	}
	return s
}

// stop ends the worker and waits for it.
func (s *sink) stop() {
	if s.worker != nil {
		s.worker.stop()
		s.worker = nil
	}
}

// Track implements source.Sink.
func (s *sink) Track(t media.Track) {
	s.stop()
	s.forget()
	s.track, s.looked, s.holds = t, 0, false
	if reason := Reason(t); reason != "" {
		s.transcode(reason)
		return
	}
	if sps, err := media.ParseSPS(t.SPS); err == nil {
		s.holds = sps.ReorderFrames > 0
	}
	s.with(func(out source.Sink) { out.Track(t) })
}

// with calls the stream.
func (s *sink) with(f func(source.Sink)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.out)
}

// AccessUnit implements source.Sink.
func (s *sink) AccessUnit(au media.AccessUnit) {
	if s.worker != nil {
		s.worker.take(au)
		return
	}
	if s.looked >= lookFor {
		s.forget()
		s.pass(au)
		return
	}
	s.looked++
	if au.Key {
		s.gop, s.bytes = nil, 0
		if sps, err := spsOf(au.NALUs); err == nil {
			if reason := profileReason(sps); reason != "" {
				s.flush()
				s.transcode(reason)
				s.worker.take(au)
				return
			}
			s.holds = s.looked <= hold && sps.ReorderFrames > 0
		}
	}
	s.keep(au)
	if media.HasBSlice(au.NALUs) {
		s.replay()
		return
	}
	s.held = append(s.held, au)
	if !s.holds || s.looked >= hold {
		s.flush()
	}
}

// keep notes a picture that may have to be decoded. The list of its NAL units
// is copied, since that belongs to whoever gets it; their bytes do not change.
func (s *sink) keep(au media.AccessUnit) {
	if s.bytes += au.Size(); s.bytes > keepBytes || len(s.gop) == 0 && !au.Key {
		s.gop = nil
		return
	}
	au.NALUs = append([][]byte(nil), au.NALUs...)
	s.gop = append(s.gop, au)
}

// replay begins to transcode in the middle, with the pictures since the key
// frame; what viewers have is not shown again.
func (s *sink) replay() {
	gop, held := s.gop, len(s.held)
	s.held = nil
	s.transcode(BFrames)
	if held < len(gop)-1 { // some have passed
		s.worker.after = s.last
	}
	for _, au := range gop {
		s.worker.take(au)
	}
	s.forget()
}

func (s *sink) flush() {
	for _, au := range s.held {
		s.pass(au)
	}
	s.held, s.holds = nil, false
}

func (s *sink) pass(au media.AccessUnit) {
	s.last = au.PTS
	s.with(func(out source.Sink) { out.AccessUnit(au) })
}

func (s *sink) forget() { s.gop, s.held, s.bytes = nil, nil, 0 }

// transcode begins to code anew, for a reason.
func (s *sink) transcode(reason string) {
	s.log.Info("transcoding", "stream", s.stream, "reason", reason)
	s.Notice(health.New(health.StreamTranscoded, "%s is transcoded to H.264 for browsers: %s.", s.stream, reason))
	s.worker = newWorker(s)
}

// Count implements source.Sink.
func (s *sink) Count(c media.Counts) { s.with(func(out source.Sink) { out.Count(c) }) }

// Notice implements source.Sink.
func (s *sink) Notice(c health.Condition) { s.with(func(out source.Sink) { out.Notice(c) }) }

// lockedMetadata passes metadata on.
type lockedMetadata struct {
	s   *sink
	out source.MetadataSink
}

// Metadata implements source.MetadataSink.
func (m lockedMetadata) Metadata(d media.Metadata) {
	m.s.with(func(source.Sink) { m.out.Metadata(d) })
}
