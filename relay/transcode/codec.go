package transcode

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/asticode/go-astiav"

	"sightline/relay/media"
)

// nvidia says whether there is an NVIDIA driver, whose codecs are tried first.
// Trying them without one fills the log of FFmpeg.
func nvidia() bool {
	_, err := os.Stat("/dev/nvidiactl")
	return err == nil
}

// decoderNames are FFmpeg's decoders of a codec, best first. Those of NVIDIA
// give their pictures to main memory.
func decoderNames(c media.Codec) (id astiav.CodecID, names []string) {
	ids := map[media.Codec]astiav.CodecID{media.H264: astiav.CodecIDH264, media.H265: astiav.CodecIDHevc, media.JPEG: astiav.CodecIDMjpeg,
		"AV1": astiav.CodecIDAv1, "VP8": astiav.CodecIDVp8, "VP9": astiav.CodecIDVp9, "MP4V-ES": astiav.CodecIDMpeg4, "MPV": astiav.CodecIDMpeg2Video}
	fast := map[media.Codec]string{media.H264: "h264_cuvid", media.H265: "hevc_cuvid", "AV1": "av1_cuvid", "VP9": "vp9_cuvid"}
	if n := fast[c]; n != "" && nvidia() {
		names = append(names, n)
	}
	if id, ok := ids[c]; ok {
		return id, names
	}
	return astiav.CodecIDNone, nil
}

// openDecoder opens the best decoder of a codec that this machine has.
func openDecoder(c media.Codec) (*astiav.CodecContext, error) {
	id, names := decoderNames(c)
	var codecs []*astiav.Codec
	for _, n := range names {
		codecs = append(codecs, astiav.FindDecoderByName(n))
	}
	if id != astiav.CodecIDNone {
		codecs = append(codecs, astiav.FindDecoder(id))
	}
	err := fmt.Errorf("this FFmpeg has no decoder for %s", Spoken(c))
	for _, codec := range codecs {
		if codec == nil {
			continue
		}
		ctx := astiav.AllocCodecContext(codec)
		// Threads that each take a picture would hold as many back.
		ctx.SetThreadType(astiav.ThreadTypeSlice)
		ctx.SetThreadCount(2)
		if slices.Contains(names, codec.Name()) { // else NVIDIA's hold pictures back
			ctx.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagLowDelay))
		}
		if e := ctx.Open(codec, nil); e != nil {
			err = fmt.Errorf("decoder %s: %w", codec.Name(), e)
			ctx.Free()
			continue
		}
		return ctx, nil
	}
	return nil, err
}

// keyDistance is the time between key frames, in ticks.
const keyDistance = 2 * media.ClockRate

// encoder codes frames of one size as H.264.
type encoder struct {
	name          string
	width, height int
	ctx           *astiav.CodecContext
	packet        *astiav.Packet

	from   astiav.PixelFormat
	fromW  int
	fromH  int
	scaler *astiav.SoftwareScaleContext // nil where frames fit as they are
	scaled *astiav.Frame

	keyed bool
	keyAt int64
}

// encoderOptions are those of an encoder that holds nothing back: constant
// quality under a ceiling.
func encoderOptions(name string, ceiling int) [][2]string {
	rate := strconv.Itoa(ceiling)
	if name == "h264_nvenc" {
		return [][2]string{{"preset", "p3"}, {"tune", "ull"}, {"zerolatency", "1"}, {"delay", "0"}, {"rc", "vbr"}, {"cq", "25"},
			{"maxrate", rate}, {"bufsize", rate}, {"forced-idr", "1"}, {"profile", "main"}}
	}
	return [][2]string{{"preset", "superfast"}, {"tune", "zerolatency"}, {"profile", "main"}, {"crf", "23"},
		{"maxrate", rate}, {"bufsize", rate}, {"forced-idr", "1"}, {"sc_threshold", "0"}}
}

// newEncoder opens an encoder for frames like f.
func newEncoder(f *astiav.Frame) (*encoder, error) {
	names := []string{"libx264"}
	if nvidia() {
		names = []string{"h264_nvenc", "libx264"}
	}
	err := errors.New("this FFmpeg has no H.264 encoder; install one with libx264")
	for _, n := range names {
		codec := astiav.FindEncoderByName(n)
		if codec == nil {
			continue
		}
		e, failed := openEncoder(codec, f)
		if failed == nil {
			return e, nil
		}
		err = failed
	}
	return nil, err
}

func openEncoder(codec *astiav.Codec, f *astiav.Frame) (*encoder, error) {
	e := &encoder{name: codec.Name(), width: f.Width() &^ 1, height: f.Height() &^ 1, from: f.PixelFormat(), fromW: f.Width(), fromH: f.Height(),
		ctx: astiav.AllocCodecContext(codec), packet: astiav.AllocPacket()}
	e.ctx.SetWidth(e.width)
	e.ctx.SetHeight(e.height)
	e.ctx.SetPixelFormat(astiav.PixelFormatYuv420P)
	e.ctx.SetTimeBase(astiav.NewRational(1, media.ClockRate))
	e.ctx.SetFramerate(astiav.NewRational(30, 1)) // for rate control alone
	e.ctx.SetSampleAspectRatio(f.SampleAspectRatio())
	e.ctx.SetMaxBFrames(0)
	e.ctx.SetGopSize(600) // key frames are asked for by time
	e.ctx.SetThreadCount(2)
	e.ctx.SetColorSpace(f.ColorSpace())
	e.ctx.SetColorRange(f.ColorRange())
	if e.from == astiav.PixelFormatYuvj420P || e.from == astiav.PixelFormatYuvj422P || e.from == astiav.PixelFormatYuvj444P || e.from == astiav.PixelFormatYuvj440P {
		e.ctx.SetColorRange(astiav.ColorRangeMpeg) // as the scaler makes it
	}
	options := astiav.NewDictionary()
	defer options.Free()
	// An eighth of a bit for each pixel at 30 frames per second, at least 1 Mbit/s.
	for _, o := range encoderOptions(e.name, max(1_000_000, e.width*e.height*30/8)) {
		if err := options.Set(o[0], o[1], 0); err != nil {
			e.close()
			return nil, fmt.Errorf("encoder option %s: %w", o[0], err)
		}
	}
	if err := e.ctx.Open(codec, options); err != nil {
		e.close()
		return nil, fmt.Errorf("encoder %s for %dx%d: %w", e.name, e.width, e.height, err)
	}
	if e.from == astiav.PixelFormatYuv420P && e.width == e.fromW && e.height == e.fromH {
		return e, nil
	}
	var err error
	e.scaler, err = astiav.CreateSoftwareScaleContext(e.fromW, e.fromH, e.from, e.width, e.height, astiav.PixelFormatYuv420P,
		astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagBilinear))
	if err != nil {
		e.close()
		return nil, fmt.Errorf("scaler from %s: %w", e.from, err)
	}
	e.scaled = astiav.AllocFrame()
	return e, nil
}

// fits says whether a frame is like those that the encoder was opened for.
func (e *encoder) fits(f *astiav.Frame) bool {
	return f.Width() == e.fromW && f.Height() == e.fromH && f.PixelFormat() == e.from
}

func (e *encoder) close() {
	e.ctx.Free()
	e.packet.Free()
	if e.scaler != nil {
		e.scaler.Free()
		e.scaled.Free()
	}
}

// encode codes one frame and returns the pictures that are ready: that one.
func (e *encoder) encode(f *astiav.Frame) ([]media.AccessUnit, error) {
	pts := f.Pts()
	if e.scaler != nil {
		e.scaled.Unref()
		e.scaled.SetWidth(e.width)
		e.scaled.SetHeight(e.height)
		e.scaled.SetPixelFormat(astiav.PixelFormatYuv420P)
		if err := e.scaler.ScaleFrame(f, e.scaled); err != nil {
			return nil, fmt.Errorf("scale: %w", err)
		}
		f = e.scaled
	}
	f.SetPts(pts)
	f.SetPictureType(astiav.PictureTypeNone)
	if !e.keyed || pts-e.keyAt >= keyDistance {
		e.keyed, e.keyAt = true, pts
		f.SetPictureType(astiav.PictureTypeI)
	}
	if err := e.ctx.SendFrame(f); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var out []media.AccessUnit
	for {
		err := e.ctx.ReceivePacket(e.packet)
		if errors.Is(err, astiav.ErrEagain) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		nalus := media.SplitAnnexB(e.packet.Data())
		out = append(out, media.AccessUnit{PTS: e.packet.Pts(), Key: media.IsKey(nalus), NALUs: nalus})
		e.packet.Unref()
	}
}
