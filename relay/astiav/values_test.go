package astiav_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/asticode/go-astiav"
)

func TestRational(t *testing.T) {
	a, b := astiav.NewRational(1, 2), astiav.NewRational(1, 3)
	for _, c := range []struct {
		name string
		got  astiav.Rational
		want string
	}{
		{"add", a.Add(b), "5/6"}, {"sub", a.Sub(b), "1/6"}, {"mul", a.Mul(b), "1/6"}, {"div", a.Div(b), "3/2"},
		{"invert", b.Invert(), "3/1"}, {"zero", astiav.Rational{}, "0"}, {"base", astiav.TimeBaseQ, "1/1000000"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	if a.Float64() != 0.5 || astiav.NewRational(1, 0).Float64() != 0 {
		t.Errorf("floats %v, %v", a.Float64(), astiav.NewRational(1, 0).Float64())
	}
	a.SetNum(7)
	a.SetDen(9)
	if a.Num() != 7 || a.Den() != 9 {
		t.Errorf("set: %s", a)
	}
	ms, clock := astiav.NewRational(1, 1000), astiav.NewRational(1, 90000)
	if got := astiav.RescaleQ(40, ms, clock); got != 3600 {
		t.Errorf("40 ms are %d ticks, want 3600", got)
	}
	if got := astiav.RescaleQRnd(1, clock, ms, astiav.RoundingUp); got != 1 {
		t.Errorf("1 tick rounds up to %d ms, want 1", got)
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("source gate: %w", astiav.ErrEof)
	if !errors.Is(err, astiav.ErrEof) || errors.Is(err, astiav.ErrEagain) {
		t.Error("wrapped errors do not compare")
	}
	for e, want := range map[astiav.Error]string{
		astiav.ErrEof:         "End of file",
		astiav.ErrInvaliddata: "Invalid data found when processing input",
		astiav.ErrEnoent:      "No such file or directory",
		astiav.Error(-987654): "Error number -987654 occurred",
	} {
		if e.Error() != want {
			t.Errorf("%d: %q, want %q", int(e), e.Error(), want)
		}
	}
}

func TestDictionary(t *testing.T) {
	d := astiav.NewDictionary()
	defer d.Free()
	ok(t, d.ParseString("a=1;b=2", "=", ";", 0))
	ok(t, d.Set("a", "3", 0))
	ok(t, d.Set("b", "4", astiav.NewDictionaryFlags(astiav.DictionaryFlagDontOverwrite)))
	c := astiav.NewDictionary()
	defer c.Free()
	ok(t, d.Copy(c, 0))
	d.Free()
	d.Free()
	if d.Get("a", nil, 0) != nil {
		t.Error("a freed dictionary has entries")
	}
	got := map[string]string{}
	all := astiav.NewDictionaryFlags(astiav.DictionaryFlagIgnoreSuffix)
	for e := c.Get("", nil, all); e != nil; e = c.Get("", e, all) {
		got[e.Key()] = e.Value()
	}
	if len(got) != 2 || got["a"] != "3" || got["b"] != "2" {
		t.Errorf("entries %v", got)
	}
	if err := d.ParseString("no pair", "=", ";", 0); err == nil {
		t.Error("a text without a pair is accepted")
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{astiav.CodecIDH264.String(), "h264"},
		{astiav.CodecIDHevc.Name(), "hevc"},
		{astiav.PixelFormatNv12.String(), "nv12"},
		{astiav.PixelFormatNone.String(), ""},
		{astiav.MediaTypeVideo.String(), "video"},
		{astiav.MediaTypeUnknown.String(), ""},
		{astiav.SampleFormatFltp.String(), "fltp"},
		{astiav.PictureTypeB.String(), "B"},
		{astiav.PictureTypeNone.String(), "?"},
		{astiav.ChannelLayoutMono.String(), "mono"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if astiav.FindPixelFormatByName("nv12") != astiav.PixelFormatNv12 || astiav.FindPixelFormatByName("x") != astiav.PixelFormatNone {
		t.Error("pixel formats are not found by name")
	}
	if d := astiav.PixelFormatYuv420P.Descriptor(); d.Name() != "yuv420p" || !d.Flags().Has(astiav.PixelFormatDescriptorFlagPlanar) {
		t.Errorf("%s, flags %b", d.Name(), d.Flags())
	}
	if astiav.PixelFormatNone.Descriptor() != nil || astiav.CodecIDOpus.MediaType() != astiav.MediaTypeAudio {
		t.Error("descriptions are wrong")
	}
}
