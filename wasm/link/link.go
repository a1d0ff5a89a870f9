//go:build js && wasm

package link

import (
	"errors"
	"strconv"

	"github.com/hack-pad/safejs"
)

// Message is one message from the page; Type says which of the fields are set.
type Message struct {
	// Type is "player", "frames", "track", "resize", "options", "remove", "read", "convert", "counts",
	// "overlay", "annotations", "detect", "model" or "restart"; from the worker's own half "annotation" or
	// "annotation-problem".
	Type string
	// Player names the player that the message concerns; 0 for none.
	Player int
	// Request is repeated in the answer.
	Request int

	// Canvas (player), Frames (frames), Track (track) and Frame (convert) are browser objects.
	Canvas, Frames, Track, Frame safejs.Value
	// Width, Height in device pixels, 0 for the picture's own size, and Scale (player, resize).
	Width, Height int
	Scale         float64
	// Overlay is "key" or "none", Path "auto", "planes" or "external" (player, options, convert).
	Overlay, Path string
	// Visible is false while nobody sees the player (player, options).
	Visible bool
	// Count is how many frames to read back (read), Source "canvas" or "picture".
	Count  int
	Source string
	// TensorWidth and TensorHeight are the tensor's size (convert); 0 for no tensor.
	TensorWidth, TensorHeight int
	// Base and Stream name a relay's stream, empty for none, and Hold says whether pictures wait for
	// their boxes, Own whether this browser's own boxes are drawn without a stream too (annotations).
	// Text is one annotation as the relay of Base sent it (annotation), or
	// what is wrong (annotation-problem).
	Base, Stream, Text string
	Hold, Own          bool
	// Boxes are drawn on each picture until replaced (overlay).
	Boxes []Box
	// Motion and Light say which detectors run (detect), Rate the most pictures a second that each
	// analyses, 0 for the default.
	Motion, Light bool
	Rate          float64
	// Model names the neural detector (detect, model), empty for none; Threshold is the least score of a
	// box that is shown, 0 for the model's own, and Classes the labels that count, none for all (detect).
	Model     string
	Threshold float64
	Classes   []string
	// Card is a model's card as JSON, and File its ONNX file. Plan is "gpu" for a plan that suits most
	// GPUs, or "tuned" for one that is measured on this adapter; Choices are what an earlier "tuned" plan of
	// the same adapter, model and version was told, empty to measure (model).
	Card          string
	File          []byte
	Plan, Choices string
}

// Box is one box of an overlay message.
type Box struct {
	Rect      [4]float32
	Label     string
	Color     uint32
	Predicted bool
}

// maxBoxes bounds an overlay message.
const maxBoxes = 1000

// Port receives from and sends to the page.
type Port struct {
	scope     safejs.Value
	onMessage safejs.Func
}

// Open starts to receive. handle is called for each message in turn and must not wait; onBad hears of
// messages that are refused.
func Open(handle func(Message), onBad func(error)) (*Port, error) {
	p := &Port{scope: safejs.Global()}
	var err error
	p.onMessage, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if len(args) == 0 {
			return nil
		}
		data, err := args[0].Get("data")
		if err != nil {
			onBad(err)
			return nil
		}
		m, err := decode(data)
		if err != nil {
			onBad(err)
			return nil
		}
		handle(m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, p.scope.Set("onmessage", p.onMessage)
}

// Send posts a message. Objects in transfer move to the page.
func (p *Port) Send(message map[string]any, transfer ...any) error {
	if transfer == nil {
		transfer = []any{}
	}
	_, err := p.scope.Call("postMessage", message, transfer)
	return err
}

// Report hands an annotation of this browser's own detectors, as JSON, to the relay of the player's
// stream. It reports false while there is no connection.
func (p *Port) Report(player int, text string) bool {
	sent, err := p.scope.Call("sightlineReport", player, text)
	if err != nil {
		return false
	}
	ok, err := sent.Truthy()
	return err == nil && ok
}

// decode reads and checks a message.
func decode(v safejs.Value) (Message, error) {
	f := fields{value: v}
	m := Message{Type: f.text("type"), Player: f.integer("player"), Request: f.integer("request")}
	switch m.Type {
	case "player":
		m.Canvas = f.object("canvas")
		f.size(&m)
		f.options(&m)
	case "frames":
		m.Frames = f.object("frames")
	case "track":
		m.Track = f.object("track")
	case "resize":
		f.size(&m)
	case "options":
		f.options(&m)
	case "read":
		m.Count, m.Source = f.integer("count"), f.choice("source", "canvas", "picture")
	case "convert":
		m.Frame, m.Path = f.object("frame"), f.choice("path", "auto", "planes", "external")
		m.TensorWidth, m.TensorHeight = f.integer("tensorWidth"), f.integer("tensorHeight")
	case "overlay":
		f.boxes(&m)
	case "annotations":
		m.Base, m.Stream, m.Hold, m.Own = f.text("base"), f.text("stream"), f.flag("hold"), f.flag("own")
	case "annotation":
		m.Base, m.Text = f.text("base"), f.text("text")
	case "annotation-problem":
		m.Text = f.text("text")
	case "detect":
		m.Motion, m.Light, m.Rate = f.flag("motion"), f.flag("light"), f.number("rate")
		if !(m.Rate >= 0 && m.Rate <= 60) {
			f.fail("rate", "must be 0 to 60")
		}
		if f.has("model") {
			m.Model, m.Threshold, m.Classes = f.text("model"), f.number("threshold"), f.texts("classes")
			if !(m.Threshold >= 0 && m.Threshold <= 1) {
				f.fail("threshold", "must be 0 to 1")
			}
		}
	case "model":
		m.Model, m.Card, m.File = f.text("model"), f.text("card"), f.bytes("file")
		m.Plan, m.Choices = f.choice("plan", "gpu", "tuned"), f.text("choices")
	case "remove", "counts", "restart":
	default:
		return m, errors.New("link: unknown message type " + m.Type)
	}
	if f.err != nil {
		return m, errors.New("link: message " + m.Type + ": " + f.err.Error())
	}
	return m, nil
}

// fields reads a message's fields; the first fault sticks.
type fields struct {
	value safejs.Value
	err   error
}

func (f *fields) fail(key, rule string) {
	if f.err == nil {
		f.err = errors.New(key + " " + rule)
	}
}

func (f *fields) get(key string) safejs.Value {
	v, err := f.value.Get(key)
	if err != nil {
		f.fail(key, "cannot be read")
		return safejs.Undefined()
	}
	return v
}

func (f *fields) object(key string) safejs.Value {
	v := f.get(key)
	if v.Type() != safejs.TypeObject {
		f.fail(key, "must be an object")
	}
	return v
}

// has reports whether a field is there.
func (f *fields) has(key string) bool { return !f.get(key).IsUndefined() }

// texts reads a list of strings.
func (f *fields) texts(key string) []string {
	list := f.object(key)
	if f.err != nil {
		return nil
	}
	n, err := list.Length()
	if err != nil || n > maxTexts {
		f.fail(key, "must be a list of at most "+strconv.Itoa(maxTexts)+" strings")
		return nil
	}
	var out []string
	for i := range n {
		v, err := list.Index(i)
		if err != nil || v.Type() != safejs.TypeString {
			f.fail(key, "must hold strings")
			return nil
		}
		s, _ := v.String()
		out = append(out, s)
	}
	return out
}

// maxTexts bounds a list of labels, maxFile a model's file.
const (
	maxTexts = 1000
	maxFile  = 256 << 20
)

// bytes copies an ArrayBuffer.
func (f *fields) bytes(key string) []byte {
	buffer := f.object(key)
	if f.err != nil {
		return nil
	}
	array, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		f.fail(key, "cannot be read")
		return nil
	}
	view, err := array.New(buffer)
	if err != nil {
		f.fail(key, "must be an ArrayBuffer")
		return nil
	}
	n, err := view.Length()
	if err != nil || n > maxFile {
		f.fail(key, "must be of at most "+strconv.Itoa(maxFile)+" bytes")
		return nil
	}
	out := make([]byte, n)
	if _, err := safejs.CopyBytesToGo(out, view); err != nil {
		f.fail(key, "cannot be read")
	}
	return out
}

func (f *fields) text(key string) string {
	v := f.get(key)
	if v.Type() != safejs.TypeString {
		f.fail(key, "must be a string")
		return ""
	}
	s, _ := v.String()
	return s
}

func (f *fields) choice(key string, allowed ...string) string {
	s := f.text(key)
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	f.fail(key, "has no allowed value")
	return s
}

// integer reads a number of 0 to 2^31-1; a missing one is 0.
func (f *fields) integer(key string) int {
	n := f.number(key)
	if n < 0 || n > 1<<31-1 || n != float64(int(n)) {
		f.fail(key, "must be an integer of 0 to 2147483647")
		return 0
	}
	return int(n)
}

func (f *fields) number(key string) float64 {
	v := f.get(key)
	if v.IsUndefined() {
		return 0
	}
	if v.Type() != safejs.TypeNumber {
		f.fail(key, "must be a number")
		return 0
	}
	n, _ := v.Float()
	return n
}

func (f *fields) flag(key string) bool {
	v := f.get(key)
	if v.Type() != safejs.TypeBoolean {
		f.fail(key, "must be true or false")
		return false
	}
	b, _ := v.Bool()
	return b
}

// maxSide bounds a canvas: WebGPU's default maxTextureDimension2D.
const maxSide = 8192

func (f *fields) size(m *Message) {
	m.Width, m.Height, m.Scale = f.integer("width"), f.integer("height"), f.number("scale")
	if m.Width > maxSide || m.Height > maxSide {
		f.fail("width and height", "must be at most 8192")
	}
	if !(m.Scale > 0 && m.Scale <= 16) {
		f.fail("scale", "must be more than 0 and at most 16")
	}
}

func (f *fields) options(m *Message) {
	m.Overlay = f.choice("overlay", "key", "none")
	m.Path = f.choice("path", "auto", "planes", "external")
	m.Visible = f.flag("visible")
}

func (f *fields) boxes(m *Message) {
	list := f.object("boxes")
	n, err := list.Length()
	if err != nil || n > maxBoxes {
		f.fail("boxes", "must be an array of at most 1000")
		return
	}
	for i := range n {
		item, err := list.Index(i)
		if err != nil || item.Type() != safejs.TypeObject {
			f.fail("boxes", "must hold objects")
			return
		}
		g := fields{value: item}
		b := Box{
			Rect:  [4]float32{float32(g.number("x")), float32(g.number("y")), float32(g.number("width")), float32(g.number("height"))},
			Label: g.text("label"), Predicted: g.flag("predicted"),
		}
		if color := g.number("color"); color >= 0 && color <= 1<<32-1 {
			b.Color = uint32(color)
		}
		if g.err != nil {
			f.fail("boxes", g.err.Error())
			return
		}
		m.Boxes = append(m.Boxes, b)
	}
}
