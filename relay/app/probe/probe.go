// Package probe looks at a source for a few seconds and says what it sends and
// what the relay will do with it. It reads sources as the relay does, by the
// same code; it knows no stream and no viewer.
package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/demo"
	"sightline/relay/source/ffmpeg"
	"sightline/relay/source/rtsp"
	"sightline/relay/transcode"
)

// Report is what was found.
type Report struct {
	Source    string `json:"source"` // without credentials
	Container string `json:"container"`
	Transport string `json:"transport"`
	Video     *Video `json:"video,omitempty"`
	// Audio are the tracks of sound.
	Audio []Audio `json:"audio"`
	// FirstPictureMS is the time from the request to the first key frame.
	FirstPictureMS float64 `json:"first_picture_ms"`
	// Pictures were looked at, which last Seconds; LostPackets were missing.
	Pictures    int     `json:"pictures"`
	Seconds     float64 `json:"seconds"`
	LostPackets uint64  `json:"lost_packets"`
	// Action is what the relay does with the source: pass, transcode or refuse.
	Action Action `json:"action"`
	// Why says what made the relay choose, for people.
	Why string `json:"why"`
	// Conditions are what the source has raised, and why it was refused.
	Conditions []health.Condition `json:"conditions"`
}

// Action is what the relay does with a source.
type Action string

// The actions.
const (
	Pass      Action = "pass"
	Transcode Action = "transcode"
	Refuse    Action = "refuse"
)

// Video is the video track.
type Video struct {
	Codec   string `json:"codec"`
	Profile string `json:"profile,omitempty"` // with its level: "High 4.0"
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	// FPS is measured; 0 from a single picture.
	FPS float64 `json:"fps"`
	// GOP is the distance of key frames, in pictures and seconds; 0 while fewer
	// than two have come.
	GOP        int     `json:"gop"`
	GOPSeconds float64 `json:"gop_s"`
	BFrames    bool    `json:"b_frames"`
	BitsPerS   float64 `json:"bits_per_s"`
}

// Audio is a track of sound; what is not known is 0.
type Audio struct {
	Codec    string `json:"codec"`
	Rate     int    `json:"rate,omitempty"`
	Channels int    `json:"channels,omitempty"`
}

// Options of a look.
type Options struct {
	Source    config.Source
	Transport config.Transport
	// For is how long to wait for the first picture, and to look from then on,
	// at most; default 10 s. It is shorter where two distances of key frames
	// have been seen.
	For    time.Duration
	Logger *slog.Logger
}

// enough is how long a look is at least, by the source's clock.
const enough = 2 * media.ClockRate

// Run looks at a source. A source that cannot be shown is a report too; the
// error is for one that was not looked at.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.For <= 0 {
		o.For = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	defer ffmpeg.LogTo(o.Logger)()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(o.For, cancel)
	defer timer.Stop()
	w := &watcher{more: func() { timer.Reset(o.For) },
		report: Report{Source: o.Source.Redacted(), Audio: []Audio{}, Conditions: []health.Condition{}}, stop: cancel, began: time.Now()}
	src, err := open(o, w)
	if err != nil {
		return nil, err
	}
	err = src.Run(ctx, w)
	if err == nil || ctx.Err() != nil {
		err = nil
		if w.report.Pictures == 0 {
			err = source.Fail(source.Retry, health.New(health.SourceSilent, "%s has sent no picture that decoding can begin with within %v.",
				w.report.Source, o.For).WithFix("Look longer, as --for 60s: some cameras send a key frame only every half minute."), nil)
		}
	}
	return w.finish(err), nil
}

// open makes the source; what only a relay has is refused.
func open(o Options, w *watcher) (source.Source, error) {
	switch scheme := o.Source.Scheme(); scheme {
	case "rtsp", "rtsps":
		w.report.Container = "rtp"
		return &rtsp.Source{URL: o.Source.URL, User: o.Source.User, Password: o.Source.Password.Reveal(), Transport: rtsp.Transport(o.Transport),
			Codecs: []media.Codec{media.H264, media.H265, media.JPEG}, Logger: o.Logger}, nil
	case "demo":
		return demo.Parse(o.Source.URL)
	case "gb28181", "push", "whip":
		return nil, fmt.Errorf("the source %s comes to the relay by itself; start the relay and look at its page", o.Source.Redacted())
	}
	s, err := ffmpeg.Parse(o.Source.RevealURL())
	if err != nil {
		return nil, err
	}
	s.Once, s.AnyCodec, s.Fast, s.Logger = true, true, true, o.Logger
	s.OnOpen = func(f ffmpeg.Found) {
		w.report.Container = f.Container
		w.report.Audio = make([]Audio, len(f.Audio))
		for i, a := range f.Audio {
			w.report.Audio[i] = Audio(a)
		}
	}
	return s, nil
}

// watcher is the sink of a look.
type watcher struct {
	report Report
	stop   context.CancelFunc
	more   func() // the time counts anew from the first picture
	began  time.Time

	track       media.Track
	first, last int64 // least and greatest PTS
	newest      int64 // PTS of the picture before
	bytes       int
	keys        []key
	closing     bool
}

// key is a key frame: its number and time.
type key struct {
	number int
	pts    int64
}

// Track implements source.Sink.
func (w *watcher) Track(t media.Track) {
	w.track = t
	w.report.Transport = t.Transport
	v := Video{Codec: transcode.Spoken(t.Codec), Profile: t.Profile, Width: t.Width, Height: t.Height}
	if w.report.Video != nil {
		v.BFrames = w.report.Video.BFrames
	}
	w.report.Video = &v
	w.learn([][]byte{t.SPS})
}

// learn takes what a sequence parameter set says.
func (w *watcher) learn(nalus [][]byte) {
	for _, n := range nalus {
		var sps media.SPSInfo
		err := errors.New("none")
		switch {
		case w.track.Codec == media.H264 && media.NALUType(n) == 7:
			sps, err = media.ParseSPS(n)
		case w.track.Codec == media.H265 && media.H265NALUType(n) == 33:
			sps, err = media.ParseH265SPS(n)
		}
		if err == nil {
			w.track.SPS = n
			v := w.report.Video
			v.Profile, v.Width, v.Height = sps.Profile(), sps.Width, sps.Height
		}
	}
}

// AccessUnit implements source.Sink.
func (w *watcher) AccessUnit(au media.AccessUnit) {
	if w.closing || w.report.Video == nil {
		return
	}
	n := w.report.Pictures
	if n == 0 {
		if !au.Key {
			return
		}
		w.report.FirstPictureMS = float64(time.Since(w.began).Microseconds()) / 1000
		w.first, w.last = au.PTS, au.PTS
		w.more()
	}
	if au.Key {
		w.learn(au.NALUs)
		w.keys = append(w.keys, key{n, au.PTS})
	}
	v := w.report.Video
	v.BFrames = v.BFrames || w.track.Codec == media.H264 && media.HasBSlice(au.NALUs) || n > 0 && au.PTS < w.newest
	w.newest = au.PTS
	if len(w.keys) > 2 && au.PTS-w.first >= enough || n >= 10_000 {
		w.closing = true
		w.stop()
		return
	}
	w.first, w.last = min(w.first, au.PTS), max(w.last, au.PTS)
	w.report.Pictures++
	w.bytes += au.Size()
}

// Count implements source.Sink.
func (w *watcher) Count(c media.Counts) { w.report.LostPackets += c.Lost }

// Notice implements source.Sink.
func (w *watcher) Notice(c health.Condition) { w.report.Conditions = append(w.report.Conditions, c) }

// AudioTrack implements source.AudioSink.
func (w *watcher) AudioTrack(t media.AudioTrack) {
	if len(w.report.Audio) > 1 { // the container has told of all
		return
	}
	w.report.Audio = []Audio{{Codec: string(t.Codec), Rate: t.ClockRate, Channels: t.Channels}}
}

// AudioUnit implements source.AudioSink.
func (w *watcher) AudioUnit(media.AudioUnit) {}

// finish sums up.
func (w *watcher) finish(err error) *Report {
	r := &w.report
	if v := r.Video; v != nil {
		r.Seconds = float64(w.last-w.first) / media.ClockRate
		if r.Pictures > 1 && r.Seconds > 0 {
			v.FPS = float64(r.Pictures-1) / r.Seconds
			v.BitsPerS = float64(w.bytes) * 8 / (r.Seconds * float64(r.Pictures) / float64(r.Pictures-1))
		}
		if n := len(w.keys); n > 1 {
			a, b := w.keys[0], w.keys[n-1]
			v.GOP = (b.number - a.number) / (n - 1)
			v.GOPSeconds = float64(b.pts-a.pts) / float64(n-1) / media.ClockRate
		}
	}
	switch reason := w.reason(); {
	case err != nil:
		f := source.Sorted(err)
		r.Action, r.Why = Refuse, f.Condition.Text
		r.Conditions = append(r.Conditions, f.Condition)
	case reason != "":
		r.Action, r.Why = Transcode, "it is coded again as H.264 for browsers: "+reason
	default:
		r.Action, r.Why = Pass, "browsers show it as it is"
	}
	return r
}

func (w *watcher) reason() string {
	if w.report.Video == nil {
		return ""
	}
	if reason := transcode.Reason(w.track); reason != "" {
		return reason
	}
	if w.report.Video.BFrames {
		return transcode.BFrames
	}
	return ""
}
