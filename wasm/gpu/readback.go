//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// Readback is a copy of a texture or buffer on its way to the page. The bytes stay in JavaScript.
type Readback struct {
	buffer *Buffer
	// Width, Height and Stride (bytes from row to row) describe a texture's copy.
	Width, Height, Stride int
}

// ReadTarget records the copy of what is drawn onto a canvas, four bytes a pixel in the order of the
// device's CanvasFormat.
func (e *Encoder) ReadTarget(t Target) (*Readback, error) {
	return e.readTexture(t.value, t.Width, t.Height)
}

// ReadTexture records the copy of the top left part of a texture as R, G, B, A bytes.
func (e *Encoder) ReadTexture(t *Texture, width, height int) (*Readback, error) {
	return e.readTexture(t.value, width, height)
}

func (e *Encoder) readTexture(texture safejs.Value, width, height int) (*Readback, error) {
	stride := (width*4 + 255) &^ 255
	b, err := e.device.newBuffer("readback", stride*height, bufferMapRead|bufferCopyDst)
	if err != nil {
		return nil, err
	}
	e.do(e.device.methods.copyTextureToBuffer, e.value,
		map[string]any{"texture": texture},
		map[string]any{"buffer": b.value, "bytesPerRow": stride},
		[]any{width, height})
	return &Readback{b, width, height, stride}, nil
}

// ReadBuffer records the copy of a storage buffer.
func (e *Encoder) ReadBuffer(source *Buffer) (*Readback, error) {
	b, err := e.device.newBuffer("readback", source.Size, bufferMapRead|bufferCopyDst)
	if err != nil {
		return nil, err
	}
	if e.err == nil {
		_, e.err = e.value.Call("copyBufferToBuffer", source.value, 0, b.value, 0, source.Size)
	}
	return &Readback{buffer: b}, nil
}

// Bytes waits for the copy and returns it as an ArrayBuffer of the caller's. It frees the Readback.
func (r *Readback) Bytes() (safejs.Value, error) {
	defer r.Discard()
	promise, err := r.buffer.value.Call("mapAsync", 1)
	if err != nil {
		return safejs.Undefined(), err
	}
	if _, err := Await(promise); err != nil {
		return safejs.Undefined(), err
	}
	mapped, err := r.buffer.value.Call("getMappedRange")
	if err != nil {
		return safejs.Undefined(), err
	}
	return mapped.Call("slice", 0)
}

// Discard frees the Readback without reading it.
func (r *Readback) Discard() {
	r.buffer.Destroy()
	r.buffer = nil
}
