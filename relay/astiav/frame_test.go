package astiav_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"github.com/asticode/go-astiav"
)

func TestFrameFields(t *testing.T) {
	f := newPicture(t, 34, 18, astiav.PixelFormatYuv420P)
	if l := f.Linesize(); l[0] < 34 || l[1] < 17 || l[2] != l[1] || l[3] != 0 {
		t.Errorf("line sizes %v", l)
	}
	f.SetPts(42)
	f.SetPictureType(astiav.PictureTypeI)
	f.SetColorRange(astiav.ColorRangeJpeg)
	f.SetColorSpace(astiav.ColorSpaceSmpte170M)
	f.SetSampleAspectRatio(astiav.NewRational(4, 3))
	set := astiav.NewFrameFlags(astiav.FrameFlagKey, astiav.FrameFlagInterlaced, astiav.FrameFlagCorrupt)
	f.SetFlags(set)
	c := f.Clone()
	defer c.Free()
	if c.Pts() != 42 || c.PictureType().String() != "I" || c.ColorRange() != astiav.ColorRangeJpeg ||
		c.ColorSpace() != astiav.ColorSpaceSmpte170M || c.SampleAspectRatio().String() != "4/3" || c.Flags() != set {
		t.Errorf("clone: pts %d, type %s, flags %b", c.Pts(), c.PictureType(), c.Flags())
	}
	f.SetFlags(f.Flags().Del(astiav.FrameFlagKey))
	if f.Flags().Has(astiav.FrameFlagKey) || !f.Flags().Has(astiav.FrameFlagInterlaced) {
		t.Errorf("flags %b", f.Flags())
	}
	if f.IsWritable() {
		t.Error("a frame with two references is writable")
	}
	if err := f.Data().SetBytes(picture(t, f), 1); err == nil {
		t.Error("a shared frame is overwritten")
	}
	ok(t, f.MakeWritable())
	ok(t, f.ImageFillBlack())
	if b := picture(t, f); b[0] != 0 || b[34*18] != 128 {
		t.Errorf("full-range black is %d, %d", b[0], b[34*18])
	}
	m := astiav.AllocFrame()
	defer m.Free()
	m.MoveRef(f)
	if m.Width() != 34 || f.Width() != 0 {
		t.Error("MoveRef does not move")
	}
	ok(t, f.Ref(m))
	f.Unref()
	if _, err := f.Data().Bytes(1); err == nil {
		t.Error("a blank frame has bytes")
	}
}

func TestFrameBytesRoundTrip(t *testing.T) {
	for _, c := range []struct {
		pf                astiav.PixelFormat
		w, h, align, size int
	}{
		{astiav.PixelFormatYuv420P, 5, 3, 1, 5*3 + 2*3*2},
		{astiav.PixelFormatYuv420P, 5, 3, 4, 8*3 + 2*4*2},
		{astiav.PixelFormatNv12, 5, 3, 1, 5*3 + 6*2},
		{astiav.PixelFormatYuv444P, 5, 3, 1, 3 * 5 * 3},
		{astiav.PixelFormatYuva420P, 6, 4, 1, 2*6*4 + 2*3*2},
		{astiav.PixelFormatRgb24, 5, 3, 1, 3 * 5 * 3},
		{astiav.PixelFormatRgba, 5, 3, 1, 4 * 5 * 3},
		{astiav.PixelFormatGray16Le, 5, 3, 1, 2 * 5 * 3},
		{astiav.PixelFormatP010Le, 6, 4, 1, 2*6*4 + 2*6*2},
	} {
		t.Run(c.pf.Name(), func(t *testing.T) {
			f := newPicture(t, c.w, c.h, c.pf)
			b := make([]byte, c.size)
			for i := range b {
				b[i] = byte(i*13 + 1)
			}
			ok(t, f.Data().SetBytes(b, c.align))
			got, err := f.Data().Bytes(c.align)
			ok(t, err)
			if len(got) != c.size {
				t.Fatalf("%d bytes, want %d", len(got), c.size)
			}
			if c.align == 1 && !bytes.Equal(got, b) {
				t.Errorf("got % x\nwant % x", got, b)
			}
			if err := f.Data().SetBytes(b[:c.size-1], c.align); err == nil {
				t.Error("too few bytes are accepted")
			}
			if _, err := f.ImageCopyToBuffer(b[:c.size-1], c.align); err == nil {
				t.Error("too small a buffer is accepted")
			}
		})
	}
}

func TestFrameImages(t *testing.T) {
	for _, c := range []struct {
		pf   astiav.PixelFormat
		want image.Image
	}{
		{astiav.PixelFormatYuv420P, &image.YCbCr{}},
		{astiav.PixelFormatYuvj422P, &image.YCbCr{}},
		{astiav.PixelFormatYuv444P, &image.YCbCr{}},
		{astiav.PixelFormatYuva420P, &image.NYCbCrA{}},
		{astiav.PixelFormatRgba, &image.NRGBA{}},
		{astiav.PixelFormatGray8, &image.Gray{}},
		{astiav.PixelFormatGray16Be, &image.Gray16{}},
	} {
		t.Run(c.pf.Name(), func(t *testing.T) {
			f, back := newPicture(t, 7, 5, c.pf), newPicture(t, 7, 5, c.pf)
			b := picture(t, f)
			for i := range b {
				b[i] = byte(i*31 + 7)
			}
			ok(t, f.Data().SetBytes(b, 1))
			img, err := f.Data().GuessImageFormat()
			ok(t, err)
			ok(t, f.Data().ToImage(img))
			if img.Bounds() != image.Rect(0, 0, 7, 5) {
				t.Errorf("bounds %v", img.Bounds())
			}
			if y, isY := img.(*image.YCbCr); isY {
				if got := y.YCbCrAt(6, 4); got.Y != b[7*5-1] {
					t.Errorf("last Y is %d, want %d", got.Y, b[7*5-1])
				}
			}
			ok(t, back.Data().FromImage(img))
			if !bytes.Equal(picture(t, back), b) {
				t.Error("the picture changed on its way through an image")
			}
		})
	}
}

func TestFrameFromSubImage(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	img.SetNRGBA(10, 10, color.NRGBA{1, 2, 3, 4})
	f := newPicture(t, 4, 4, astiav.PixelFormatRgba)
	ok(t, f.Data().FromImage(img.SubImage(image.Rect(10, 10, 14, 14))))
	if b := picture(t, f); !bytes.Equal(b[:5], []byte{1, 2, 3, 4, 0}) {
		t.Errorf("first samples % x", b[:5])
	}
}

func TestFrameImageErrors(t *testing.T) {
	nv12 := newPicture(t, 8, 8, astiav.PixelFormatNv12)
	if _, err := nv12.Data().GuessImageFormat(); err == nil {
		t.Error("Go has an image for NV12")
	}
	if err := nv12.Data().ToImage(&image.YCbCr{}); err == nil {
		t.Error("NV12 fits a YCbCr image")
	}
	rgba := newPicture(t, 8, 8, astiav.PixelFormatRgba)
	if err := rgba.Data().ToImage(&image.Gray{}); err == nil {
		t.Error("RGBA fits a grey image")
	}
	if err := rgba.Data().ToImage(image.NewPaletted(image.Rect(0, 0, 8, 8), nil)); err == nil {
		t.Error("RGBA fits a paletted image")
	}
	for _, src := range []image.Image{
		image.NewNRGBA(image.Rect(0, 0, 7, 8)), image.NewGray(image.Rect(0, 0, 8, 8)),
		image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420), image.NewUniform(color.Black),
	} {
		if err := rgba.Data().FromImage(src); err == nil {
			t.Errorf("an RGBA frame is filled by a %T", src)
		}
	}
}

func TestAudioFrame(t *testing.T) {
	for _, sf := range []astiav.SampleFormat{astiav.SampleFormatS16, astiav.SampleFormatFltp} {
		t.Run(sf.Name(), func(t *testing.T) {
			f := astiav.AllocFrame()
			defer f.Free()
			f.SetSampleFormat(sf)
			f.SetSampleRate(48000)
			f.SetChannelLayout(astiav.ChannelLayoutStereo)
			f.SetNbSamples(960)
			if err := f.SamplesFillSilence(); err == nil {
				t.Error("a frame without planes is filled")
			}
			ok(t, f.AllocBuffer(0))
			ok(t, f.SamplesFillSilence())
			b, err := f.Data().Bytes(1)
			ok(t, err)
			if len(b) != 960*2*sf.BytesPerSample() || !bytes.Equal(b, make([]byte, len(b))) {
				t.Errorf("%d bytes of silence", len(b))
			}
			if f.ChannelLayout().String() != "stereo" || !f.ChannelLayout().Equal(astiav.ChannelLayoutStereo) ||
				f.ChannelLayout().Equal(astiav.ChannelLayoutMono) || f.ChannelLayout().Channels() != 2 {
				t.Errorf("layout %s", f.ChannelLayout())
			}
		})
	}
}
