package rtsp

import (
	"encoding/base64"
	"fmt"
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
	payloadType    uint8
	clockRate      int
	// sets are the parameter sets of sprop-parameter-sets.
	sets      [][]byte
	frameRate float64
}

// parseDescription finds the first H.264 track in an SDP.
func parseDescription(body []byte) (*description, error) {
	var doc sdp.SessionDescription
	if err := doc.UnmarshalString(normalizeSDP(string(body))); err != nil {
		return nil, failure(source.Retry, health.SourceProtocol, fmt.Errorf("rtsp: parse SDP: %w", err),
			"the camera's description (SDP) cannot be read")
	}
	d := &description{}
	d.control, _ = doc.Attribute("control")
	var others []string
	videos := 0
	for _, m := range doc.MediaDescriptions {
		if !strings.EqualFold(m.MediaName.Media, "video") {
			continue
		}
		videos++
		for _, format := range m.MediaName.Formats {
			n, err := strconv.ParseUint(format, 10, 7)
			if err != nil {
				continue
			}
			name, rate := codecOf(m, format)
			mode := formatParameter(m, format, "packetization-mode")
			if name != string(media.H264) || mode == "2" {
				if mode == "2" {
					name += " in interleaved mode"
				}
				others = append(others, name)
				continue
			}
			d.payloadType, d.clockRate = uint8(n), rate
			d.video, _ = m.Attribute("control")
			d.sets = parameterSets(formatParameter(m, format, "sprop-parameter-sets"))
			if v, ok := m.Attribute("framerate"); ok {
				if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && f > 0 && f < 1000 {
					d.frameRate = f
				}
			}
			return d, nil
		}
	}
	if videos > 0 && len(others) > 0 {
		return nil, failure(source.NeedsPerson, health.SourceCodec, nil, "the camera sends %s; only H.264 is supported", strings.Join(others, ", "))
	}
	if videos > 0 {
		return nil, failure(source.Retry, health.SourceProtocol, nil, "the camera's description (SDP) names a video track without a format")
	}
	return nil, failure(source.NeedsPerson, health.SourceNoVideo, nil, "the camera's description (SDP) has no video track")
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
func parameterSets(value string) [][]byte {
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
		if t := media.NALUType(b); t == 7 || t == 8 {
			out = append(out, b)
		}
	}
	return out
}
