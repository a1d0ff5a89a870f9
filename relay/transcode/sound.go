package transcode

import (
	"errors"
	"fmt"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/media"
	"sightline/relay/source"
)

const (
	opusRate  = 48000
	opusFrame = opusRate / 50 // 20 ms
	// opusGap is how far the times of sound may differ from its samples before
	// there is a gap: a tenth of a second.
	opusGap = opusRate / 10
)

// opus codes sound again as Opus, which every browser plays. Each unit has the
// time of its first sample.
type opus struct {
	rate      int // of the timestamps that come in
	decoder   *astiav.CodecContext
	resampler *astiav.SoftwareResampleContext
	encoder   *astiav.CodecContext
	fifo      *astiav.AudioFifo
	layout    astiav.ChannelLayout

	packet              *astiav.Packet
	frame, plain, piece *astiav.Frame

	began bool
	next  int64 // time of the oldest sample held, at 48 kHz
	lost  bool
}

// newOpus opens decoder and encoder for a track.
func newOpus(t media.AudioTrack) (*opus, error) {
	id, ok := map[media.Codec]astiav.CodecID{media.AAC: astiav.CodecIDAac, media.PCMA: astiav.CodecIDPcmAlaw, media.PCMU: astiav.CodecIDPcmMulaw}[t.Codec]
	decoder, encoder := astiav.FindDecoder(id), astiav.FindEncoderByName("libopus")
	if !ok || decoder == nil || encoder == nil || t.ClockRate <= 0 {
		return nil, fmt.Errorf("transcode: no way from %s to Opus", t.Codec)
	}
	o := &opus{rate: t.ClockRate, decoder: astiav.AllocCodecContext(decoder), encoder: astiav.AllocCodecContext(encoder),
		packet: astiav.AllocPacket(), frame: astiav.AllocFrame(), plain: astiav.AllocFrame(), piece: astiav.AllocFrame()}
	o.layout = astiav.ChannelLayoutStereo
	if t.Channels == 1 {
		o.layout = astiav.ChannelLayoutMono
	}
	o.decoder.SetSampleRate(t.ClockRate)
	o.decoder.SetChannelLayout(o.layout)
	if len(t.Config) > 0 {
		if err := o.decoder.SetExtraData(t.Config); err != nil {
			o.close()
			return nil, fmt.Errorf("transcode: %s: %w", t.Codec, err)
		}
	}
	o.encoder.SetSampleRate(opusRate)
	o.encoder.SetSampleFormat(astiav.SampleFormatS16)
	o.encoder.SetChannelLayout(o.layout)
	o.encoder.SetBitRate(int64(32000 * o.layout.Channels()))
	o.encoder.SetTimeBase(astiav.NewRational(1, opusRate))
	options := astiav.NewDictionary()
	defer options.Free()
	if err := errors.Join(options.Set("application", "lowdelay", 0), options.Set("frame_duration", "20", 0),
		o.decoder.Open(decoder, nil), o.encoder.Open(encoder, options)); err != nil {
		o.close()
		return nil, fmt.Errorf("transcode: %s to Opus: %w", t.Codec, err)
	}
	o.reset()
	return o, nil
}

// reset forgets what is held: a gap follows.
func (o *opus) reset() {
	if o.fifo != nil {
		o.fifo.Free()
		o.resampler.Free()
	}
	o.fifo = astiav.AllocAudioFifo(astiav.SampleFormatS16, o.layout.Channels(), 4*opusFrame)
	o.resampler = astiav.AllocSoftwareResampleContext()
}

func (o *opus) close() {
	o.decoder.Free()
	o.encoder.Free()
	if o.fifo != nil {
		o.fifo.Free()
		o.resampler.Free()
	}
	o.packet.Free()
	o.frame.Free()
	o.plain.Free()
	o.piece.Free()
}

// push takes a unit and returns those that it completes. A unit that cannot be
// decoded is a gap.
func (o *opus) push(u media.AudioUnit) []media.AudioUnit {
	at := astiav.RescaleQ(u.PTS, astiav.NewRational(1, o.rate), astiav.NewRational(1, opusRate))
	if d := at - o.next - int64(o.fifo.Size()); !o.began || d < -opusGap || d > opusGap {
		if o.began {
			o.reset()
			o.lost = true
		}
		o.began, o.next = true, at
	}
	o.lost = o.lost || u.Lost
	if o.packet.FromData(u.Data) != nil {
		return nil
	}
	err := o.decoder.SendPacket(o.packet)
	o.packet.Unref()
	if err != nil {
		o.lost = true
		return nil
	}
	var out []media.AudioUnit
	for o.decoder.ReceiveFrame(o.frame) == nil {
		o.plain.Unref()
		o.format(o.plain)
		err := o.resampler.ConvertFrame(o.frame, o.plain)
		o.frame.Unref()
		if err != nil { // the sound has changed its form
			o.reset()
			o.next, o.lost = at, true
			continue
		}
		if _, err := o.fifo.Write(o.plain); err != nil {
			o.lost = true
		}
		for o.fifo.Size() >= opusFrame {
			out = append(out, o.encode(u, at)...)
		}
	}
	return out
}

func (o *opus) format(f *astiav.Frame) {
	f.SetSampleFormat(astiav.SampleFormatS16)
	f.SetSampleRate(opusRate)
	f.SetChannelLayout(o.layout)
}

// encode codes the oldest 20 ms held. u is the newest unit, of time at.
func (o *opus) encode(u media.AudioUnit, at int64) (out []media.AudioUnit) {
	o.piece.Unref()
	o.format(o.piece)
	o.piece.SetNbSamples(opusFrame)
	if o.piece.AllocBuffer(0) != nil {
		return nil
	}
	if _, err := o.fifo.Read(o.piece); err != nil {
		return nil
	}
	pts := o.next
	o.next += opusFrame
	o.piece.SetPts(pts)
	if o.encoder.SendFrame(o.piece) != nil {
		o.lost = true
		return nil
	}
	for o.encoder.ReceivePacket(o.packet) == nil {
		shift := time.Duration(pts-at) * time.Second / opusRate
		one := media.AudioUnit{PTS: pts, Data: o.packet.Data(), Lost: o.lost, Received: u.Received.Add(shift)}
		if !u.Captured.IsZero() {
			one.Captured = u.Captured.Add(shift)
		}
		o.packet.Unref()
		o.lost = false
		out = append(out, one)
	}
	return out
}

// lockedAudio passes sound on, as Opus.
type lockedAudio struct {
	s   *sink
	out source.AudioSink
}

// AudioTrack implements source.AudioSink.
func (a lockedAudio) AudioTrack(t media.AudioTrack) {
	a.s.silence()
	if t.Codec != media.Opus {
		o, err := newOpus(t)
		if err != nil {
			a.s.log.Warn("sound is left as it is", "stream", a.s.stream, "err", err)
		} else {
			a.s.log.Info("sound is transcoded", "stream", a.s.stream, "from", t.Codec, "to", media.Opus)
			a.s.sound = o
			t = media.AudioTrack{Codec: media.Opus, ClockRate: opusRate, Channels: 2, Transport: t.Transport}
		}
	}
	a.s.with(func(source.Sink) { a.out.AudioTrack(t) })
}

// AudioUnit implements source.AudioSink.
func (a lockedAudio) AudioUnit(u media.AudioUnit) {
	units := []media.AudioUnit{u}
	if a.s.sound != nil {
		units = a.s.sound.push(u)
	}
	a.s.with(func(source.Sink) {
		for _, u := range units {
			a.out.AudioUnit(u)
		}
	})
}

// silence ends the transcoding of sound.
func (s *sink) silence() {
	if s.sound != nil {
		s.sound.close()
		s.sound = nil
	}
}
