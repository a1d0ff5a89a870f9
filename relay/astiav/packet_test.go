package astiav_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/asticode/go-astiav"
)

func TestPacket(t *testing.T) {
	p := astiav.AllocPacket()
	defer p.Free()
	if p.Data() != nil || p.Pts() != astiav.NoPtsValue || p.Pos() != -1 {
		t.Errorf("new packet: %v, pts %d, pos %d", p.Data(), p.Pts(), p.Pos())
	}
	p.SetPts(90)
	p.SetDts(45)
	p.SetDuration(9)
	p.SetStreamIndex(3)
	p.SetFlags(astiav.NewPacketFlags(astiav.PacketFlagKey))
	data := []byte{1, 2, 3, 4}
	ok(t, p.FromData(data))
	data[0] = 9
	if !bytes.Equal(p.Data(), []byte{1, 2, 3, 4}) || p.Size() != 4 {
		t.Errorf("data % x", p.Data())
	}
	ok(t, p.FromData([]byte{5, 6}))
	ok(t, p.FromData(p.Data()))
	if !bytes.Equal(p.Data(), []byte{5, 6}) || !p.IsWritable() {
		t.Errorf("data % x", p.Data())
	}
	c := p.Clone()
	defer c.Free()
	if p.IsWritable() {
		t.Error("a packet with two references is writable")
	}
	ok(t, p.MakeWritable())
	if !p.IsWritable() {
		t.Error("not writable")
	}
	p.RescaleTs(astiav.NewRational(1, 90), astiav.NewRational(1, 1000))
	if p.Pts() != 1000 || p.Dts() != 500 || p.Duration() != 100 {
		t.Errorf("pts %d, dts %d, duration %d", p.Pts(), p.Dts(), p.Duration())
	}
	if c.Pts() != 90 || c.StreamIndex() != 3 || !c.Flags().Has(astiav.PacketFlagKey) {
		t.Errorf("clone: pts %d, stream %d, flags %b", c.Pts(), c.StreamIndex(), c.Flags())
	}
	m := astiav.AllocPacket()
	defer m.Free()
	m.MoveRef(c)
	if c.Size() != 0 || m.Size() != 2 {
		t.Error("MoveRef does not move")
	}
	ok(t, c.Ref(m))
	c.Unref()
	ok(t, c.CopyProperties(m))
	if c.Size() != 0 || c.Pts() != 90 {
		t.Errorf("copied properties: %d bytes, pts %d", c.Size(), c.Pts())
	}
	c.Unref()
	ok(t, c.AllocPayload(100))
	c.SetSize(10)
	if len(c.Data()) != 10 {
		t.Errorf("%d bytes", len(c.Data()))
	}
	if err := c.AllocPayload(-1); err == nil {
		t.Error("a negative size is accepted")
	}
	ok(t, c.FromData(nil))
	if c.Size() != 0 {
		t.Errorf("%d bytes", c.Size())
	}
}

// TestRemux writes the video into another container, to a file and to Go functions,
// and reads it back.
func TestRemux(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		t.Run("file", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.mkv")
			out, err := astiav.AllocOutputFormatContext(nil, "", path)
			ok(t, err)
			defer out.Free()
			ic, err := astiav.OpenIOContext(path, astiav.NewIOContextFlags(astiav.IOContextFlagWrite), nil, nil)
			ok(t, err)
			remux(t, file, out, ic)
			ok(t, ic.Close())
			ok(t, ic.Close())
			compareRemuxed(t, file, path)
		})
		t.Run("functions", func(t *testing.T) {
			var b bytes.Buffer
			out, err := astiav.AllocOutputFormatContext(astiav.FindOutputFormat("matroska"), "", "")
			ok(t, err)
			defer out.Free()
			ic, err := astiav.AllocIOContext(4096, true, nil, nil, b.Write)
			ok(t, err)
			defer ic.Free()
			remux(t, file, out, ic)
			path := filepath.Join(t.TempDir(), "out.mkv")
			ok(t, os.WriteFile(path, b.Bytes(), 0o600))
			compareRemuxed(t, file, path)
		})
	})
}

func remux(t *testing.T, file string, out *astiav.FormatContext, ic *astiav.IOContext) {
	t.Helper()
	fc, s := open(t, file)
	os := out.NewStream(nil)
	ok(t, s.CodecParameters().Copy(os.CodecParameters()))
	os.CodecParameters().SetCodecTag(0)
	os.SetTimeBase(s.TimeBase())
	out.SetPb(ic)
	ok(t, out.WriteHeader(nil))
	packets(t, fc, s, 0, func(p *astiav.Packet) {
		p.RescaleTs(s.TimeBase(), os.TimeBase())
		p.SetStreamIndex(os.Index())
		ok(t, out.WriteInterleavedFrame(p))
	})
	ok(t, out.WriteTrailer())
	ic.Flush()
}

func compareRemuxed(t *testing.T, file, remuxed string) {
	t.Helper()
	var want [][]byte
	fc, s := open(t, file)
	packets(t, fc, s, 0, func(p *astiav.Packet) { want = append(want, p.Data()) })
	fc, s = open(t, remuxed)
	n := 0
	packets(t, fc, s, 0, func(p *astiav.Packet) {
		if n < len(want) && !bytes.Equal(p.Data(), want[n]) {
			t.Fatalf("packet %d differs", n)
		}
		n++
	})
	if n != len(want) {
		t.Errorf("%d packets, want %d", n, len(want))
	}
}

func TestOutputErrors(t *testing.T) {
	if astiav.FindOutputFormat("nosuchformat") != nil {
		t.Error("an unknown format is found")
	}
	if f := astiav.FindOutputFormat("mp4"); f.Name() != "mp4" || !f.Flags().Has(astiav.IOFormatFlagGlobalheader) {
		t.Errorf("%s, flags %b", f.Name(), f.Flags())
	}
	if _, err := astiav.AllocOutputFormatContext(nil, "nosuchformat", ""); err == nil {
		t.Error("an unknown format is accepted")
	}
	flags := astiav.NewIOContextFlags(astiav.IOContextFlagWrite)
	if _, err := astiav.OpenIOContext(filepath.Join(t.TempDir(), "no", "such", "folder"), flags, nil, nil); !errors.Is(err, astiav.ErrEnoent) {
		t.Errorf("error %v, want %v", err, astiav.ErrEnoent)
	}
}
