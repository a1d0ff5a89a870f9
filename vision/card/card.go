// Package card holds the model card: what has to be known of a detector's
// ONNX file to feed it and to read its answer. The relay and the browser run a
// model by the same card. The package knows no runtime and no file.
package card

import (
	"errors"
	"strconv"
)

// Card describes one detector.
type Card struct {
	// Name is the model's name, 1 to 64 letters, digits, dots, dashes and
	// underscores.
	Name string `yaml:"name"`
	// Input is what the model is fed with.
	Input Input `yaml:"input"`
	// Head says how the outputs become boxes: fastestdet, ssd or yolo.
	Head Head `yaml:"head"`
	// Priors are the anchors of an ssd head, one level for each feature map.
	Priors []Level `yaml:"priors,omitempty"`
	// Background says that class 0 of an ssd head is the background.
	Background bool `yaml:"background,omitempty"`
	// Variance are the ssd head's two factors of centres and of sizes.
	Variance [2]float32 `yaml:"variance,omitempty"`
	// Classes are the labels in the order of the outputs, without background.
	Classes []string `yaml:"classes"`
	// Thresholds say which boxes count.
	Thresholds Thresholds `yaml:"thresholds"`
}

// Input is a model's input tensor: one picture as three planes (NCHW).
type Input struct {
	// Width and Height are its size in pixels.
	Width  int `yaml:"width"`
	Height int `yaml:"height"`
	// Fit is letterbox (keep the aspect ratio, bars at the borders) or stretch.
	Fit Fit `yaml:"fit"`
	// Layout is the tensor's layout; nchw is the only one.
	Layout Layout `yaml:"layout"`
	// Order is the order of the planes: rgb or bgr.
	Order Order `yaml:"order"`
	// Mean is subtracted from values 0..255, and the rest multiplied by Scale,
	// for each plane in the tensor's order.
	Mean  [3]float32 `yaml:"mean"`
	Scale [3]float32 `yaml:"scale"`
	// Pad is the grey of the bars, 0..255 before Mean and Scale.
	Pad float32 `yaml:"pad,omitempty"`
}

// Level is one feature map of an ssd head.
type Level struct {
	// Stride is the distance of its cells in input pixels; the map has
	// ceil(width/stride) columns.
	Stride int `yaml:"stride"`
	// Sizes are the sides of each cell's square priors in input pixels.
	Sizes []float32 `yaml:"sizes"`
}

// Thresholds say which of a detector's boxes count.
type Thresholds struct {
	// Score is the least score of a box that is shown, 0..1.
	Score float32 `yaml:"score"`
	// Low is the least score of a box with which the tracker may carry on a
	// known object; Score/4 where it is 0.
	Low float32 `yaml:"low,omitempty"`
	// IoU is how much two boxes of one class may overlap, 0..1.
	IoU float32 `yaml:"iou"`
	// Limit is how many boxes one picture may have.
	Limit int `yaml:"limit,omitempty"`
}

// Fit says how a picture fills the input.
type Fit string

// The fits.
const (
	FitLetterbox Fit = "letterbox"
	FitStretch   Fit = "stretch"
)

// Layout is the order of a tensor's dimensions.
type Layout string

// NCHW is batch, channel, row, column.
const NCHW Layout = "nchw"

// Order is the order of the colours.
type Order string

// The orders.
const (
	RGB Order = "rgb"
	BGR Order = "bgr"
)

// Head names the form of a detector's outputs.
type Head string

// The heads; vision/detect explains them.
const (
	FastestDet Head = "fastestdet"
	SSD        Head = "ssd"
	YOLO       Head = "yolo"
)

// DefaultLimit is how many boxes one picture may have unless the card says.
const DefaultLimit = 300

// Bounds of a card.
const (
	maxSide    = 4096
	maxClasses = 1000
	maxLevels  = 8
	maxSizes   = 16
)

// Complete fills in what a card may leave out.
func (c *Card) Complete() {
	if c.Input.Fit == "" {
		c.Input.Fit = FitLetterbox
	}
	if c.Input.Layout == "" {
		c.Input.Layout = NCHW
	}
	if c.Input.Order == "" {
		c.Input.Order = RGB
	}
	if c.Thresholds.Low == 0 {
		c.Thresholds.Low = c.Thresholds.Score / 4
	}
	if c.Thresholds.Limit == 0 {
		c.Thresholds.Limit = DefaultLimit
	}
}

// Validate checks a completed card. The error names the field, the value and
// the rule.
func (c *Card) Validate() error {
	if !ValidName(c.Name) {
		return fault("name", strconv.Quote(c.Name), "use 1 to 64 of A-Z a-z 0-9 . _ -, and no dot first")
	}
	in := &c.Input
	for _, side := range []struct {
		name  string
		value int
	}{{"input.width", in.Width}, {"input.height", in.Height}} {
		if side.value < 1 || side.value > maxSide {
			return fault(side.name, strconv.Itoa(side.value), "must be 1 to "+strconv.Itoa(maxSide))
		}
	}
	if in.Fit != FitLetterbox && in.Fit != FitStretch {
		return fault("input.fit", string(in.Fit), "must be letterbox or stretch")
	}
	if in.Layout != NCHW {
		return fault("input.layout", string(in.Layout), "must be nchw")
	}
	if in.Order != RGB && in.Order != BGR {
		return fault("input.order", string(in.Order), "must be rgb or bgr")
	}
	for i := range 3 {
		if !(in.Scale[i] > 0 && in.Scale[i] <= 1000) {
			return fault("input.scale", number(in.Scale[i]), "must be above 0, up to 1000, for each of three planes")
		}
		if !(in.Mean[i] >= -1000 && in.Mean[i] <= 1000) {
			return fault("input.mean", number(in.Mean[i]), "must be -1000 to 1000")
		}
	}
	if !(in.Pad >= 0 && in.Pad <= 255) {
		return fault("input.pad", number(in.Pad), "must be 0 to 255")
	}
	if n := len(c.Classes); n < 1 || n > maxClasses {
		return fault("classes", strconv.Itoa(n)+" labels", "must be 1 to "+strconv.Itoa(maxClasses))
	}
	for _, label := range c.Classes {
		if label == "" || len(label) > 64 {
			return fault("classes", strconv.Quote(label), "a label has 1 to 64 bytes")
		}
	}
	if err := c.Thresholds.validate(); err != nil {
		return err
	}
	return c.validateHead()
}

func (t Thresholds) validate() error {
	if !(t.Score > 0 && t.Score <= 1) {
		return fault("thresholds.score", number(t.Score), "must be above 0, up to 1")
	}
	if !(t.Low > 0 && t.Low <= t.Score) {
		return fault("thresholds.low", number(t.Low), "must be above 0, up to thresholds.score")
	}
	if !(t.IoU > 0 && t.IoU <= 1) {
		return fault("thresholds.iou", number(t.IoU), "must be above 0, up to 1")
	}
	if t.Limit < 1 || t.Limit > 4096 {
		return fault("thresholds.limit", strconv.Itoa(t.Limit), "must be 1 to 4096")
	}
	return nil
}

func (c *Card) validateHead() error {
	switch c.Head {
	case FastestDet, YOLO:
		if len(c.Priors) > 0 {
			return fault("priors", strconv.Itoa(len(c.Priors))+" levels", "only an ssd head has priors")
		}
		return nil
	case SSD:
	default:
		return fault("head", strconv.Quote(string(c.Head)), "must be fastestdet, ssd or yolo")
	}
	if n := len(c.Priors); n < 1 || n > maxLevels {
		return fault("priors", strconv.Itoa(n)+" levels", "an ssd head has 1 to "+strconv.Itoa(maxLevels))
	}
	for _, l := range c.Priors {
		if l.Stride < 1 || l.Stride > maxSide {
			return fault("priors.stride", strconv.Itoa(l.Stride), "must be 1 to "+strconv.Itoa(maxSide))
		}
		if n := len(l.Sizes); n < 1 || n > maxSizes {
			return fault("priors.sizes", strconv.Itoa(n)+" sizes", "must be 1 to "+strconv.Itoa(maxSizes))
		}
		for _, s := range l.Sizes {
			if !(s > 0 && s <= maxSide) {
				return fault("priors.sizes", number(s), "must be above 0, up to "+strconv.Itoa(maxSide))
			}
		}
	}
	for _, v := range c.Variance {
		if !(v > 0 && v <= 10) {
			return fault("variance", number(v), "must be two numbers above 0, up to 10")
		}
	}
	return nil
}

// ValidName says whether a name may name a model; such a name is safe as the
// name of a file.
func ValidName(name string) bool {
	if len(name) < 1 || len(name) > 64 || name[0] == '.' {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

func fault(field, value, rule string) error {
	return errors.New("card: " + field + ": " + value + ": " + rule)
}

func number(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
