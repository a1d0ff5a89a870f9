package snapshot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"sightline/vision/annot"
)

// Box is one box on a snapshot.
type Box struct {
	annot.Box
	// Text stands above the box; empty for none.
	Text string
	// Origin gives the box its color, the same as in the viewer.
	Origin annot.Origin
}

// The colors of boxes, as in the viewer's overlay.
var (
	relayColor  = color.RGBA{0xff, 0xb0, 0x20, 0xff}
	clientColor = color.RGBA{0x2e, 0xd3, 0xf2, 0xff}
)

const quality = 80

// Encode draws the boxes onto the picture, makes it at most maxWidth wide and
// encodes it as JPEG. The picture is changed.
func Encode(picture *image.RGBA, boxes []Box, maxWidth int) ([]byte, error) {
	if w := picture.Rect.Dx(); maxWidth > 0 && w > maxWidth {
		small := image.NewRGBA(image.Rect(0, 0, maxWidth, max(1, picture.Rect.Dy()*maxWidth/w)))
		xdraw.ApproxBiLinear.Scale(small, small.Rect, picture, picture.Rect, draw.Src, nil)
		picture = small
	}
	for _, b := range boxes {
		drawBox(picture, b)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("snapshot: encode: %w", err)
	}
	return out.Bytes(), nil
}

func drawBox(p *image.RGBA, b Box) {
	area, ok := b.Clip()
	if !ok {
		return
	}
	w, h := float64(p.Rect.Dx()), float64(p.Rect.Dy())
	at := func(v float32, of float64) int { return int(math.Round(float64(v) * of)) }
	r := image.Rect(at(area.X, w), at(area.Y, h), at(area.X+area.W, w), at(area.Y+area.H, h))
	line := max(2, p.Rect.Dx()/480)
	c := relayColor
	if b.Origin == annot.Client {
		c = clientColor
	}
	fill := func(r image.Rectangle) { draw.Draw(p, r, image.NewUniform(c), image.Point{}, draw.Src) }
	fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+line))
	fill(image.Rect(r.Min.X, r.Max.Y-line, r.Max.X, r.Max.Y))
	fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+line, r.Max.Y))
	fill(image.Rect(r.Max.X-line, r.Min.Y, r.Max.X, r.Max.Y))
	label(p, r, b.Text, c)
}

// label writes above a box, or inside where there is no room.
func label(p *image.RGBA, box image.Rectangle, text string, c color.RGBA) {
	if text == "" {
		return
	}
	face := basicfont.Face7x13
	const pad = 3
	width, height := font.MeasureString(face, text).Ceil()+2*pad, face.Height+2
	top := box.Min.Y - height
	if top < 0 {
		top = box.Min.Y
	}
	left := max(0, min(box.Min.X, p.Rect.Dx()-width))
	draw.Draw(p, image.Rect(left, top, left+width, top+height), image.NewUniform(c), image.Point{}, draw.Src)
	d := font.Drawer{Dst: p, Src: image.Black, Face: face, Dot: fixed.P(left+pad, top+face.Ascent+1)}
	d.DrawString(text)
}
