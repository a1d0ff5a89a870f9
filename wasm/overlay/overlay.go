// Package overlay lays out what is drawn over a picture: boxes, labels and text from a glyph atlas, as
// shapes of the overlay shader. It is plain Go: it knows no GPU and no browser, and draws nothing
// itself. Sizes are CSS pixels, boxes 0..1 of the upright picture.
package overlay

import "sightline/shaders"

// Characters are those an atlas should hold; text shows others as the last of them.
const Characters = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~°±≈…�"

// unknown stands for a character that the atlas lacks.
const unknown = '�'

// Glyph is one character's place in the atlas, in texels, and how far it moves the pen, in CSS pixels.
type Glyph struct {
	X, Y, Width, Height float32
	Advance             float32
}

// Atlas is a texture of characters.
type Atlas struct {
	// Scale is texels for each CSS pixel.
	Scale float32
	// Height is a line's height in CSS pixels.
	Height float32
	Glyphs map[rune]Glyph
}

func (a *Atlas) glyph(r rune) (Glyph, bool) {
	g, ok := a.Glyphs[r]
	if !ok {
		g, ok = a.Glyphs[unknown]
	}
	return g, ok
}

// TextWidth is the width of a line of text in CSS pixels.
func (a *Atlas) TextWidth(text string) float32 {
	var width float32
	for _, r := range text {
		if g, ok := a.glyph(r); ok {
			width += g.Advance
		}
	}
	return width
}

// Corner is where a label hangs.
type Corner int

// The corners of the canvas.
const (
	TopLeft Corner = iota
	TopRight
	BottomLeft
	BottomRight
)

// Box is an outlined rectangle with a label.
type Box struct {
	// Rect is x, y, width, height, 0..1 of the upright picture.
	Rect shaders.Rect
	// Label stands above the box, inside where there is no room; empty for none.
	Label string
	Color shaders.Color
	// Predicted boxes are dashed.
	Predicted bool
}

// Sizes in CSS pixels.
const (
	thickness = 2
	dash      = 10
	padding   = 5
	margin    = 8
)

// MaxShapes bounds a layout: what comes beyond is not drawn.
const MaxShapes = 4096

// Layout collects shapes. The zero Layout is empty; Reset keeps its memory.
type Layout struct {
	shapes []shaders.Shape
	// Atlas is the font of labels; without one there is no text.
	Atlas *Atlas
}

// Reset removes all shapes.
func (l *Layout) Reset() { l.shapes = l.shapes[:0] }

// Shapes returns the shapes in drawing order, valid until the next change.
func (l *Layout) Shapes() []shaders.Shape { return l.shapes }

// Append appends the bytes of the shapes for the shader.
func (l *Layout) Append(b []byte) []byte {
	for _, s := range l.shapes {
		b = s.Append(b)
	}
	return b
}

func (l *Layout) add(s shaders.Shape) {
	if len(l.shapes) < MaxShapes {
		l.shapes = append(l.shapes, s)
	}
}

// Box adds a box and its label.
func (l *Layout) Box(b Box) {
	s := shaders.Shape{Box: b.Rect, Kind: shaders.Outline, Color: b.Color, Thickness: thickness}
	if b.Predicted {
		s.Dash = dash
	}
	l.add(s)
	if b.Label == "" || l.Atlas == nil {
		return
	}
	height := l.Atlas.Height
	anchor := shaders.Rect{b.Rect[0], b.Rect[1]}
	y := -height
	// A label above the picture's edge would be cut off. 0.04 of a picture's height is a line of
	// text on all but tiny canvases.
	if b.Rect[1] < 0.04 {
		y = 0
	}
	width := l.Atlas.TextWidth(b.Label) + 2*padding
	l.add(shaders.Shape{Box: anchor, Offset: shaders.Rect{0, y, width, height}, Kind: shaders.Fill, Color: b.Color})
	l.text(b.Label, anchor, padding, y, contrast(b.Color), 0)
}

// Note adds a line of text on a dark ground in a corner of the canvas; line counts from the edge.
func (l *Layout) Note(corner Corner, line int, text string) {
	if l.Atlas == nil || text == "" {
		return
	}
	width, height := l.Atlas.TextWidth(text)+2*padding, l.Atlas.Height
	var anchor shaders.Rect
	x, y := float32(margin), margin+float32(line)*height
	if corner == TopRight || corner == BottomRight {
		anchor[0], x = 1, -margin-width
	}
	if corner == BottomLeft || corner == BottomRight {
		anchor[1], y = 1, -margin-float32(line+1)*height
	}
	l.add(shaders.Shape{Box: anchor, Offset: shaders.Rect{x, y, width, height},
		Kind: shaders.Fill | shaders.OnCanvas, Color: shaders.RGBA(0, 0, 0, 176)})
	l.text(text, anchor, x+padding, y, shaders.RGBA(255, 255, 255, 255), shaders.OnCanvas)
}

// text adds the glyphs of a line whose top left corner is anchor plus x, y in CSS pixels.
func (l *Layout) text(text string, anchor shaders.Rect, x, y float32, color shaders.Color, flags shaders.ShapeKind) {
	for _, r := range text {
		g, ok := l.Atlas.glyph(r)
		if !ok {
			continue
		}
		if r != ' ' {
			l.add(shaders.Shape{
				Box:    anchor,
				Offset: shaders.Rect{x, y, g.Width / l.Atlas.Scale, g.Height / l.Atlas.Scale},
				Atlas:  shaders.Rect{g.X, g.Y, g.Width, g.Height},
				Color:  color, Kind: shaders.Glyph | flags,
			})
		}
		x += g.Advance
	}
}

// contrast is black or white, whichever reads better on a color.
func contrast(c shaders.Color) shaders.Color {
	r, g, b := c&0xff, c>>8&0xff, c>>16&0xff
	if 299*r+587*g+114*b > 140_000 {
		return shaders.RGBA(0, 0, 0, 255)
	}
	return shaders.RGBA(255, 255, 255, 255)
}
