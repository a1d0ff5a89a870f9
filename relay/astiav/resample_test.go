package astiav_test

import (
	"testing"

	"github.com/asticode/go-astiav"
)

func TestResample(t *testing.T) {
	src := astiav.AllocSoftwareResampleContext()
	defer src.Free()
	in, out := astiav.AllocFrame(), astiav.AllocFrame()
	defer in.Free()
	defer out.Free()
	in.SetSampleFormat(astiav.SampleFormatS16)
	in.SetSampleRate(8000)
	in.SetChannelLayout(astiav.ChannelLayoutMono)
	in.SetNbSamples(160)
	ok(t, in.AllocBuffer(0))
	ok(t, in.SamplesFillSilence())
	total := 0
	for range 50 {
		out.Unref()
		out.SetSampleFormat(astiav.SampleFormatFlt)
		out.SetSampleRate(48000)
		out.SetChannelLayout(astiav.ChannelLayoutStereo)
		ok(t, src.ConvertFrame(in, out))
		total += out.NbSamples()
	}
	fifo := astiav.AllocAudioFifo(astiav.SampleFormatFlt, 2, 1)
	defer fifo.Free()
	if n, err := fifo.Write(out); err != nil || n != out.NbSamples() || fifo.Size() != n {
		t.Errorf("wrote %d of %d: %v", n, out.NbSamples(), err)
	}
	part := astiav.AllocFrame()
	defer part.Free()
	part.SetSampleFormat(astiav.SampleFormatFlt)
	part.SetSampleRate(48000)
	part.SetChannelLayout(astiav.ChannelLayoutStereo)
	part.SetNbSamples(100)
	ok(t, part.AllocBuffer(0))
	if n, err := fifo.Read(part); err != nil || n != 100 || fifo.Size() != out.NbSamples()-100 {
		t.Errorf("read %d, %d left: %v", n, fifo.Size(), err)
	}
	if held := int(src.Delay(48000)); total+held < 48000 || total > 48000 || src.Class() == nil {
		t.Errorf("%d samples came and %d are held back, of 48000", total, held)
	}
}

func TestDevicesAndSideData(t *testing.T) {
	astiav.RegisterAllDevices()
	if astiav.FindInputFormat("v4l2") == nil {
		t.Error("no v4l2")
	}
	p := astiav.AllocPacket()
	defer p.Free()
	if b := p.SideData().Get(astiav.PacketSideDataTypeNewExtradata); b != nil {
		t.Errorf("side data %v of a blank packet", b)
	}
	if n := astiav.PacketSideDataTypeNewExtradata.String(); n == "" {
		t.Error("no name")
	}
}
