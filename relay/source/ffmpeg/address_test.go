package ffmpeg

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asticode/go-astiav"
)

func contains(text string, secrets ...string) bool {
	for _, s := range secrets {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

func TestRedact(t *testing.T) {
	for _, c := range [][2]string{
		{"open rtsp://admin:p@ss/w#rd:1@10.0.0.1:554/ch1 failed", "open rtsp://***@10.0.0.1:554/ch1 failed"},
		{"http://h/x?token=abc&n=1", "http://h/x?token=***&n=1"},
		{"srt://h:1?passphrase=0123456789&mode=caller", "srt://h:1?passphrase=***&mode=caller"},
		{"Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"},
		{"nothing to hide: rtsp://10.0.0.1/ch1", "nothing to hide: rtsp://10.0.0.1/ch1"},
	} {
		if got := Redact(c[0]); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ value, path, url, err string }{
		{"file:clip.mp4", "clip.mp4", "", ""},
		{"file:/data/clip.mp4", "/data/clip.mp4", "", ""},
		{"file:///data/my%20clip.mp4", "/data/my clip.mp4", "", ""},
		{"clip.mp4", "clip.mp4", "", ""},
		{"ffmpeg:clip.mp4", "clip.mp4", "", ""},
		{"ffmpeg:file:clip.mp4", "clip.mp4", "", ""},
		{"ffmpeg:RTMP://h/live/x", "", "rtmp://h/live/x", ""},
		{"file:", "", "", "must name a file"},
		{"file://host/clip.mp4", "", "", "must be file:PATH"},
		{"ffmpeg:gopher://u:secret@h/x", "", "", `scheme "gopher": must be http`},
		{"ffmpeg:http://", "", "", "must be http://HOST"},
	} {
		s, err := Parse(c.value)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: error %v, want %q", c.value, err, c.err)
			}
		case err != nil || s.Path != c.path || s.URL != c.url:
			t.Errorf("%s: got %+v, %v", c.value, s, err)
		}
	}
}

func TestLogWriter(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	w := &logWriter{log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})),
		now: func() time.Time { return now }, seen: map[string]int{}}
	w.write(nil, astiav.LogLevelWarning, "%s", "first half, ")
	if b.Len() != 0 {
		t.Errorf("a piece makes a line: %s", b.String())
	}
	w.write(nil, astiav.LogLevelWarning, "%s", "rtsp://u:pw@h/ second\n")
	if got := b.String(); !strings.Contains(got, "first half, rtsp://***@h/ second") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
	b.Reset()
	now = now.Add(time.Hour)
	for i := range 1000 {
		w.write(nil, astiav.LogLevelError, "damaged %d\n", fmt.Sprintf("damaged %d\n", i))
	}
	now = now.Add(time.Second)
	w.write(nil, astiav.LogLevelError, "end\n", "end\n")
	if got := b.String(); strings.Count(got, "\n") != sameInSecond+2 || !strings.Contains(got, "messages_left_out=995") {
		t.Errorf("got %q", got)
	}
}

func TestLogTo(t *testing.T) {
	var b bytes.Buffer
	restore := LogTo(slog.New(slog.NewTextHandler(&b, nil)))
	in := astiav.AllocFormatContext()
	defer in.Free()
	err := in.OpenInput("file:/nowhere.mp4?user=x", nil, nil)
	if err == nil {
		t.Error("opened")
	}
	d := astiav.FindDecoder(astiav.CodecIDH264)
	cc := astiav.AllocCodecContext(d)
	defer cc.Free()
	if err := cc.Open(d, nil); err != nil {
		t.Fatal(err)
	}
	p := astiav.AllocPacket()
	defer p.Free()
	if err := p.FromData([]byte{0, 0, 0, 1, 0x65, 0x88, 0x84, 0}); err != nil {
		t.Fatal(err)
	}
	_ = cc.SendPacket(p) // fails: there is no SPS, and FFmpeg says so
	restore()
	if !strings.Contains(b.String(), "ffmpeg: ") || !strings.Contains(b.String(), "from=h264") {
		t.Errorf("log %q", b.String())
	}
}
