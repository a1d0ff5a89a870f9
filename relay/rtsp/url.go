package rtsp

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// URL is a camera's address taken apart. Its String has no credentials, so
// that it can be a request URI and an error's text.
type URL struct {
	// Scheme is rtsp or rtsps.
	Scheme string
	// User and Password are decoded; both empty without credentials.
	User, Password string
	// Host is host or host:port as written, IPv6 in brackets.
	Host string
	// Path is the path and query as written, beginning with '/' or '?', or
	// empty. A fragment is left out, since RTSP has none.
	Path string
}

// ParseURL takes an rtsp or rtsps address apart. People paste passwords as
// they are, so the password may hold '@', '#', '/', '?' and ':' as well as
// percent escapes:
//
//   - The standard reading (the authority ends at the first of "/?#", the
//     credentials at its last '@') holds if it gives a host that is an IP
//     address, has a dot or a port, or is localhost.
//   - Else, if the authority is no valid host[:port] or ends in '#', the
//     credentials end at the last '@' in the address that is followed by such
//     a host, or by any valid host.
//   - User and password are percent-decoded if each '%' in them begins a valid
//     escape, and are taken literally otherwise.
//
// What stays ambiguous ("rtsp://cam:554/x@10.0.0.1/") takes the standard
// reading; user and password can always be given apart from the address. The
// error never quotes the address.
func ParseURL(raw string) (URL, error) {
	raw = strings.TrimSpace(raw)
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || (scheme != "rtsp" && scheme != "rtsps") {
		return URL{}, errors.New("rtsp: address must begin with rtsp:// or rtsps://")
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return URL{}, errors.New("rtsp: address has a control character")
	}
	cut := userinfoEnd(rest)
	u := URL{Scheme: scheme}
	tail := rest
	if cut >= 0 {
		user, password, _ := strings.Cut(rest[:cut], ":")
		u.User, u.Password = unescape(user), unescape(password)
		tail = rest[cut+1:]
	}
	end := hostEnd(tail)
	u.Host = tail[:end]
	if u.Host == "" {
		return URL{}, errors.New("rtsp: address has no host")
	}
	if !validHost(u.Host) {
		return URL{}, errors.New("rtsp: address has no valid host and port (percent-encode special characters, or give user and password apart from the address)")
	}
	path, _, _ := strings.Cut(tail[end:], "#")
	u.Path = strings.ReplaceAll(path, " ", "%20")
	return u, nil
}

// hostEnd is the index at which the authority of s ends.
func hostEnd(s string) int {
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return i
	}
	return len(s)
}

// userinfoEnd is the index of the '@' that ends the credentials in rest (what
// follows "://"), or -1.
func userinfoEnd(rest string) int {
	end := hostEnd(rest)
	standard := strings.LastIndexByte(rest[:end], '@')
	host := rest[standard+1 : end]
	atFragment := end < len(rest) && rest[end] == '#'
	switch {
	case standard < 0 && validHost(host) && !atFragment:
		return -1
	case standard >= 0 && qualified(host) && !atFragment:
		return standard
	}
	fallback := -1
	for i := len(rest) - 1; i > standard; i-- {
		if rest[i] != '@' {
			continue
		}
		host := rest[i+1 : i+1+hostEnd(rest[i+1:])]
		if qualified(host) {
			return i
		}
		if fallback < 0 && validHost(host) {
			fallback = i
		}
	}
	if standard >= 0 && validHost(host) && !atFragment {
		return standard
	}
	if fallback >= 0 {
		return fallback
	}
	return standard
}

// validHost says whether s is host or host:port.
func validHost(s string) bool {
	host, port, err := splitHost(s)
	if err != nil || host == "" {
		return false
	}
	if port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	if strings.HasPrefix(s, "[") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	for _, r := range host {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' || r > 0x7f) {
			return false
		}
	}
	return true
}

// qualified says whether s is certainly meant as a host.
func qualified(s string) bool {
	if !validHost(s) {
		return false
	}
	host, port, _ := splitHost(s)
	return port != "" || strings.HasPrefix(s, "[") || strings.Contains(host, ".") || strings.EqualFold(host, "localhost")
}

func splitHost(s string) (host, port string, err error) {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1], "", nil
	}
	if !strings.Contains(s, ":") {
		return s, "", nil
	}
	host, port, err = net.SplitHostPort(s)
	if err == nil && port == "" {
		err = errors.New("empty port")
	}
	return host, port, err
}

func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// String is the address without credentials, usable as a request URI.
func (u URL) String() string { return u.Scheme + "://" + u.Host + u.Path }

// Address is host:port to dial; the port defaults to 554, or 322 for rtsps.
func (u URL) Address() string {
	host, port, _ := splitHost(u.Host)
	if port == "" {
		port = "554"
		if u.Scheme == "rtsps" {
			port = "322"
		}
	}
	return net.JoinHostPort(zone(host), port)
}

// zone decodes the separator of an IPv6 zone (RFC 6874).
func zone(host string) string {
	if strings.Contains(host, ":") {
		return strings.Replace(host, "%25", "%", 1)
	}
	return host
}

// Hostname is the host without port and brackets.
func (u URL) Hostname() string {
	host, _, _ := splitHost(u.Host)
	return zone(host)
}

// Redacted is the address for people: no password, neither before the host
// nor in path or query.
func (u URL) Redacted() string { return hideQuery(u.String()) }

// Redact hides credentials in any address, also one that does not parse: what
// stands before the host becomes "***@", and values of parameters such as
// password= and token= become "***". It is meant for logs and messages.
func Redact(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		rest, scheme = raw, ""
	} else {
		scheme += "://"
	}
	cut := userinfoEnd(rest)
	if cut >= 0 {
		tail := rest[cut+1:]
		if !validHost(tail[:hostEnd(tail)]) { // unsure where the host begins: keep only what is safe
			if i := strings.LastIndexByte(rest, '@'); i > cut {
				cut = i
			}
		}
		return scheme + "***@" + hideQuery(rest[cut+1:])
	}
	return scheme + hideQuery(rest)
}

// secretKeys are parameter names that cameras take passwords in; some put them
// in the path ("/user=admin_password=x_channel=1").
var secretKeys = [...]string{"password=", "passwd=", "passphrase=", "pass=", "pwd=", "psw=", "token=", "secret=", "auth=", "signature=", "apikey=", "api_key=", "streamkey=", "access_key="}

func hideQuery(s string) string {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		lower = s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		key := ""
		for _, k := range secretKeys {
			if strings.HasPrefix(lower[i:], k) {
				key = k
				break
			}
		}
		if key == "" {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(s[i : i+len(key)])
		i += len(key)
		end := secretEnd(s[i:])
		if end > 0 {
			b.WriteString("***")
		}
		i += end
	}
	return b.String()
}

// secretEnd is the length of a parameter's value: up to a delimiter, or to an
// underscore that begins another parameter.
func secretEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '&', ';', '#', ' ', '"':
			return i
		case '_':
			if name, _, ok := strings.Cut(s[i+1:], "="); ok && name != "" && !strings.ContainsAny(name, "_&/?;#") {
				return i
			}
		}
	}
	return len(s)
}

// ResolveControl gives the URI of an SDP control attribute (RFC 2326 appendix
// C.1.1). Cameras behind address translation name hosts that nobody else
// knows, so the host is always that of u, and a relative control is appended
// to the base, its query included, as cameras expect. base is the reply's
// Content-Base or Content-Location; without it u is the base.
func ResolveControl(u URL, base, control string) string {
	prefix := u.Scheme + "://" + u.Host
	at := u.String()
	if p, ok := pathOf(base); ok {
		at = prefix + p
	} else if strings.HasPrefix(base, "/") {
		at = prefix + base
	}
	control = strings.TrimSpace(control)
	if control == "" || control == "*" {
		return at
	}
	if p, ok := pathOf(control); ok {
		return prefix + p
	}
	at = strings.ReplaceAll(at, " ", "%20")
	control = strings.ReplaceAll(control, " ", "%20")
	basePath := strings.TrimPrefix(at, prefix)
	switch {
	case strings.HasPrefix(control, "?"):
		return at + control
	case strings.HasPrefix(control, "/") && basePath != "" && basePath != "/" && strings.HasPrefix(control, strings.TrimRight(basePath, "/")):
		return prefix + control
	}
	return strings.TrimRight(at, "/") + "/" + strings.TrimLeft(control, "/")
}

// pathOf is the path and query of an absolute rtsp address.
func pathOf(s string) (string, bool) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(s), "://")
	if !ok || !strings.HasPrefix(strings.ToLower(scheme), "rtsp") || strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' }) {
		return "", false
	}
	rest = strings.ReplaceAll(rest, " ", "%20")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:], true
	}
	return "", true
}
