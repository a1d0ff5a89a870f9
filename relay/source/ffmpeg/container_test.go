package ffmpeg

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// remux copies the first packets of one kind from the car clip into a file of
// another container.
func remux(t *testing.T, name string, kind astiav.MediaType, limit int) string {
	t.Helper()
	in := astiav.AllocFormatContext()
	defer in.Free()
	if err := in.OpenInput(clip(t, "car-detection.mp4"), nil, nil); err != nil {
		t.Fatal(err)
	}
	defer in.CloseInput()
	if err := in.FindStreamInfo(nil); err != nil {
		t.Fatal(err)
	}
	from, _, err := in.FindBestStream(kind, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	out, err := astiav.AllocOutputFormatContext(nil, "", path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Free()
	to := out.NewStream(nil)
	if err := from.CodecParameters().Copy(to.CodecParameters()); err != nil {
		t.Fatal(err)
	}
	to.CodecParameters().SetCodecTag(0)
	to.SetTimeBase(from.TimeBase())
	pb, err := astiav.OpenIOContext(path, astiav.NewIOContextFlags(astiav.IOContextFlagWrite), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pb.Close(); err != nil {
			t.Error(err)
		}
	}()
	out.SetPb(pb)
	if err := out.WriteHeader(nil); err != nil {
		t.Fatal(err)
	}
	p := astiav.AllocPacket()
	defer p.Free()
	for n := 0; n < limit; p.Unref() {
		if err := in.ReadFrame(p); err != nil {
			break
		}
		if p.StreamIndex() != from.Index() {
			continue
		}
		n++
		p.SetStreamIndex(0)
		p.SetPos(-1)
		p.RescaleTs(from.TimeBase(), to.TimeBase())
		if filepath.Ext(name) == ".avi" { // AVI has start codes
			if err := p.FromData(annexB(t, p.Data(), from.CodecParameters().ExtraData())); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.WriteInterleavedFrame(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.WriteTrailer(); err != nil {
		t.Fatal(err)
	}
	return path
}

// annexB gives a sample start codes, and a key frame its parameter sets.
func annexB(t *testing.T, sample, config []byte) []byte {
	t.Helper()
	sps, pps, size, err := parseAVCC(config)
	if err != nil {
		t.Fatal(err)
	}
	units, err := splitLengths(sample, size)
	if err != nil {
		t.Fatal(err)
	}
	if media.IsKey(units) {
		units = append([][]byte{sps, pps}, units...)
	}
	var out []byte
	for _, u := range units {
		out = append(append(out, 0, 0, 0, 1), u...)
	}
	return out
}

func TestContainers(t *testing.T) {
	const pictures = 130
	for _, name := range []string{"clip.mp4", "clip.mkv", "clip.flv", "clip.ts", "clip.avi", "clip.mov"} {
		t.Run(name, func(t *testing.T) {
			path := remux(t, name, astiav.MediaTypeVideo, pictures)
			r, took, err := play(t, &Source{Path: path}, 2*pictures)
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if len(r.tracks) != 1 || r.tracks[0].Width != 768 || r.tracks[0].Height != 432 {
				t.Errorf("tracks %+v", r.tracks)
			}
			if want := 2 * pictures * 80 * time.Millisecond; took < want-time.Second || took > want+time.Second {
				t.Errorf("took %v, want %v", took, want)
			}
			sets := media.ParameterSets{}
			sets.Learn(r.tracks[0].SPS, r.tracks[0].PPS)
			last, keys := int64(-1), 0
			for i, au := range r.units {
				if au.PTS <= last && i > 0 {
					t.Errorf("unit %d: PTS %d after %d", i, au.PTS, last)
				}
				last = au.PTS
				if au.Key {
					keys++
					if _, ok := sets.Apply(&au); !ok {
						t.Errorf("unit %d: key frame without parameter sets", i)
					}
				}
			}
			if keys < 4 || !r.units[0].Key {
				t.Errorf("%d key frames, first %v", keys, r.units[0].Key)
			}
		})
	}
}

func TestNoVideo(t *testing.T) {
	_, _, err := play(t, &Source{Path: remux(t, "sound.mp4", astiav.MediaTypeAudio, 100)}, 0)
	if f := source.Sorted(err); f.Condition.Code != health.SourceNoVideo || f.Class != source.NeedsPerson {
		t.Errorf("got %v", err)
	}
}

// encodeAs makes a short file of grey pictures with an encoder of FFmpeg.
func encodeAs(t *testing.T, name, encoder string) string {
	t.Helper()
	codec := astiav.FindEncoderByName(encoder)
	if codec == nil {
		t.Skipf("this FFmpeg has no encoder %s", encoder)
	}
	path := filepath.Join(t.TempDir(), name)
	out, err := astiav.AllocOutputFormatContext(nil, "", path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Free()
	cc := astiav.AllocCodecContext(codec)
	defer cc.Free()
	cc.SetWidth(64)
	cc.SetHeight(48)
	cc.SetPixelFormat(astiav.PixelFormatYuv420P)
	cc.SetTimeBase(astiav.NewRational(1, 25))
	if err := cc.Open(codec, nil); err != nil {
		t.Fatal(err)
	}
	st := out.NewStream(nil)
	if err := st.CodecParameters().FromCodecContext(cc); err != nil {
		t.Fatal(err)
	}
	pb, err := astiav.OpenIOContext(path, astiav.NewIOContextFlags(astiav.IOContextFlagWrite), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pb.Close(); err != nil {
			t.Error(err)
		}
	}()
	out.SetPb(pb)
	if err := out.WriteHeader(nil); err != nil {
		t.Fatal(err)
	}
	f, p := astiav.AllocFrame(), astiav.AllocPacket()
	defer f.Free()
	defer p.Free()
	f.SetWidth(64)
	f.SetHeight(48)
	f.SetPixelFormat(astiav.PixelFormatYuv420P)
	if err := f.AllocBuffer(0); err != nil {
		t.Fatal(err)
	}
	if err := f.ImageFillBlack(); err != nil {
		t.Fatal(err)
	}
	for i := range int64(5) {
		f.SetPts(i)
		if err := cc.SendFrame(f); err != nil {
			t.Fatal(err)
		}
		for cc.ReceivePacket(p) == nil {
			p.RescaleTs(cc.TimeBase(), st.TimeBase())
			if err := out.WriteInterleavedFrame(p); err != nil {
				t.Fatal(err)
			}
			p.Unref()
		}
	}
	if err := out.WriteTrailer(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOtherCodec(t *testing.T) {
	_, _, err := play(t, &Source{Path: encodeAs(t, "old.avi", "mpeg4")}, 0)
	if f := source.Sorted(err); f.Condition.Code != health.SourceCodec || f.Class != source.NeedsPerson {
		t.Errorf("got %v", err)
	}
}

// A server that accepts and stays silent must not hold a source that is
// stopped; one that is not there is tried again.
func TestNetworkAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("ffmpeg:http://user:pa@ss@" + l.Addr().String() + "/live.flv")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			accepted <- c
		}
		cancel()
	}()
	start := time.Now()
	if err := s.Run(ctx, &recorder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("stopped after %v", took)
	}
	c := <-accepted
	_ = c.Close()
	_ = l.Close()

	err = s.Run(t.Context(), &recorder{})
	f := source.Sorted(err)
	if f.Class != source.Retry || f.Condition.Code != health.SourceUnreachable {
		t.Errorf("got %v", err)
	}
	if text := f.Error() + f.Condition.Text; contains(text, "pa@ss", "user:") {
		t.Errorf("credentials in %q", text)
	}
}
