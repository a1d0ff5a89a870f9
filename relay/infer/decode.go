package infer

import (
	"errors"
	"fmt"

	"github.com/asticode/go-astiav"

	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/shaders"

	"github.com/pion/rtp"
)

// decoder turns a stream's frames into pictures. It is for one goroutine.
type decoder struct {
	depacketizer media.Depacketizer
	context      *astiav.CodecContext
	packet       *astiav.Packet
	frame        *astiav.Frame
	scaler       *astiav.SoftwareScaleContext
	scaled       *astiav.Frame
	annexB       []byte
	seq          uint16
	ticks        int64 // newest frame's timestamp, unwrapped
	begun        bool
}

func newDecoder() (*decoder, error) {
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	if codec == nil {
		return nil, errors.New("infer: this FFmpeg has no H.264 decoder")
	}
	d := &decoder{context: astiav.AllocCodecContext(codec), packet: astiav.AllocPacket(), frame: astiav.AllocFrame(), scaled: astiav.AllocFrame()}
	// One thread for each stream: threads of one decoder each add a frame of
	// delay, and there are other streams for the other processors.
	d.context.SetThreadCount(1)
	d.context.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagLowDelay))
	if err := d.context.Open(codec, nil); err != nil {
		d.close()
		return nil, fmt.Errorf("infer: open the H.264 decoder: %w", err)
	}
	return d, nil
}

func (d *decoder) close() {
	d.packet.Free()
	d.frame.Free()
	d.scaled.Free()
	d.context.Free()
	if d.scaler != nil {
		d.scaler.Free()
	}
}

// unwrap gives a frame's RTP timestamp without wrap, for distances.
func (d *decoder) unwrap(ts uint32) int64 {
	if !d.begun {
		d.begun, d.ticks = true, int64(ts)
	}
	d.ticks += int64(int32(ts - uint32(d.ticks)))
	return d.ticks
}

// decode takes the next frame and calls picture for each decoded one, with its
// unwrapped timestamp; the frame is valid during the call alone. An error says
// that something was damaged; the decoder goes on.
func (d *decoder) decode(f *hub.Frame, picture func(ticks int64, f *astiav.Frame) error) error {
	ticks := d.unwrap(f.TS)
	d.annexB = d.annexB[:0]
	for i, p := range f.Payloads {
		d.seq++
		packet := rtp.Packet{Header: rtp.Header{SequenceNumber: d.seq, Timestamp: f.TS, Marker: i == len(f.Payloads)-1}, Payload: p}
		for _, au := range d.depacketizer.Push(&packet, false, f.Received) {
			for _, n := range au.NALUs {
				d.annexB = append(append(d.annexB, 0, 0, 0, 1), n...)
			}
		}
	}
	if len(d.annexB) == 0 {
		return errors.New("infer: a frame without a picture")
	}
	if err := d.packet.FromData(d.annexB); err != nil {
		return fmt.Errorf("infer: packet: %w", err)
	}
	defer d.packet.Unref()
	d.packet.SetPts(ticks)
	d.packet.SetDts(ticks)
	damaged := d.context.SendPacket(d.packet)
	for {
		err := d.context.ReceiveFrame(d.frame)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			break
		}
		if err != nil {
			damaged = errors.Join(damaged, err)
			break
		}
		if d.frame.Flags().Has(astiav.FrameFlagCorrupt) {
			damaged = errors.Join(damaged, errors.New("the decoder marks the picture as damaged"))
		} else if err := picture(d.frame.Pts(), d.frame); err != nil {
			damaged = errors.Join(damaged, err)
		}
		d.frame.Unref()
	}
	if damaged != nil {
		return fmt.Errorf("infer: decode: %w", damaged)
	}
	return nil
}

// planes copies a decoded picture into buffer, grown where needed, and says
// how it lies there.
func (d *decoder) planes(f *astiav.Frame, buffer []byte) (shaders.Frame, []byte, error) {
	format, known := shaders.I420, true
	full := f.ColorRange() == astiav.ColorRangeJpeg
	switch f.PixelFormat() {
	case astiav.PixelFormatYuv420P:
	case astiav.PixelFormatYuvj420P:
		full = true
	case astiav.PixelFormatNv12:
		format = shaders.NV12
	default:
		known = false
	}
	space := f.ColorSpace()
	if !known {
		var err error
		if f, err = d.scale(f); err != nil {
			return shaders.Frame{}, buffer, err
		}
	}
	frame, size := shaders.PackedFrame(format, f.Width(), f.Height())
	frame.FullRange = full
	switch space {
	case astiav.ColorSpaceBt470Bg, astiav.ColorSpaceSmpte170M:
		frame.Matrix = shaders.BT601
	case astiav.ColorSpaceBt2020Ncl:
		frame.Matrix = shaders.BT2020
	}
	if cap(buffer) < size {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	if _, err := f.ImageCopyToBuffer(buffer, 1); err != nil {
		return frame, buffer, fmt.Errorf("infer: copy a picture: %w", err)
	}
	return frame, buffer, nil
}

// scale brings other formats (4:2:2, 4:4:4, 10 bits) to 4:2:0 of the same
// size.
func (d *decoder) scale(f *astiav.Frame) (*astiav.Frame, error) {
	width, height := f.Width(), f.Height()
	if d.scaler == nil || d.scaler.SourceWidth() != width || d.scaler.SourceHeight() != height || d.scaler.SourcePixelFormat() != f.PixelFormat() {
		if d.scaler != nil {
			d.scaler.Free()
			d.scaler = nil
		}
		var err error
		d.scaler, err = astiav.CreateSoftwareScaleContext(width, height, f.PixelFormat(), width, height, astiav.PixelFormatYuv420P,
			astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagBilinear))
		if err != nil {
			return nil, fmt.Errorf("infer: convert %s: %w", f.PixelFormat(), err)
		}
		d.scaled.Unref()
		d.scaled.SetWidth(width)
		d.scaled.SetHeight(height)
		d.scaled.SetPixelFormat(astiav.PixelFormatYuv420P)
		if err := d.scaled.AllocBuffer(0); err != nil {
			return nil, fmt.Errorf("infer: convert: %w", err)
		}
	}
	if err := d.scaler.ScaleFrame(f, d.scaled); err != nil {
		return nil, fmt.Errorf("infer: convert: %w", err)
	}
	return d.scaled, nil
}
