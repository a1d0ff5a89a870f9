package demo

import (
	"fmt"
	"image"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// clock burns text into pictures.
type clock struct {
	glyphs  [128]*image.Alpha // one cell each, nil for what it cannot write
	advance int
	height  int
}

// newClock draws the glyphs for pictures of the given height.
func newClock(height int) (*clock, error) {
	f, err := opentype.Parse(gomonobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("demo: font: %w", err)
	}
	size := max(float64(height)/34, 9)
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("demo: font: %w", err)
	}
	defer func() { _ = face.Close() }() // holds no resource
	m := face.Metrics()
	adv, _ := face.GlyphAdvance('0')
	c := &clock{advance: adv.Ceil(), height: (m.Ascent + m.Descent).Ceil()}
	for r := ' '; r < 127; r++ {
		cell := image.NewAlpha(image.Rect(0, 0, c.advance, c.height))
		d := font.Drawer{Dst: cell, Src: image.Opaque, Face: face, Dot: fixed.Point26_6{Y: m.Ascent}}
		d.DrawString(string(r))
		c.glyphs[r] = cell
	}
	return c, nil
}

// draw writes a line whose cell begins at x, y, on a darkened band.
func (c *clock) draw(p *Picture, x, y int, text string) {
	pad := c.height / 5
	x1, y1 := min(x+len(text)*c.advance+pad, p.Width), min(y+c.height+pad, p.Height)
	for by := max(y-pad, 0); by < y1; by++ {
		row := p.Y[by*p.Width:]
		for bx := max(x-2*pad, 0); bx < min(x1+pad, p.Width); bx++ {
			row[bx] = uint8(16 + (uint32(max(row[bx], 16))-16)*90/256)
		}
	}
	for i := range len(text) {
		g := c.glyphs[text[i]&127]
		left := x + i*c.advance
		if g == nil || left+c.advance > p.Width || y+c.height > p.Height {
			continue
		}
		for gy := range c.height {
			row := p.Y[(y+gy)*p.Width+left:]
			for gx, a := range g.Pix[gy*g.Stride:][:c.advance] {
				row[gx] = uint8((uint32(row[gx])*uint32(255-a) + 235*uint32(a)) / 255)
				if a > 127 {
					j := (y+gy)/2*(p.Width/2) + (left+gx)/2
					p.U[j], p.V[j] = 128, 128
				}
			}
		}
	}
}

// stamp writes the camera's name and the time.
func (c *clock) stamp(p *Picture, now time.Time) {
	at := p.Height / 30
	c.draw(p, at, at, "SIGHTLINE DEMO  "+now.UTC().Format("2006-01-02 15:04:05.000")+" UTC")
}
