package rtsp

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate header (RFC 7616 section
// 3.3 for Digest, RFC 7617 for Basic).
type Challenge struct {
	// Scheme is Basic or Digest in lower case, or another's name.
	Scheme       string
	Realm, Nonce string
	Opaque       string
	HasOpaque    bool
	Algorithm    string // as given; empty means MD5
	QOP          []string
	Stale        bool
}

// ParseChallenges parses WWW-Authenticate header values, each with one or
// more challenges. What cannot be read is left out.
func ParseChallenges(values []string) []Challenge {
	var out []Challenge
	for _, v := range values {
		out = append(out, parseChallenges(v)...)
	}
	return out
}

func parseChallenges(s string) []Challenge {
	var out []Challenge
	for {
		s = strings.TrimLeft(s, " \t,")
		i := strings.IndexAny(s, " \t,=")
		if i < 0 {
			if s != "" {
				out = append(out, Challenge{Scheme: strings.ToLower(s)})
			}
			return out
		}
		name := strings.ToLower(s[:i])
		rest := strings.TrimLeft(s[i:], " \t")
		if !strings.HasPrefix(rest, "=") { // no value follows: a new scheme
			if name != "" {
				out = append(out, Challenge{Scheme: name})
			}
			s = rest
			continue
		}
		var value string
		value, s = authValue(strings.TrimLeft(rest[1:], " \t"))
		if len(out) > 0 {
			out[len(out)-1].set(name, value)
		}
	}
}

// authValue takes a token or quoted string from the front of s.
func authValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s, ", \t")
		if i < 0 {
			return s, ""
		}
		return s[:i], s[i:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

func (c *Challenge) set(name, v string) {
	switch name {
	case "realm":
		c.Realm = v
	case "nonce":
		c.Nonce = v
	case "opaque":
		c.Opaque, c.HasOpaque = v, true
	case "algorithm":
		c.Algorithm = v
	case "stale":
		c.Stale = strings.EqualFold(v, "true")
	case "qop":
		c.QOP = append(c.QOP, strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return r == ',' || r == ' ' })...)
	}
}

// strength orders the challenges that can be answered; 0 means it cannot.
func (c *Challenge) strength() int {
	switch c.Scheme {
	case "basic":
		return 1
	case "digest":
		if c.Nonce == "" || (len(c.QOP) > 0 && c.qop() == "") {
			return 0
		}
		switch newHash, _, ok := c.hash(); {
		case !ok:
			return 0
		case newHash().Size() == sha256.Size:
			return 3
		default:
			return 2
		}
	}
	return 0
}

func (c *Challenge) hash() (newHash func() hash.Hash, session, ok bool) {
	alg := strings.ToUpper(strings.TrimSpace(c.Algorithm))
	alg, session = strings.CutSuffix(alg, "-SESS")
	switch alg {
	case "", "MD5":
		return md5.New, session, true
	case "SHA-256", "SHA256":
		return sha256.New, session, true
	}
	return nil, false, false
}

// qop is the quality of protection to answer with; "" is that of RFC 2069.
func (c *Challenge) qop() string {
	has := ""
	for _, q := range c.QOP {
		if q == "auth" || (q == "auth-int" && has == "") {
			has = q
		}
	}
	return has
}

// response computes the digest (RFC 7616 section 3.4.1).
func (c *Challenge) response(user, password, method, uri string, body []byte, nc, cnonce string) string {
	newHash, session, _ := c.hash()
	sum := func(parts ...string) string {
		h := newHash()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	a1 := sum(user, c.Realm, password)
	if session {
		a1 = sum(a1, c.Nonce, cnonce)
	}
	qop := c.qop()
	a2 := sum(method, uri)
	if qop == "auth-int" {
		a2 = sum(method, uri, sum(string(body)))
	}
	if qop == "" {
		return sum(a1, c.Nonce, a2)
	}
	return sum(a1, c.Nonce, nc, cnonce, qop, a2)
}

// Authenticator answers challenges with one user's credentials. It remembers
// the last challenge, so that later requests are authorised beforehand. It is
// not safe for concurrent use.
type Authenticator struct {
	User, Password string

	challenge Challenge
	ready     bool
	accepted  bool
	count     uint32
	cnonce    string
}

// Challenged takes the WWW-Authenticate values of a 401 and says whether to
// send the request again. answered is the Authorization that the refused
// request carried, "" for none. It is sent again if there are credentials, a
// challenge can be answered, and the refusal does not concern the credentials:
// none were sent, the server calls the nonce stale, or it has a new nonce
// although it took the credentials before. The strongest challenge is taken:
// SHA-256, then MD5, then Basic.
func (a *Authenticator) Challenged(values []string, answered string) bool {
	if a.User == "" && a.Password == "" {
		return false
	}
	var best Challenge
	for _, c := range ParseChallenges(values) {
		if c.strength() > best.strength() {
			best = c
		}
	}
	if best.strength() == 0 {
		return false
	}
	renewed := best.Scheme == "digest" && best.Nonce != a.challenge.Nonce
	again := answered == "" || best.Stale || (a.accepted && renewed)
	a.challenge, a.ready, a.accepted, a.count, a.cnonce = best, true, false, 0, newNonce()
	return again
}

// Accepted says that the server took the credentials.
func (a *Authenticator) Accepted() { a.accepted = a.ready }

// Supported says whether one of the challenges can be answered.
func Supported(values []string) bool {
	for _, c := range ParseChallenges(values) {
		if c.strength() > 0 {
			return true
		}
	}
	return false
}

// Authorization is the header value for a request, "" while no challenge is
// known.
func (a *Authenticator) Authorization(method, uri string, body []byte) string {
	if !a.ready {
		return ""
	}
	c := &a.challenge
	if c.Scheme == "basic" {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+a.Password))
	}
	a.count++
	nc := fmt.Sprintf("%08x", a.count)
	var b strings.Builder
	fmt.Fprintf(&b, "Digest username=%s, realm=%s, nonce=%s, uri=%s, response=\"%s\"",
		quote(a.User), quote(c.Realm), quote(c.Nonce), quote(uri),
		c.response(a.User, a.Password, method, uri, body, nc, a.cnonce))
	if c.Algorithm != "" {
		b.WriteString(", algorithm=" + token(c.Algorithm))
	}
	if c.HasOpaque {
		b.WriteString(", opaque=" + quote(c.Opaque))
	}
	qop := c.qop()
	if qop != "" {
		fmt.Fprintf(&b, ", qop=%s, nc=%s", qop, nc)
	}
	if _, session, _ := c.hash(); qop != "" || session {
		b.WriteString(", cnonce=" + quote(a.cnonce))
	}
	return b.String()
}

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")

func quote(s string) string { return `"` + quoter.Replace(s) + `"` }

func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;=`, r) {
			return -1
		}
		return r
	}, s)
}
