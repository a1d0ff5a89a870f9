package picture

import "sightline/shaders"

// maxStretch is how many pixels of bars are not worth it: an element whose sides were rounded to whole
// pixels would show a black line at its edge.
const maxStretch = 2

// fitView places a picture on a canvas: as large as its aspect ratio allows, and over the whole canvas
// where only a line of pixels would remain.
func fitView(canvasWidth, canvasHeight, width, height int, scale float32) shaders.View {
	v := shaders.NewView(canvasWidth, canvasHeight, width, height, scale)
	if v.CanvasWidth-v.Width <= maxStretch {
		v.X, v.Width = 0, v.CanvasWidth
	}
	if v.CanvasHeight-v.Height <= maxStretch {
		v.Y, v.Height = 0, v.CanvasHeight
	}
	return v
}
