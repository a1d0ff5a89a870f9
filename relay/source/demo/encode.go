package demo

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// encoder turns pictures into H.264 Constrained Baseline without B-frames and
// without delay: each picture gives one access unit at once.
type encoder struct {
	ctx    *astiav.CodecContext
	frame  *astiav.Frame
	packet *astiav.Packet
}

// encoderConfig is what an encoder must know.
type encoderConfig struct {
	codec              string // FFmpeg's name of the encoder
	width, height, fps int
	bitrate            int // bits per second, a ceiling
	gop                int // frames from key frame to key frame
}

func newEncoder(c encoderConfig) (*encoder, error) {
	codec := astiav.FindEncoderByName(c.codec)
	if codec == nil {
		return nil, source.Fail(source.GiveUp, health.New(health.EncoderMissing,
			"the demo camera needs the encoder %s, which this FFmpeg was built without", c.codec), nil)
	}
	e := &encoder{ctx: astiav.AllocCodecContext(codec), frame: astiav.AllocFrame(), packet: astiav.AllocPacket()}
	e.ctx.SetWidth(c.width)
	e.ctx.SetHeight(c.height)
	e.ctx.SetPixelFormat(astiav.PixelFormatYuv420P)
	e.ctx.SetTimeBase(astiav.NewRational(1, media.ClockRate))
	e.ctx.SetFramerate(astiav.NewRational(c.fps, 1))
	e.ctx.SetMaxBFrames(0)
	e.ctx.SetThreadCount(1)
	e.ctx.SetGopSize(c.gop)

	// Constant quality under a ceiling: a quiet street costs little.
	options := astiav.NewDictionary()
	defer options.Free()
	for _, o := range [][2]string{
		{"preset", "superfast"}, {"tune", "zerolatency"}, {"profile", "baseline"},
		{"crf", "25"}, {"maxrate", strconv.Itoa(c.bitrate)}, {"bufsize", strconv.Itoa(c.bitrate)},
		{"keyint_min", strconv.Itoa(c.gop)}, {"sc_threshold", "0"},
		{"colorspace", "bt709"}, {"color_primaries", "bt709"}, {"color_trc", "bt709"}, {"color_range", "tv"},
	} {
		if err := options.Set(o[0], o[1], 0); err != nil {
			e.close()
			return nil, fmt.Errorf("demo: encoder option %s=%s: %w", o[0], o[1], err)
		}
	}
	if err := e.ctx.Open(codec, options); err != nil {
		e.close()
		return nil, source.Fail(source.GiveUp, health.New(health.EncoderMissing,
			"the encoder %s cannot be opened for %dx%d: %v", c.codec, c.width, c.height, err), err)
	}
	e.frame.SetWidth(c.width)
	e.frame.SetHeight(c.height)
	e.frame.SetPixelFormat(astiav.PixelFormatYuv420P)
	if err := e.frame.AllocBuffer(0); err != nil {
		e.close()
		return nil, fmt.Errorf("demo: picture buffer: %w", err)
	}
	return e, nil
}

func (e *encoder) close() {
	e.packet.Free()
	e.frame.Free()
	e.ctx.Free()
}

// encode codes one picture. The NAL units are the caller's.
func (e *encoder) encode(p *Picture, pts int64) (nalus [][]byte, key bool, err error) {
	if err := e.frame.MakeWritable(); err != nil {
		return nil, false, fmt.Errorf("demo: picture buffer: %w", err)
	}
	if err := e.frame.Data().SetBytes(p.Bytes(), 1); err != nil {
		return nil, false, fmt.Errorf("demo: picture: %w", err)
	}
	e.frame.SetPts(pts)
	if err := e.ctx.SendFrame(e.frame); err != nil {
		return nil, false, fmt.Errorf("demo: encode: %w", err)
	}
	for {
		err := e.ctx.ReceivePacket(e.packet)
		if errors.Is(err, astiav.ErrEagain) {
			break
		}
		if err != nil {
			return nil, false, fmt.Errorf("demo: encode: %w", err)
		}
		nalus = append(nalus, media.SplitAnnexB(e.packet.Data())...)
		key = key || e.packet.Flags().Has(astiav.PacketFlagKey)
		e.packet.Unref()
	}
	if len(nalus) == 0 {
		return nil, false, errors.New("demo: the encoder held a picture back")
	}
	return nalus, key, nil
}
