package shaders

import "math"

// View is the uniform View of lib/view.wgsl: where the picture lies on the canvas.
type View struct {
	// CanvasWidth and CanvasHeight are the canvas's size in device pixels.
	CanvasWidth, CanvasHeight float32
	// Scale is device pixels for each CSS pixel.
	Scale float32
	// X, Y, Width and Height are the picture's rectangle in device pixels.
	X, Y, Width, Height float32
}

// NewView fits a picture into a canvas (sizes in device pixels) as large as possible with its aspect
// ratio, in the middle, on whole pixels. All sizes must be positive.
func NewView(canvasWidth, canvasHeight, pictureWidth, pictureHeight int, scale float32) View {
	ratio := min(float64(canvasWidth)/float64(pictureWidth), float64(canvasHeight)/float64(pictureHeight))
	width := min(canvasWidth, max(1, int(math.Round(float64(pictureWidth)*ratio))))
	height := min(canvasHeight, max(1, int(math.Round(float64(pictureHeight)*ratio))))
	return View{
		CanvasWidth: float32(canvasWidth), CanvasHeight: float32(canvasHeight), Scale: scale,
		X: float32((canvasWidth - width) / 2), Y: float32((canvasHeight - height) / 2),
		Width: float32(width), Height: float32(height),
	}
}

// ViewSize is the uniform's size in bytes.
const ViewSize = 32

// Append appends the uniform's bytes: canvas (0), scale (8), 4 bytes of padding, picture (16).
func (v View) Append(b []byte) []byte {
	return appendFloats(b, v.CanvasWidth, v.CanvasHeight, v.Scale, 0, v.X, v.Y, v.Width, v.Height)
}

// PictureVertices and OverlayVertices are vertices of triangle strips: picture.wgsl is drawn with
// PictureVertices, overlay.wgsl with OverlayVertices for each shape; both in one instance.
const (
	PictureVertices = 4
	OverlayVertices = 12
)

// Rect is x, y, width and height.
type Rect [4]float32

// Color is R, G, B and A, a byte each from the lowest, alpha not multiplied in.
type Color uint32

// RGBA makes a Color.
func RGBA(r, g, b, a uint8) Color {
	return Color(r) | Color(g)<<8 | Color(b)<<16 | Color(a)<<24
}

// ShapeKind says what the overlay draws.
type ShapeKind uint32

// The kinds. OnCanvas may be added to each: Box is then 0..1 of the canvas, not of the picture.
const (
	Fill     ShapeKind = 0
	Outline  ShapeKind = 1
	Glyph    ShapeKind = 2
	OnCanvas ShapeKind = 256
)

// Shape is one element of overlay.wgsl's array of shapes. Its rectangle is Box, scaled to the picture,
// plus Offset in CSS pixels: a label hangs on a corner of its box (Box of width and height 0) and has
// its own size (Offset). Later shapes cover earlier ones.
type Shape struct {
	// Box is 0..1 of the upright picture.
	Box Rect
	// Offset is added, in CSS pixels.
	Offset Rect
	// Atlas is a Glyph's rectangle in the atlas, in texels.
	Atlas Rect
	Color Color
	Kind  ShapeKind
	// Thickness is an Outline's width in CSS pixels; the line's middle lies on the rectangle's border.
	Thickness float32
	// Dash is the length of an Outline's dash and gap together in CSS pixels, 0 for a solid line.
	Dash float32
}

// ShapeSize is the size in bytes of one shape.
const ShapeSize = 64

// Append appends the shape's bytes: box (0), offset (16), atlas (32), color (48), kind (52),
// thickness (56), dash (60).
func (s Shape) Append(b []byte) []byte {
	b = appendFloats(b, s.Box[:]...)
	b = appendFloats(b, s.Offset[:]...)
	b = appendFloats(b, s.Atlas[:]...)
	b = appendWords(b, uint32(s.Color), uint32(s.Kind))
	return appendFloats(b, s.Thickness, s.Dash)
}
