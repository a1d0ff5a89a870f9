// Package ffmpeg is the source for everything that FFmpeg can demux: video
// files, played in real time once or in a loop; network addresses that no
// package of our own speaks (HTTP-FLV, HLS, RTMP, SRT, MPEG-TS over UDP);
// cameras of this machine; and bytes that somebody sends. The container is
// found by its content. It passes on what is coded and decodes nothing.
//
// It owns the way from an address to access units, the sorting of FFmpeg's
// errors, and FFmpeg's log (see [LogTo]). It knows no hub and no viewer.
package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// Source plays one input. Exactly one of Path, URL, Device and Body is set.
type Source struct {
	// Path is a file's path.
	Path string
	// URL is a network address, which may hold credentials.
	URL string
	// Device is a camera of this machine.
	Device Device
	// Body is what somebody sends, in the Container given. Run reads it to its
	// end, once; whoever owns it makes Read return when the context ends.
	Body      io.Reader
	Container Container
	// FPS is the frame rate of a Body in Annex B, which has no timestamps; with 0
	// its pictures get the times at which they arrive.
	FPS float64
	// Name names a Body for people.
	Name string
	// Once plays a file once; otherwise it is played again and again, its
	// timestamps going on.
	Once bool
	// AnyCodec passes on what browsers cannot show too: other codecs than H.264,
	// and B-frames. Without it they are a failure that needs a person.
	AnyCodec bool
	// Fast plays a recording as fast as it is read.
	Fast bool
	// OnOpen is told what was found each time that the input is opened.
	OnOpen func(Found)
	// Logger takes the log. Default slog.Default().
	Logger *slog.Logger

	patience time.Duration // for silence; default 10 s
}

// Run plays until ctx ends, the file or body has ended (files with Once) or it
// fails. Recordings are paced by their timestamps, live addresses are not.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	if s.Path != "" {
		if err := checkFile(s.Path); err != nil {
			return err
		}
		if !s.AnyCodec {
			if err := s.scan(ctx); err != nil {
				return err
			}
		}
	}
	p := &player{out: out, log: s.logger()}
	for {
		units := p.units
		err := s.pass(ctx, p)
		switch {
		case err != nil:
			return err
		case s.network() && !p.recorded || s.Device.Path != "":
			return source.Fail(source.Retry, health.New(health.SourceEnded,
				"%s has ended", s.name()).WithFix("Start the sender again; the relay reconnects by itself."), nil)
		case p.units == units:
			return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
				"%s holds no picture that decoding can start with", s.name()), nil)
		case s.Once, s.Body != nil:
			p.report()
			return nil
		}
		p.loop()
	}
}

func (s *Source) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
}

// scanUnits is how many pictures of a file are looked at before it is shown.
const scanUnits = 250

// scan looks for B-frames in a file before anything of it is shown.
func (s *Source) scan(ctx context.Context) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer in.close()
	for range scanUnits {
		u, err := in.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return s.sorted(ctx, in, err)
		}
		if err := s.shown(in, u); err != nil {
			return err
		}
	}
	return nil
}

// shown refuses what browsers cannot show, unless somebody else sees to it.
func (s *Source) shown(in *input, u unit) error {
	switch {
	case s.AnyCodec:
		return nil
	case in.track.Codec != media.H264:
		return source.Fail(source.NeedsPerson, health.New(health.SourceCodec,
			"%s is coded as %s; only H.264 can be relayed", in.name, in.codecID).
			WithFix("Encode it as H.264 without B-frames: ffmpeg -i IN -c:v libx264 -bf 0 OUT.mp4"), nil)
	case media.HasBSlice(u.nalus):
		return s.bFrames()
	}
	return nil
}

// pass plays the input from its start to its end.
func (s *Source) pass(ctx context.Context, p *player) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer in.close()
	if s.Fast {
		in.pace = asItComes
	}
	if s.OnOpen != nil {
		s.OnOpen(in.found())
	}
	p.begin(in)
	for first := true; ; first = false {
		u, err := in.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return s.sorted(ctx, in, err)
		}
		if err := s.shown(in, u); err != nil {
			return err
		}
		if first || u.changed {
			p.announce(in)
		}
		if err := p.play(ctx, u); err != nil {
			return err
		}
	}
}

func (s *Source) bFrames() error {
	c := health.New(health.SourceBFrames, "%s has B-frames, which browsers cannot show over WebRTC", s.name())
	c.Severity = health.Error // nothing of it is shown
	if s.Path != "" {
		c = c.WithFix("Encode the file again without them: ffmpeg -i %q -c:v libx264 -bf 0 -an out.mp4", s.Path)
	}
	return source.Fail(source.NeedsPerson, c, nil)
}

// name is the input's name for people, without secrets.
func (s *Source) name() string {
	switch {
	case s.Path != "":
		return s.Path
	case s.Body != nil:
		return s.Name
	case s.Device.Path != "":
		return s.Device.Path
	}
	return Redact(s.URL)
}

// checkFile says in words why a file cannot be played, before FFmpeg says it
// in a number.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		what := "no regular file"
		if info.IsDir() {
			what = "a folder"
		}
		return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia, "%s is %s", path, what), nil)
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			return f.Close()
		}
	}
	reason := "cannot be read"
	switch {
	case errors.Is(err, os.ErrNotExist):
		reason = "does not exist"
	case errors.Is(err, os.ErrPermission):
		reason = "may not be read by this user"
	}
	return source.Fail(source.NeedsPerson, health.New(health.SourceFileMissing, "%s %s", path, reason), err)
}

var errEnd = errors.New("ffmpeg: end of input")

// sorted gives an error of reading its class and condition.
func (s *Source) sorted(ctx context.Context, in *input, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if in.watch.fired() {
		return s.silent()
	}
	if _, ok := errors.AsType[*source.Failure](err); ok {
		return err
	}
	switch {
	case s.network():
		return s.failed(ctx, err)
	case s.Body != nil || s.Device.Path != "":
		return source.Fail(source.Retry, health.New(health.SourceProtocol, "%s: %v", s.name(), err), err)
	}
	return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
		"%s cannot be read further: %v", s.Path, err), fmt.Errorf("ffmpeg: %s: %w", s.Path, err))
}
