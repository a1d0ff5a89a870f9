//go:build js && wasm

package frame

import (
	"github.com/hack-pad/safejs"

	"sightline/wasm/gpu"
)

// Frame is one VideoFrame. Its owner closes it: decoders have few and stall without them.
type Frame struct {
	value safejs.Value
	// Info is what the frame says of itself.
	Info Info
}

// Wrap takes ownership of a VideoFrame.
func Wrap(value safejs.Value) (*Frame, error) {
	f := &Frame{value: value}
	r := reader{value: value}
	f.Info = Info{
		Format:    r.text("format"),
		Rotation:  int(r.number("rotation")),
		Flip:      r.flag("flip"),
		Timestamp: int64(r.number("timestamp")),
		Key:       NoKey,
	}
	rect := r.object("visibleRect")
	f.Info.VisibleX, f.Info.VisibleY = int(rect.number("x")), int(rect.number("y"))
	f.Info.VisibleWidth, f.Info.VisibleHeight = int(rect.number("width")), int(rect.number("height"))
	space := r.object("colorSpace")
	f.Info.Matrix, f.Info.FullRange = space.text("matrix"), space.flag("fullRange")
	f.key()
	return f, nil
}

// key reads the RTP timestamp, which not every browser gives.
func (f *Frame) key() {
	metadata, err := f.value.Get("metadata")
	if err != nil || metadata.Type() != safejs.TypeFunction {
		return
	}
	m, err := f.value.Call("metadata")
	if err != nil || m.Type() != safejs.TypeObject {
		return
	}
	v, err := m.Get("rtpTimestamp")
	if err != nil || v.Type() != safejs.TypeNumber {
		return
	}
	if rtp, err := v.Float(); err == nil {
		f.Info.RTP, f.Info.Key = uint32(int64(rtp)), FromMetadata
	}
}

// External makes the frame readable by shaders until the current task ends.
func (f *Frame) External(d *gpu.Device) (gpu.Resource, error) { return d.ImportFrame(f.value) }

// Close gives the frame back to the decoder.
func (f *Frame) Close() { f.value.Call("close") }

// Staging is memory for planes on their way to the GPU, reused from frame to frame: a fresh buffer
// costs four times the copy.
type Staging struct {
	buffer safejs.Value
	size   int
}

// CopyTo copies the visible planes into a GPU buffer, as Info.Planes says. size is what Planes gave.
func (s *Staging) CopyTo(f *Frame, size int, target *gpu.Buffer, a *gpu.Awaiter) error {
	rounded := (size + 3) &^ 3
	if s.size < rounded {
		class, err := safejs.Global().Get("ArrayBuffer")
		if err != nil {
			return err
		}
		if s.buffer, err = class.New(rounded); err != nil {
			return err
		}
		s.size = rounded
	}
	var promise safejs.Value
	var err error
	x, y := f.Info.VisibleX&1, f.Info.VisibleY&1
	if x|y == 0 {
		promise, err = f.value.Call("copyTo", s.buffer)
	} else {
		promise, err = f.value.Call("copyTo", s.buffer, map[string]any{"rect": map[string]any{
			"x": f.Info.VisibleX - x, "y": f.Info.VisibleY - y,
			"width": f.Info.VisibleWidth + x, "height": f.Info.VisibleHeight + y,
		}})
	}
	if err != nil {
		return err
	}
	if _, err := a.Await(promise); err != nil {
		return err
	}
	return target.WriteJS(s.buffer, rounded)
}

// reader reads properties; what is missing or of another type reads as zero.
type reader struct{ value safejs.Value }

func (r reader) object(key string) reader {
	v, err := r.value.Get(key)
	if err != nil {
		return reader{safejs.Undefined()}
	}
	return reader{v}
}

func (r reader) text(key string) string {
	v := r.object(key).value
	if v.Type() != safejs.TypeString {
		return ""
	}
	s, _ := v.String()
	return s
}

func (r reader) number(key string) float64 {
	v := r.object(key).value
	if v.Type() != safejs.TypeNumber {
		return 0
	}
	n, _ := v.Float()
	return n
}

func (r reader) flag(key string) bool {
	v := r.object(key).value
	if v.Type() != safejs.TypeBoolean {
		return false
	}
	b, _ := v.Bool()
	return b
}
