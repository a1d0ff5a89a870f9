package rtsp

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// description is what a session takes from an SDP (RFC 4566, RFC 2326
// appendix C).
type description struct {
	// control is the session's control attribute, "" without one; video is
	// the video track's.
	control, video string
	codec          media.Codec
	payloadType    uint8
	clockRate      int
	// sets are the parameter sets of sprop-parameter-sets, or of H.265's
	// sprop-vps, sprop-sps and sprop-pps.
	sets      [][]byte
	frameRate float64
	// don says that H.265 comes with decoding order numbers.
	don bool
	// width and height are given for JPEG pictures that are too large for
	// their headers, 0 otherwise.
	width, height int
	// pli and fir say that the camera takes these requests for a key frame
	// (RFC 4585, RFC 5104).
	pli, fir bool
	// audio and metadata are tracks beside the video, nil without.
	audio, metadata *sideTrack
}

// sideTrack is a track beside the video.
type sideTrack struct {
	control     string
	payloadType uint8
	clockRate   int
	format      media.AudioFormat
}

// parseDescription finds the first video track in an SDP whose codec is among
// those accepted (H.264 if none is named), and the first tracks of sound and
// of ONVIF metadata.
func parseDescription(body []byte, accept ...media.Codec) (*description, error) {
	var doc sdp.SessionDescription
	if err := doc.UnmarshalString(normalizeSDP(string(body))); err != nil {
		return nil, failure(source.Retry, health.SourceProtocol, fmt.Errorf("rtsp: parse SDP: %w", err),
			"the camera's description (SDP) cannot be read")
	}
	if len(accept) == 0 {
		accept = []media.Codec{media.H264}
	}
	d := &description{}
	d.control, _ = doc.Attribute("control")
	var others []string
	videos := 0
	for _, m := range doc.MediaDescriptions {
		switch strings.ToLower(m.MediaName.Media) {
		case "video":
			videos++
			if d.codec == "" {
				others = append(others, d.takeVideo(m, accept)...)
			}
		case "audio":
			if d.audio == nil {
				d.audio = audioTrack(m)
			}
		case "application":
			if d.metadata == nil {
				d.metadata = metadataTrack(m)
			}
		}
	}
	switch {
	case d.codec != "":
		return d, nil
	case videos > 0 && len(others) > 0:
		names := make([]string, len(accept))
		for i, c := range accept {
			names[i] = spoken(c)
		}
		verb := "is"
		if len(names) > 1 {
			verb = "are"
		}
		return nil, failure(source.NeedsPerson, health.SourceCodec, nil, "the camera sends %s; only %s %s supported",
			strings.Join(others, ", "), strings.Join(names, ", "), verb)
	case videos > 0:
		return nil, failure(source.Retry, health.SourceProtocol, nil, "the camera's description (SDP) names a video track without a format")
	}
	return nil, failure(source.NeedsPerson, health.SourceNoVideo, nil, "the camera's description (SDP) has no video track")
}

// spoken names a codec for people.
func spoken(c media.Codec) string {
	switch c {
	case media.H264:
		return "H.264"
	case media.H265:
		return "H.265"
	}
	return string(c)
}

// takeVideo takes the first format of a video track that is accepted, or
// returns the names of those that are not.
func (d *description) takeVideo(m *sdp.MediaDescription, accept []media.Codec) (others []string) {
	for _, format := range m.MediaName.Formats {
		n, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		name, rate := codecOf(m, format)
		interleaved := name == string(media.H264) && formatParameter(m, format, "packetization-mode") == "2"
		if interleaved {
			name += " in interleaved mode"
		}
		if interleaved || !slices.Contains(accept, media.Codec(name)) {
			others = append(others, name)
			continue
		}
		d.codec, d.payloadType, d.clockRate = media.Codec(name), uint8(n), rate
		d.video, _ = m.Attribute("control")
		d.takeFormat(m, format)
		return nil
	}
	return others
}

// takeFormat takes the parameters of the chosen format.
func (d *description) takeFormat(m *sdp.MediaDescription, format string) {
	switch d.codec {
	case media.H265:
		for _, key := range []string{"sprop-vps", "sprop-sps", "sprop-pps"} {
			d.sets = append(d.sets, parameterSets(d.codec, formatParameter(m, format, key))...)
		}
		don, _ := strconv.Atoi(formatParameter(m, format, "sprop-max-don-diff"))
		d.don = don > 0
	case media.H264:
		d.sets = parameterSets(d.codec, formatParameter(m, format, "sprop-parameter-sets"))
	case media.JPEG:
		d.width, d.height = dimensions(m)
	}
	if v, ok := m.Attribute("framerate"); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && f > 0 && f < 1000 {
			d.frameRate = f
		}
	}
	for _, a := range m.Attributes {
		f := strings.Fields(strings.ToLower(a.Value))
		if !strings.EqualFold(a.Key, "rtcp-fb") || len(f) < 3 || f[0] != "*" && f[0] != format {
			continue
		}
		d.pli = d.pli || f[1] == "nack" && f[2] == "pli"
		d.fir = d.fir || f[1] == "ccm" && f[2] == "fir"
	}
}

// dimensions are what a=x-dimensions or a=framesize give.
func dimensions(m *sdp.MediaDescription) (width, height int) {
	for _, key := range []string{"x-dimensions", "framesize"} {
		v, ok := m.Attribute(key)
		if !ok {
			continue
		}
		f := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '-' || r == ' ' || r == 'x' })
		if len(f) < 2 {
			continue
		}
		w, err := strconv.Atoi(f[len(f)-2])
		h, err2 := strconv.Atoi(f[len(f)-1])
		if err == nil && err2 == nil && w > 0 && h > 0 && w <= 0xffff && h <= 0xffff {
			return w, h
		}
	}
	return 0, 0
}

// audioTrack takes the first format of sound that is known, nil if none is.
func audioTrack(m *sdp.MediaDescription) *sideTrack {
	for _, format := range m.MediaName.Formats {
		n, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		t := &sideTrack{payloadType: uint8(n), format: audioFormat(m, format)}
		t.control, _ = m.Attribute("control")
		d, err := media.NewAudioDepacketizer(t.format)
		if err != nil {
			continue
		}
		if t.clockRate = d.Track().ClockRate; t.clockRate == 0 {
			t.clockRate = media.ClockRate
		}
		return t
	}
	return nil
}

// audioFormat is a format by its rtpmap and fmtp, or the static assignments.
func audioFormat(m *sdp.MediaDescription, format string) media.AudioFormat {
	f := media.AudioFormat{Parameters: map[string]string{}}
	switch format {
	case "0":
		f.Name, f.ClockRate, f.Channels = "PCMU", 8000, 1
	case "8":
		f.Name, f.ClockRate, f.Channels = "PCMA", 8000, 1
	}
	for _, a := range m.Attributes {
		pt, rest, _ := strings.Cut(strings.TrimSpace(a.Value), " ")
		if pt != format {
			continue
		}
		switch strings.ToLower(a.Key) {
		case "rtpmap":
			parts := strings.Split(strings.TrimSpace(rest), "/")
			f.Name = strings.ToUpper(parts[0])
			if len(parts) > 1 {
				if n, err := strconv.Atoi(parts[1]); err == nil && n >= 1000 && n <= 1e6 {
					f.ClockRate = n
				}
			}
			if len(parts) > 2 {
				if n, err := strconv.Atoi(parts[2]); err == nil && n > 0 && n <= 64 {
					f.Channels = n
				}
			}
		case "fmtp":
			for p := range strings.SplitSeq(rest, ";") {
				k, v, _ := strings.Cut(p, "=")
				if k = strings.ToLower(strings.TrimSpace(k)); k != "" {
					f.Parameters[k] = strings.TrimSpace(v)
				}
			}
		}
	}
	return f
}

// metadataTrack takes a track of ONVIF metadata, nil for any other.
func metadataTrack(m *sdp.MediaDescription) *sideTrack {
	for _, format := range m.MediaName.Formats {
		n, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		if name, rate := codecOf(m, format); name == "VND.ONVIF.METADATA" {
			t := &sideTrack{payloadType: uint8(n), clockRate: rate}
			t.control, _ = m.Attribute("control")
			return t
		}
	}
	return nil
}

// normalizeSDP keeps the lines that a session needs, in the order that the
// parser insists on: cameras leave out or misorder the rest.
func normalizeSDP(body string) string {
	var session, tracks strings.Builder
	into := &session
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(line, "\x00", ""), ""))
		if len(line) < 3 || line[1] != '=' {
			continue
		}
		switch line[0] {
		case 'm':
			f := strings.Fields(line[2:])
			if len(f) < 3 {
				into = new(strings.Builder) // nothing can be done with it
				continue
			}
			port, _, _ := strings.Cut(f[1], "/")
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				port = "0"
			}
			into = &tracks
			// The profile is settled by SETUP; the parser knows few of them.
			fmt.Fprintf(into, "m=%s %s RTP/AVP %s\r\n", strings.ToLower(f[0]), port, strings.Join(f[3:], " "))
		case 'a':
			into.WriteString(line + "\r\n")
		}
	}
	return "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + session.String() + tracks.String()
}

// codecOf names the codec of a payload type in upper case, by rtpmap or the
// static assignments of RFC 3551 section 6.
func codecOf(m *sdp.MediaDescription, format string) (name string, clockRate int) {
	for _, a := range m.Attributes {
		if !strings.EqualFold(a.Key, "rtpmap") {
			continue
		}
		f := strings.Fields(a.Value)
		if len(f) < 2 || f[0] != format {
			continue
		}
		parts := strings.Split(f[1], "/")
		rate := media.ClockRate
		if len(parts) > 1 {
			if n, err := strconv.Atoi(parts[1]); err == nil && n >= 1000 && n <= 1e8 {
				rate = n
			}
		}
		name = strings.ToUpper(parts[0])
		if name == "HEVC" {
			name = string(media.H265)
		}
		return name, rate
	}
	static := map[string]string{"26": "JPEG", "28": "nv", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}
	if name = static[format]; name == "" {
		name = "payload type " + format
	}
	return name, media.ClockRate
}

// formatParameter is a parameter of the format's fmtp line.
func formatParameter(m *sdp.MediaDescription, format, key string) string {
	for _, a := range m.Attributes {
		if !strings.EqualFold(a.Key, "fmtp") {
			continue
		}
		pt, params, _ := strings.Cut(strings.TrimSpace(a.Value), " ")
		if pt != format {
			continue
		}
		for p := range strings.SplitSeq(params, ";") {
			k, v, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.TrimSpace(k), key) {
				return strings.TrimSpace(v)
			}
		}
	}
	return ""
}

// parameterSets decodes sprop-parameter-sets (RFC 6184 section 8.1); sets that
// do not decode are left out. Some cameras put start codes before them.
func parameterSets(codec media.Codec, value string) [][]byte {
	var out [][]byte
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimRight(strings.TrimSpace(part), "=")
		b, err := base64.RawStdEncoding.DecodeString(part)
		if err != nil || len(b) == 0 {
			continue
		}
		for len(b) > 3 && b[0] == 0 && b[1] == 0 {
			if b[2] == 1 {
				b = b[3:]
				break
			}
			b = b[1:]
		}
		t := media.NALUType(b)
		if codec == media.H265 {
			t = media.H265NALUType(b) - 32 + 6 // VPS, SPS and PPS become 6 to 8
		}
		if t == 7 || t == 8 || t == 6 && codec == media.H265 {
			out = append(out, b)
		}
	}
	return out
}
