package media

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// ffmpegRTP lets FFmpeg send RTP over a socket and returns the packets and the
// parameters of the SDP's fmtp line.
func ffmpegRTP(t *testing.T, args ...string) ([]*rtp.Packet, map[string]string) {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadBuffer(4 << 20)
	description := filepath.Join(t.TempDir(), "x.sdp")
	args = append([]string{"-v", "error"}, args...)
	args = append(args, "-f", "rtp", "-sdp_file", description, fmt.Sprintf("rtp://%s?pkt_size=1200", c.LocalAddr()))
	done := make(chan error, 1)
	go func() {
		out, err := exec.Command("ffmpeg", args...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("needs ffmpeg: %w\n%s", err, out)
		}
		done <- err
		_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	}()
	var packets []*rtp.Packet
	buf := make([]byte, 65536)
	for {
		n, err := c.Read(buf)
		if err != nil {
			break
		}
		p := &rtp.Packet{}
		if err := p.Unmarshal(bytes.Clone(buf[:n])); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]string{}
	if m := regexp.MustCompile(`a=fmtp:\d+ (.*)`).FindSubmatch(text); m != nil {
		for p := range strings.SplitSeq(string(m[1]), ";") {
			k, v, _ := strings.Cut(p, "=")
			params[strings.ToLower(strings.TrimSpace(k))] = strings.TrimSpace(v)
		}
	}
	for i := 1; i < len(packets); i++ {
		if packets[i].SequenceNumber != packets[i-1].SequenceNumber+1 {
			t.Fatalf("the test's own socket lost packets before %d", i)
		}
	}
	return packets, params
}

// FFmpeg's JPEG over RTP gives the pictures that it encoded.
func TestJPEGFromFFmpeg(t *testing.T) {
	for _, format := range []string{"yuvj420p"} { // FFmpeg sends no other
		input := []string{"-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1", "-pix_fmt", format, "-c:v", "mjpeg", "-huffman", "default", "-q:v", "3"}
		packets, _ := ffmpegRTP(t, input...)
		dir := t.TempDir()
		if out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, input...), dir+"/%02d.jpg")...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var d JPEGDepacketizer
		n := 0
		for _, p := range packets {
			for _, au := range d.Push(p, false, time.Time{}) {
				n++
				got, err := jpeg.Decode(bytes.NewReader(au.NALUs[0]))
				if err != nil {
					t.Fatalf("%s: picture %d: %v", format, n, err)
				}
				file, err := os.Open(fmt.Sprintf("%s/%02d.jpg", dir, n))
				if err != nil {
					t.Fatal(err)
				}
				want, err := jpeg.Decode(file)
				file.Close()
				if err != nil {
					t.Fatal(err)
				}
				g, w := got.(*image.YCbCr), want.(*image.YCbCr)
				if !bytes.Equal(g.Y, w.Y) || !bytes.Equal(g.Cb, w.Cb) || !bytes.Equal(g.Cr, w.Cr) {
					t.Errorf("%s: picture %d differs", format, n)
				}
			}
		}
		if n != 10 || d.Incomplete != 0 {
			t.Errorf("%s: %d pictures, %d incomplete", format, n, d.Incomplete)
		}
		// Without any one packet its picture is left out, and no other.
		for lose := range packets {
			var d JPEGDepacketizer
			got := 0
			for i, p := range packets {
				if i != lose {
					got += len(d.Push(p, i == lose+1, time.Time{}))
				}
			}
			if got != 9 {
				t.Errorf("%s: %d pictures without packet %d", format, got, lose)
			}
		}
	}
}

// FFmpeg's AAC over RTP, by RFC 3640 and as LATM, gives the frames that it
// encoded.
func TestAACFromFFmpeg(t *testing.T) {
	file, bare := filepath.Join(t.TempDir(), "a.m4a"), filepath.Join(t.TempDir(), "a.aac")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2", "-c:a", "aac", "-b:a", "64k", file).CombinedOutput(); err != nil {
		t.Fatalf("needs ffmpeg: %v\n%s", err, out)
	}
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-c", "copy", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	adts, err := os.ReadFile(bare)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for len(adts) > 7 {
		n := int(adts[3]&3)<<11 | int(adts[4])<<3 | int(adts[5])>>5
		want = append(want, adts[7:n])
		adts = adts[n:]
	}
	for name, flags := range map[string][]string{"MPEG4-GENERIC": nil, "MP4A-LATM": {"-rtpflags", "latm"}} {
		packets, params := ffmpegRTP(t, append([]string{"-i", file, "-c:a", "copy"}, flags...)...)
		d, err := NewAudioDepacketizer(AudioFormat{Name: name, ClockRate: 44100, Channels: 1, Parameters: params})
		if err != nil {
			t.Fatalf("%s %v: %v", name, params, err)
		}
		var got []AudioUnit
		for _, p := range packets {
			got = append(got, d.Push(p, false, time.Time{})...)
		}
		// FFmpeg leaves out frames at the edges.
		from := slices.IndexFunc(want, func(b []byte) bool { return len(got) > 0 && bytes.Equal(b, got[0].Data) })
		if len(got) < len(want)-3 || from < 0 || from+len(got) > len(want) {
			t.Fatalf("%s: %d frames of %d, from %d", name, len(got), len(want), from)
		}
		for i, u := range got {
			if !bytes.Equal(u.Data, want[from+i]) {
				t.Fatalf("%s: frame %d differs", name, i)
			}
			if u.Lost || i > 0 && u.PTS-got[i-1].PTS != 1024 {
				t.Errorf("%s: frame %d is %d ticks after the one before, lost %v", name, i, u.PTS-got[i-1].PTS, u.Lost)
			}
		}
		track := d.Track()
		c, _, err := parseAudioConfig(track.Config)
		if err != nil || c.object != 2 || c.rate != 44100 || c.channels != 1 || track.Channels != 1 {
			t.Errorf("%s: track %+v, config %+v, %v", name, track, c, err)
		}
		t.Logf("%s: %d frames in %d packets, config %s", name, len(got), len(packets), hex.EncodeToString(track.Config))
	}
}

// H.265 goes through our packets, and FFmpeg's, unchanged.
func TestH265FromFFmpeg(t *testing.T) {
	file := filepath.Join(t.TempDir(), "v.hevc")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=2", "-c:v", "libx265", "-preset", "ultrafast",
		"-x265-params", "bframes=0:keyint=25:log-level=error:aud=1:repeat-headers=1", file).CombinedOutput(); err != nil {
		t.Fatalf("needs ffmpeg with libx265: %v\n%s", err, out)
	}
	es, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var units [][][]byte
	for _, n := range SplitAnnexB(es) {
		if H265NALUType(n) == h265AUD {
			units = append(units, nil)
			continue
		}
		units[len(units)-1] = append(units[len(units)-1], n)
	}
	same := func(name string, i int, got AccessUnit, key bool) {
		t.Helper()
		for j, n := range got.NALUs { // a start code's first zero stays with FFmpeg
			got.NALUs[j] = bytes.TrimRight(n, "\x00")
		}
		if !slices.EqualFunc(got.NALUs, units[i], bytes.Equal) {
			t.Fatalf("%s: unit %d: %d NAL units are not the %d that were sent", name, i, len(got.NALUs), len(units[i]))
		}
		if got.Key != key || got.Damaged {
			t.Errorf("%s: unit %d: key %v, damaged %v", name, i, got.Key, got.Damaged)
		}
	}
	d := NewDepacketizer(H265)
	seq := uint16(0)
	for i, nalus := range units {
		payloads := PacketizeH265(nalus)
		for j, b := range payloads {
			seq++
			if len(b) > MaxPayload {
				t.Fatalf("a payload of %d bytes", len(b))
			}
			for _, au := range d.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(i) * 3600, Marker: j == len(payloads)-1}, Payload: b}, false, time.Time{}) {
				same("our packets", i, au, i%25 == 0)
			}
		}
	}
	info, err := ParseH265SPS(d.SPS())
	if err != nil || info.Width != 640 || info.Height != 360 || info.ReorderFrames != 0 || info.BitDepth != 8 || !strings.HasPrefix(info.Profile(), "Main ") {
		t.Errorf("SPS %+v (%s), %v", info, info.Profile(), err)
	}
	packets, _ := ffmpegRTP(t, "-i", file, "-c:v", "copy")
	d = NewDepacketizer(H265)
	n := 0
	for _, p := range packets {
		for _, au := range d.Push(p, false, time.Time{}) {
			same("FFmpeg's packets", n, au, n%25 == 0)
			n++
		}
	}
	if n != len(units) {
		t.Errorf("%d units of %d", n, len(units))
	}
}
