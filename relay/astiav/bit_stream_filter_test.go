package astiav_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/asticode/go-astiav"
)

// filter starts a bitstream filter on a stream; it is freed when the test ends.
func filter(t testing.TB, name string, cp *astiav.CodecParameters, tb astiav.Rational, options map[string]string) *astiav.BitStreamFilterContext {
	t.Helper()
	f := astiav.FindBitStreamFilterByName(name)
	if f == nil {
		t.Fatalf("this FFmpeg has no filter %s", name)
	}
	c, err := astiav.AllocBitStreamFilterContext(f)
	ok(t, err)
	t.Cleanup(c.Free)
	ok(t, cp.Copy(c.InputCodecParameters()))
	c.SetInputTimeBase(tb)
	for k, v := range options {
		ok(t, c.PrivateData().Options().Set(k, v, 0))
	}
	ok(t, c.Initialize())
	return c
}

// run sends p (nil: the end) through a filter and calls f with what comes out.
func run(t testing.TB, c *astiav.BitStreamFilterContext, p *astiav.Packet, f func(p *astiav.Packet)) {
	t.Helper()
	ok(t, c.SendPacket(p))
	out := astiav.AllocPacket()
	defer out.Free()
	for {
		err := c.ReceivePacket(out)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return
		}
		ok(t, err)
		f(out)
		out.Unref()
	}
}

func TestAnnexBFilter(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		fc, s := open(t, file)
		c := filter(t, "h264_mp4toannexb", s.CodecParameters(), s.TimeBase(), nil)
		if types := nalTypes(c.OutputCodecParameters().ExtraData()); !bytes.Contains(types, []byte{7}) {
			t.Errorf("extra data has NAL units %v, want an SPS", types)
		}
		// Without extra data the decoder has only what is in the packets.
		dec := astiav.AllocCodecContext(astiav.FindDecoder(astiav.CodecIDH264))
		defer dec.Free()
		ok(t, dec.Open(nil, nil))
		in, out, frames := 0, 0, 0
		count := func(*astiav.Frame) { frames++ }
		check := func(p *astiav.Packet) {
			out++
			b := p.Data()
			if !bytes.HasPrefix(b, []byte{0, 0, 0, 1}) && !bytes.HasPrefix(b, []byte{0, 0, 1}) {
				t.Fatalf("packet %d begins with % x", out, b[:8])
			}
			types := nalTypes(b)
			key := p.Flags().Has(astiav.PacketFlagKey)
			if key != bytes.Contains(types, []byte{5}) || key && !(bytes.Contains(types, []byte{7}) && bytes.Contains(types, []byte{8})) {
				t.Fatalf("packet %d: key frame %v, NAL units %v", out, key, types)
			}
			decode(t, dec, p, count)
		}
		packets(t, fc, s, 150, func(p *astiav.Packet) {
			in++
			run(t, c, p, check)
			if p.Size() != 0 {
				t.Fatal("the filter left the packet to the caller")
			}
		})
		run(t, c, nil, check)
		decode(t, dec, nil, count)
		if in != 150 || out != in || frames != in {
			t.Errorf("%d packets in, %d out, %d frames", in, out, frames)
		}
	})
}

func TestMetadataFilter(t *testing.T) {
	fc, s := open(t, clips(t)[0])
	annexb := filter(t, "h264_mp4toannexb", s.CodecParameters(), s.TimeBase(), nil)
	meta := filter(t, "h264_metadata", annexb.OutputCodecParameters(), s.TimeBase(), map[string]string{"aud": "insert", "level": "5.1"})
	out := 0
	packets(t, fc, s, 30, func(p *astiav.Packet) {
		run(t, annexb, p, func(p *astiav.Packet) {
			run(t, meta, p, func(p *astiav.Packet) {
				out++
				nals := annexB(p.Data())
				if nals[0][0]&31 != 9 {
					t.Errorf("packet %d begins with NAL unit type %d, want 9", out, nals[0][0]&31)
				}
				for _, n := range nals {
					if n[0]&31 == 7 && n[3] != 51 {
						t.Errorf("level_idc is %d, want 51", n[3])
					}
				}
			})
		})
	})
	if out != 30 {
		t.Errorf("%d packets, want 30", out)
	}
}

func TestFilterErrors(t *testing.T) {
	if astiav.FindBitStreamFilterByName("nosuchfilter") != nil {
		t.Error("an unknown filter is found")
	}
	if _, err := astiav.AllocBitStreamFilterContext(nil); !errors.Is(err, astiav.ErrBsfNotFound) {
		t.Errorf("error %v, want %v", err, astiav.ErrBsfNotFound)
	}
	c, err := astiav.AllocBitStreamFilterContext(astiav.FindBitStreamFilterByName("h264_mp4toannexb"))
	ok(t, err)
	defer c.Free()
	c.InputCodecParameters().SetCodecID(astiav.CodecIDMjpeg)
	if err := c.Initialize(); err == nil {
		t.Error("an H.264 filter takes MJPEG")
	}
}
