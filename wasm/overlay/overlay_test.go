package overlay

import (
	"encoding/binary"
	"math"
	"testing"

	"sightline/shaders"
)

// testAtlas has two characters of 6 and 10 CSS pixels at 2 texels each.
func testAtlas() *Atlas {
	return &Atlas{Scale: 2, Height: 16, Glyphs: map[rune]Glyph{
		'a':     {X: 0, Y: 0, Width: 14, Height: 32, Advance: 6},
		'b':     {X: 20, Y: 0, Width: 22, Height: 32, Advance: 10},
		' ':     {X: 40, Y: 0, Width: 10, Height: 32, Advance: 4},
		unknown: {X: 60, Y: 0, Width: 16, Height: 32, Advance: 8},
	}}
}

func TestTextWidth(t *testing.T) {
	for text, want := range map[string]float32{"": 0, "a": 6, "ab a": 26, "é": 8} {
		if got := testAtlas().TextWidth(text); got != want {
			t.Errorf("width of %q is %v, want %v", text, got, want)
		}
	}
}

func TestBox(t *testing.T) {
	green := shaders.RGBA(0, 255, 0, 255)
	rect := shaders.Rect{0.25, 0.5, 0.125, 0.25}
	for _, c := range []struct {
		name      string
		box       Box
		shapes    int
		dashed    bool
		labelTop  float32
		textColor shaders.Color
	}{
		{"bare", Box{Rect: rect, Color: green}, 1, false, 0, 0},
		{"label above", Box{Rect: rect, Color: green, Label: "ab"}, 4, false, -16, shaders.RGBA(0, 0, 0, 255)},
		{"label inside at the top", Box{Rect: shaders.Rect{0.25, 0.01, 0.1, 0.1}, Color: green, Label: "ab"}, 4, false, 0, shaders.RGBA(0, 0, 0, 255)},
		{"spaces draw nothing", Box{Rect: rect, Color: green, Label: "a b"}, 4, false, -16, shaders.RGBA(0, 0, 0, 255)},
		{"predicted, dark", Box{Rect: rect, Color: shaders.RGBA(120, 0, 0, 255), Label: "a", Predicted: true}, 3, true, -16, shaders.RGBA(255, 255, 255, 255)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Layout{Atlas: testAtlas()}
			l.Box(c.box)
			shapes := l.Shapes()
			if len(shapes) != c.shapes {
				t.Fatalf("%d shapes, want %d", len(shapes), c.shapes)
			}
			if s := shapes[0]; s.Kind != shaders.Outline || s.Box != c.box.Rect || (s.Dash > 0) != c.dashed || s.Thickness <= 0 {
				t.Errorf("outline is %+v", s)
			}
			if len(shapes) == 1 {
				return
			}
			ground := shapes[1]
			if ground.Kind != shaders.Fill || ground.Color != c.box.Color || ground.Offset[1] != c.labelTop {
				t.Errorf("the label's ground is %+v", ground)
			}
			if want := l.Atlas.TextWidth(c.box.Label) + 2*padding; ground.Offset[2] != want {
				t.Errorf("the label is %v wide, want %v", ground.Offset[2], want)
			}
			for _, g := range shapes[2:] {
				if g.Kind != shaders.Glyph || g.Color != c.textColor || g.Box != (shaders.Rect{c.box.Rect[0], c.box.Rect[1]}) {
					t.Errorf("glyph is %+v", g)
				}
				if g.Offset[0] < padding || g.Offset[0]+g.Offset[2] > ground.Offset[2] {
					t.Errorf("glyph at %v leaves its ground of %v", g.Offset, ground.Offset)
				}
			}
		})
	}
}

func TestNote(t *testing.T) {
	const width = 6 + 2*padding
	for corner, want := range map[Corner]struct {
		anchor [2]float32
		x, y   float32
	}{
		TopLeft:     {[2]float32{0, 0}, margin, margin + 16},
		TopRight:    {[2]float32{1, 0}, -margin - width, margin + 16},
		BottomLeft:  {[2]float32{0, 1}, margin, -margin - 32},
		BottomRight: {[2]float32{1, 1}, -margin - width, -margin - 32},
	} {
		l := Layout{Atlas: testAtlas()}
		l.Note(corner, 1, "a")
		if len(l.Shapes()) != 2 {
			t.Fatalf("corner %d: %d shapes, want ground and glyph", corner, len(l.Shapes()))
		}
		for _, s := range l.Shapes() {
			if s.Kind&shaders.OnCanvas == 0 {
				t.Errorf("corner %d: %+v follows the picture, not the canvas", corner, s)
			}
		}
		g := l.Shapes()[0]
		if g.Box != (shaders.Rect{want.anchor[0], want.anchor[1]}) || g.Offset[0] != want.x || g.Offset[1] != want.y {
			t.Errorf("corner %d: ground %+v", corner, g)
		}
	}
}

func TestLayoutWithoutAtlas(t *testing.T) {
	var l Layout
	l.Box(Box{Label: "a"})
	l.Note(TopLeft, 0, "a")
	if len(l.Shapes()) != 1 {
		t.Errorf("%d shapes, want the outline alone", len(l.Shapes()))
	}
}

func TestLayoutIsBoundedAndReset(t *testing.T) {
	l := Layout{Atlas: testAtlas()}
	for range MaxShapes + 10 {
		l.Box(Box{})
	}
	if len(l.Shapes()) != MaxShapes {
		t.Errorf("%d shapes, want %d", len(l.Shapes()), MaxShapes)
	}
	l.Reset()
	if len(l.Shapes()) != 0 {
		t.Error("shapes remain after Reset")
	}
}

func TestAppend(t *testing.T) {
	var l Layout
	l.Box(Box{Rect: shaders.Rect{0.5, 0.25, 0.125, 1}, Color: 0x11223344})
	b := l.Append(nil)
	if len(b) != shaders.ShapeSize {
		t.Fatalf("%d bytes, want %d", len(b), shaders.ShapeSize)
	}
	if x := math.Float32frombits(binary.LittleEndian.Uint32(b)); x != 0.5 {
		t.Errorf("x is %v, want 0.5", x)
	}
}
