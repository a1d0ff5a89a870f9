package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Source says where a stream's pictures come from. Credentials are kept apart
// from the URL, so that the URL can be shown.
type Source struct {
	// URL is the address without credentials: a word ("demo"), a path, or a
	// URL, perhaps with a prefix ("ffmpeg:rtsp://camera/stream").
	URL string `yaml:"url"`
	// User is the name to log in with.
	User string `yaml:"user"`
	// Password is the password, from the URL, the environment or a file.
	Password Secret `yaml:"-"`
	// PasswordEnv is the environment variable that holds the password.
	PasswordEnv string `yaml:"password_env"`
	// PasswordFile is the file that holds the password; white space at its end
	// does not count.
	PasswordFile string `yaml:"password_file"`
}

// ParseSource splits an address into the URL without credentials, the user and
// the password. It tolerates @ # / ? and : in the password, as people paste
// them from the camera's page: the credentials end at the last @ that a host
// can follow. Percent escapes in user and password are decoded. The check of
// the rest is left to the protocol.
func ParseSource(raw string) (Source, error) {
	switch {
	case raw == "":
		return Source{}, errors.New("is empty")
	case strings.ContainsFunc(raw, isControl):
		return Source{}, errors.New("has a line break, a tab or another control character")
	case strings.TrimSpace(raw) != raw:
		return Source{}, errors.New("begins or ends with white space")
	}
	prefix, rest, ok := cutScheme(raw)
	if !ok {
		if c, a := strings.IndexByte(raw, ':'), strings.LastIndexByte(raw, '@'); c >= 0 && a > c && !strings.HasPrefix(raw, "file:") {
			return Source{}, errors.New("has a user and password but no ://; write rtsp://user:password@host/path")
		}
		return Source{URL: raw}, nil
	}
	at := credentialsEnd(rest)
	if at < 0 {
		return Source{URL: raw}, nil
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	user, password = unescape(user), unescape(password)
	if strings.ContainsFunc(user+password, isControl) {
		return Source{}, errors.New("has a percent escape of a control character in its user or password")
	}
	return Source{URL: prefix + rest[at+1:], User: user, Password: NewSecret(password)}, nil
}

// cutScheme splits after "://"; what stands before must look like schemes.
func cutScheme(raw string) (prefix, rest string, ok bool) {
	i := strings.Index(raw, "://")
	if i <= 0 {
		return "", "", false
	}
	for _, c := range raw[:i] {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == ':':
		default:
			return "", "", false
		}
	}
	return raw[:i+3], raw[i+3:], true
}

// credentialsEnd finds the @ that ends the credentials in "user:pw@host/path",
// or -1. Where a URL can be read in two ways, a host that looks like one (an
// address, a dot, a port) wins, and then the longer password.
func credentialsEnd(rest string) int {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if authority := rest[:end]; !strings.Contains(authority, "@") && hostRank(authority) > 0 {
		return -1 // rtsp://camera:554/stream@main
	}
	best, bestRank := -1, 0
	for i := strings.IndexByte(rest, '@'); i >= 0; {
		host := rest[i+1:]
		if j := strings.IndexAny(host, "/?#"); j >= 0 {
			host = host[:j]
		}
		if r := hostRank(host); r > 0 && r >= bestRank {
			best, bestRank = i, r
		}
		next := strings.IndexByte(rest[i+1:], '@')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	if best < 0 {
		// No host follows any @; cut at the last, so that at least nothing
		// secret stays in the URL. The protocol reports the missing host.
		best = strings.LastIndexByte(rest, '@')
	}
	return best
}

// hostRank is 0 for what cannot be host or host:port, 1 for a bare name, 2 for
// an address, a name with a dot, or anything with a port.
func hostRank(s string) int {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return 0
		}
		if a, err := netip.ParseAddr(s[1:i]); err != nil || !a.Is6() {
			return 0
		}
		if s[i+1:] != "" && (s[i+1] != ':' || !isPort(s[i+2:])) {
			return 0
		}
		return 2
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i+1:]
		if !isPort(port) {
			return 0
		}
	}
	if host == "" {
		return 0
	}
	for _, c := range host {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c >= 0x80:
		default:
			return 0
		}
	}
	if port != "" || strings.Contains(host, ".") {
		return 2
	}
	return 1
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s // a % of the password's own
}

// Scheme is what stands before the first colon, in lower case: "rtsp",
// "ffmpeg", "file"; "file" for a path without one, and the words demo, push and
// whip for themselves.
func (s Source) Scheme() string {
	switch s.URL {
	case "demo", "push", "whip":
		return s.URL
	}
	scheme, _, ok := strings.Cut(s.URL, ":")
	if !ok || scheme == "" || strings.ContainsAny(scheme, `/\.?#% `) {
		return "file"
	}
	return strings.ToLower(scheme)
}

// secretParam finds query and path parameters in which cameras take passwords.
var secretParam = regexp.MustCompile(`(?i)((?:^|[^a-z])(?:password|passwd|passphrase|pass|pwd|token|secret|api_?key|auth|streamid)=)[^&/?#]+`)

// Redacted is the source as it may be shown: user name without password, and
// parameters that look like passwords blanked.
func (s Source) Redacted() string {
	u := secretParam.ReplaceAllString(s.URL, "${1}"+redacted)
	if s.User == "" && s.Password.IsZero() {
		return u
	}
	cred := url.PathEscape(s.User)
	if !s.Password.IsZero() {
		cred += ":" + redacted
	}
	if prefix, rest, ok := cutScheme(u); ok {
		return prefix + cred + "@" + rest
	}
	return u
}

// RevealURL is the URL with its credentials, percent-escaped, for a reader that
// takes them only there. It is never to be shown.
func (s Source) RevealURL() string {
	prefix, rest, ok := cutScheme(s.URL)
	if !ok || s.User == "" && s.Password.IsZero() {
		return s.URL
	}
	if s.Password.IsZero() {
		return prefix + url.User(s.User).String() + "@" + rest
	}
	return prefix + url.UserPassword(s.User, s.Password.Reveal()).String() + "@" + rest
}

// String is Redacted.
func (s Source) String() string { return s.Redacted() }

// GoString is Redacted for %#v.
func (s Source) GoString() string { return fmt.Sprintf("config.Source(%q)", s.Redacted()) }

// LogValue is Redacted for log/slog.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.Redacted()) }

// MarshalText is Redacted for JSON, YAML and other encoders.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.Redacted()), nil }
