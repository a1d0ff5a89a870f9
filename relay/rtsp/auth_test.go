package rtsp

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
)

var challengeCases = []struct {
	in   []string
	want []Challenge
}{
	{[]string{`Digest realm="cam", nonce="abc", stale=FALSE`, `Basic realm="cam"`},
		[]Challenge{{Scheme: "digest", Realm: "cam", Nonce: "abc"}, {Scheme: "basic", Realm: "cam"}}},
	{[]string{`Basic realm="a, b", Digest realm="c\"d", nonce=n1 , qop="auth,auth-int", algorithm=SHA-256, opaque="", stale=true`},
		[]Challenge{{Scheme: "basic", Realm: "a, b"}, {Scheme: "digest", Realm: `c"d`, Nonce: "n1", QOP: []string{"auth", "auth-int"}, Algorithm: "SHA-256", HasOpaque: true, Stale: true}}},
	{[]string{"Negotiate"}, []Challenge{{Scheme: "negotiate"}}},
	{[]string{`realm="x"`, "", ",,,", `Digest realm="unterminated`}, []Challenge{{Scheme: "digest", Realm: "unterminated"}}},
}

func TestParseChallenges(t *testing.T) {
	for _, c := range challengeCases {
		if got := ParseChallenges(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v\nwant %+v", c.in, got, c.want)
		}
	}
}

// The vectors are those of the RFCs named.
func TestDigestVectors(t *testing.T) {
	const rfc2617nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
	const rfc7616nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
	const rfc7616cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for _, c := range []struct {
		name           string
		c              Challenge
		password, want string
		cnonce         string
	}{
		{"RFC 2069 section 2.4 (with its erratum)", Challenge{Realm: "testrealm@host.com", Nonce: rfc2617nonce},
			"CircleOfLife", "1949323746fe6a43ef61f9606e7febea", ""},
		{"RFC 2617 section 3.5", Challenge{Realm: "testrealm@host.com", Nonce: rfc2617nonce, QOP: []string{"auth", "auth-int"}},
			"Circle Of Life", "6629fae49393a05397450978507c4ef1", "0a4f113b"},
		{"RFC 7616 section 3.9.1, MD5", Challenge{Realm: "http-auth@example.org", Nonce: rfc7616nonce, QOP: []string{"auth"}, Algorithm: "MD5"},
			"Circle of Life", "8ca523f5e9506fed4657c9700eebdbec", rfc7616cnonce},
		{"RFC 7616 section 3.9.1, SHA-256", Challenge{Realm: "http-auth@example.org", Nonce: rfc7616nonce, QOP: []string{"auth"}, Algorithm: "SHA-256"},
			"Circle of Life", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", rfc7616cnonce},
	} {
		c.c.Scheme = "digest"
		if got := c.c.response("Mufasa", c.password, "GET", "/dir/index.html", nil, "00000001", c.cnonce); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAuthenticatorChoosesTheStrongest(t *testing.T) {
	md5 := `Digest realm="r", nonce="n", algorithm=MD5`
	sha := `Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"`
	for _, c := range []struct {
		offers []string
		want   string
	}{
		{[]string{`Basic realm="r"`, md5, sha}, "algorithm=SHA-256"},
		{[]string{`Basic realm="r"`, md5}, "algorithm=MD5"},
		{[]string{`Digest realm="r", nonce="n", algorithm=SHA-512-256`, `Basic realm="r"`}, "Basic " + base64.StdEncoding.EncodeToString([]byte("u:p:w"))},
		{[]string{`Digest realm="r"`}, ""},
		{[]string{`Digest realm="r", nonce="n", qop="token"`}, ""},
		{nil, ""},
	} {
		a := Authenticator{User: "u", Password: "p:w"}
		again := a.Challenged(c.offers, "")
		got := a.Authorization(Describe, "rtsp://h/", nil)
		if again != (c.want != "") || !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q: again %v, %q, want %q", c.offers, again, got, c.want)
		}
		if Supported(c.offers) != (c.want != "") {
			t.Errorf("%q: Supported is %v", c.offers, Supported(c.offers))
		}
	}
}

func TestAuthenticatorRetries(t *testing.T) {
	offer := func(nonce string, stale bool) []string {
		s := `Digest realm="r", nonce="` + nonce + `"`
		if stale {
			s += ", stale=true"
		}
		return []string{s}
	}
	a := Authenticator{User: "u", Password: "p"}
	send := func() string { return a.Authorization(Describe, "rtsp://h/", nil) }
	if !a.Challenged(offer("1", false), send()) {
		t.Error("not sent again after the first challenge")
	}
	if a.Challenged(offer("2", false), send()) {
		t.Error("sent again although a new nonce came instead of acceptance: the password is wrong")
	}
	if !a.Challenged(offer("3", true), send()) {
		t.Error("not sent again although the nonce was stale")
	}
	a.Accepted()
	if a.Challenged(offer("3", false), send()) {
		t.Error("sent again with the same nonce")
	}
	a.Accepted()
	if !a.Challenged(offer("4", false), send()) {
		t.Error("not sent again with a new nonce although the credentials were accepted before")
	}
	none := Authenticator{}
	if none.Challenged(offer("1", false), "") {
		t.Error("sent again without credentials")
	}
}

func TestAuthorizationCountsAndQuotes(t *testing.T) {
	a := Authenticator{User: `o"p\`, Password: "p"}
	a.Challenged([]string{`Digest realm="r", nonce="n", qop="auth", opaque="o"`}, "")
	first, second := a.Authorization(Options, "rtsp://h/", nil), a.Authorization(Options, "rtsp://h/", nil)
	for s, part := range map[string]string{first: "nc=00000001", second: "nc=00000002"} {
		for _, want := range []string{part, `username="o\"p\\"`, `opaque="o"`, "qop=auth", `uri="rtsp://h/"`} {
			if !strings.Contains(s, want) {
				t.Errorf("%q lacks %s", s, want)
			}
		}
	}
}

func FuzzChallenges(f *testing.F) {
	for _, c := range challengeCases {
		f.Add(strings.Join(c.in, ", "))
	}
	f.Fuzz(func(t *testing.T, in string) {
		a := Authenticator{User: "u", Password: "p"}
		if !a.Challenged([]string{in}, "") {
			return
		}
		req := Request{Method: Options, URL: "rtsp://h/"}
		req.Header.Add("Authorization", a.Authorization(Options, "rtsp://h/", nil))
		if _, err := req.AppendTo(nil); err != nil {
			t.Fatalf("the answer to %q cannot be written: %v", in, err)
		}
	})
}
