package astiav_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/asticode/go-astiav"
)

// x264 opens an encoder for yuv420p pictures; it is freed when the test ends.
func x264(t testing.TB, w, h int, set func(cc *astiav.CodecContext, options *astiav.Dictionary)) *astiav.CodecContext {
	t.Helper()
	c := astiav.FindEncoderByName("libx264")
	if c == nil {
		t.Fatal("this FFmpeg has no libx264")
	}
	cc := astiav.AllocCodecContext(c)
	t.Cleanup(cc.Free)
	cc.SetWidth(w)
	cc.SetHeight(h)
	cc.SetPixelFormat(astiav.PixelFormatYuv420P)
	cc.SetTimeBase(astiav.NewRational(1, 90000))
	cc.SetFramerate(astiav.NewRational(25, 1))
	cc.SetMaxBFrames(0)
	cc.SetThreadCount(1)
	options := astiav.NewDictionary()
	defer options.Free()
	ok(t, options.Set("preset", "veryfast", 0))
	ok(t, options.Set("tune", "zerolatency", 0))
	if set != nil {
		set(cc, options)
	}
	ok(t, cc.Open(c, options))
	if e := options.Get("", nil, astiav.NewDictionaryFlags(astiav.DictionaryFlagIgnoreSuffix)); e != nil {
		t.Fatalf("libx264 does not know option %s", e.Key())
	}
	return cc
}

// encode sends f (nil: the end) and calls got with each packet that comes out.
func encode(t testing.TB, cc *astiav.CodecContext, f *astiav.Frame, got func(p *astiav.Packet)) {
	t.Helper()
	ok(t, cc.SendFrame(f))
	p := astiav.AllocPacket()
	defer p.Free()
	for {
		err := cc.ReceivePacket(p)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return
		}
		ok(t, err)
		got(p)
		p.Unref()
	}
}

// annexB returns the NAL units of an Annex B access unit.
func annexB(b []byte) (nals [][]byte) {
	for i := bytes.Index(b, []byte{0, 0, 1}); i >= 0; {
		b = b[i+3:]
		if i = bytes.Index(b, []byte{0, 0, 1}); i >= 0 {
			nals = append(nals, bytes.TrimRight(b[:i], "\x00"))
		} else {
			nals = append(nals, b)
		}
	}
	return nals
}

// nalTypes returns the nal_unit_type of each NAL unit (ITU-T H.264 table 7-1).
func nalTypes(b []byte) (types []byte) {
	for _, n := range annexB(b) {
		types = append(types, n[0]&31)
	}
	return types
}

func TestEncodeDecodeRoundTrip(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		const n = 30
		source := firstFrames(t, file, n)
		w, h := source[0].Width(), source[0].Height()
		enc := x264(t, w, h, func(cc *astiav.CodecContext, options *astiav.Dictionary) {
			cc.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagGlobalHeader))
			cc.SetGopSize(10)
			cc.SetColorRange(astiav.ColorRangeMpeg)
			cc.SetColorSpace(astiav.ColorSpaceBt709)
			cc.SetColorPrimaries(astiav.ColorPrimariesBt709)
			cc.SetColorTransferCharacteristic(astiav.ColorTransferCharacteristicBt709)
			ok(t, options.Set("crf", "18", 0))
			ok(t, options.Set("sc_threshold", "0", 0))
			ok(t, options.Set("profile", "baseline", 0))
		})
		if types := nalTypes(enc.ExtraData()); !bytes.Contains(types, []byte{7, 8}) {
			t.Fatalf("extra data has NAL units %v, want SPS and PPS", types)
		}
		cp := astiav.AllocCodecParameters()
		defer cp.Free()
		ok(t, enc.ToCodecParameters(cp))
		if cp.CodecID() != astiav.CodecIDH264 || cp.Width() != w || cp.Height() != h {
			t.Errorf("parameters: %s %dx%d", cp.CodecID(), cp.Width(), cp.Height())
		}
		if sps := annexB(cp.ExtraData())[0]; sps[1] != 66 {
			t.Errorf("profile_idc is %d, want 66 (baseline)", sps[1])
		}
		dec := decoder(t, cp)
		var keys []int
		packet, decoded, worst := 0, 0, 100.0
		check := func(f *astiav.Frame) {
			if f.Pts() != int64(decoded)*3600 {
				t.Errorf("frame %d has pts %d", decoded, f.Pts())
			}
			if f.ColorSpace() != astiav.ColorSpaceBt709 || f.ColorRange() != astiav.ColorRangeMpeg {
				t.Errorf("frame %d: matrix %d, range %d", decoded, f.ColorSpace(), f.ColorRange())
			}
			worst = min(worst, psnr(t, picture(t, source[decoded]), picture(t, f)))
			decoded++
		}
		pass := func(p *astiav.Packet) {
			if p.Flags().Has(astiav.PacketFlagKey) {
				keys = append(keys, packet)
			}
			packet++
			decode(t, dec, p, check)
		}
		for i, s := range source {
			f := s.Clone()
			f.SetPts(int64(i) * 3600)
			f.SetPictureType(astiav.PictureTypeNone)
			if i == 15 {
				f.SetPictureType(astiav.PictureTypeI)
			}
			encode(t, enc, f, pass)
			f.Free()
		}
		encode(t, enc, nil, pass)
		decode(t, dec, nil, check)
		if packet != n || decoded != n {
			t.Errorf("%d packets, %d frames, want %d", packet, decoded, n)
		}
		// Every 10 pictures, counted anew from the one that was asked for.
		if want := []int{0, 10, 15, 25}; !equal(keys, want) {
			t.Errorf("key frames at %v, want %v", keys, want)
		}
		t.Logf("worst PSNR %.1f dB", worst)
		if worst < 36 {
			t.Errorf("worst PSNR %.1f dB, want at least 36", worst)
		}
	})
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestEncoderBitRate(t *testing.T) {
	const rate, n = 400_000, 75
	enc := x264(t, 320, 180, func(cc *astiav.CodecContext, _ *astiav.Dictionary) {
		cc.SetBitRate(rate)
		cc.SetRateControlMaxRate(rate)
		cc.SetRateControlBufferSize(rate / 2)
	})
	size := 0
	f := newPicture(t, 320, 180, astiav.PixelFormatYuv420P)
	b := picture(t, f)
	for i := range n {
		for j := range b {
			b[j] = byte(j*7 + j/320*3 + i*5)
		}
		ok(t, f.MakeWritable())
		ok(t, f.Data().SetBytes(b, 1))
		f.SetPts(int64(i) * 3600)
		encode(t, enc, f, func(p *astiav.Packet) { size += p.Size() })
	}
	encode(t, enc, nil, func(p *astiav.Packet) { size += p.Size() })
	if got := float64(size) * 8 * 25 / n; got > rate*1.2 {
		t.Errorf("%.0f bits a second, want at most %d and a fifth", got, rate)
	}
}

func TestCodecErrors(t *testing.T) {
	if astiav.FindEncoderByName("nosuchencoder") != nil || astiav.FindDecoderByName("nosuchdecoder") != nil {
		t.Error("an unknown codec is found")
	}
	c := astiav.FindEncoderByName("libx264")
	cc := astiav.AllocCodecContext(c)
	defer cc.Free()
	if err := cc.Open(c, nil); err == nil {
		t.Error("an encoder without a size opens")
	}
	dec := astiav.FindDecoder(astiav.CodecIDH264)
	dc := astiav.AllocCodecContext(dec)
	defer dc.Free()
	ok(t, dc.Open(dec, nil))
	p := astiav.AllocPacket()
	defer p.Free()
	ok(t, p.FromData(bytes.Repeat([]byte{0, 0, 1, 0x65, 0xff, 0x80, 0x12}, 50)))
	f := astiav.AllocFrame()
	defer f.Free()
	if err := dc.SendPacket(p); err == nil {
		err = dc.ReceiveFrame(f)
		if err == nil {
			t.Error("rubbish decodes")
		}
	}
	ok(t, dc.SendPacket(nil))
	if err := dc.ReceiveFrame(f); !errors.Is(err, astiav.ErrEof) {
		t.Errorf("error %v, want %v", err, astiav.ErrEof)
	}
}

func TestCodecDescription(t *testing.T) {
	enc := astiav.FindEncoderByName("libx264")
	if !enc.IsEncoder() || enc.IsDecoder() || enc.ID() != astiav.CodecIDH264 || enc.String() != "libx264" || enc.LongName() == "" {
		t.Errorf("%+v", enc)
	}
	var pfs bool
	for _, pf := range enc.SupportedPixelFormats() {
		pfs = pfs || pf == astiav.PixelFormatNv12
	}
	if !pfs {
		t.Errorf("libx264 takes %v, want nv12 among them", enc.SupportedPixelFormats())
	}
	opus := astiav.FindEncoderByName("libopus")
	if opus != nil && (len(opus.SupportedSampleFormats()) == 0 || len(opus.SupportedSampleRates()) == 0) {
		t.Errorf("libopus: %v, %v", opus.SupportedSampleFormats(), opus.SupportedSampleRates())
	}
	if mpeg2 := astiav.FindEncoder(astiav.CodecIDMpeg2Video); len(mpeg2.SupportedFrameRates()) == 0 {
		t.Error("mpeg2video takes any frame rate")
	}
	if n := len(astiav.Codecs()); n < 100 {
		t.Errorf("%d codecs", n)
	}
	cc := astiav.AllocCodecContext(enc)
	defer cc.Free()
	ok(t, cc.PrivateData().Options().Set("preset", "slow", 0))
	if v, err := cc.PrivateData().Options().Get("preset", 0); err != nil || v != "slow" {
		t.Errorf("preset %q, %v", v, err)
	}
	if err := cc.PrivateData().Options().Set("nosuchoption", "1", 0); !errors.Is(err, astiav.ErrOptionNotFound) {
		t.Errorf("error %v, want %v", err, astiav.ErrOptionNotFound)
	}
	if len(cc.PrivateData().Options().List()) < 10 {
		t.Error("libx264 has hardly any options")
	}
}
