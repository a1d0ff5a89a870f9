package card

import (
	"reflect"
	"strings"
	"testing"
)

func good() Card {
	c := Card{Name: "faces", Head: SSD, Classes: []string{"face"}, Background: true, Variance: [2]float32{0.1, 0.2},
		Priors:     []Level{{8, []float32{10, 16, 24}}, {16, []float32{32, 48}}},
		Input:      Input{Width: 320, Height: 240, Fit: FitStretch, Mean: [3]float32{127, 127, 127}, Scale: [3]float32{0.0078125, 0.0078125, 0.0078125}},
		Thresholds: Thresholds{Score: 0.7, IoU: 0.3}}
	c.Complete()
	return c
}

func TestRoundTrip(t *testing.T) {
	c := good()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Input.Layout != NCHW || c.Input.Order != RGB || c.Thresholds.Low != 0.175 || c.Thresholds.Limit != DefaultLimit {
		t.Errorf("completed as %+v", c)
	}
	text := c.Append(nil)
	got, err := Decode(text)
	if err != nil || !reflect.DeepEqual(*got, c) {
		t.Errorf("%s read as %+v, %v", text, got, err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for want, spoil := range map[string]func(*Card){
		`name: "../x"`:              func(c *Card) { c.Name = "../x" },
		"input.width: 0":            func(c *Card) { c.Input.Width = 0 },
		"input.height: 5000":        func(c *Card) { c.Input.Height = 5000 },
		"input.fit: crop":           func(c *Card) { c.Input.Fit = "crop" },
		"input.layout: nhwc":        func(c *Card) { c.Input.Layout = "nhwc" },
		"input.order: grb":          func(c *Card) { c.Input.Order = "grb" },
		"input.scale: 0":            func(c *Card) { c.Input.Scale[1] = 0 },
		"input.mean: 2000":          func(c *Card) { c.Input.Mean[2] = 2000 },
		"input.pad: 256":            func(c *Card) { c.Input.Pad = 256 },
		"classes: 0 labels":         func(c *Card) { c.Classes = nil },
		`classes: ""`:               func(c *Card) { c.Classes = []string{""} },
		"thresholds.score: 1.5":     func(c *Card) { c.Thresholds.Score = 1.5 },
		"thresholds.low: 0.9":       func(c *Card) { c.Thresholds.Low = 0.9 },
		"thresholds.iou: 0":         func(c *Card) { c.Thresholds.IoU = 0 },
		"thresholds.limit: 5000":    func(c *Card) { c.Thresholds.Limit = 5000 },
		`head: "moon"`:              func(c *Card) { c.Head = "moon" },
		"only an ssd head":          func(c *Card) { c.Head = YOLO },
		"priors: 0 levels":          func(c *Card) { c.Priors = nil },
		"priors.stride: 0":          func(c *Card) { c.Priors[0].Stride = 0 },
		"priors.sizes: 0 sizes":     func(c *Card) { c.Priors[0].Sizes = nil },
		"priors.sizes: -1":          func(c *Card) { c.Priors[1].Sizes[0] = -1 },
		"variance: 0: must be two ": func(c *Card) { c.Variance[1] = 0 },
	} {
		c := good()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

var seeds = []string{
	`{"name":"m","input":{"width":320,"height":320,"scale":[1,1,1],"mean":[0,0,0]},"head":"yolo","classes":["a"],"thresholds":{"score":0.3,"iou":0.5}}`,
	`{"name":"m","moon":1}`, `{"input":{"moon":1}}`, `{"thresholds":{"moon":1}}`, `{"priors":[{"moon":1}]}`, `{"variance":[1]}`, `{"input":{"mean":[1,2,3,4]}}`, `[]`,
}

func TestDecode(t *testing.T) {
	if c, err := Decode([]byte(seeds[0])); err != nil || c.Input.Fit != FitLetterbox {
		t.Errorf("%+v, %v", c, err)
	}
	for _, text := range seeds[1:] {
		if c, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s taken as %+v", text, c)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	whole := good()
	f.Add(whole.Append(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Decode(text)
		if err != nil {
			return
		}
		again, err := Decode(c.Append(nil))
		if err != nil || string(again.Append(nil)) != string(c.Append(nil)) {
			t.Errorf("%s: %v", c.Append(nil), err)
		}
	})
}
