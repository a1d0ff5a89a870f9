package gb28181

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// nonceLife is how long a device may take to answer a challenge.
const nonceLife = 2 * time.Minute

// nonces makes and recognises challenges without remembering them.
type nonces struct{ key [32]byte }

func newNonces() *nonces {
	n := &nonces{}
	_, _ = rand.Read(n.key[:]) // never fails, see crypto/rand
	return n
}

func (n *nonces) make(now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b, n.sum(b)...))
}

func (n *nonces) sum(b []byte) []byte {
	m := hmac.New(sha256.New, n.key[:])
	m.Write(b)
	return m.Sum(nil)[:16]
}

// made says when a nonce was made; it reports false for one that is not ours.
func (n *nonces) made(nonce string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], n.sum(b[:8])) {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))), true
}

// authorization are the parameters of an Authorization header of the Digest
// scheme (RFC 2617), by their names in lower case.
type authorization map[string]string

// parseAuthorization reads the header's value; other schemes give nil.
func parseAuthorization(value string) authorization {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return nil
	}
	a := authorization{}
	for rest = strings.TrimLeft(rest, " ,\t"); rest != "" && len(a) < 32; rest = strings.TrimLeft(rest, " ,\t") {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		after = strings.TrimLeft(after, " ")
		var v string
		if strings.HasPrefix(after, `"`) {
			if v, rest, ok = strings.Cut(after[1:], `"`); !ok {
				break
			}
		} else if i := strings.IndexByte(after, ','); i >= 0 {
			v, rest = strings.TrimSpace(after[:i]), after[i:]
		} else {
			v, rest = strings.TrimSpace(after), ""
		}
		a[strings.ToLower(strings.TrimSpace(name))] = v
	}
	return a
}

// valid checks the response against a password. The header's own uri counts,
// since devices write the request line's in several ways.
func (a authorization) valid(method, password string) bool {
	if alg := a["algorithm"]; alg != "" && !strings.EqualFold(alg, "MD5") {
		return false
	}
	ha1 := md5Hex(a["username"] + ":" + a["realm"] + ":" + password)
	ha2 := md5Hex(method + ":" + a["uri"])
	want := md5Hex(ha1 + ":" + a["nonce"] + ":" + ha2)
	if qop := a["qop"]; qop != "" {
		want = md5Hex(strings.Join([]string{ha1, a["nonce"], a["nc"], a["cnonce"], qop, ha2}, ":"))
	}
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(a["response"])), []byte(want)) == 1
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// challenge is the value of a WWW-Authenticate header. It offers no qop: older
// devices cannot compute it, and each nonce is taken once anyway.
func challenge(realm, nonce string, stale bool) string {
	s := fmt.Sprintf(`Digest realm="%s",nonce="%s",algorithm=MD5`, realm, nonce)
	if stale {
		s += ",stale=true"
	}
	return s
}
