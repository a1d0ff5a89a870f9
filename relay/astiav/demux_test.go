package astiav_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/asticode/go-astiav"
)

// probe is what ffprobe says about a file.
type probe struct {
	Streams []struct {
		CodecName    string `json:"codec_name"`
		Profile      string `json:"profile"`
		Width        int    `json:"width"`
		Height       int    `json:"height"`
		Level        int    `json:"level"`
		PixFmt       string `json:"pix_fmt"`
		TimeBase     string `json:"time_base"`
		AvgFrameRate string `json:"avg_frame_rate"`
		ExtraSize    int    `json:"extradata_size"`
		Packets      string `json:"nb_read_packets"`
		Frames       string `json:"nb_read_frames"`
	} `json:"streams"`
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
		BitRate  string `json:"bit_rate"`
	} `json:"format"`
}

func ffprobe(t *testing.T, file string) (p probe) {
	t.Helper()
	exe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed: apt-get install ffmpeg")
	}
	out, err := exec.Command(exe, "-v", "error", "-count_packets", "-count_frames", "-show_streams",
		"-show_format", "-select_streams", "v:0", "-of", "json", file).Output()
	ok(t, err)
	ok(t, json.Unmarshal(out, &p))
	if len(p.Streams) != 1 {
		t.Fatalf("ffprobe found %d video streams", len(p.Streams))
	}
	return p
}

func TestDemuxAgreesWithFFprobe(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		want := ffprobe(t, file)
		w := want.Streams[0]
		fc, s := open(t, file)
		cp := s.CodecParameters()
		for _, c := range []struct {
			what      string
			got, want any
		}{
			{"format", fc.InputFormat().Name(), want.Format.Name},
			{"bit rate", strconv.FormatInt(fc.BitRate(), 10), want.Format.BitRate},
			{"duration", strconv.FormatFloat(float64(fc.Duration())/float64(astiav.TimeBase), 'f', 6, 64), want.Format.Duration},
			{"codec", cp.CodecID().Name(), w.CodecName},
			{"media type", cp.MediaType(), astiav.MediaTypeVideo},
			{"profile", cp.ProfileName(), w.Profile},
			{"level", int(cp.Level()), w.Level},
			{"width", cp.Width(), w.Width},
			{"height", cp.Height(), w.Height},
			{"pixel format", cp.PixelFormat().Name(), w.PixFmt},
			{"time base", s.TimeBase().String(), w.TimeBase},
			{"frame rate", s.AvgFrameRate().String(), w.AvgFrameRate},
			{"extra data", len(cp.ExtraData()), w.ExtraSize},
		} {
			if c.got != c.want {
				t.Errorf("%s: %v, ffprobe says %v", c.what, c.got, c.want)
			}
		}
		if len(cp.ExtraData()) > 0 && cp.ExtraData()[0] != 1 {
			t.Errorf("extra data is no avcC record: % x", cp.ExtraData()[:4])
		}
		n, keys, last := 0, 0, astiav.NoPtsValue
		packets(t, fc, s, 0, func(p *astiav.Packet) {
			n++
			if p.Flags().Has(astiav.PacketFlagKey) {
				keys++
			}
			if p.Dts() <= last || p.Size() == 0 || len(p.Data()) != p.Size() {
				t.Fatalf("packet %d: dts %d after %d, %d bytes, size %d", n, p.Dts(), last, len(p.Data()), p.Size())
			}
			last = p.Dts()
		})
		if strconv.Itoa(n) != w.Packets || keys == 0 {
			t.Errorf("%d packets, %d of them key frames; ffprobe says %s", n, keys, w.Packets)
		}
	})
}

func TestDecodeCountsAgreeWithFFprobe(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		want := ffprobe(t, file).Streams[0]
		fc, s := open(t, file)
		cc := decoder(t, s.CodecParameters())
		n := 0
		count := func(f *astiav.Frame) {
			if f.Width() != want.Width || f.Height() != want.Height || f.PixelFormat().Name() != want.PixFmt {
				t.Fatalf("frame %d is %dx%d %s", n, f.Width(), f.Height(), f.PixelFormat())
			}
			if key := f.Flags().Has(astiav.FrameFlagKey); n == 0 && (!key || f.PictureType() != astiav.PictureTypeI) {
				t.Errorf("first frame: key %v, type %s", key, f.PictureType())
			}
			n++
		}
		packets(t, fc, s, 0, func(p *astiav.Packet) { decode(t, cc, p, count) })
		decode(t, cc, nil, count)
		if strconv.Itoa(n) != want.Frames {
			t.Errorf("%d frames, ffprobe says %s", n, want.Frames)
		}
	})
}

func TestDecodedSamplesAgreeWithFFmpeg(t *testing.T) {
	exe, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed: apt-get install ffmpeg")
	}
	eachClip(t, func(t *testing.T, file string) {
		const n = 20
		raw, err := exec.Command(exe, "-v", "error", "-i", file, "-frames:v", strconv.Itoa(n), "-fps_mode", "passthrough",
			"-pix_fmt", "yuv420p", "-f", "rawvideo", "-").Output()
		ok(t, err)
		for i, f := range firstFrames(t, file, n) {
			b := picture(t, f)
			if len(raw) < len(b) || string(raw[:len(b)]) != string(b) {
				t.Fatalf("frame %d differs", i)
			}
			raw = raw[len(b):]
		}
		if len(raw) != 0 {
			t.Errorf("%d bytes left over", len(raw))
		}
	})
}

func TestSeekLandsOnKeyFrame(t *testing.T) {
	eachClip(t, func(t *testing.T, file string) {
		fc, s := open(t, file)
		var keys []int64
		packets(t, fc, s, 0, func(p *astiav.Packet) {
			if p.Flags().Has(astiav.PacketFlagKey) {
				keys = append(keys, p.Pts())
			}
		})
		target := keys[len(keys)-1]
		// One tick before the last key frame belongs to the one before.
		if len(keys) > 1 {
			ok(t, fc.SeekFrame(s.Index(), target-1, astiav.NewSeekFlags(astiav.SeekFlagBackward)))
			packets(t, fc, s, 1, func(p *astiav.Packet) {
				if p.Pts() != keys[len(keys)-2] {
					t.Errorf("pts %d, want %d", p.Pts(), keys[len(keys)-2])
				}
			})
		}
		ok(t, fc.SeekFrame(s.Index(), target, astiav.NewSeekFlags(astiav.SeekFlagBackward)))
		packets(t, fc, s, 1, func(p *astiav.Packet) {
			if p.Pts() != target {
				t.Errorf("pts %d, want %d", p.Pts(), target)
			}
		})
	})
}

func TestFindBestStreamWithoutSuchStream(t *testing.T) {
	fc, _ := open(t, clips(t)[0])
	if _, _, err := fc.FindBestStream(astiav.MediaTypeSubtitle, -1, -1); !errors.Is(err, astiav.ErrStreamNotFound) {
		t.Errorf("error %v, want %v", err, astiav.ErrStreamNotFound)
	}
}
