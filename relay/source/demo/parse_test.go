package demo

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

var parseCases = []struct {
	value string
	want  *Source
	err   string // part of the error
}{
	{"demo", &Source{}, ""},
	{"demo:?", &Source{}, ""},
	{"demo:?noise=1&fps=15&size=768x432", &Source{Noise: true, FPS: 15, Width: 768, Height: 432}, ""},
	{"demo:?bitrate=500000&gop=4s&seed=7&day=90s&hour=22.5&empty=1&lamps=0",
		&Source{Bitrate: 500000, GOP: 4 * time.Second, Seed: 7, Day: 90 * time.Second, Script: Script{Hour: 22.5, Empty: true, NoLamps: true}}, ""},
	{"demo:?figure=65s&figure=80s&lamp=1s:2:on&lamp=3s:2:off&exposure=30s:+0.7",
		&Source{Script: Script{Figures: []Figure{{65 * time.Second}, {80 * time.Second}},
			Lamps:    []LampSwitch{{time.Second, 2, true}, {3 * time.Second, 2, false}},
			Exposure: []ExposureStep{{30 * time.Second, 0.7}}}}, ""},
	{"demo:?glare=5s-9s:0.7,0.3&flicker=1s:8,0.4&cover=2s-3s&defocus=1s-2s:0.01&shift=5s:-0.05,0.02",
		&Source{Script: Script{Glare: []Glare{{Span{5 * time.Second, 9 * time.Second}, 0.7, 0.3}},
			Flicker: []Flicker{{Span{From: time.Second}, 8, 0.4}}, Cover: []Span{{2 * time.Second, 3 * time.Second}},
			Defocus: []Defocus{{Span{time.Second, 2 * time.Second}, 0.01}}, Shifts: []Shift{{5 * time.Second, -0.05, 0.02}}}}, ""},
	{"demos", nil, `"demos": must be demo`},
	{"demo:fps=1", nil, "must be demo"},
	{"demo:?fps=0", nil, "fps=0: must be a whole number above 0"},
	{"demo:?fps=7", nil, "fps 7: must be a divisor of 90000"},
	{"demo:?fps=90", nil, "fps 90: must be"},
	{"demo:?fps=25&fps=30", nil, "fps: may be given once only"},
	{"demo:?size=1280", nil, "size=1280: must be WIDTHxHEIGHT"},
	{"demo:?size=1281x720", nil, "size 1281x720: must be even"},
	{"demo:?size=99999x720", nil, "size 99999x720: must be"},
	{"demo:?noise=maybe", nil, "noise=maybe: must be 1 or 0"},
	{"demo:?day=1s", nil, "day 1s: must be at least 10s"},
	{"demo:?gop=2h", nil, "gop 2h0m0s: must be"},
	{"demo:?bitrate=5", nil, "bitrate 5: must be"},
	{"demo:?hour=25", nil, "hour=25: must be a number above 0 up to 24"},
	{"demo:?lamp=1s:9:on", nil, "lamp 9: must be from 0 to 5"},
	{"demo:?lamp=1s:2", nil, "lamp=1s:2: must be TIME:LAMP:on"},
	{"demo:?glare=9s-5s:0,0", nil, "must start with FROM or FROM-TO"},
	{"demo:?glare=5s:2,0", nil, "glare 2,0: must be fractions"},
	{"demo:?glare=5s:NaN,0", nil, "must be FROM-TO:X,Y"},
	{"demo:?exposure=5s:9", nil, "exposure 9: must be from -4 to 4"},
	{"demo:?flicker=5s:0,1", nil, "flicker 0,1: must be"},
	{"demo:?defocus=5s:1", nil, "defocus 1: must be"},
	{"demo:?shift=5s:1,0", nil, "shift 1,0: must be"},
	{"demo:?colour=red", nil, "colour=red: no such option"},
	{"demo:?%zz", nil, "must be key=value"},
}

func TestParse(t *testing.T) {
	for _, c := range parseCases {
		got, err := Parse(c.value)
		switch {
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.value, err)
		case c.err == "" && !reflect.DeepEqual(got, c.want):
			t.Errorf("%s: got %+v", c.value, got)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %q", c.value, err, c.err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range parseCases {
		f.Add(c.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s, err := Parse(value)
		if err == nil && s.Validate() != nil {
			t.Errorf("%q is accepted though not valid", value)
		}
	})
}
