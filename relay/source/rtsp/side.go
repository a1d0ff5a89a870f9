package rtsp

import (
	"bytes"

	"sightline/relay/media"
	"sightline/relay/source"
)

// maxDocument bounds one document of metadata, in bytes.
const maxDocument = 1 << 20

// sideStreams are the tracks beside the video that the sink takes.
func (s *session) sideStreams() []*stream {
	var out []*stream
	if sink, ok := s.out.(source.AudioSink); ok && s.desc.audio != nil {
		if st := s.audioStream(s.desc.audio, sink); st != nil {
			out = append(out, st)
		}
	}
	if sink, ok := s.out.(source.MetadataSink); ok && s.desc.metadata != nil {
		out = append(out, s.metadataStream(s.desc.metadata, sink))
	}
	return out
}

func (s *session) audioStream(t *sideTrack, sink source.AudioSink) *stream {
	depack, err := media.NewAudioDepacketizer(t.format)
	if err != nil {
		return nil
	}
	st := s.newStream("audio", t.control, t.payloadType, t.clockRate, !s.overUDP)
	var announced media.AudioTrack
	st.take = func(o ordered) {
		units := depack.Push(o.packet, o.lost > 0 || o.restart, o.at)
		if s.stopped || len(units) == 0 {
			return
		}
		track := depack.Track()
		if announced.Codec == "" || announced.ClockRate != track.ClockRate || announced.Channels != track.Channels ||
			!bytes.Equal(announced.Config, track.Config) {
			announced = track
			track.Transport = s.transport()
			sink.AudioTrack(track)
		}
		for _, u := range units {
			u.Captured = st.captured(uint32(u.PTS), st.order.rate, st.order.ssrc)
			sink.AudioUnit(u)
		}
	}
	return st
}

// metadataStream joins documents, which end at the marker bit (ONVIF Streaming
// Specification section 5.1.2.1.1). One of which a packet is missing is left
// out.
func (s *session) metadataStream(t *sideTrack, sink source.MetadataSink) *stream {
	st := s.newStream("metadata", t.control, t.payloadType, t.clockRate, !s.overUDP)
	var document []byte
	torn := false
	st.take = func(o ordered) {
		if o.lost > 0 || o.restart {
			torn = len(document) > 0 || o.lost > 0
		}
		if len(document)+len(o.packet.Payload) > maxDocument {
			torn, document = true, nil
		}
		if !torn {
			document = append(document, o.packet.Payload...)
		}
		if !o.packet.Marker {
			return
		}
		whole := document
		document = nil
		if !torn && len(whole) > 0 && !s.stopped {
			sink.Metadata(media.Metadata{Document: whole, Received: o.at,
				Captured: st.captured(o.packet.Timestamp, st.order.rate, st.order.ssrc)})
		}
		torn = false
	}
	return st
}
