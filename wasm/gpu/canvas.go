//go:build js && wasm

package gpu

import (
	"errors"

	"github.com/hack-pad/safejs"
)

// Canvas presents what is drawn onto its current texture.
type Canvas struct {
	device          *Device
	canvas, context safejs.Value
	// Width and Height in device pixels.
	Width, Height int
}

// Target is a texture to draw onto, until the current task ends.
type Target struct {
	value         safejs.Value
	Width, Height int
}

// NewCanvas prepares an OffscreenCanvas for a device. After a loss of the device the same canvas
// stays blank for good: the page has to make a fresh one.
func (d *Device) NewCanvas(canvas safejs.Value) (*Canvas, error) {
	c := &Canvas{device: d, canvas: canvas}
	var err error
	if c.context, err = canvas.Call("getContext", "webgpu"); err != nil {
		return nil, err
	}
	if c.context.IsNull() {
		return nil, errors.New("gpu: the canvas gives no WebGPU context")
	}
	_, err = c.context.Call("configure", map[string]any{
		"device": d.value, "format": d.CanvasFormat, "alphaMode": "opaque",
		// Tests read back what was drawn.
		"usage": textureRenderAttachment | textureCopySrc,
	})
	return c, err
}

// Target returns the texture of the next picture, in a size in device pixels.
func (c *Canvas) Target(width, height int) (Target, error) {
	if c.Width != width || c.Height != height {
		if err := c.canvas.Set("width", width); err != nil {
			return Target{}, err
		}
		if err := c.canvas.Set("height", height); err != nil {
			return Target{}, err
		}
		c.Width, c.Height = width, height
	}
	v, err := c.device.methods.getCurrentTexture.Invoke(c.context)
	return Target{v, width, height}, err
}

// Close takes the canvas from the device.
func (c *Canvas) Close() {
	if c != nil {
		c.context.Call("unconfigure")
	}
}
