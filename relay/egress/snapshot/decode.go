package snapshot

import (
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/asticode/go-astiav"
	"github.com/pion/rtp"

	"sightline/relay/hub"
	"sightline/relay/media"
)

// Decode decodes the last of the frames, which begin with a key frame.
func Decode(frames []*hub.Frame) (*image.RGBA, error) {
	units := unpack(frames)
	if len(units) == 0 {
		return nil, errors.New("snapshot: there is nothing to decode")
	}
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	if codec == nil {
		return nil, errors.New("snapshot: this FFmpeg has no H.264 decoder")
	}
	ctx := astiav.AllocCodecContext(codec)
	defer ctx.Free()
	ctx.SetThreadCount(1) // a snapshot can wait, the pictures cannot
	if err := ctx.Open(codec, nil); err != nil {
		return nil, fmt.Errorf("snapshot: decoder: %w", err)
	}
	packet, frame, last := astiav.AllocPacket(), astiav.AllocFrame(), astiav.AllocFrame()
	defer packet.Free()
	defer frame.Free()
	defer last.Free()
	newest := int64(-1)
	receive := func() error {
		for {
			err := ctx.ReceiveFrame(frame)
			if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
				return nil
			}
			if err != nil {
				return err
			}
			if frame.Pts() > newest {
				newest = frame.Pts()
				last.Unref()
				last.MoveRef(frame)
			} else {
				frame.Unref()
			}
		}
	}
	for i, au := range units {
		if err := packet.FromData(annexB(au.NALUs)); err != nil {
			return nil, fmt.Errorf("snapshot: packet: %w", err)
		}
		packet.SetPts(int64(i))
		packet.SetDts(int64(i))
		err := ctx.SendPacket(packet)
		packet.Unref()
		if err == nil {
			err = receive()
		}
		// A damaged picture on the way may leave the last one whole.
		if err != nil && i == len(units)-1 {
			return nil, fmt.Errorf("snapshot: decode: %w", err)
		}
	}
	if err := ctx.SendPacket(nil); err == nil {
		_ = receive()
	}
	if newest != int64(len(units)-1) {
		return nil, errors.New("snapshot: the picture cannot be decoded")
	}
	return picture(last)
}

// unpack joins the RTP payloads of frames into access units again.
func unpack(frames []*hub.Frame) []media.AccessUnit {
	var d media.Depacketizer
	var out []media.AccessUnit
	for _, f := range frames {
		for i, p := range f.Payloads {
			h := rtp.Header{Version: 2, Timestamp: f.TS, Marker: i == len(f.Payloads)-1}
			out = append(out, d.Push(&rtp.Packet{Header: h, Payload: p}, false, time.Time{})...)
		}
	}
	return out
}

// annexB puts start codes before NAL units (ITU-T H.264 annex B).
func annexB(nalus [][]byte) []byte {
	n := 0
	for _, u := range nalus {
		n += 4 + len(u)
	}
	out := make([]byte, 0, n)
	for _, u := range nalus {
		out = append(append(out, 0, 0, 0, 1), u...)
	}
	return out
}

// picture converts a decoded frame by the matrix and range that it names.
// Frames that name none are taken as a browser takes them: BT.709, limited.
func picture(f *astiav.Frame) (*image.RGBA, error) {
	guess, err := f.Data().GuessImageFormat()
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	in, ok := guess.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("snapshot: pixel format %s is not supported", f.PixelFormat())
	}
	if err := f.Data().ToImage(in); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	m := newMatrix(f)
	out := image.NewRGBA(in.Rect)
	for y := in.Rect.Min.Y; y < in.Rect.Max.Y; y++ {
		row := out.Pix[out.PixOffset(in.Rect.Min.X, y):]
		for x := in.Rect.Min.X; x < in.Rect.Max.X; x++ {
			c := in.COffset(x, y)
			m.rgb(row[4*(x-in.Rect.Min.X):], in.Y[in.YOffset(x, y)], in.Cb[c], in.Cr[c])
		}
	}
	return out, nil
}

// matrix converts YCbCr to RGB in 16.16 fixed point.
type matrix struct {
	black, y, rv, gu, gv, bu int32
}

func newMatrix(f *astiav.Frame) matrix {
	kr, kb := 0.2126, 0.0722 // BT.709
	switch f.ColorSpace() {
	case astiav.ColorSpaceBt470Bg, astiav.ColorSpaceSmpte170M:
		kr, kb = 0.299, 0.114
	case astiav.ColorSpaceBt2020Ncl:
		kr, kb = 0.2627, 0.0593
	}
	black, luma, chroma := int32(16), 255.0/219, 255.0/224
	if f.ColorRange() == astiav.ColorRangeJpeg || f.PixelFormat() == astiav.PixelFormatYuvj420P {
		black, luma, chroma = 0, 1, 1
	}
	fixed := func(v float64) int32 { return int32(v*65536 + 0.5) }
	return matrix{
		black: black, y: fixed(luma), rv: fixed(2 * (1 - kr) * chroma), bu: fixed(2 * (1 - kb) * chroma),
		gu: fixed(2 * kb * (1 - kb) / (1 - kr - kb) * chroma), gv: fixed(2 * kr * (1 - kr) / (1 - kr - kb) * chroma),
	}
}

func (m matrix) rgb(to []byte, y, cb, cr byte) {
	l := (int32(y)-m.black)*m.y + 1<<15
	u, v := int32(cb)-128, int32(cr)-128
	to[0], to[1], to[2], to[3] = clamp(l+m.rv*v), clamp(l-m.gu*u-m.gv*v), clamp(l+m.bu*u), 255
}

func clamp(v int32) byte { return byte(min(max(v>>16, 0), 255)) }
