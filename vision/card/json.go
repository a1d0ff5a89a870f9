package card

import (
	"errors"

	"sightline/vision/jsontext"
)

// maxCard bounds a card's text.
const maxCard = 256 << 10

// Append appends the card as one JSON object to b.
func (c *Card) Append(b []byte) []byte {
	w := jsontext.NewWriter(b)
	text := func(key, value string) {
		w.Key(key)
		w.String(value)
	}
	floats := func(key string, values []float32) {
		w.Key(key)
		w.Array(func() {
			for _, v := range values {
				w.Number(float64(v), 32)
			}
		})
	}
	one := func(key string, value float32) {
		w.Key(key)
		w.Number(float64(value), 32)
	}
	whole := func(key string, value int) {
		w.Key(key)
		w.Int(value)
	}
	w.Object(func() {
		text("name", c.Name)
		w.Key("input")
		w.Object(func() {
			whole("width", c.Input.Width)
			whole("height", c.Input.Height)
			text("fit", string(c.Input.Fit))
			text("layout", string(c.Input.Layout))
			text("order", string(c.Input.Order))
			floats("mean", c.Input.Mean[:])
			floats("scale", c.Input.Scale[:])
			one("pad", c.Input.Pad)
		})
		text("head", string(c.Head))
		if c.Head == SSD {
			w.Key("priors")
			w.Array(func() {
				for _, l := range c.Priors {
					w.Object(func() {
						whole("stride", l.Stride)
						floats("sizes", l.Sizes)
					})
				}
			})
			w.Key("background")
			w.Bool(c.Background)
			floats("variance", c.Variance[:])
		}
		w.Key("classes")
		w.Array(func() {
			for _, label := range c.Classes {
				w.String(label)
			}
		})
		w.Key("thresholds")
		w.Object(func() {
			one("score", c.Thresholds.Score)
			one("low", c.Thresholds.Low)
			one("iou", c.Thresholds.IoU)
			whole("limit", c.Thresholds.Limit)
		})
	})
	return w.Bytes()
}

// Decode reads a card from JSON, completes and validates it. A key that does
// not exist is refused: it is a mistake in a file that a person has written.
func Decode(text []byte) (*Card, error) {
	if len(text) > maxCard {
		return nil, errors.New("card: more than 256 KB")
	}
	c := &Card{}
	r := jsontext.NewReader(text)
	r.Object(func(key string) {
		switch key {
		case "name":
			c.Name = r.String()
		case "input":
			r.Object(func(key string) { c.Input.read(r, key) })
		case "head":
			c.Head = Head(r.String())
		case "priors":
			r.Array(func() { c.Priors = append(c.Priors, readLevel(r)) })
		case "background":
			c.Background = r.Bool()
		case "variance":
			readFloats(r, key, c.Variance[:])
		case "classes":
			r.Array(func() { c.Classes = append(c.Classes, r.String()) })
		case "thresholds":
			r.Object(func(key string) { c.Thresholds.read(r, key) })
		default:
			r.Fail(key, "there is no such key")
		}
	})
	if err := r.End(); err != nil {
		return nil, errors.New("card: " + err.Error())
	}
	c.Complete()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func (in *Input) read(r *jsontext.Reader, key string) {
	switch key {
	case "width":
		in.Width = r.Int()
	case "height":
		in.Height = r.Int()
	case "fit":
		in.Fit = Fit(r.String())
	case "layout":
		in.Layout = Layout(r.String())
	case "order":
		in.Order = Order(r.String())
	case "mean":
		readFloats(r, "input.mean", in.Mean[:])
	case "scale":
		readFloats(r, "input.scale", in.Scale[:])
	case "pad":
		in.Pad = float32(r.Number())
	default:
		r.Fail("input."+key, "there is no such key")
	}
}

func (t *Thresholds) read(r *jsontext.Reader, key string) {
	switch key {
	case "score":
		t.Score = float32(r.Number())
	case "low":
		t.Low = float32(r.Number())
	case "iou":
		t.IoU = float32(r.Number())
	case "limit":
		t.Limit = r.Int()
	default:
		r.Fail("thresholds."+key, "there is no such key")
	}
}

func readLevel(r *jsontext.Reader) (l Level) {
	r.Object(func(key string) {
		switch key {
		case "stride":
			l.Stride = r.Int()
		case "sizes":
			r.Array(func() { l.Sizes = append(l.Sizes, float32(r.Number())) })
		default:
			r.Fail("priors."+key, "there is no such key")
		}
	})
	return l
}

func readFloats(r *jsontext.Reader, key string, into []float32) {
	n := 0
	r.Array(func() {
		v := float32(r.Number())
		if n < len(into) {
			into[n] = v
		}
		n++
	})
	if n != len(into) {
		r.Fail(key, "has the wrong number of values")
	}
}
