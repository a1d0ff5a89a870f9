//go:build js && wasm

package gpu

import (
	"math"
	"strconv"

	"github.com/hack-pad/safejs"

	"sightline/wasm/overlay"
)

// NewAtlas draws the characters once, in the browser's own sans-serif font, into a texture whose red
// channel is coverage, and returns it with their places. size is the font's height in CSS pixels,
// scale the texels for each.
func (d *Device) NewAtlas(characters string, size, scale float64) (*Texture, overlay.Atlas, error) {
	const columns = 16
	fail := func(err error) (*Texture, overlay.Atlas, error) { return nil, overlay.Atlas{}, err }
	runes := []rune(characters)
	cellWidth := int(math.Ceil(size * scale * 1.2))
	cellHeight := int(math.Ceil(size * scale * 1.4))
	width, height := columns*cellWidth, (len(runes)+columns-1)/columns*cellHeight

	class, err := safejs.Global().Get("OffscreenCanvas")
	if err != nil {
		return fail(err)
	}
	canvas, err := class.New(width, height)
	if err != nil {
		return fail(err)
	}
	context, err := canvas.Call("getContext", "2d", map[string]any{"willReadFrequently": true})
	if err != nil {
		return fail(err)
	}
	font := "600 " + strconv.Itoa(int(math.Round(size*scale))) + "px system-ui, sans-serif"
	for _, s := range []struct{ key, value string }{
		{"fillStyle", "#000"}, {"font", font}, {"textBaseline", "middle"},
	} {
		if err := context.Set(s.key, s.value); err != nil {
			return fail(err)
		}
	}
	// White on black: then red is coverage, free of the rounding of unpremultiplied alpha.
	if _, err := context.Call("fillRect", 0, 0, width, height); err != nil {
		return fail(err)
	}
	if err := context.Set("fillStyle", "#fff"); err != nil {
		return fail(err)
	}
	atlas := overlay.Atlas{Scale: float32(scale), Height: float32(cellHeight) / float32(scale), Glyphs: map[rune]overlay.Glyph{}}
	for i, r := range runes {
		x, y := i%columns*cellWidth, i/columns*cellHeight
		if _, err := context.Call("fillText", string(r), x+1, float64(y)+float64(cellHeight)/2); err != nil {
			return fail(err)
		}
		metrics, err := context.Call("measureText", string(r))
		if err != nil {
			return fail(err)
		}
		v, err := metrics.Get("width")
		if err != nil {
			return fail(err)
		}
		advance, err := v.Float()
		if err != nil {
			return fail(err)
		}
		atlas.Glyphs[r] = overlay.Glyph{
			X: float32(x), Y: float32(y),
			Width:   float32(min(cellWidth, int(math.Ceil(advance))+2)),
			Height:  float32(cellHeight),
			Advance: float32(advance) / float32(scale),
		}
	}
	image, err := context.Call("getImageData", 0, 0, width, height)
	if err != nil {
		return fail(err)
	}
	data, err := image.Get("data")
	if err != nil {
		return fail(err)
	}
	t, err := d.newTexture("glyphs", width, height, textureBinding|textureCopyDst)
	if err != nil {
		return fail(err)
	}
	_, err = d.queue.Call("writeTexture", map[string]any{"texture": t.value}, data,
		map[string]any{"bytesPerRow": 4 * width}, []any{width, height})
	if err != nil {
		t.Destroy()
		return fail(err)
	}
	return t, atlas, nil
}
