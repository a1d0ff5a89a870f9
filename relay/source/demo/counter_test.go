package demo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/asticode/go-astiav"
)

// decoder decodes what encoder made.
type decoder struct {
	ctx    *astiav.CodecContext
	frame  *astiav.Frame
	packet *astiav.Packet
}

func newDecoder(t *testing.T) *decoder {
	t.Helper()
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	d := &decoder{ctx: astiav.AllocCodecContext(codec), frame: astiav.AllocFrame(), packet: astiav.AllocPacket()}
	t.Cleanup(func() { d.packet.Free(); d.frame.Free(); d.ctx.Free() })
	d.ctx.SetThreadCount(1)
	d.ctx.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagLowDelay))
	if err := d.ctx.Open(codec, nil); err != nil {
		t.Fatal(err)
	}
	return d
}

// decode returns the planes of a picture, and its PTS.
func (d *decoder) decode(t *testing.T, nalus [][]byte, pts int64) (*Picture, int64) {
	t.Helper()
	var b []byte
	for _, n := range nalus {
		b = append(append(b, 0, 0, 0, 1), n...)
	}
	if err := d.packet.FromData(b); err != nil {
		t.Fatal(err)
	}
	d.packet.SetPts(pts)
	if err := d.ctx.SendPacket(d.packet); err != nil {
		t.Fatal(err)
	}
	d.packet.Unref()
	if err := d.ctx.ReceiveFrame(d.frame); err != nil {
		if errors.Is(err, astiav.ErrEagain) {
			t.Fatal("the decoder held a picture back")
		}
		t.Fatal(err)
	}
	p := NewPicture(d.frame.Width(), d.frame.Height())
	if _, err := d.frame.ImageCopyToBuffer(p.buf, 1); err != nil {
		t.Fatal(err)
	}
	return p, d.frame.Pts()
}

func TestCounterSurvivesCoding(t *testing.T) {
	for _, size := range [][2]int{{768, 432}, {1280, 720}} {
		s, err := NewScene(SceneConfig{Width: size[0], Height: size[1], FPS: 25, Seed: 1, Day: DefaultDay, Noise: true})
		if err != nil {
			t.Fatal(err)
		}
		_, ec := (&Source{Width: size[0], Height: size[1]}).settings()
		enc, err := newEncoder(ec)
		if err != nil {
			t.Fatal(err)
		}
		defer enc.close()
		dec := newDecoder(t)
		p := NewPicture(size[0], size[1])
		// Over day, dusk, night and dawn, some pictures each, and at numbers
		// with many bits.
		for i := range int64(90) {
			n := i/10*1000 + i%10
			if i >= 80 {
				n = 0xDEADBEEF + i*0x01010101
			}
			s.Render(p, n, time.Unix(n, 0))
			if got, ok := ReadCounter(p.Luma, p.Width, p.Height); !ok || got != uint32(n) {
				t.Fatalf("%v picture %d: drawn as %d, %v", size, n, got, ok)
			}
			nalus, _, err := enc.encode(p, n*3600)
			if err != nil {
				t.Fatal(err)
			}
			q, pts := dec.decode(t, nalus, n*3600)
			if got, ok := ReadCounter(q.Luma, q.Width, q.Height); !ok || got != uint32(n) || pts != int64(n)*3600 {
				t.Errorf("%v picture %d: decoded as %d, %v, PTS %d", size, n, got, ok, pts)
			}
			// Scaled to 0.6 by the mean of what a pixel covers.
			w, h := q.Width*6/10, q.Height*6/10
			scaled := func(x, y int) uint8 {
				return q.Luma(min(int(float64(x)/0.6+0.83), q.Width-1), min(int(float64(y)/0.6+0.83), q.Height-1))
			}
			if got, ok := ReadCounter(scaled, w, h); !ok || got != uint32(n) {
				t.Errorf("%v picture %d: scaled read as %d, %v", size, n, got, ok)
			}
		}
	}
}

func TestReadCounterRefusesOtherPictures(t *testing.T) {
	p := NewPicture(640, 360)
	rng := rand.New(rand.NewPCG(1, 2))
	if n, ok := ReadCounter(p.Luma, p.Width, p.Height); ok {
		t.Errorf("black picture read as %d", n)
	}
	for range 20 {
		for i := range p.Y {
			p.Y[i] = uint8(rng.Uint32())
		}
		if n, ok := ReadCounter(p.Luma, p.Width, p.Height); ok {
			t.Errorf("noise read as %d", n)
		}
	}
	// One cell turned over is found by the check.
	l := CounterLayout(p.Width, p.Height)
	for cell := l.FirstBit; cell < l.FirstCheck+l.CheckBits; cell++ {
		drawCounter(p, 123456789)
		x := int(l.X + float64(cell)*l.CellWidth)
		at := p.Luma(x+int(l.CellWidth/2), int(l.Y+l.CellHeight/2))
		fillRect(p, x, int(l.Y), x+int(l.CellWidth), int(l.Y+l.CellHeight), 251-at)
		if n, ok := ReadCounter(p.Luma, p.Width, p.Height); ok {
			t.Errorf("cell %d turned over: read as %d", cell, n)
		}
	}
}

func TestCounterMapping(t *testing.T) {
	for fps := int64(1); fps <= 60; fps++ {
		if 90000%fps != 0 {
			continue
		}
		for _, n := range []int64{0, 1, 2, fps - 1, fps, 12345, 1 << 32} {
			d := due(n, fps)
			if got := counterAt(d, fps); got != n {
				t.Errorf("%d fps: at %v counter %d, want %d", fps, d, got, n)
			}
			if got := counterAt(d-1, fps); n > 0 && got != n-1 {
				t.Errorf("%d fps: before %v counter %d, want %d", fps, d, got, n-1)
			}
		}
	}
}

func ExampleCounterLayout() {
	l := CounterLayout(1280, 720)
	fmt.Println(l.X, l.Y, l.CellWidth, l.CellHeight, l.Cells)
	// Output: 16 688 16 16 44
}
