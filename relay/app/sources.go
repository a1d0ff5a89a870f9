package app

import (
	"context"
	"log/slog"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/demo"
	"sightline/relay/source/ffmpeg"
	"sightline/relay/source/publish"
	"sightline/relay/source/rtsp"
	"sightline/relay/transcode"
)

// makeSource makes a stream's source of its configuration.
type makeSource func(name string, c config.Stream, log *slog.Logger) (source.Source, error)

// sources says which source a scheme stands for.
func (a *App) sources() map[string]makeSource {
	return map[string]makeSource{
		"demo":    newDemo,
		"file":    newFFmpeg,
		"ffmpeg":  newFFmpeg,
		"http":    newFFmpeg,
		"https":   newFFmpeg,
		"rtmp":    newFFmpeg,
		"rtmps":   newFFmpeg,
		"srt":     newFFmpeg,
		"udp":     newFFmpeg,
		"v4l2":    newFFmpeg,
		"gb28181": a.newGB28181,
		"push":    a.newPoint,
		"whip":    a.newPoint,
		"rtsp":    newRTSP,
		"rtsps":   newRTSP,
	}
}

func newDemo(_ string, c config.Stream, log *slog.Logger) (source.Source, error) {
	s, err := demo.Parse(c.Source.URL)
	if err != nil {
		return nil, err
	}
	s.Logger = log
	return s, nil
}

func newFFmpeg(_ string, c config.Stream, log *slog.Logger) (source.Source, error) {
	s, err := ffmpeg.Parse(c.Source.RevealURL())
	if err != nil {
		return nil, err
	}
	s.Once, s.AnyCodec = !c.Loop, true // what browsers cannot show is transcoded
	s.Logger = log
	return s, nil
}

func newRTSP(name string, c config.Stream, log *slog.Logger) (source.Source, error) {
	return &rtsp.Source{Stream: name, URL: c.Source.URL, User: c.Source.User, Password: c.Source.Password.Reveal(),
		Transport: rtsp.Transport(c.Transport), Codecs: []media.Codec{media.H264, media.H265, media.JPEG}, Logger: log}, nil
}

// newStream makes a stream with its supervised source. A source that cannot be
// made is a condition of its stream; the others are not touched.
func (a *App) newStream(name string, c config.Stream) *hub.Stream {
	log := a.log.With("stream", name)
	var src source.Source
	build, ok := a.sources()[c.Source.Scheme()]
	if !ok {
		src = refused{health.New(health.SourceURLInvalid, "%s: no source is named %q; there are demo, file, rtsp, rtsps, http, https, rtmp, rtmps, srt, udp, v4l2, push, whip, gb28181 and ffmpeg.",
			c.Source.Redacted(), c.Source.Scheme())}
	} else if s, err := build(name, c, log); err != nil {
		src = refused{health.New(health.SourceURLInvalid, "%v", err)}
	} else {
		src = s
	}
	if r, ok := src.(*rtsp.Source); ok {
		r.Watcher = a.drops
	}
	// A stream that is published to takes its publisher also unwatched.
	_, published := src.(*publish.Point)
	src = &transcode.Source{Source: src, Stream: name, Logger: a.log}
	return hub.New(hub.Config{
		Name: name, Source: c.Source.Redacted(), OnDemand: c.OnDemand && !published, Linger: c.Linger,
		RingAge: a.cfg.Ring.Duration(), RingBytes: int(a.cfg.Ring.Bytes),
		Feed: &source.Supervisor{Source: src, Logger: a.log}, Board: a.board, Logger: a.log,
	})
}

// refused is the source of a stream whose configuration makes none.
type refused struct{ c health.Condition }

// Run implements source.Source.
func (r refused) Run(context.Context, source.Sink) error { return source.Fail(source.GiveUp, r.c, nil) }
