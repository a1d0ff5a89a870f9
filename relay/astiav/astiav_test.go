package astiav_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/asticode/go-astiav"
)

// TestMain keeps FFmpeg quiet: the tests provoke errors.
func TestMain(m *testing.M) {
	astiav.SetLogLevel(astiav.LogLevelQuiet)
	os.Exit(m.Run())
}

// clips returns the real videos of the shared test data.
func clips(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(dir, "testdata", "video", "*.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no videos in %s: check out the shared test data beside the repository or set SIGHTLINE_SHARED", dir)
	}
	return files
}

// eachClip runs f on each real video.
func eachClip(t *testing.T, f func(t *testing.T, file string)) {
	for _, file := range clips(t) {
		t.Run(filepath.Base(file), func(t *testing.T) { f(t, file) })
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a file and finds its video stream; it is closed when the test ends.
func open(t testing.TB, url string) (*astiav.FormatContext, *astiav.Stream) {
	t.Helper()
	fc := astiav.AllocFormatContext()
	t.Cleanup(fc.CloseInput)
	ok(t, fc.OpenInput(url, nil, nil))
	ok(t, fc.FindStreamInfo(nil))
	s, _, err := fc.FindBestStream(astiav.MediaTypeVideo, -1, -1)
	ok(t, err)
	return fc, s
}

// packets calls f with each packet of stream s, up to limit (0: all).
func packets(t testing.TB, fc *astiav.FormatContext, s *astiav.Stream, limit int, f func(p *astiav.Packet)) {
	t.Helper()
	p := astiav.AllocPacket()
	defer p.Free()
	for n := 0; limit == 0 || n < limit; {
		err := fc.ReadFrame(p)
		if errors.Is(err, astiav.ErrEof) {
			return
		}
		ok(t, err)
		if p.StreamIndex() == s.Index() {
			f(p)
			n++
		}
		p.Unref()
	}
}

// decoder opens a decoder for the parameters; it is freed when the test ends.
func decoder(t testing.TB, cp *astiav.CodecParameters) *astiav.CodecContext {
	t.Helper()
	c := astiav.FindDecoder(cp.CodecID())
	if c == nil {
		t.Fatalf("no decoder for %s", cp.CodecID())
	}
	cc := astiav.AllocCodecContext(c)
	t.Cleanup(cc.Free)
	ok(t, cc.FromCodecParameters(cp))
	ok(t, cc.Open(c, nil))
	return cc
}

// decode sends p (nil: the end) and calls f with each frame that comes out.
func decode(t testing.TB, cc *astiav.CodecContext, p *astiav.Packet, f func(f *astiav.Frame)) {
	t.Helper()
	ok(t, cc.SendPacket(p))
	fr := astiav.AllocFrame()
	defer fr.Free()
	for {
		err := cc.ReceiveFrame(fr)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return
		}
		ok(t, err)
		f(fr)
		fr.Unref()
	}
}

// firstFrames decodes n frames of a file; they are freed when the test ends.
func firstFrames(t testing.TB, file string, n int) (frames []*astiav.Frame) {
	t.Helper()
	fc, s := open(t, file)
	cc := decoder(t, s.CodecParameters())
	keep := func(f *astiav.Frame) {
		if len(frames) < n {
			c := f.Clone()
			t.Cleanup(c.Free)
			frames = append(frames, c)
		}
	}
	packets(t, fc, s, n, func(p *astiav.Packet) { decode(t, cc, p, keep) })
	decode(t, cc, nil, keep)
	if len(frames) != n {
		t.Fatalf("%s: %d frames, want %d", file, len(frames), n)
	}
	return frames
}

// newPicture returns a frame with planes of its own, freed when the test ends.
func newPicture(t testing.TB, w, h int, pf astiav.PixelFormat) *astiav.Frame {
	t.Helper()
	f := astiav.AllocFrame()
	t.Cleanup(f.Free)
	f.SetWidth(w)
	f.SetHeight(h)
	f.SetPixelFormat(pf)
	ok(t, f.AllocBuffer(0))
	return f
}

// picture returns the samples of a frame without gaps.
func picture(t testing.TB, f *astiav.Frame) []byte {
	t.Helper()
	return must[[]byte](t)(f.Data().Bytes(1))
}

// psnr compares two pictures of 8-bit samples, in dB.
func psnr(t testing.TB, a, b []byte) float64 {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("pictures of %d and %d bytes", len(a), len(b))
	}
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	if sum == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}
