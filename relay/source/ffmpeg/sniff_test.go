package ffmpeg

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// sniffCases are beginnings of streams; they seed the fuzzer.
func sniffCases() []struct {
	name string
	data []byte
	want Container
} {
	ts := bytes.Repeat(append([]byte{0x47, 0x40, 0, 0x10}, make([]byte, tsPacket-4)...), 4)
	return []struct {
		name string
		data []byte
		want Container
	}{
		{"FLV", []byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"), FLV},
		{"FLV with a short header", []byte("FLV\x01\x05\x00\x00\x00\x03"), ""},
		{"AVI", []byte("RIFF\x00\x00\x00\x00AVI LIST"), AVI},
		{"WAV", []byte("RIFF\x00\x00\x00\x00WAVEfmt "), ""},
		{"Matroska", []byte("\x1a\x45\xdf\xa3\x01\x00"), Matroska},
		{"MP4", []byte("\x00\x00\x00\x20ftypisom\x00\x00\x02\x00"), MP4},
		{"MP4 without ftyp", []byte("\x00\x00\x10\x00moov\x00\x00\x00\x6cmvhd"), MP4},
		{"playlist", []byte("#EXTM3U\n#EXT-X-VERSION:3\n"), HLS},
		{"playlist with a mark", []byte("\xef\xbb\xbf#EXTM3U\n"), HLS},
		{"TS", ts, MPEGTS},
		{"TS in the middle", ts[100:], MPEGTS},
		{"a single G", []byte("GET / HTTP/1.1\r\n"), ""},
		{"PS", []byte("\x00\x00\x01\xba\x44\x00"), MPEGPS},
		{"H.264", []byte("\x00\x00\x00\x01\x67\x42\xc0\x1e"), H264},
		{"H.264 with delimiter", []byte("\x00\x00\x00\x01\x09\xf0\x00\x00\x01\x67"), H264},
		{"H.264, SEI first", []byte("\x00\x00\x01\x06\x05\x10"), H264},
		{"H.264, a slice in the middle", []byte("\x00\x00\x01\x41\x9a\x00"), ""},
		{"H.265", []byte("\x00\x00\x00\x01\x40\x01\x0c\x01"), H265},
		{"H.265 with delimiter", []byte("\x00\x00\x00\x01\x46\x01\x50"), H265},
		{"text", []byte("hello, world"), ""},
		{"zeros", make([]byte, 1000), ""},
		{"nothing", nil, ""},
	}
}

func TestSniff(t *testing.T) {
	for _, c := range sniffCases() {
		if got, ok := Sniff(c.data); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, ok, c.want)
		}
	}
}

// What FFmpeg writes is what Sniff finds, whatever the file is called.
func TestSniffFiles(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"}
	for _, c := range []struct {
		name, format string
		want         Container
	}{
		{"a.mp4", "mpegts", MPEGTS}, {"b.mp4", "flv", FLV}, {"c.flv", "mp4", MP4}, {"d.ts", "matroska", Matroska},
		{"e.mkv", "avi", AVI}, {"f.avi", "h264", H264}, {"g.jpg", "mpegts", MPEGTS}, {"h", "mp4", MP4}, {"i.m3u8", "flv", FLV},
	} {
		args := append(append([]string{}, x264...), "-f", c.format)
		if c.format == "flv" {
			args = append([]string{"-ar", "44100"}, args...)
		}
		path := made(t, c.name, args...)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := Sniff(data[:SniffSize]); got != c.want {
			t.Errorf("%s as %s: found %q", c.format, c.name, got)
		}
		if strings.HasPrefix(c.format, "h264") {
			continue // a raw stream has no times to play it by
		}
		r, _, err := play(t, &Source{Path: path, Once: true}, 0)
		if err != nil || len(r.units) < 45 {
			t.Errorf("%s as %s: %d pictures, %v", c.format, c.name, len(r.units), err)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, c := range sniffCases() {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := Sniff(b)
		if ok != (got != "") {
			t.Errorf("%q, %v", got, ok)
		}
	})
}

func FuzzConfigurationRecords(f *testing.F) {
	f.Add([]byte("\x01\x42\xc0\x1e\xff\xe1\x00\x04\x67\x42\xc0\x1e\x01\x00\x02\x68\xce"))
	f.Add(append([]byte("\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x5d\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x01"),
		"\xa0\x00\x01\x00\x03\x40\x01\x0c"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, size, err := parseAVCC(b)
		if err == nil {
			_, _ = splitLengths(b, size)
		}
		if config, rate, channels, _ := splitADTS(b); len(config) > 0 && (rate <= 0 || channels <= 0) {
			t.Errorf("configuration %v, rate %d, %d channels", config, rate, channels)
		}
		sets, size, err := parseHVCC(b)
		for _, s := range sets {
			if len(s) == 0 || err != nil || size < 1 || size > 4 {
				t.Errorf("set %v, length size %d, %v", s, size, err)
			}
		}
	})
}
