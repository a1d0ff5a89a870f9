package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// patience is how long a peer on a busy machine may take.
const patience = 60 * time.Second

// command is a program that a test needs; it is skipped without it.
func command(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is missing: see scripts/packages-test.txt", name)
	}
	return path
}

// peer starts a program that ends with the test.
func peer(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(command(t, name), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s %s:\n%s", name, strings.Join(args, " "), out.String())
		}
	})
}

// send has FFmpeg play a clip for ever, in real time, to where args say.
func send(t *testing.T, clip string, args ...string) {
	t.Helper()
	peer(t, "ffmpeg", append([]string{"-hide_banner", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy"}, args...)...)
}

// test clips of two seconds, each made once: a key frame a second, with sound.
var clips struct {
	sync.Mutex
	made map[string][]byte
}

// made gives a clip as the encoder's arguments and the file's ending say.
func made(t *testing.T, name string, args ...string) string {
	t.Helper()
	clips.Lock()
	defer clips.Unlock()
	path := filepath.Join(t.TempDir(), name)
	key := name + strings.Join(args, " ")
	if clips.made == nil {
		clips.made = map[string][]byte{}
	}
	if data := clips.made[key]; data != nil {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if len(args) == 0 {
		args = []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25", "-b:v", "1M", "-c:a", "aac"}
	}
	all := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100",
		"-t", "2", "-pix_fmt", "yuv420p"}, args...)
	if out, err := exec.Command(command(t, "ffmpeg"), append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clips.made[key] = data
	return path
}

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// seen is what a source delivered.
type seen struct {
	recorder
	began time.Time
	first time.Duration
}

func (s *seen) AccessUnit(au media.AccessUnit) {
	if s.first == 0 {
		s.first = time.Since(s.began)
	}
	s.recorder.AccessUnit(au)
}

// watchSource runs a source, again while it may be tried again, until it has
// delivered so many pictures.
func watchSource(t *testing.T, value string, pictures int) *seen {
	t.Helper()
	s, err := Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	s.AnyCodec = true
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got := &seen{began: time.Now(), recorder: recorder{stop: cancel, after: pictures}}
		err = s.Run(ctx, got)
		switch f := source.Sorted(err); {
		case len(got.units) >= pictures:
			return got
		case ctx.Err() != nil || f.Class != source.Retry:
			t.Fatalf("%d pictures of %d, then: %v", len(got.units), pictures, err)
		default: // the peer is not up yet
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// check looks at what came: a key frame first, times that go on, the size.
func (s *seen) check(t *testing.T) {
	t.Helper()
	if len(s.tracks) == 0 || s.tracks[0].Width != 640 || s.tracks[0].Height != 360 || s.tracks[0].Codec != media.H264 {
		t.Errorf("tracks %+v", s.tracks)
	}
	if !s.units[0].Key {
		t.Error("the first picture is no key frame")
	}
	for i := 1; i < len(s.units); i++ {
		if d := s.units[i].PTS - s.units[i-1].PTS; d <= 0 || d > media.ClockRate {
			t.Errorf("picture %d: %d ticks after the one before", i, d)
		}
	}
}

// lookAhead is how long FFmpeg's own way takes from the request to the first
// packet that can be shown, for comparison.
func lookAhead(t *testing.T, value string) time.Duration {
	t.Helper()
	s, err := Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	options := astiav.NewDictionary()
	defer options.Free()
	w := s.way()
	for _, o := range w.options {
		_ = options.Set(o[0], o[1], 0)
	}
	interrupter := astiav.NewIOInterrupter()
	defer interrupter.Free()
	stop := time.AfterFunc(patience, interrupter.Interrupt)
	defer stop.Stop()
	began := time.Now()
	fc := astiav.AllocFormatContext()
	defer fc.Free()
	fc.SetIOInterrupter(interrupter)
	if err := fc.OpenInput(s.URL, nil, options); err != nil {
		return 0
	}
	defer fc.CloseInput()
	if err := fc.FindStreamInfo(nil); err != nil {
		return 0
	}
	return time.Since(began)
}

// httpFrom serves what FFmpeg makes of a clip, anew for each request, as a
// camera or a media server does.
func httpFrom(t *testing.T, clip, format, mediaType string) string {
	ffmpeg := command(t, "ffmpeg")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); r.URL.Path == "/private" && (user != "viewer" || password != "p@ss") {
			w.Header().Set("WWW-Authenticate", `Basic realm="camera"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/nothing" {
			http.NotFound(w, r)
			return
		}
		cmd := exec.CommandContext(r.Context(), ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", format, "pipe:1")
		out, err := cmd.StdoutPipe()
		if err != nil || cmd.Start() != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		defer func() { _ = cmd.Wait() }()
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(http.StatusOK)
		b := make([]byte, 32<<10)
		for {
			n, err := out.Read(b)
			if _, gone := w.Write(b[:n]); err != nil || gone != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func TestNetworkPeers(t *testing.T) {
	clip := made(t, "clip.mp4")
	at := func(format string, network string) (string, string) {
		port := freePort(t, network)
		return fmt.Sprintf(format, port), fmt.Sprint(port)
	}
	peers := []struct {
		name string
		// start begins to send and gives the address to read.
		start func(t *testing.T) string
		again bool // more than one reader is served
	}{
		{"HTTP-FLV", func(t *testing.T) string { return httpFrom(t, clip, "flv", "video/x-flv") + "/live.flv" }, true},
		// A name and a media type that lie.
		{"HTTP-TS", func(t *testing.T) string { return httpFrom(t, clip, "mpegts", "video/x-flv") + "/live.flv" }, true},
		{"HTTP-FLV, FFmpeg listening", func(t *testing.T) string {
			url, _ := at("http://127.0.0.1:%d/live", "tcp")
			send(t, clip, "-f", "flv", "-listen", "1", url)
			return url
		}, false},
		{"HTTP MP4", func(t *testing.T) string {
			server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(clip))))
			t.Cleanup(server.Close)
			return server.URL + "/clip.mp4"
		}, true},
		{"HLS", func(t *testing.T) string {
			dir := t.TempDir()
			server := httptest.NewServer(http.FileServer(http.Dir(dir)))
			t.Cleanup(server.Close)
			send(t, clip, "-f", "hls", "-hls_time", "1", "-hls_list_size", "4", "-hls_flags", "delete_segments", filepath.Join(dir, "live.m3u8"))
			for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if b, _ := os.ReadFile(filepath.Join(dir, "live.m3u8")); bytes.Count(b, []byte("#EXTINF")) >= 2 {
					break
				}
			}
			return server.URL + "/live.m3u8"
		}, true},
		{"RTMP", func(t *testing.T) string {
			url, _ := at("rtmp://127.0.0.1:%d/live/gate", "tcp")
			send(t, clip, "-f", "flv", "-listen", "1", url)
			return url
		}, false},
		{"SRT", func(t *testing.T) string {
			url, _ := at("srt://127.0.0.1:%d", "udp")
			send(t, clip, "-f", "mpegts", url+"?mode=listener")
			return url
		}, false},
		{"SRT, we listen", func(t *testing.T) string {
			url, _ := at("srt://127.0.0.1:%d", "udp")
			send(t, clip, "-f", "mpegts", url)
			return url + "?mode=listener"
		}, false},
		{"SRT, srt-live-transmit", func(t *testing.T) string {
			from, _ := at("udp://127.0.0.1:%d", "udp")
			to, _ := at("srt://127.0.0.1:%d", "udp")
			peer(t, "srt-live-transmit", "-q", from, to+"?mode=listener")
			send(t, clip, "-f", "mpegts", from+"?pkt_size=1316")
			return to
		}, false},
		{"MPEG-TS over UDP", func(t *testing.T) string {
			url, _ := at("udp://127.0.0.1:%d", "udp")
			send(t, clip, "-f", "mpegts", url+"?pkt_size=1316")
			return url
		}, false},
		{"MPEG-TS over multicast", func(t *testing.T) string {
			_, port := at("%d", "udp")
			group := "udp://239.255.77.1:" + port
			send(t, clip, "-f", "mpegts", group+"?pkt_size=1316&localaddr=127.0.0.1&ttl=0")
			return "udp://@239.255.77.1:" + port + "?localaddr=127.0.0.1"
		}, false},
		{"ffmpeg:http", func(t *testing.T) string { return "ffmpeg:" + httpFrom(t, clip, "flv", "video/x-flv") }, true},
		{"RTMP, nginx", func(t *testing.T) string {
			url := nginxRTMP(t) + "/live/gate"
			send(t, clip, "-f", "flv", url)
			return url
		}, true},
	}
	if nginxModule() == "" {
		t.Log("nginx with its RTMP module is not installed; it would be one more peer")
		peers = peers[:len(peers)-1]
	}
	for _, c := range peers {
		t.Run(c.name, func(t *testing.T) {
			address := c.start(t)
			got := watchSource(t, address, 40)
			got.check(t)
			if got.tracks[0].Profile == "" {
				t.Errorf("track %+v", got.tracks[0])
			}
			if !c.again {
				t.Logf("first picture %v after the request", got.first.Round(time.Millisecond))
				return
			}
			t.Logf("first picture %v after the request; FFmpeg's own look ahead takes %v",
				got.first.Round(time.Millisecond), lookAhead(t, address).Round(time.Millisecond))
		})
	}
}

// nginxModule is the path of nginx's RTMP module, empty without it.
func nginxModule() string {
	const path = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// nginxRTMP starts nginx as an RTMP server and gives its address.
func nginxRTMP(t *testing.T) string {
	dir, port := t.TempDir(), freePort(t, "tcp")
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("load_module %s;\ndaemon off;\nmaster_process off;\npid %s/pid;\nerror_log %s/log;\nevents {}\nrtmp { server { listen 127.0.0.1:%d; application live { live on; } } }\n",
		nginxModule(), dir, dir, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	peer(t, "nginx", "-c", conf, "-p", dir, "-e", filepath.Join(dir, "log"))
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return "rtmp://" + address
		}
		if time.Now().After(end) {
			t.Fatal("nginx does not listen")
		}
	}
}

// What a server answers has its own class and condition, without credentials.
func TestNetworkFailures(t *testing.T) {
	server := httpFrom(t, made(t, "clip.mp4"), "flv", "video/x-flv")
	host := strings.TrimPrefix(server, "http://")
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("this is no video. ", 20000))
	}))
	defer garbage.Close()
	playlist := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
	}))
	defer playlist.Close()
	for _, c := range []struct {
		value string
		class source.Class
		code  health.Code
	}{
		{"http://viewer:wrong@" + host + "/private", source.NeedsPerson, health.SourceUnauthorized},
		{"http://" + host + "/nothing", source.Retry, health.SourceNotFound},
		{garbage.URL + "/x.mp4", source.Retry, health.SourceProtocol},
		{playlist.URL, source.Retry, health.SourceProtocol},
		{fmt.Sprintf("rtmp://viewer:wrong@127.0.0.1:%d/live/x", freePort(t, "tcp")), source.Retry, health.SourceUnreachable},
		{"http://viewer:wrong@no-such-camera.invalid/x.flv", source.Retry, health.SourceHostUnknown},
		{"srt://no-such-camera.invalid:9000?passphrase=wrong", source.Retry, health.SourceHostUnknown},
		{"v4l2:/dev/video99", source.Retry, health.SourceUnreachable},
	} {
		s, err := Parse(c.value)
		if err != nil {
			t.Errorf("%s: %v", c.value, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		f := source.Sorted(s.Run(ctx, &recorder{}))
		cancel()
		if f.Class != c.class || f.Condition.Code != c.code {
			t.Errorf("%s: class %d, %s: %v", c.value, f.Class, f.Condition.Code, f)
		}
		if text := f.Error() + f.Condition.Text; contains(text, "wrong", "viewer") {
			t.Errorf("%s: credentials in %q", c.value, text)
		}
	}
	watchSource(t, "http://viewer:p%40ss@"+host+"/private", 2).check(t)
}

// A sender that falls silent, and one that never says anything.
func TestSilence(t *testing.T) {
	clip := made(t, "clip.ts", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-f", "mpegts")
	data, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	for name, sent := range map[string][]byte{"at once": nil, "later": data} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write(sent)
				_ = http.NewResponseController(w).Flush()
				select {
				case <-stop:
				case <-r.Context().Done():
				}
			}))
			defer server.Close()
			defer close(stop)
			s := &Source{URL: server.URL, patience: 2 * time.Second}
			got := &recorder{}
			f := source.Sorted(s.Run(t.Context(), got))
			if f.Class != source.Retry || f.Condition.Code != health.SourceSilent || len(sent) > 0 && len(got.units) < 10 {
				t.Errorf("%d pictures, then %v", len(got.units), f)
			}
		})
	}
}
