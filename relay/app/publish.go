package app

import (
	"log/slog"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/rtc"
	"sightline/relay/source"
	"sightline/relay/source/ffmpeg"
	"sightline/relay/source/publish"
	"sightline/relay/source/push"
	"sightline/relay/source/whip"
)

// newPoint makes the source of a stream that is published to.
func (a *App) newPoint(name string, c config.Stream, _ *slog.Logger) (source.Source, error) {
	p := publish.NewPoint(name)
	a.points[name] = point{p, c.Source.Scheme()}
	return p, nil
}

// point is where a stream is published to, and by which protocol.
type point struct {
	*publish.Point
	by string
}

// pointOf finds where a stream is published to by a protocol.
func (a *App) pointOf(by string) func(stream string) (*publish.Point, string) {
	return func(stream string) (*publish.Point, string) {
		if p, ok := a.points[stream]; ok && p.by == by {
			return p.Point, by
		}
		if s, ok := a.stream(stream); ok {
			return nil, s.Info().Source
		}
		return nil, ""
	}
}

// newPush makes the handler of streams that come as the body of a request.
func (a *App) newPush() *push.Handler {
	return push.New(push.Config{
		Point: a.pointOf("push"), Problem: api.Problem, Logger: a.log,
		SniffSize: ffmpeg.SniffSize, Containers: []string{string(ffmpeg.MPEGTS), string(ffmpeg.FLV), string(ffmpeg.H264), string(ffmpeg.H265)},
		Sniff: func(b []byte) (string, bool) {
			c, ok := ffmpeg.Sniff(b)
			return string(c), ok
		},
		Open: func(b push.Body) source.Source {
			return &ffmpeg.Source{Body: b, Container: ffmpeg.Container(b.Container), FPS: b.FPS, Name: b.Name, AnyCodec: true, Logger: a.log}
		},
	})
}

// newWHIP makes the handler of WebRTC publishers.
func (a *App) newWHIP(endpoint *rtc.Endpoint) *whip.Handler {
	return whip.New(whip.Config{Point: a.pointOf("whip"), Peers: endpoint, Problem: api.Problem, Port: endpoint.Port(), Logger: a.log})
}
