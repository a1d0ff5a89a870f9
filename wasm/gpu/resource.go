//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// Resource is what a bind group may bind.
type Resource struct{ value any }

// Buffer is a piece of GPU memory.
type Buffer struct {
	device *Device
	value  safejs.Value
	// Size in bytes, a multiple of four.
	Size int
}

// NewUniform makes a uniform buffer.
func (d *Device) NewUniform(label string, size int) (*Buffer, error) {
	return d.newBuffer(label, size, bufferUniform|bufferCopyDst)
}

// NewStorage makes a storage buffer.
func (d *Device) NewStorage(label string, size int) (*Buffer, error) {
	return d.newBuffer(label, size, bufferStorage|bufferCopyDst|bufferCopySrc)
}

func (d *Device) newBuffer(label string, size, usage int) (*Buffer, error) {
	size = (size + 3) &^ 3
	v, err := d.value.Call("createBuffer", map[string]any{"label": label, "size": size, "usage": usage})
	if err != nil {
		return nil, err
	}
	d.counts.Buffers++
	d.counts.Bytes += size
	return &Buffer{device: d, value: v, Size: size}, nil
}

// Write copies Go bytes (a multiple of four) to the buffer's start.
func (b *Buffer) Write(data []byte) error { return b.writeAt(0, data) }

// writeAt copies Go bytes to an offset, a multiple of four as is their number.
func (b *Buffer) writeAt(offset int, data []byte) error {
	array, err := b.device.bytes(data)
	if err != nil {
		return err
	}
	_, err = b.device.methods.writeBuffer.Invoke(b.device.queue, b.value, offset, array, 0, len(data))
	return err
}

// WriteJS copies size bytes (a multiple of four) from an ArrayBuffer to the buffer's start.
func (b *Buffer) WriteJS(source safejs.Value, size int) error {
	_, err := b.device.methods.writeBuffer.Invoke(b.device.queue, b.value, 0, source, 0, size)
	return err
}

// Resource lets a bind group bind the whole buffer.
func (b *Buffer) Resource() Resource { return Resource{map[string]any{"buffer": b.value}} }

// Destroy frees the buffer; a nil buffer is allowed.
func (b *Buffer) Destroy() {
	if b == nil {
		return
	}
	b.device.counts.Buffers--
	b.device.counts.Bytes -= b.Size
	b.value.Call("destroy")
}

// Texture is a two-dimensional rgba8unorm texture.
type Texture struct {
	device      *Device
	value, view safejs.Value
	// Width and Height in texels.
	Width, Height int
}

// NewPicture makes a texture that a compute kernel writes and a draw samples.
func (d *Device) NewPicture(label string, width, height int) (*Texture, error) {
	return d.newTexture(label, width, height, textureStorageBinding|textureBinding|textureCopySrc)
}

func (d *Device) newTexture(label string, width, height, usage int) (*Texture, error) {
	v, err := d.value.Call("createTexture", map[string]any{
		"label": label, "size": []any{width, height}, "format": "rgba8unorm", "usage": usage})
	if err != nil {
		return nil, err
	}
	view, err := d.methods.createView.Invoke(v)
	if err != nil {
		return nil, err
	}
	d.counts.Textures++
	return &Texture{device: d, value: v, view: view, Width: width, Height: height}, nil
}

// Resource lets a bind group bind the texture.
func (t *Texture) Resource() Resource { return Resource{t.view} }

// Destroy frees the texture; a nil texture is allowed.
func (t *Texture) Destroy() {
	if t == nil {
		return
	}
	t.device.counts.Textures--
	t.value.Call("destroy")
}

// NewSampler makes a sampler, with linear filtering or the nearest texel, edges repeated.
func (d *Device) NewSampler(linear bool) (Resource, error) {
	filter := "nearest"
	if linear {
		filter = "linear"
	}
	v, err := d.value.Call("createSampler", map[string]any{"magFilter": filter, "minFilter": filter})
	return Resource{v}, err
}

// ImportFrame makes a video frame readable as an external texture, until the current task ends.
func (d *Device) ImportFrame(frame safejs.Value) (Resource, error) {
	v, err := d.methods.importExternalTexture.Invoke(d.value, map[string]any{"source": frame})
	return Resource{v}, err
}
