package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/source"
)

// schemes are those of the addresses that FFmpeg reads for us.
var schemes = []string{"http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "rtsp", "rtsps", "tcp"}

// Parse reads a source value: a file as "file:clip.mp4", "file:///abs/clip.mp4"
// or a bare path, a network address ("http", "https", "rtmp", "rtmps", "srt",
// "udp"), a camera of this machine as "v4l2:/dev/video0", or "ffmpeg:URL" for
// everything else that FFmpeg reads. The error names the value and the rule,
// without credentials.
func Parse(value string) (*Source, error) {
	address, forced := strings.CutPrefix(value, "ffmpeg:")
	scheme, rest, found := strings.Cut(address, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case found && slices.Contains(schemes, scheme):
		return parseNetwork(value, scheme, rest)
	case strings.HasPrefix(address, "v4l2:"):
		return parseDevice(value, strings.TrimPrefix(strings.TrimPrefix(address, "v4l2:"), "//"))
	case forced && found && scheme != "file":
		return nil, fmt.Errorf("ffmpeg: source %q: scheme %q: must be %s", Redact(value), scheme, strings.Join(schemes, ", "))
	}
	path := address
	if rest, ok := strings.CutPrefix(address, "file:"); ok {
		path = rest
		if strings.HasPrefix(rest, "//") {
			u, err := url.Parse(address)
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

// parseNetwork checks what follows "SCHEME://".
func parseNetwork(value, scheme, rest string) (*Source, error) {
	if rest == "" || rest[0] == '/' || rest[0] == '?' {
		return nil, fmt.Errorf("ffmpeg: source %q: must be %s://HOST/PATH", Redact(value), scheme)
	}
	s := &Source{URL: scheme + "://" + rest}
	if scheme == "udp" || scheme == "srt" {
		if _, port := s.host(); port == "" {
			return nil, fmt.Errorf("ffmpeg: source %q: must name a port, as %s://HOST:PORT", Redact(value), scheme)
		}
	}
	return s, nil
}

// parseDevice reads PATH?size=1280x720&fps=30&format=mjpeg.
func parseDevice(value, rest string) (*Source, error) {
	path, query, _ := strings.Cut(rest, "?")
	if !strings.HasPrefix(path, "/dev/") || strings.ContainsRune(path, 0) || strings.Contains(path, "..") {
		return nil, fmt.Errorf("ffmpeg: source %q: must be v4l2:/dev/videoN", value)
	}
	s := &Source{Device: Device{Path: path}}
	settings, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: source %q: what follows ? must be key=value&key=value", value)
	}
	forms := map[string]struct {
		to   *string
		form *regexp.Regexp
		rule string
	}{
		"size":   {&s.Device.Size, regexp.MustCompile(`^[1-9]\d{1,3}x[1-9]\d{1,3}$`), "WIDTHxHEIGHT, such as 1280x720"},
		"fps":    {&s.Device.FPS, regexp.MustCompile(`^[1-9]\d{0,2}(\.\d{1,3})?$`), "a number of frames per second, such as 30"},
		"format": {&s.Device.Format, regexp.MustCompile(`^(h264|mjpeg)$`), "h264 or mjpeg"},
	}
	for key, values := range settings {
		f, ok := forms[key]
		if !ok {
			return nil, fmt.Errorf("ffmpeg: source %q: %q is not one of size, fps, format", value, key)
		}
		if *f.to = values[len(values)-1]; !f.form.MatchString(*f.to) {
			return nil, fmt.Errorf("ffmpeg: source %q: %s is %q; must be %s", value, key, *f.to, f.rule)
		}
	}
	return s, nil
}

// scheme is that of the URL.
func (s *Source) scheme() string {
	scheme, _, _ := strings.Cut(s.URL, ":")
	return scheme
}

// host gives the URL's host and port, empty where there is none. Passwords may
// hold any character, so this is no parser of URLs.
func (s *Source) host() (host, port string) {
	_, rest, _ := strings.Cut(s.URL, "://")
	end := strings.IndexAny(rest, "/?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && (at < end || end < 0 || !strings.Contains(rest[:end], ".")) {
		rest = rest[at+1:]
		end = strings.IndexAny(rest, "/?")
	}
	if end >= 0 {
		rest = rest[:end]
	}
	if h, p, err := net.SplitHostPort(rest); err == nil {
		return h, p
	}
	return strings.Trim(rest, "[]"), ""
}

// listens says that the address waits for somebody to call.
func (s *Source) listens() bool {
	_, query, _ := strings.Cut(s.URL, "?")
	v, _ := url.ParseQuery(query)
	switch s.scheme() {
	case "srt":
		return v.Get("mode") == "listener"
	case "rtmp", "http", "tcp":
		return v.Get("listen") != "" && v.Get("listen") != "0"
	}
	return false
}

// transport names how the media of the address arrives.
func (s *Source) transport() string {
	switch s.scheme() {
	case "udp", "rtp", "srt":
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
	text = userInfo.ReplaceAllStringFunc(text, func(found string) string {
		scheme, rest, _ := strings.Cut(found, "://")
		if rest == "@" { // udp://@239.0.0.1:5000 names no user
			return found
		}
		return scheme + "://***@"
	})
	text = querySecret.ReplaceAllString(text, "${1}=***")
	return headerSecret.ReplaceAllString(text, "${1}***")
}

// failed gives an error of opening or reading a network address its class and
// condition.
func (s *Source) failed(ctx context.Context, err error) error {
	is := func(codes ...astiav.Error) bool {
		for _, c := range codes {
			if errors.Is(err, c) {
				return true
			}
		}
		return false
	}
	name := s.name()
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
	if host, ok := s.unknownHost(ctx); ok {
		return source.Fail(source.Retry, health.New(health.SourceHostUnknown, "%s: the name %q has no address", name, host), cause)
	}
	return source.Fail(source.Retry, health.New(health.SourceUnreachable, "%s: %v", name, err).
		WithFix("Check that the sender runs, and the address and port in the stream's source."), cause)
}

// unknownHost asks for the host's name again: FFmpeg says nothing of it.
func (s *Source) unknownHost(ctx context.Context) (string, bool) {
	host, _ := s.host()
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, host)
	e, ok := errors.AsType[*net.DNSError](err)
	return host, ok && e.IsNotFound
}
