package astiav_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/asticode/go-astiav"
)

// TestFreeTwice frees everything twice, which must do nothing the second time.
func TestFreeTwice(t *testing.T) {
	ic, err := astiav.AllocIOContext(16, false, bytes.NewReader(nil).Read, nil, nil)
	ok(t, err)
	bsf, err := astiav.AllocBitStreamFilterContext(astiav.FindBitStreamFilterByName("null"))
	ok(t, err)
	ssc, err := astiav.CreateSoftwareScaleContext(8, 8, astiav.PixelFormatRgba, 8, 8, astiav.PixelFormatBgra, 0)
	ok(t, err)
	d := astiav.NewDictionary()
	ok(t, d.Set("a", "b", 0))
	for _, o := range []interface{ Free() }{
		astiav.AllocFormatContext(), astiav.AllocCodecContext(nil), astiav.AllocCodecParameters(), astiav.AllocPacket(),
		astiav.AllocFrame(), astiav.NewIOInterrupter(), ic, bsf, ssc, d,
	} {
		c, classer := o.(astiav.Classer)
		// FFmpeg gives no class to a stream over functions.
		if classer && o != interface{ Free() }(ic) && c.Class().Name() == "" {
			t.Errorf("%T has no class", o)
		}
		o.Free()
		o.Free()
		if classer && c.Class() != nil {
			t.Errorf("%T has a class after Free", o)
		}
	}
	fc := astiav.AllocFormatContext()
	ok(t, fc.OpenInput(clips(t)[0], nil, nil))
	fc.CloseInput()
	fc.CloseInput()
	fc.Free()
}

// resident returns the resident memory of this process in bytes (proc(5), statm).
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("resident memory is read from /proc, which is not there")
	}
	var size, pages int
	must[int](t)(fmt.Sscan(string(b), &size, &pages))
	return pages * os.Getpagesize()
}

// TestResidentMemoryIsFlat runs a whole life of every object again and again, in a
// process of its own whose allocator gives memory back at once: glibc's defaults
// keep tens of megabytes, now more, now less.
func TestResidentMemoryIsFlat(t *testing.T) {
	const child = "ASTIAV_RESIDENT_CHILD"
	files := clips(t)
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestResidentMemoryIsFlat$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "MALLOC_ARENA_MAX=1",
			"MALLOC_MMAP_THRESHOLD_=65536", "MALLOC_TRIM_THRESHOLD_=65536")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		ok(t, err)
		return
	}
	const warmUp, rounds, margin = 120, 200, 4 << 20
	measure := func(n int) int {
		for i := range n {
			life(t, files[i%len(files)])
		}
		runtime.GC()
		debug.FreeOSMemory()
		return resident(t)
	}
	before := measure(warmUp)
	after := measure(rounds)
	t.Logf("resident %d KiB after %d rounds, %d KiB after %d more", before>>10, warmUp, after>>10, rounds)
	if after > before+margin {
		t.Errorf("resident memory grew by %d KiB in %d rounds", (after-before)>>10, rounds)
	}
}

// life opens a file, filters, decodes, scales, encodes and decodes again some
// frames, fails an open, and frees everything.
func life(t *testing.T, file string) {
	d := astiav.NewDictionary()
	defer d.Free()
	ok(t, d.Set("probesize", "100000", 0))
	i := astiav.NewIOInterrupter()
	defer i.Free()
	fc := astiav.AllocFormatContext()
	defer fc.CloseInput()
	fc.SetIOInterrupter(i)
	ok(t, fc.OpenInput(file, nil, d))
	ok(t, fc.FindStreamInfo(nil))
	s, c, err := fc.FindBestStream(astiav.MediaTypeVideo, -1, -1)
	ok(t, err)

	bsf, err := astiav.AllocBitStreamFilterContext(astiav.FindBitStreamFilterByName("h264_mp4toannexb"))
	ok(t, err)
	defer bsf.Free()
	ok(t, s.CodecParameters().Copy(bsf.InputCodecParameters()))
	ok(t, bsf.Initialize())

	dec := astiav.AllocCodecContext(c)
	defer dec.Free()
	ok(t, dec.FromCodecParameters(bsf.OutputCodecParameters()))
	dec.SetThreadCount(1)
	ok(t, dec.Open(c, nil))

	x264 := astiav.FindEncoderByName("libx264")
	enc := astiav.AllocCodecContext(x264)
	defer enc.Free()
	enc.SetWidth(128)
	enc.SetHeight(72)
	enc.SetPixelFormat(astiav.PixelFormatYuv420P)
	enc.SetTimeBase(s.TimeBase())
	enc.SetThreadCount(1)
	options := astiav.NewDictionary()
	defer options.Free()
	ok(t, options.Set("preset", "ultrafast", 0))
	ok(t, options.Set("tune", "zerolatency", 0))
	ok(t, options.Set("nosuchoption", "stays behind", 0))
	ok(t, enc.Open(x264, options))

	ssc, err := astiav.CreateSoftwareScaleContext(s.CodecParameters().Width(), s.CodecParameters().Height(),
		astiav.PixelFormatYuv420P, 64, 36, astiav.PixelFormatYuv420P, astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagPoint))
	ok(t, err)
	defer ssc.Free()
	ok(t, ssc.SetDestinationResolution(128, 72))

	n := 0
	packets(t, fc, s, 4, func(p *astiav.Packet) {
		run(t, bsf, p, func(p *astiav.Packet) {
			decode(t, dec, p, func(f *astiav.Frame) {
				small := astiav.AllocFrame()
				defer small.Free()
				ok(t, ssc.ScaleFrame(f, small))
				small.SetPts(f.Pts())
				picture(t, small)
				encode(t, enc, small, func(p *astiav.Packet) { n += len(p.Data()) })
			})
		})
	})
	if n == 0 {
		t.Fatal("nothing was encoded")
	}
	bad := astiav.AllocFormatContext()
	defer bad.Free()
	if bad.OpenInput(file+".missing", nil, nil) == nil {
		t.Fatal("a missing file opens")
	}
}
