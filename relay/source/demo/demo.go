// Package demo is the demo camera: a generated street with people, vehicles
// and lamps, encoded as H.264, so that the product can be seen and tested
// without a camera and without a network.
//
// Each picture carries a clock to read and a frame counter for programs (see
// [CounterLayout]); the picture with counter n has PTS n*Track.CounterTicks,
// without exception. The package knows no hub and no viewer.
package demo

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// Source is the demo camera. Its fields are set before the first Run; zero
// values mean the defaults named. It may be run again after Run has returned,
// by one caller at a time: the street and its counter go on as if the camera
// had been running meanwhile.
type Source struct {
	// Width and Height are the picture's size in pixels, even, from 320x180
	// to 1920x1080. Default 1280x720.
	Width, Height int
	// FPS is the frame rate; it divides 90000 so that the counter's mapping to
	// PTS is exact, and is at most 60. Default 25.
	FPS int
	// Bitrate is the ceiling in bits per second, 100,000 to 50,000,000.
	// Default 2,000,000.
	Bitrate int
	// GOP is the time from key frame to key frame, from one frame to a minute.
	// Default 2 s.
	GOP time.Duration
	// Noise adds sensor noise. Default off.
	Noise bool
	// Script says what happens in the scene. The zero is ordinary life.
	Script Script
	// Seed chooses who walks and drives by. Default 1.
	Seed uint32
	// Day is how long one day lasts, dawn and night included, at least 10 s.
	// Default 6 minutes.
	Day time.Duration
	// Logger takes the log. Default slog.Default().
	Logger *slog.Logger

	codec string // FFmpeg's encoder, changed by tests

	once  sync.Once
	scene *Scene
	err   error
	birth time.Time // when the picture with counter 0 was taken
	next  int64     // the least counter not yet used
}

// Defaults of Source.
const (
	DefaultWidth   = 1280
	DefaultHeight  = 720
	DefaultFPS     = 25
	DefaultBitrate = 2_000_000
	DefaultGOP     = 2 * time.Second
	DefaultDay     = 6 * time.Minute
	encoderName    = "libx264"
)

// settings returns the configuration with its defaults filled in.
func (s *Source) settings() (SceneConfig, encoderConfig) {
	or := func(v, def int) int {
		if v == 0 {
			return def
		}
		return v
	}
	sc := SceneConfig{
		Width: or(s.Width, DefaultWidth), Height: or(s.Height, DefaultHeight), FPS: or(s.FPS, DefaultFPS),
		Noise: s.Noise, Script: s.Script, Seed: s.Seed, Day: s.Day,
	}
	if sc.Seed == 0 {
		sc.Seed = 1
	}
	if sc.Day == 0 {
		sc.Day = DefaultDay
	}
	gop := s.GOP
	if gop == 0 {
		gop = DefaultGOP
	}
	ec := encoderConfig{codec: s.codec, width: sc.Width, height: sc.Height, fps: sc.FPS,
		bitrate: or(s.Bitrate, DefaultBitrate), gop: max(1, int(gop.Seconds()*float64(sc.FPS)+0.5))}
	if ec.codec == "" {
		ec.codec = encoderName
	}
	return sc, ec
}

// FrameTicks is the distance of two pictures in ticks of the 90 kHz clock, and
// the factor from frame counter to PTS.
func (s *Source) FrameTicks() int64 {
	sc, _ := s.settings()
	return media.ClockRate / int64(sc.FPS)
}

// Validate checks the fields; the error names the field, its value and the
// rule.
func (s *Source) Validate() error {
	sc, ec := s.settings()
	switch {
	case sc.Width < 320 || sc.Width > 1920 || sc.Width%2 != 0 || sc.Height < 180 || sc.Height > 1080 || sc.Height%2 != 0:
		return fmt.Errorf("demo: size %dx%d: must be even and from 320x180 to 1920x1080", sc.Width, sc.Height)
	case sc.FPS < 1 || sc.FPS > 60 || media.ClockRate%sc.FPS != 0:
		return fmt.Errorf("demo: fps %d: must be a divisor of %d from 1 to 60, such as 10, 12, 15, 20, 24, 25, 30, 50 or 60", sc.FPS, media.ClockRate)
	case ec.bitrate < 100_000 || ec.bitrate > 50_000_000:
		return fmt.Errorf("demo: bitrate %d: must be from 100000 to 50000000 bits per second", ec.bitrate)
	case s.GOP < 0 || s.GOP > time.Minute:
		return fmt.Errorf("demo: gop %v: must be from one frame to 1m", s.GOP)
	case sc.Day < 10*time.Second:
		return fmt.Errorf("demo: day %v: must be at least 10s", sc.Day)
	}
	return s.Script.validate()
}

// Run films the street in real time until ctx ends. A picture that is late
// after a stall is left out, with its counter: pictures never come in a burst.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	if err := s.Validate(); err != nil {
		return source.Fail(source.GiveUp, health.New(health.SourceURLInvalid, "%v", err), err)
	}
	sc, ec := s.settings()
	enc, err := newEncoder(ec)
	if err != nil {
		return err
	}
	defer enc.close()
	s.once.Do(func() {
		s.scene, s.err = NewScene(sc)
		s.birth = time.Now()
	})
	if s.err != nil {
		return s.err
	}
	log := s.Logger
	if log == nil {
		log = slog.Default()
	}

	fps, ticks := int64(sc.FPS), int64(media.ClockRate/sc.FPS)
	out.Track(media.Track{Codec: media.H264, Width: sc.Width, Height: sc.Height, FrameRate: float64(sc.FPS),
		Transport: "demo", Profile: "Constrained Baseline", CounterTicks: ticks})

	picture := NewPicture(sc.Width, sc.Height)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var counts media.Counts
	reported := time.Now()
	n := max(counterAt(time.Since(s.birth), fps), s.next)
	for {
		if wait := due(n, fps) - time.Since(s.birth); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		} else if newest := counterAt(time.Since(s.birth), fps); newest > n {
			log.Debug("demo camera left pictures out", "pictures", newest-n)
			n = newest
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := time.Now()
		s.scene.Render(picture, n, now)
		nalus, key, err := enc.encode(picture, n*ticks)
		if err != nil {
			return err
		}
		au := media.AccessUnit{PTS: n * ticks, Key: key, NALUs: nalus, Captured: now, Received: time.Now()}
		counts.Packets++
		counts.Bytes += uint64(au.Size())
		out.AccessUnit(au)
		n++
		s.next = n
		if since := time.Since(reported); since >= time.Second/2 {
			out.Count(counts)
			counts, reported = media.Counts{}, time.Now()
		}
	}
}

// due is when the picture with counter n is taken, counted from counter 0.
func due(n, fps int64) time.Duration {
	return time.Duration(n/fps)*time.Second + time.Duration(n%fps)*time.Second/time.Duration(fps)
}

// counterAt is the newest counter that is due after the given time.
func counterAt(t time.Duration, fps int64) int64 {
	n := int64(t/time.Second)*fps + int64(t%time.Second)*fps/int64(time.Second)
	if due(n+1, fps) <= t {
		n++
	}
	return n
}
