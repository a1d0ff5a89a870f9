package demo

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads a source value: "demo", or "demo:?key=value&key=value". The keys:
//
//	size=1280x720  fps=25  bitrate=2000000  gop=2s  noise=1  seed=1  day=6m
//	empty=1                   no people and vehicles
//	hour=22                   hold the time of day, above 0 to 24
//	lamps=0                   lamps and windows stay dark
//	figure=5s                 a person walks in
//	lamp=5s:2:on              switch a street lamp
//	exposure=5s:0.7           step of the exposure in stops
//	glare=5s-9s:0.7,0.3       dazzling light at a place (fractions)
//	flicker=5s-9s:8,0.4       pulsing light: Hz, depth
//	cover=5s-9s               lens covered
//	defocus=5s-9s:0.01        out of focus, radius by width
//	shift=5s:0.05,0.02        camera moved, by width and height
//
// The script's keys may come more than once; an end left out ("5s") means for
// ever. An error names the key, the value and the rule.
func Parse(value string) (*Source, error) {
	if value == "demo" {
		return &Source{}, nil
	}
	query, ok := strings.CutPrefix(value, "demo:?")
	if !ok {
		return nil, fmt.Errorf("demo: source %q: must be demo, or demo:?key=value&key=value", value)
	}
	values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B"))
	if err != nil {
		return nil, fmt.Errorf("demo: options %q: must be key=value joined by &: %w", query, err)
	}
	s := &Source{}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if !isScript(k) && len(values[k]) > 1 {
			return nil, fmt.Errorf("demo: option %s: may be given once only", k)
		}
		for _, v := range values[k] {
			if err := s.set(k, v); err != nil {
				return nil, fmt.Errorf("demo: option %s=%s: %w", k, v, err)
			}
		}
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

func isScript(key string) bool {
	return slices.Contains([]string{"figure", "lamp", "exposure", "glare", "flicker", "cover", "defocus", "shift"}, key)
}

// set applies one option; the error states the rule.
func (s *Source) set(key, value string) (err error) {
	c := &s.Script
	switch key {
	case "size":
		w, h, ok := strings.Cut(value, "x")
		var e1, e2 error
		s.Width, e1 = strconv.Atoi(w)
		s.Height, e2 = strconv.Atoi(h)
		if !ok || e1 != nil || e2 != nil || s.Width <= 0 || s.Height <= 0 {
			return fmt.Errorf("must be WIDTHxHEIGHT, such as 1280x720")
		}
	case "fps":
		s.FPS, err = positive(value)
	case "bitrate":
		s.Bitrate, err = positive(value)
	case "seed":
		var v int
		v, err = positive(value)
		s.Seed = uint32(v)
	case "gop":
		s.GOP, err = duration(value)
	case "day":
		s.Day, err = duration(value)
	case "noise":
		s.Noise, err = boolean(value)
	case "empty":
		c.Empty, err = boolean(value)
	case "lamps":
		var on bool
		on, err = boolean(value)
		c.NoLamps = !on
	case "hour":
		c.Hour, err = strconv.ParseFloat(value, 64)
		if err != nil || !(c.Hour > 0 && c.Hour <= 24) {
			return fmt.Errorf("must be a number above 0 up to 24")
		}
	default:
		return s.setScript(key, value)
	}
	return err
}

// setScript adds one event to the script.
func (s *Source) setScript(key, value string) error {
	c := &s.Script
	when, rest, _ := strings.Cut(value, ":")
	switch key {
	case "figure", "lamp", "exposure", "shift":
		at, err := time.ParseDuration(when)
		if err != nil || at < 0 {
			return fmt.Errorf("must start with a time, such as 5s")
		}
		switch key {
		case "figure":
			if rest != "" {
				return fmt.Errorf("must be a time, such as 5s")
			}
			c.Figures = append(c.Figures, Figure{At: at})
		case "lamp":
			lamp, on, _ := strings.Cut(rest, ":")
			n, err := strconv.Atoi(lamp)
			if err != nil || on != "on" && on != "off" {
				return fmt.Errorf("must be TIME:LAMP:on or TIME:LAMP:off, such as 5s:2:on")
			}
			c.Lamps = append(c.Lamps, LampSwitch{At: at, Lamp: n, On: on == "on"})
		case "exposure":
			v, err := numbers(rest, 1)
			if err != nil {
				return fmt.Errorf("must be TIME:STOPS, such as 5s:0.7")
			}
			c.Exposure = append(c.Exposure, ExposureStep{At: at, EV: v[0]})
		case "shift":
			v, err := numbers(rest, 2)
			if err != nil {
				return fmt.Errorf("must be TIME:X,Y, such as 5s:0.05,0.02")
			}
			c.Shifts = append(c.Shifts, Shift{At: at, DX: v[0], DY: v[1]})
		}
	case "glare", "flicker", "cover", "defocus":
		from, to, ends := strings.Cut(when, "-")
		var span Span
		var e1, e2 error
		span.From, e1 = time.ParseDuration(from)
		if ends {
			span.To, e2 = time.ParseDuration(to)
		}
		if e1 != nil || e2 != nil || span.From < 0 || ends && span.To <= span.From {
			return fmt.Errorf("must start with FROM or FROM-TO, such as 5s-9s")
		}
		switch key {
		case "glare":
			v, err := numbers(rest, 2)
			if err != nil {
				return fmt.Errorf("must be FROM-TO:X,Y, such as 5s-9s:0.7,0.3")
			}
			c.Glare = append(c.Glare, Glare{Span: span, X: v[0], Y: v[1]})
		case "flicker":
			v, err := numbers(rest, 2)
			if err != nil {
				return fmt.Errorf("must be FROM-TO:HZ,DEPTH, such as 5s-9s:8,0.4")
			}
			c.Flicker = append(c.Flicker, Flicker{Span: span, Hz: v[0], Depth: v[1]})
		case "cover":
			if rest != "" {
				return fmt.Errorf("must be FROM-TO, such as 5s-9s")
			}
			c.Cover = append(c.Cover, span)
		case "defocus":
			v, err := numbers(rest, 1)
			if err != nil {
				return fmt.Errorf("must be FROM-TO:RADIUS, such as 5s-9s:0.01")
			}
			c.Defocus = append(c.Defocus, Defocus{Span: span, Radius: v[0]})
		}
	default:
		return fmt.Errorf("no such option; there are size, fps, bitrate, gop, noise, seed, day, empty, hour, lamps, " +
			"figure, lamp, exposure, glare, flicker, cover, defocus, shift")
	}
	return nil
}

func positive(v string) (int, error) {
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("must be a whole number above 0")
	}
	return int(n), nil
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("must be a time above 0, such as 90s or 6m")
	}
	return d, nil
}

func boolean(v string) (bool, error) {
	switch v {
	case "1", "true", "on":
		return true, nil
	case "0", "false", "off":
		return false, nil
	}
	return false, fmt.Errorf("must be 1 or 0")
}

// numbers reads n finite numbers joined by commas.
func numbers(v string, n int) ([]float64, error) {
	parts := strings.Split(v, ",")
	if len(parts) != n {
		return nil, strconv.ErrSyntax
	}
	out := make([]float64, n)
	for i, p := range parts {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || f-f != 0 { // NaN and infinities are no numbers here
			return nil, strconv.ErrSyntax
		}
		out[i] = f
	}
	return out, nil
}
