//go:build js && wasm

package gpu

import (
	"errors"

	"github.com/hack-pad/safejs"
)

// ErrUnavailable is why no device can be had; the text says what is missing.
var ErrUnavailable = errors.New("gpu: WebGPU is not available")

// Usage bits of buffers and textures that this package gives out.
const (
	bufferMapRead = 0x1
	bufferCopySrc = 0x4
	bufferCopyDst = 0x8
	bufferUniform = 0x40
	bufferStorage = 0x80

	textureCopySrc          = 0x1
	textureCopyDst          = 0x2
	textureBinding          = 0x4
	textureStorageBinding   = 0x8
	textureRenderAttachment = 0x10
)

// Counts are the GPU objects alive, for tests that look for leaks.
type Counts struct {
	Buffers, Textures int
	// Bytes is what the buffers hold together.
	Bytes int
}

// Loss is why a device was lost.
type Loss struct {
	// Reason is "destroyed" or "unknown", Message the browser's own words.
	Reason, Message string
}

// Device is a GPU device with its queue. Its methods may be called from any goroutine of the program,
// which has one thread.
type Device struct {
	value, queue safejs.Value
	// Adapter describes the adapter, for people.
	Adapter string
	// CanvasFormat is the texture format that canvases present without conversion.
	CanvasFormat string
	// Timed says that the device measures what its passes take.
	Timed bool

	methods methods
	// networks and kernels are what all networks share.
	networks networkLayouts
	kernels  map[string]safejs.Value
	scratch  safejs.Value
	counts   Counts
	lost     chan Loss
	closers  []func()
}

// Open asks for an adapter and a device. onError hears of each uncaptured error.
func Open(onError func(message string)) (*Device, error) {
	navigator, err := safejs.Global().Get("navigator")
	if err != nil {
		return nil, err
	}
	gpu, err := navigator.Get("gpu")
	if err != nil || gpu.IsUndefined() || gpu.IsNull() {
		return nil, errors.Join(ErrUnavailable, errors.New("this browser or this address (plain HTTP) offers no navigator.gpu"))
	}
	promise, err := gpu.Call("requestAdapter", map[string]any{"powerPreference": "high-performance"})
	if err != nil {
		return nil, err
	}
	adapter, err := Await(promise)
	if err != nil {
		return nil, err
	}
	if adapter.IsNull() {
		return nil, errors.Join(ErrUnavailable, errors.New("the browser has no GPU adapter to give (blocked, crashed too often, or switched off)"))
	}
	timed := hasFeature(adapter, timestamps)
	features := []any{}
	if timed {
		features = append(features, timestamps)
	}
	promise, err = adapter.Call("requestDevice", map[string]any{"label": "sightline", "requiredFeatures": features})
	if err != nil {
		return nil, err
	}
	value, err := Await(promise)
	if err != nil {
		return nil, err
	}
	d := &Device{value: value, Adapter: adapterName(adapter), CanvasFormat: "rgba8unorm", Timed: timed, lost: make(chan Loss, 1)}
	if d.queue, err = value.Get("queue"); err != nil {
		return nil, err
	}
	if format, err := gpu.Call("getPreferredCanvasFormat"); err == nil {
		if s, err := format.String(); err == nil {
			d.CanvasFormat = s
		}
	}
	if d.methods, err = bindMethods(); err != nil {
		return nil, err
	}
	if err := d.listen(onError); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// listen watches for loss and for errors nobody caught.
func (d *Device) listen(onError func(string)) error {
	lost, err := d.value.Get("lost")
	if err != nil {
		return err
	}
	onLost, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		l := Loss{Reason: "unknown"}
		if len(args) > 0 {
			l = Loss{Reason: text(args[0], "reason"), Message: text(args[0], "message")}
		}
		select {
		case d.lost <- l:
		default:
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The promise may settle after Close, so this one callback is not released.
	if _, err := lost.Call("then", onLost); err != nil {
		return err
	}
	uncaptured, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if len(args) > 0 {
			if e, err := args[0].Get("error"); err == nil {
				onError(Describe(e))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := d.value.Call("addEventListener", "uncapturederror", uncaptured); err != nil {
		uncaptured.Release()
		return err
	}
	d.closers = append(d.closers, func() {
		d.value.Call("removeEventListener", "uncapturederror", uncaptured)
		uncaptured.Release()
	})
	return nil
}

// Lost yields the loss of the device, once.
func (d *Device) Lost() <-chan Loss { return d.lost }

// Counts returns the objects alive.
func (d *Device) Counts() Counts { return d.counts }

// Close destroys the device and all that was made from it.
func (d *Device) Close() {
	for _, c := range d.closers {
		c()
	}
	d.closers = nil
	d.value.Call("destroy")
}

// Done waits until the GPU has finished what was submitted before; also after a loss.
func (d *Device) Done(a *Awaiter) error {
	promise, err := d.methods.onSubmittedWorkDone.Invoke(d.queue)
	if err != nil {
		return err
	}
	_, err = a.Await(promise)
	return err
}

// bytes puts Go bytes into an Uint8Array that lives until the next call.
func (d *Device) bytes(data []byte) (safejs.Value, error) {
	n := 0
	if d.scratch.Type() == safejs.TypeObject {
		n, _ = d.scratch.Length()
	}
	if n < len(data) {
		array, err := safejs.Global().Get("Uint8Array")
		if err != nil {
			return safejs.Undefined(), err
		}
		if d.scratch, err = array.New(max(len(data), 4096)); err != nil {
			return safejs.Undefined(), err
		}
	}
	_, err := safejs.CopyBytesToJS(d.scratch, data)
	return d.scratch, err
}

// timestamps is the feature that measures passes.
const timestamps = "timestamp-query"

// hasFeature asks whether an adapter has an optional feature.
func hasFeature(adapter safejs.Value, name string) bool {
	features, err := adapter.Get("features")
	if err != nil || features.Type() != safejs.TypeObject {
		return false
	}
	v, err := features.Call("has", name)
	if err != nil {
		return false
	}
	has, err := v.Truthy()
	return err == nil && has
}

// adapterName is "vendor architecture description", as far as the browser tells.
func adapterName(adapter safejs.Value) string {
	info, err := adapter.Get("info")
	if err != nil || info.Type() != safejs.TypeObject {
		return "unknown adapter"
	}
	name := ""
	for _, key := range []string{"vendor", "architecture", "description"} {
		if s := text(info, key); s != "" {
			if name != "" {
				name += " "
			}
			name += s
		}
	}
	if name == "" {
		return "unknown adapter"
	}
	return name
}

// text reads a property that should be a string; anything else is empty.
func text(v safejs.Value, key string) string {
	p, err := v.Get(key)
	if err != nil || p.Type() != safejs.TypeString {
		return ""
	}
	s, _ := p.String()
	return s
}
