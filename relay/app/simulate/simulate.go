// Package simulate gives simulated devices their pictures: it plays any source
// of the relay, such as a file or the demo camera, as the camera of each
// channel. It knows no platform.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/demo"
	"sightline/relay/source/ffmpeg"
)

// Media plays an address (demo, demo:?..., or a file's path) in real time,
// again and again, until ctx ends.
type Media func(ctx context.Context, channel string, out func(media.AccessUnit)) error

// Open makes the media of an address.
func Open(address string, log *slog.Logger) (Media, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	make := func() (source.Source, error) {
		s, err := ffmpeg.Parse(address)
		if err == nil {
			s.Logger = log
		}
		return s, err
	}
	if address == "demo" || strings.HasPrefix(address, "demo:") {
		make = func() (source.Source, error) {
			s, err := demo.Parse(address)
			if err == nil {
				s.Logger = log
			}
			return s, err
		}
	}
	if _, err := make(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return func(ctx context.Context, _ string, out func(media.AccessUnit)) error {
		s, err := make()
		if err != nil {
			return err
		}
		err = s.Run(ctx, &sink{out: out})
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}, nil
}

// sink hands pictures on, key frames with their parameter sets.
type sink struct {
	out  func(media.AccessUnit)
	sets media.ParameterSets
}

func (s *sink) Track(t media.Track) {
	s.sets = media.ParameterSets{}
	s.sets.Learn(t.SPS, t.PPS)
}

func (s *sink) AccessUnit(au media.AccessUnit) {
	s.sets.Apply(&au)
	s.out(au)
}

func (s *sink) Count(media.Counts)      {}
func (s *sink) Notice(health.Condition) {}
