package ffmpeg

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/source"
)

// Parse reads a source value: "file:clip.mp4", "file:///abs/clip.mp4", a bare
// path, or "ffmpeg:URL" for a network address that FFmpeg reads. The error
// names the value and the rule, without credentials.
func Parse(value string) (*Source, error) {
	if address, ok := strings.CutPrefix(value, "ffmpeg:"); ok {
		scheme, rest, found := strings.Cut(address, "://")
		switch strings.ToLower(scheme) {
		case "rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "udp", "rtp", "tcp":
		default:
			if !found {
				return Parse(address)
			}
			return nil, fmt.Errorf("ffmpeg: source %q: scheme %q: must be rtsp, rtsps, rtmp, rtmps, http, https, srt, udp, rtp or tcp",
				Redact(value), scheme)
		}
		if !found || rest == "" {
			return nil, fmt.Errorf("ffmpeg: source %q: must be ffmpeg:SCHEME://HOST/PATH", Redact(value))
		}
		return &Source{URL: strings.ToLower(scheme) + "://" + rest}, nil
	}
	path := value
	if rest, ok := strings.CutPrefix(value, "file:"); ok {
		path = rest
		if strings.HasPrefix(rest, "//") {
			u, err := url.Parse(value)
			if err != nil || u.Host != "" && u.Host != "localhost" {
				return nil, fmt.Errorf("ffmpeg: source %q: must be file:PATH or file:///PATH", value)
			}
			path = u.Path
		}
	}
	if path == "" || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("ffmpeg: source %q: must name a file, as file:PATH", value)
	}
	return &Source{Path: path}, nil
}

// transportOf names how the media of an address arrives.
func transportOf(address string) string {
	switch {
	case strings.HasPrefix(address, "udp:"), strings.HasPrefix(address, "rtp:"), strings.HasPrefix(address, "srt:"):
		return "udp"
	}
	return "tcp"
}

var (
	// Everything from the scheme to the last @ before a space or quote: a
	// password may hold any of @ # / : itself.
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'<>]*@`)
	// Secrets that travel in the query.
	querySecret = regexp.MustCompile(`(?i)\b(pass(?:word|wd|phrase)?|pwd|token|secret|key|auth|sig(?:nature)?|streamid)=[^&\s"'<>]+`)
	// Secrets of an HTTP or RTSP header.
	headerSecret = regexp.MustCompile(`(?i)\b(authorization:\s*(?:basic|digest|bearer)\s+)[^\r\n]+`)
)

// Redact takes the credentials out of all addresses in a text.
func Redact(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}***@")
	text = querySecret.ReplaceAllString(text, "${1}=***")
	return headerSecret.ReplaceAllString(text, "${1}***")
}

// sortNetwork gives an error of a network address its class and condition.
// name is redacted.
func sortNetwork(name string, err error) error {
	is := func(codes ...astiav.Error) bool {
		for _, c := range codes {
			if errors.Is(err, c) {
				return true
			}
		}
		return false
	}
	cause := fmt.Errorf("ffmpeg: %s: %w", name, err)
	switch {
	case is(astiav.ErrHttpUnauthorized, astiav.ErrHttpForbidden):
		return source.Fail(source.NeedsPerson, health.New(health.SourceUnauthorized, "%s refuses the user name or password", name), cause)
	case is(astiav.ErrHttpNotFound):
		return source.Fail(source.Retry, health.New(health.SourceNotFound, "%s is not known there", name), cause)
	case is(astiav.ErrHttpBadRequest, astiav.ErrHttpOther4Xx, astiav.ErrHttpServerError):
		return source.Fail(source.Retry, health.New(health.SourceRefused, "%s: %v", name, err), cause)
	case is(astiav.ErrProtocolNotFound):
		return source.Fail(source.GiveUp, health.New(health.SourceURLInvalid, "%s: this FFmpeg does not know the protocol", name), cause)
	case is(astiav.ErrInvaliddata, astiav.ErrDemuxerNotFound):
		return source.Fail(source.Retry, health.New(health.SourceProtocol, "%s sends nothing that FFmpeg understands (%v)", name, err), cause)
	}
	return source.Fail(source.Retry, health.New(health.SourceUnreachable, "%s: %v", name, err), cause)
}
