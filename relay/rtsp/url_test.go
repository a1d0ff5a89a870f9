package rtsp

import (
	"strings"
	"testing"
)

var urlCases = []struct {
	in                         string
	user, password, host, path string
	bad                        bool
}{
	{in: "rtsp://cam/stream", host: "cam", path: "/stream"},
	{in: "RTSP://10.0.0.1:8554", host: "10.0.0.1:8554"},
	{in: "rtsp://[fe80::1%25eth0]:554/a", host: "[fe80::1%25eth0]:554", path: "/a"},
	{in: "rtsp://[::zz]/a", bad: true},
	{in: "rtsp://[2001:db8::1]:554/a", host: "[2001:db8::1]:554", path: "/a"},
	{in: "rtsp://u:p@[2001:db8::1]/a", user: "u", password: "p", host: "[2001:db8::1]", path: "/a"},
	{in: "rtsp://10.0.0.1?x=1", host: "10.0.0.1", path: "?x=1"},
	{in: "rtsp://u:p@10.0.0.1/cam/realmonitor?channel=1&subtype=0", user: "u", password: "p", host: "10.0.0.1", path: "/cam/realmonitor?channel=1&subtype=0"},
	{in: "rtsp://u@cam/x", user: "u", host: "cam", path: "/x"},
	{in: "rtsp://u:@cam/x", user: "u", host: "cam", path: "/x"},
	{in: "rtsp://u:a%40b@cam.example/x", user: "u", password: "a@b", host: "cam.example", path: "/x"},
	{in: "rtsp://u:100%@cam.example/x", user: "u", password: "100%", host: "cam.example", path: "/x"},
	{in: "rtsp://u:p@ss@10.0.0.1/x", user: "u", password: "p@ss", host: "10.0.0.1", path: "/x"},
	{in: "rtsp://u:p#ss@10.0.0.1/x", user: "u", password: "p#ss", host: "10.0.0.1", path: "/x"},
	{in: "rtsp://u:12#34@cam/x", user: "u", password: "12#34", host: "cam", path: "/x"},
	{in: "rtsp://u:p/ss@10.0.0.1/x", user: "u", password: "p/ss", host: "10.0.0.1", path: "/x"},
	{in: "rtsp://u:p?ss@cam/x", user: "u", password: "p?ss", host: "cam", path: "/x"},
	{in: "rtsp://u:p:s:s@cam/x", user: "u", password: "p:s:s", host: "cam", path: "/x"},
	{in: "rtsp://u:p@ss#w/rd:1@127.0.0.1:8554/cam", user: "u", password: "p@ss#w/rd:1", host: "127.0.0.1:8554", path: "/cam"},
	{in: "rtsp://u:a/b@c#d@cam/x", user: "u", password: "a/b@c#d", host: "cam", path: "/x"},
	{in: "rtsp://u:@/#:@cam.local/x", user: "u", password: "@/#:", host: "cam.local", path: "/x"},
	// '@' in path or query stays there.
	{in: "rtsp://10.0.0.1/x@y", host: "10.0.0.1", path: "/x@y"},
	{in: "rtsp://cam:554/x@10.0.0.1/", host: "cam:554", path: "/x@10.0.0.1/"},
	{in: "rtsp://u:p@10.0.0.1/x?mail=a@b.org", user: "u", password: "p", host: "10.0.0.1", path: "/x?mail=a@b.org"},
	{in: "rtsp://cam/a b#frag", host: "cam", path: "/a%20b"},
	{in: "http://cam/x", bad: true},
	{in: "cam/x", bad: true},
	{in: "rtsp://", bad: true},
	{in: "rtsp://:554/x", bad: true},
	{in: "rtsp://cam:0/x", bad: true},
	{in: "rtsp://cam:99999/x", bad: true},
	{in: "rtsp://cam:/x", bad: true},
	{in: "rtsp://u:secret@/x", bad: true},
	{in: "rtsp://cam\r\nX: y/", bad: true},
}

func TestParseURL(t *testing.T) {
	for _, c := range urlCases {
		u, err := ParseURL(c.in)
		if c.bad {
			if err == nil {
				t.Errorf("%s: accepted as %+v", c.in, u)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error shows the password: %v", c.in, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if u.User != c.user || u.Password != c.password || u.Host != c.host || u.Path != c.path {
			t.Errorf("%s: %+v", c.in, u)
		}
	}
}

func TestURLAddress(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://cam/x":              "cam:554",
		"rtsps://cam/x":             "cam:322",
		"rtsp://[::1]/x":            "[::1]:554",
		"rtsp://[fe80::1%25eth0]/x": "[fe80::1%eth0]:554",
		"rtsp://[::1]:8554/x":       "[::1]:8554",
		"rtsp://u:p@h:10554/x":      "h:10554",
	} {
		u, err := ParseURL(in)
		if err != nil || u.Address() != want {
			t.Errorf("%s: address %q (%v), want %q", in, u.Address(), err, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://cam/stream":                                                       "rtsp://cam/stream",
		"rtsp://u:hunter2@cam/x":                                                  "rtsp://***@cam/x",
		"rtsp://u:p@ss#w/rd:1@127.0.0.1:8554/cam":                                 "rtsp://***@127.0.0.1:8554/cam",
		"rtmp://u:a/b@c.example/live":                                             "rtmp://***@c.example/live",
		"http://cam/x?user=a&password=hunter2&c=1":                                "http://cam/x?user=a&password=***&c=1",
		"rtsp://10.0.0.1:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp": "rtsp://10.0.0.1:554/user=admin_password=***_channel=1_stream=0.sdp",
		"rtsp://cam/x?token=abc":                                                  "rtsp://cam/x?token=***",
		"u:hunter2@cam":                                                           "***@cam",
		"rtsp://u:hunter2@":                                                       "rtsp://***@",
		"rtsp://u:hunter2@cam:99x/":                                               "rtsp://***@cam:99x/",
		"":                                                                        "",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestResolveControl(t *testing.T) {
	for _, c := range []struct{ name, url, base, control, want string }{
		{"relative", "rtsp://h/cam", "", "trackID=1", "rtsp://h/cam/trackID=1"},
		{"base with slash", "rtsp://h/cam", "rtsp://h/cam/", "stream=0", "rtsp://h/cam/stream=0"},
		{"base without slash", "rtsp://h/cam", "rtsp://h/cam", "stream=0", "rtsp://h/cam/stream=0"},
		{"base of a hidden host", "rtsp://h:8554/cam", "rtsp://192.168.1.9/cam/", "stream=0", "rtsp://h:8554/cam/stream=0"},
		{"base is a path", "rtsp://h/cam", "/other/", "stream=0", "rtsp://h/other/stream=0"},
		{"base is nonsense", "rtsp://h/cam", "none", "stream=0", "rtsp://h/cam/stream=0"},
		{"absolute", "rtsp://h/cam", "rtsp://h/cam/", "rtsp://h/other/track1", "rtsp://h/other/track1"},
		{"absolute of a hidden host", "rtsp://h/cam", "", "rtsp://10.1.1.1:554/cam/track1", "rtsp://h/cam/track1"},
		{"star", "rtsp://h/cam", "rtsp://h/cam/", "*", "rtsp://h/cam/"},
		{"none", "rtsp://h/cam", "", "", "rtsp://h/cam"},
		{"query in the base", "rtsp://h/cam?channel=1", "rtsp://h/cam?channel=1/", "trackID=0", "rtsp://h/cam?channel=1/trackID=0"},
		{"query as control", "rtsp://h/cam", "", "?ctype=video", "rtsp://h/cam?ctype=video"},
		{"rooted, below the base", "rtsp://h/cam", "", "/cam/track1", "rtsp://h/cam/track1"},
		{"rooted, relative in fact", "rtsp://h/cam", "", "/track1", "rtsp://h/cam/track1"},
		{"rooted without a path", "rtsp://h", "", "/track1", "rtsp://h/track1"},
		{"credentials in the control", "rtsp://h/cam", "", "rtsp://u:p@h/cam/t", "rtsp://h/cam/t"},
	} {
		u, err := ParseURL(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := ResolveControl(u, c.base, c.control); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzURL checks that an address read is an address again, without its
// credentials, and that redacting keeps no marked secret.
func FuzzURL(f *testing.F) {
	for _, c := range urlCases {
		f.Add(c.in, "trackID=1")
	}
	f.Add("rtsp://h/x", "rtsp://h/x/y z")
	f.Fuzz(func(t *testing.T, in, control string) {
		Redact(in)
		u, err := ParseURL(in)
		if err != nil {
			return
		}
		again, err := ParseURL(u.String())
		if err != nil {
			t.Fatalf("%q gives %q, which is refused: %v", in, u.String(), err)
		}
		if again.Host != u.Host || again.Address() != u.Address() || again.User != "" {
			t.Fatalf("%q gives %q, which reads as %+v", in, u.String(), again)
		}
		ResolveControl(u, control, in)
		ResolveControl(u, in, control)
		const secret = "S3cr3t@/#?:x"
		if got := Redact("rtsp://user:" + secret + "@10.1.2.3" + u.Path); strings.Contains(got, "S3cr3t") && !strings.Contains(u.Path, "S3cr3t") {
			t.Fatalf("secret in %q", got)
		}
	})
}
