package shaders_test

import (
	"bytes"
	"testing"

	"sightline/shaders"
)

// canvas is a rendered canvas to probe.
type canvas struct {
	width, height int
	pixels        []byte
}

func (c canvas) at(x, y int) [3]byte {
	at := 4 * (y*c.width + x)
	return [3]byte(c.pixels[at : at+3])
}

// expect fails where a pixel is further than 2 from a colour.
func (c canvas) expect(t *testing.T, what string, x, y int, want [3]byte) {
	t.Helper()
	got := c.at(x, y)
	for i := range want {
		if d := int(got[i]) - int(want[i]); d < -2 || d > 2 {
			t.Errorf("%s: pixel %d,%d is %v, want %v", what, x, y, got, want)
			return
		}
	}
}

// render draws a picture and shapes over it.
func render(t *testing.T, view shaders.View, pictureWidth, pictureHeight int, picture []byte, shapes []shaders.Shape) canvas {
	t.Helper()
	run := runGPU(t, []job{renderJob(t, view, pictureWidth, pictureHeight, picture, shapes)})
	if e := run.Results[0].Error; e != "" {
		t.Fatal(e)
	}
	return canvas{int(view.CanvasWidth), int(view.CanvasHeight), run.output(t, 0, "canvas")}
}

func renderJob(t testing.TB, view shaders.View, pictureWidth, pictureHeight int, picture []byte, shapes []shaders.Shape) job {
	t.Helper()
	width, height := int(view.CanvasWidth), int(view.CanvasHeight)
	draw, _ := newStep(t, "picture")
	draw.Vertices, draw.Instances = shaders.PictureVertices, 1
	over, _ := newStep(t, "overlay")
	over.Vertices, over.Instances, over.Blend = shaders.OverlayVertices*len(shapes), 1, true
	var encoded []byte
	for _, s := range shapes {
		encoded = s.Append(encoded)
	}
	if len(shapes) == 0 {
		encoded = shaders.Shape{}.Append(nil)
	}
	// Two glyphs of 4 by 4 texels: a full one, and one with its left half set.
	atlas := make([]byte, 8*4)
	for y := range 4 {
		for x := range 6 {
			atlas[8*y+x] = 255
		}
	}
	steps := []step{draw}
	if len(shapes) > 0 {
		steps = append(steps, over)
	}
	return job{
		Steps: steps,
		Resources: map[string]resource{
			"view":            {Type: "buffer", Uniform: true, data: view.Append(nil)},
			"picture":         {Type: "texture", Width: pictureWidth, Height: pictureHeight, Format: "rgba8unorm", data: picture},
			"picture_sampler": {Type: "sampler"},
			"shapes":          {Type: "buffer", data: encoded},
			"atlas":           {Type: "texture", Width: 8, Height: 4, Format: "r8unorm", data: atlas},
			"atlas_sampler":   {Type: "sampler"},
			"canvas":          {Type: "texture", Width: width, Height: height, Format: "rgba8unorm"},
		},
		Target:  "canvas",
		Outputs: map[string]string{"canvas": ""},
	}
}

func flat(width, height int, color [3]byte) []byte {
	out := make([]byte, 0, 4*width*height)
	for range width * height {
		out = append(out, color[0], color[1], color[2], 255)
	}
	return out
}

var (
	black = [3]byte{}
	grey  = [3]byte{100, 100, 100}
	red   = [3]byte{255, 0, 0}
)

func TestPictureIsContained(t *testing.T) {
	picture := flat(4, 2, grey)
	copy(picture, []byte{255, 0, 0, 255})
	copy(picture[4*7:], []byte{0, 0, 255, 255})
	c := render(t, shaders.NewView(64, 64, 4, 2, 1), 4, 2, picture, nil)
	c.expect(t, "bar above", 30, 15, black)
	c.expect(t, "first row", 30, 16, grey)
	c.expect(t, "last row", 30, 47, grey)
	c.expect(t, "bar below", 30, 48, black)
	c.expect(t, "top left", 0, 16, red)
	c.expect(t, "bottom right", 63, 47, [3]byte{0, 0, 255})

	c = render(t, shaders.NewView(80, 20, 4, 2, 1), 4, 2, picture, nil)
	c.expect(t, "bar left", 19, 10, black)
	c.expect(t, "top left", 20, 0, red)
	c.expect(t, "bottom right", 59, 19, [3]byte{0, 0, 255})
	c.expect(t, "bar right", 60, 10, black)
}

func TestPictureOfCanvasSizeIsExact(t *testing.T) {
	picture := make([]byte, 0, 4*16*16)
	for i := range 16 * 16 {
		picture = append(picture, byte(i), byte(7*i), byte(i*i), 255)
	}
	c := render(t, shaders.NewView(16, 16, 16, 16, 1), 16, 16, picture, nil)
	for i := range 16 * 16 {
		c.expect(t, "copy", i%16, i/16, [3]byte(picture[4*i:4*i+3]))
	}
}

func TestOverlayShapes(t *testing.T) {
	shapes := []shaders.Shape{
		// The box 40,40 60x20 of a picture that lies at 0,20 of the canvas.
		{Kind: shaders.Outline, Box: shaders.Rect{0.2, 0.25, 0.3, 0.125}, Color: shaders.RGBA(255, 0, 0, 255), Thickness: 4},
		// A label of 30x10 on that box's corner, half transparent, and two glyphs in it.
		{Kind: shaders.Fill, Box: shaders.Rect{0.2, 0.25}, Offset: shaders.Rect{0, -14, 30, 10}, Color: shaders.RGBA(0, 0, 0, 128)},
		{Kind: shaders.Glyph, Box: shaders.Rect{0.2, 0.25}, Offset: shaders.Rect{2, -13, 8, 8}, Atlas: shaders.Rect{0, 0, 4, 4}, Color: shaders.RGBA(255, 255, 0, 255)},
		{Kind: shaders.Glyph, Box: shaders.Rect{0.2, 0.25}, Offset: shaders.Rect{12, -13, 8, 8}, Atlas: shaders.Rect{4, 0, 4, 4}, Color: shaders.RGBA(0, 255, 255, 255)},
		// On the canvas, in the bar above the picture.
		{Kind: shaders.Fill | shaders.OnCanvas, Offset: shaders.Rect{5, 5, 10, 10}, Color: shaders.RGBA(0, 255, 0, 255)},
		// Without area: nothing may show.
		{Kind: shaders.Fill, Box: shaders.Rect{0.9, 0.9}, Color: shaders.RGBA(255, 255, 255, 255)},
	}
	view := shaders.NewView(200, 200, 20, 16, 1)
	c := render(t, view, 20, 16, flat(20, 16, grey), shapes)
	// The picture is 200x160 at 0,20, so the box is at 40,60, 60x20.
	for _, p := range []struct {
		what string
		x, y int
		want [3]byte
	}{
		{"outline top, outer", 70, 58, red},
		{"outline top, inner", 70, 61, red},
		{"above the outline", 85, 57, grey},
		{"inside the outline", 70, 62, grey},
		{"middle of the box", 70, 70, grey},
		{"outline left", 38, 70, red},
		{"outline right", 101, 70, red},
		{"right of the outline", 102, 70, grey},
		{"outline bottom", 70, 81, red},
		{"below the outline", 70, 82, grey},
		{"inner corner of the outline", 41, 61, red},
		{"label", 65, 50, [3]byte{50, 50, 50}},
		{"label's left edge", 40, 46, [3]byte{50, 50, 50}},
		{"left of the label", 39, 46, grey},
		{"above the label", 65, 45, grey},
		{"glyph", 45, 50, [3]byte{255, 255, 0}},
		{"second glyph, set half", 53, 50, [3]byte{0, 255, 255}},
		{"second glyph, empty half", 59, 50, [3]byte{50, 50, 50}},
		{"on the canvas", 5, 5, [3]byte{0, 255, 0}},
		{"beside it", 15, 15, black},
		{"shape without area", 180, 164, grey},
	} {
		c.expect(t, p.what, p.x, p.y, p.want)
	}
}

// Shapes drawn as instances give the same picture.
func TestOverlayInstances(t *testing.T) {
	shapes := []shaders.Shape{
		{Kind: shaders.Outline, Box: shaders.Rect{0.2, 0.2, 0.6, 0.6}, Color: shaders.RGBA(255, 0, 0, 128), Thickness: 3, Dash: 9},
		{Kind: shaders.Fill, Box: shaders.Rect{0.5, 0.1, 0.3, 0.3}, Color: shaders.RGBA(0, 0, 255, 128)},
		{Kind: shaders.Outline, Box: shaders.Rect{0.1, 0.5, 0.5, 0.3}, Color: shaders.RGBA(0, 255, 0, 128), Thickness: 5},
	}
	strip := renderJob(t, shaders.NewView(64, 64, 10, 10, 1), 10, 10, flat(10, 10, grey), shapes)
	instances := renderJob(t, shaders.NewView(64, 64, 10, 10, 1), 10, 10, flat(10, 10, grey), shapes)
	instances.Steps[1].Vertices, instances.Steps[1].Instances = shaders.OverlayVertices, len(shapes)
	run := runGPU(t, []job{strip, instances})
	for _, r := range run.Results {
		if r.Error != "" {
			t.Fatal(r.Error)
		}
	}
	if !bytes.Equal(run.output(t, 0, "canvas"), run.output(t, 1, "canvas")) {
		t.Error("one strip and instances differ")
	}
}

// A box smaller than its line is covered once, without holes.
func TestOverlaySmallOutline(t *testing.T) {
	shapes := []shaders.Shape{
		{Kind: shaders.Outline, Box: shaders.Rect{0.5, 0.5, 0.04, 0.03}, Color: shaders.RGBA(0, 0, 0, 128), Thickness: 8},
	}
	c := render(t, shaders.NewView(100, 100, 10, 10, 1), 10, 10, flat(10, 10, grey), shapes)
	for y := 49; y < 54; y++ {
		for x := 49; x < 55; x++ {
			c.expect(t, "small box", x, y, [3]byte{50, 50, 50})
		}
	}
}

func TestOverlayScale(t *testing.T) {
	shapes := []shaders.Shape{
		{Kind: shaders.Fill, Box: shaders.Rect{0.5, 0.5}, Offset: shaders.Rect{1, 2, 10, 5}, Color: shaders.RGBA(255, 0, 0, 255)},
	}
	c := render(t, shaders.NewView(100, 100, 10, 10, 2), 10, 10, flat(10, 10, grey), shapes)
	c.expect(t, "first pixel", 52, 54, red)
	c.expect(t, "last pixel", 71, 63, red)
	c.expect(t, "left of it", 51, 54, grey)
	c.expect(t, "below it", 71, 64, grey)
}

// Dashes go round the box in equal dashes and gaps, half of the border in all, and the border joins.
func TestOverlayDashes(t *testing.T) {
	shapes := []shaders.Shape{
		{Kind: shaders.Outline, Box: shaders.Rect{0.1, 0.1, 0.8, 0.4}, Color: shaders.RGBA(255, 0, 0, 255), Thickness: 2, Dash: 11},
	}
	c := render(t, shaders.NewView(200, 200, 10, 10, 1), 10, 10, flat(10, 10, grey), shapes)
	// Clockwise along the middle of the border of 20,20 160x80.
	var border [][3]byte
	for x := 20; x < 180; x++ {
		border = append(border, c.at(x, 20))
	}
	for y := 20; y < 100; y++ {
		border = append(border, c.at(179, y))
	}
	for x := 179; x >= 20; x-- {
		border = append(border, c.at(x, 99))
	}
	for y := 99; y >= 20; y-- {
		border = append(border, c.at(20, y))
	}
	// Every dash is as long as every gap, round the corners too (a corner's pixel is in it twice).
	runs := []int{0}
	for i, p := range border {
		if i > 0 && (p[0] > 178) != (border[i-1][0] > 178) {
			runs = append(runs, 0)
		}
		runs[len(runs)-1]++
	}
	for i, n := range runs[1 : len(runs)-1] {
		if n < 4 || n > 7 {
			t.Errorf("run %d along the border is %d pixels long, want 4 to 7", i+1, n)
		}
	}
	set, edges := 0, 0
	for i, p := range border {
		on := p[0] > 178
		if on {
			set++
		}
		if on != (border[(i+1)%len(border)][0] > 178) {
			edges++
		}
	}
	// round(480 / 11) = 44 dashes.
	if edges != 2*44 {
		t.Errorf("%d changes along the border, want %d", edges, 2*44)
	}
	if set < len(border)*45/100 || set > len(border)*55/100 {
		t.Errorf("%d of %d pixels of the border are set, want half", set, len(border))
	}
	c.expect(t, "inside", 100, 60, grey)
}
