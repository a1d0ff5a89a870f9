package astiav_test

import (
	"testing"

	"github.com/asticode/go-astiav"
)

func TestScaleFlatColour(t *testing.T) {
	src := newPicture(t, 64, 48, astiav.PixelFormatRgba)
	b := picture(t, src)
	for i := 0; i < len(b); i += 4 {
		copy(b[i:], []byte{200, 100, 50, 255})
	}
	ok(t, src.Data().SetBytes(b, 1))
	for _, pf := range []astiav.PixelFormat{astiav.PixelFormatRgb24, astiav.PixelFormatBgra, astiav.PixelFormatYuv420P, astiav.PixelFormatNv12} {
		t.Run(pf.Name(), func(t *testing.T) {
			ssc, err := astiav.CreateSoftwareScaleContext(64, 48, astiav.PixelFormatRgba, 160, 90, pf,
				astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagBilinear, astiav.SoftwareScaleContextFlagAccurateRnd))
			ok(t, err)
			defer ssc.Free()
			dst := astiav.AllocFrame()
			defer dst.Free()
			ok(t, ssc.ScaleFrame(src, dst))
			if dst.Width() != 160 || dst.Height() != 90 || dst.PixelFormat() != pf {
				t.Fatalf("%dx%d %s", dst.Width(), dst.Height(), dst.PixelFormat())
			}
			// YCbCr is limited-range BT.601, FFmpeg's default.
			got := picture(t, dst)
			switch uv := got[160*90:]; pf {
			case astiav.PixelFormatYuv420P, astiav.PixelFormatNv12:
				if pf == astiav.PixelFormatYuv420P {
					uv = []byte{uv[0], uv[80*45]}
				}
				near(t, "Y", got[0], 16+0.257*200+0.504*100+0.098*50)
				near(t, "Cb", uv[0], 128-0.148*200-0.291*100+0.439*50)
				near(t, "Cr", uv[1], 128+0.439*200-0.368*100-0.071*50)
			default:
				want := map[astiav.PixelFormat][]float64{
					astiav.PixelFormatRgb24: {200, 100, 50}, astiav.PixelFormatBgra: {50, 100, 200, 255},
				}[pf]
				for i := range got {
					near(t, "sample", got[i], want[i%len(want)])
				}
			}
		})
	}
}

func near(t *testing.T, what string, got byte, want float64) {
	t.Helper()
	if d := float64(got) - want; d > 1.5 || d < -1.5 {
		t.Fatalf("%s is %d, want %.1f", what, got, want)
	}
}

func TestScaleDownAndUp(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		src := firstFrames(t, file, 1)[0]
		w, h := src.Width(), src.Height()
		flags := astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagBicubic)
		down, err := astiav.CreateSoftwareScaleContext(w, h, src.PixelFormat(), w/2, h/2, astiav.PixelFormatNv12, flags)
		ok(t, err)
		defer down.Free()
		up, err := astiav.CreateSoftwareScaleContext(w/2, h/2, astiav.PixelFormatNv12, w, h, src.PixelFormat(), flags)
		ok(t, err)
		defer up.Free()
		small, large := astiav.AllocFrame(), astiav.AllocFrame()
		defer small.Free()
		defer large.Free()
		ok(t, down.ScaleFrame(src, small))
		ok(t, up.ScaleFrame(small, large))
		if got := psnr(t, picture(t, src), picture(t, large)); got < 25 {
			t.Errorf("PSNR %.1f dB, want at least 25", got)
		}
	})
}

func TestScaleContextSettings(t *testing.T) {
	flags := astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagPoint)
	if _, err := astiav.CreateSoftwareScaleContext(0, 48, astiav.PixelFormatRgba, 32, 32, astiav.PixelFormatRgba, flags); err == nil {
		t.Error("a width of 0 is accepted")
	}
	if _, err := astiav.CreateSoftwareScaleContext(64, 48, astiav.PixelFormatNone, 32, 32, astiav.PixelFormatRgba, flags); err == nil {
		t.Error("no pixel format is accepted")
	}
	ssc, err := astiav.CreateSoftwareScaleContext(64, 48, astiav.PixelFormatRgba, 32, 32, astiav.PixelFormatRgba, flags)
	ok(t, err)
	defer ssc.Free()
	if err := ssc.SetDestinationWidth(-1); err == nil {
		t.Error("a width of -1 is accepted")
	}
	if w, h := ssc.DestinationResolution(); w != 32 || h != 32 {
		t.Errorf("%dx%d after a refused change", w, h)
	}
	ok(t, ssc.SetDestinationResolution(20, 10))
	ok(t, ssc.SetDestinationPixelFormat(astiav.PixelFormatGray8))
	ok(t, ssc.SetSourceHeight(40))
	dst := astiav.AllocFrame()
	defer dst.Free()
	ok(t, ssc.ScaleFrame(newPicture(t, 64, 40, astiav.PixelFormatRgba), dst))
	if dst.Width() != 20 || dst.Height() != 10 || dst.PixelFormat() != astiav.PixelFormatGray8 {
		t.Errorf("%dx%d %s", dst.Width(), dst.Height(), dst.PixelFormat())
	}
	if err := ssc.ScaleFrame(newPicture(t, 32, 40, astiav.PixelFormatRgba), dst); err == nil {
		t.Error("a narrower picture is accepted")
	}
	if err := ssc.ScaleFrame(newPicture(t, 64, 40, astiav.PixelFormatRgba), newPicture(t, 10, 10, astiav.PixelFormatGray8)); err == nil {
		t.Error("a smaller destination is accepted")
	}
	if ssc.Flags() != flags || ssc.SourceWidth() != 64 || ssc.SourceHeight() != 40 || ssc.SourcePixelFormat() != astiav.PixelFormatRgba {
		t.Errorf("%+v", ssc)
	}
}
