package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Addresses and what they split into. They seed the fuzzer.
var sourceCases = []struct {
	raw, url, user, password, scheme, redacted string
}{
	{"demo", "demo", "", "", "demo", "demo"},
	{"push", "push", "", "", "push", "push"},
	{"whip", "whip", "", "", "whip", "whip"},
	{"demo:?size=640x360&fps=15", "demo:?size=640x360&fps=15", "", "", "demo", "demo:?size=640x360&fps=15"},
	{"clips/car.mp4", "clips/car.mp4", "", "", "file", "clips/car.mp4"},
	{"./a@b.mp4", "./a@b.mp4", "", "", "file", "./a@b.mp4"},
	{"file:a:b@c.mp4", "file:a:b@c.mp4", "", "", "file", "file:a:b@c.mp4"},
	{"rtsp://camera/1", "rtsp://camera/1", "", "", "rtsp", "rtsp://camera/1"},
	{"RTSPS://camera:322/1", "RTSPS://camera:322/1", "", "", "rtsps", "RTSPS://camera:322/1"},
	{"rtsp://camera:554/live@main", "rtsp://camera:554/live@main", "", "", "rtsp", "rtsp://camera:554/live@main"},
	{"rtsp://admin@camera/1", "rtsp://camera/1", "admin", "", "rtsp", "rtsp://admin@camera/1"},
	{"rtsp://admin:@camera/1", "rtsp://camera/1", "admin", "", "rtsp", "rtsp://admin@camera/1"},
	{"rtsp://admin:pw@camera/1", "rtsp://camera/1", "admin", "pw", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p@ss@camera/1", "rtsp://camera/1", "admin", "p@ss", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p#ss@camera/1", "rtsp://camera/1", "admin", "p#ss", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p/ss@camera/1", "rtsp://camera/1", "admin", "p/ss", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p:ss@camera/1", "rtsp://camera/1", "admin", "p:ss", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p?ss@camera/1", "rtsp://camera/1", "admin", "p?ss", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p@ss/w#r:d?x@10.0.0.5:554/1?a=b", "rtsp://10.0.0.5:554/1?a=b", "admin", "p@ss/w#r:d?x", "rtsp", "rtsp://admin:***@10.0.0.5:554/1?a=b"},
	{"rtsp://admin:p@ss/word@camera/1", "rtsp://camera/1", "admin", "p@ss/word", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:p%40s%23@camera/1", "rtsp://camera/1", "admin", "p@s#", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://admin:100%@camera/1", "rtsp://camera/1", "admin", "100%", "rtsp", "rtsp://admin:***@camera/1"},
	{"rtsp://a:b@[fe80::1]:554/1", "rtsp://[fe80::1]:554/1", "a", "b", "rtsp", "rtsp://a:***@[fe80::1]:554/1"},
	{"rtsp://[::1]/live@main", "rtsp://[::1]/live@main", "", "", "rtsp", "rtsp://[::1]/live@main"},
	{"rtsp://admin:pw@10.0.0.5/live@main", "rtsp://10.0.0.5/live@main", "admin", "pw", "rtsp", "rtsp://admin:***@10.0.0.5/live@main"},
	{"ffmpeg:rtsp://admin:p@w@camera/1", "ffmpeg:rtsp://camera/1", "admin", "p@w", "ffmpeg", "ffmpeg:rtsp://admin:***@camera/1"},
	{"rtsp://admin:pw@", "rtsp://", "admin", "pw", "rtsp", "rtsp://admin:***@"},
	{"rtsp://camera/user=admin&password=pw&channel=1", "rtsp://camera/user=admin&password=pw&channel=1", "", "", "rtsp", "rtsp://camera/user=admin&password=***&channel=1"},
	{"http://camera/flv?user=a&PWD=pw#x", "http://camera/flv?user=a&PWD=pw#x", "", "", "http", "http://camera/flv?user=a&PWD=***#x"},
}

func TestParseSource(t *testing.T) {
	for _, c := range sourceCases {
		s, err := ParseSource(c.raw)
		if err != nil {
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		if s.URL != c.url || s.User != c.user || s.Password.Reveal() != c.password {
			t.Errorf("%s: url %q user %q password %q", c.raw, s.URL, s.User, s.Password.Reveal())
		}
		if again, err := ParseSource(s.RevealURL()); err != nil || again.URL != s.URL || again.User != s.User || again.Password.Reveal() != c.password {
			t.Errorf("%s: reads differently from %s", c.raw, s.RevealURL())
		}
		if s.Scheme() != c.scheme || s.Redacted() != c.redacted {
			t.Errorf("%s: scheme %q redacted %q", c.raw, s.Scheme(), s.Redacted())
		}
	}
}

func TestParseSourceRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"":                       "is empty",
		" demo":                  "white space",
		"rtsp://a/\r\nTEARDOWN":  "control character",
		"admin:pw@camera/1":      "no ://",
		"rtsp:/admin:pw@camera":  "no ://",
		"rtsp://a%0d:pw@camera/": "control character",
	} {
		_, err := ParseSource(raw)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", raw, err)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: the message shows the password: %v", raw, err)
		}
	}
}

func FuzzParseSource(f *testing.F) {
	for _, c := range sourceCases {
		f.Add(c.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := ParseSource(raw)
		if err != nil {
			return
		}
		if s.URL == "" {
			t.Fatalf("%q has no URL left", raw)
		}
		if _, rest, ok := cutScheme(s.URL); ok {
			authority, _, _ := strings.Cut(rest, "/")
			if u, _, at := strings.Cut(authority, "@"); at && strings.Contains(u, ":") && hostRank(authority) > 0 {
				t.Fatalf("%q leaves credentials in %q", raw, s.URL)
			}
		}
		_ = s.Scheme()
		other := s
		if other.Password = NewSecret("another"); !s.Password.IsZero() && s.Redacted() != other.Redacted() {
			t.Fatalf("%q shows of its password in %q", raw, s.Redacted())
		}
	})
}

func TestSecretsNeverShow(t *testing.T) {
	s, err := ParseSource("rtsp://admin:hunter2@camera/1")
	if err != nil {
		t.Fatal(err)
	}
	stream := DefaultStream()
	stream.Source = s
	c := Demo()
	c.Streams["gate"] = stream
	hidden := struct{ s Secret }{s.Password} // fmt calls no methods here

	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "source", s, "password", s.Password, "stream", stream, "config", c)
	}
	for _, v := range []any{s, s.Password, stream, c, &s, hidden} {
		for _, f := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, f+"\n", v)
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		y, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(y)
	}
	for _, leak := range []string{"hunter2", "68756e74657232"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the password shows:\n%s", out.String())
		}
	}
	if s.Password.String() != "***" || (Secret{}).String() != "" || !(Secret{}).IsZero() {
		t.Error("a secret does not read as one")
	}
}
