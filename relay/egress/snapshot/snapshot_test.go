package snapshot

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/vision/annot"
)

const width, height = 320, 192

func init() { astiav.SetLogLevel(astiav.LogLevelQuiet) }

// frames codes pictures of one grey level each, GOPs of gop.
func frames(t *testing.T, levels []byte, gop int) []*hub.Frame {
	t.Helper()
	codec := astiav.FindEncoderByName("libx264")
	if codec == nil {
		t.Fatal("this FFmpeg has no libx264")
	}
	ctx, frame, packet := astiav.AllocCodecContext(codec), astiav.AllocFrame(), astiav.AllocPacket()
	defer ctx.Free()
	defer frame.Free()
	defer packet.Free()
	ctx.SetWidth(width)
	ctx.SetHeight(height)
	ctx.SetPixelFormat(astiav.PixelFormatYuv420P)
	ctx.SetTimeBase(astiav.NewRational(1, media.ClockRate))
	ctx.SetMaxBFrames(0)
	ctx.SetGopSize(gop)
	options := astiav.NewDictionary()
	defer options.Free()
	for _, o := range [][2]string{{"tune", "zerolatency"}, {"preset", "ultrafast"}, {"colorspace", "bt709"}, {"color_range", "tv"}, {"sc_threshold", "0"}} {
		if err := options.Set(o[0], o[1], 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := ctx.Open(codec, options); err != nil {
		t.Fatal(err)
	}
	frame.SetWidth(width)
	frame.SetHeight(height)
	frame.SetPixelFormat(astiav.PixelFormatYuv420P)
	if err := frame.AllocBuffer(0); err != nil {
		t.Fatal(err)
	}
	var out []*hub.Frame
	for i, level := range levels {
		if err := frame.MakeWritable(); err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte{level}, width*height)
		data = append(data, bytes.Repeat([]byte{128}, width*height/2)...)
		if err := frame.Data().SetBytes(data, 1); err != nil {
			t.Fatal(err)
		}
		frame.SetPts(int64(i) * 3000)
		if err := ctx.SendFrame(frame); err != nil {
			t.Fatal(err)
		}
		if err := ctx.ReceivePacket(packet); err != nil {
			t.Fatal(err)
		}
		var nalus [][]byte
		for _, n := range bytes.Split(packet.Data(), []byte{0, 0, 1}) {
			if n = bytes.TrimRight(n, "\x00"); len(n) > 0 {
				nalus = append(nalus, n)
			}
		}
		out = append(out, &hub.Frame{TS: uint32(i * 3000), Key: media.IsKey(nalus), Payloads: media.Packetize(nalus), Received: time.Now()})
		packet.Unref()
	}
	return out
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) <= 3 }

func TestThePictureIsTheOneAskedFor(t *testing.T) {
	// Limited range: 16 is black, 235 white; between, (level-16)*255/219.
	fs := frames(t, []byte{16, 60, 104, 148, 192, 235}, 250)
	for i, want := range []uint8{0, 51, 102, 154, 205, 255} {
		p, err := Decode(fs[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if p.Rect != image.Rect(0, 0, width, height) {
			t.Fatalf("size %v", p.Rect)
		}
		if c := p.RGBAAt(100, 100); !near(c.R, want) || !near(c.G, want) || !near(c.B, want) {
			t.Errorf("frame %d is %v, want grey %d", i, c, want)
		}
	}
}

func TestBoxesAreDrawn(t *testing.T) {
	p, err := Decode(frames(t, []byte{60}, 250))
	if err != nil {
		t.Fatal(err)
	}
	data, err := Encode(p, []Box{
		{Box: annot.Box{X: 0.25, Y: 0.5, W: 0.5, H: 0.25}, Text: "person 93 %", Origin: annot.Relay},
		{Box: annot.Box{X: 0, Y: 0, W: 0.1, H: 0.1}, Origin: annot.Client},
		{Box: annot.Box{X: -5, Y: -5, W: 1, H: 1}, Text: "outside"},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int, want color.RGBA) {
		t.Helper()
		r, g, b, _ := got.At(x, y).RGBA()
		d := func(a uint32, b uint8) int { return max(int(a>>8), int(b)) - min(int(a>>8), int(b)) }
		// The chroma of a JPEG has half the resolution.
		if d(r, want.R)+d(g, want.G)+d(b, want.B) > 150 {
			t.Errorf("%d,%d is %v, want %v", x, y, got.At(x, y), want)
		}
	}
	grey := color.RGBA{51, 51, 51, 255}
	at(80, 120, relayColor)
	at(239, 120, relayColor)
	at(160, 96, relayColor)
	at(160, 143, relayColor)
	at(160, 120, grey)
	at(85, 90, relayColor) // the label's ground
	at(1, 10, clientColor)
	at(300, 180, grey)
}

func TestLargePicturesAreMadeSmaller(t *testing.T) {
	data, err := Encode(image.NewRGBA(image.Rect(0, 0, 1920, 1080)), nil, 1280)
	if err != nil {
		t.Fatal(err)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width != 1280 || c.Height != 720 {
		t.Errorf("%+v %v", c, err)
	}
}

func TestDamagedFramesAreAnError(t *testing.T) {
	fs := frames(t, []byte{60, 104, 148}, 250)
	for name, in := range map[string][]*hub.Frame{
		"nothing":      nil,
		"no key frame": fs[1:],
		"garbage":      {{TS: 1, Key: true, Payloads: [][]byte{{0x65, 1, 2, 3}}}},
		"empty":        {{TS: 1, Key: true, Payloads: [][]byte{{}, nil}}},
	} {
		if p, err := Decode(in); err == nil {
			t.Errorf("%s: decoded to %v", name, p.Rect)
		}
	}
}

func TestMaker(t *testing.T) {
	fs := frames(t, []byte{60, 104, 148, 192, 235}, 3)
	m := New(Config{Queue: 2, Frames: func(stream string, rtp uint32) ([]*hub.Frame, error) {
		if stream != "gate" || rtp > 12000 {
			return nil, hub.ErrNotHeld
		}
		return fs[rtp/9000*3 : rtp/3000+1], nil
	}})
	made := make(chan []byte, 3)
	ask := func(rtp uint32) bool {
		return m.Ask(Request{Stream: "gate", RTP: rtp, Done: func(b []byte) { made <- b }})
	}
	if !ask(0) || !ask(12000) {
		t.Fatal("refused with room in the queue")
	}
	if ask(3000) || ask(90000) {
		t.Error("taken without room, or without a frame")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = m.Run(ctx) }()
	for range 2 {
		if b := <-made; len(b) == 0 {
			t.Error("an empty picture")
		}
	}
	cancel()
	<-done
	if s := m.Stats(); s != (Stats{Made: 2, Failed: 1, Dropped: 1}) {
		t.Errorf("%+v", s)
	}
}
