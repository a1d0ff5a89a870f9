package ffmpeg

import (
	"bytes"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/media"
	"sightline/relay/source"
)

// sounder passes an input's sound on: the first track in a codec that is known.
type sounder struct {
	out       source.AudioSink // nil: nobody takes sound
	stream    int              // index of the track, -1 until there is one
	track     media.AudioTrack
	announced bool
}

// soundCodecs are the codecs of sound that are passed on.
func soundCodecs() map[astiav.CodecID]media.Codec {
	return map[astiav.CodecID]media.Codec{astiav.CodecIDAac: media.AAC, astiav.CodecIDOpus: media.Opus,
		astiav.CodecIDPcmAlaw: media.PCMA, astiav.CodecIDPcmMulaw: media.PCMU}
}

// sound delivers the packet just read, if it is of the track of sound.
func (p *player) sound(in *input) {
	s := &p.sounder
	if s.out == nil || in.packet.Size() == 0 || p.units == 0 {
		return
	}
	st := in.streamOf(in.packet)
	if st == nil || st.CodecParameters().MediaType() != astiav.MediaTypeAudio {
		return
	}
	codec, known := soundCodecs()[st.CodecParameters().CodecID()]
	if !known || s.announced && st.Index() != s.stream || in.packet.Pts() == astiav.NoPtsValue {
		return
	}
	data := in.packet.Data()
	t := media.AudioTrack{Codec: codec, ClockRate: st.CodecParameters().SampleRate(), Channels: st.CodecParameters().ChannelLayout().Channels(),
		Transport: in.track.Transport}
	switch codec {
	case media.AAC:
		config, rate, channels, frame := splitADTS(data)
		if t.Config = st.CodecParameters().ExtraData(); len(t.Config) == 0 {
			if len(config) == 0 {
				return
			}
			t.Config, t.ClockRate, t.Channels = config, rate, channels
		}
		data = frame
	case media.Opus: // RFC 7587 section 4.1
		t.ClockRate, t.Channels = 48000, 2
	}
	if t.ClockRate <= 0 || len(data) == 0 {
		return
	}
	if !s.announced || t.ClockRate != s.track.ClockRate || !bytes.Equal(t.Config, s.track.Config) {
		s.announced, s.stream, s.track = true, st.Index(), t
		s.out.AudioTrack(t)
	}
	ticks := astiav.RescaleQ(in.packet.Pts(), st.TimeBase(), astiav.NewRational(1, media.ClockRate)) + p.offset
	s.out.AudioUnit(media.AudioUnit{
		PTS: astiav.RescaleQ(ticks, astiav.NewRational(1, media.ClockRate), astiav.NewRational(1, t.ClockRate)), Data: data,
		// Beside the newest picture's arrival as its time is beside that one's:
		// containers bring sound in lumps.
		Received: p.lastAt.Add(time.Duration(ticks-p.lastPTS) * time.Second / media.ClockRate),
	})
}

// splitADTS takes the header off an AAC frame that has one (ISO/IEC 14496-3
// section 1.A.2.2) and makes an AudioSpecificConfig of it.
func splitADTS(b []byte) (config []byte, rate, channels int, frame []byte) {
	if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return nil, 0, 0, b
	}
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	object, index, layout := b[2]>>6+1, b[2]>>2&15, b[2]&1<<2|b[3]>>6
	header := 7
	if b[1]&1 == 0 { // with a checksum
		header = 9
	}
	if int(index) >= len(rates) || layout == 0 || len(b) <= header {
		return nil, 0, 0, nil
	}
	channels = int(layout)
	if channels == 7 {
		channels = 8
	}
	return []byte{object<<3 | index>>1, index<<7 | layout<<3}, rates[index], channels, b[header:]
}
