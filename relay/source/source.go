// Package source holds the contract of everything that produces a stream, and
// the supervisor that starts a source again when it fails. Each protocol has a
// folder of its own below; none of them knows the hub or another protocol.
//
// To write a source: make a type with Run, sort its errors with [Fail], and
// add it to the table in relay/app.
package source

import (
	"context"
	"errors"

	"sightline/relay/health"
	"sightline/relay/media"
)

// Source produces one stream.
//
// Run connects, announces the track once with Sink.Track before the first
// access unit (and again if the track changes), and delivers access units in
// decoding order until ctx ends or the source fails. It returns ctx's error
// when stopped, nil when the source has come to its end, and otherwise an
// error, best one made by [Fail]. All its goroutines have ended when it
// returns. Run may be called again after it has returned.
type Source interface {
	Run(ctx context.Context, out Sink) error
}

// Sink takes what a source produces. Its methods may be called from one
// goroutine at a time; none of them blocks for long.
type Sink interface {
	// Track announces the video track.
	Track(t media.Track)
	// AccessUnit delivers one coded picture; the unit's memory goes with it.
	AccessUnit(au media.AccessUnit)
	// Count reports what was received since the last call; a source calls it
	// at least every second while it receives.
	Count(c media.Counts)
	// Notice raises a condition that does not end the run (such as a fall
	// back to TCP). It is cleared when the run ends.
	Notice(c health.Condition)
}

// AudioSink is what a [Sink] may be besides: one that takes sound. A source
// asks its camera for sound only for such a sink. The methods are called as
// those of the sink.
type AudioSink interface {
	// AudioTrack announces the sound, before its first unit and when it
	// changes.
	AudioTrack(t media.AudioTrack)
	// AudioUnit delivers one piece of sound; its memory goes with it.
	AudioUnit(u media.AudioUnit)
}

// MetadataSink is what a [Sink] may be besides: one that takes what the camera
// says of the scene.
type MetadataSink interface {
	// Metadata delivers one document; its memory goes with it.
	Metadata(m media.Metadata)
}

// Class says what to do about a source's failure.
type Class int

// The three classes of failure.
const (
	// Retry: it may work by itself soon; tried again with growing pauses.
	Retry Class = iota
	// NeedsPerson: it will not work until somebody changes something (wrong
	// password, unknown codec); tried again once a minute at most.
	NeedsPerson
	// GiveUp: it will not work with this configuration; not tried again.
	GiveUp
)

// Failure is an error with its class and the condition to show.
type Failure struct {
	Class     Class
	Condition health.Condition
	Err       error // may be nil
}

// Fail sorts an error: its class, the condition to show, and the cause.
func Fail(class Class, c health.Condition, cause error) error {
	return &Failure{Class: class, Condition: c, Err: cause}
}

// Error gives the condition's text and the cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Condition.Error()
	}
	return f.Condition.Title + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Sorted returns err as a Failure; an error that no source has sorted is tried
// again and shown as it is.
func Sorted(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Class: Retry, Err: err,
		Condition: health.New(health.SourceUnreachable, "%v", err)}
}
