package doctor

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/localca"
)

// find returns the finding of an area with the code, or fails.
func find(t *testing.T, findings []Finding, area string, code health.Code) Finding {
	t.Helper()
	for _, f := range findings {
		if f.Area == area && f.Code == code {
			return f
		}
	}
	t.Fatalf("no finding %q %q in %+v", area, code, findings)
	return Finding{}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// load reads a configuration file that listens on free ports.
func load(t *testing.T, file string) Options {
	t.Helper()
	o := Options{File: file}
	o.Config, o.ConfigError = config.Load(file)
	if o.Config != nil {
		o.Config.HTTP.Listen, o.Config.WebRTC.Port = []string{"127.0.0.1:0"}, 0
	}
	return o
}

// freePort finds a port that is free for UDP and TCP now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func healthy(t *testing.T) Options {
	c := config.Demo()
	c.HTTP.Listen, c.WebRTC.Port, c.DataDir = []string{"127.0.0.1:0"}, freePort(t), filepath.Join(t.TempDir(), "data")
	return Options{Config: c, WebBuilt: true}
}

func TestDoctorOnAHealthyMachine(t *testing.T) {
	s := healthy(t)
	r := Examine(t.Context(), s)
	for _, area := range []string{"configuration", "http.listen", "webrtc.port", "data_dir", "http.tls", "FFmpeg", "web client"} {
		if f := find(t, r, area, ""); f.Level != "ok" {
			t.Errorf("%+v", f)
		}
	}
	if _, err := os.Stat(s.Config.DataDir); err == nil {
		t.Error("the doctor left a folder behind")
	}
}

func TestDoctorReportsEachMistake(t *testing.T) {
	file := write(t, "x.yaml", "colour: red\nhttp: {listen: 0.0.0.0:1}\n")
	r := examineConfig(t.Context(), load(t, file))
	find(t, r, "configuration", health.ConfigInvalid)
	find(t, r, "configuration", health.ListenNotLoopback)
	if !Failed(r) {
		t.Error("not failed")
	}
}

func TestDoctorFindsPortsInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	// It accepts nothing: neither HTTP nor a relay.
	s := healthy(t)
	s.Config.HTTP.Listen = []string{l.Addr().String()}
	s.Config.WebRTC.Port = u.LocalAddr().(*net.UDPAddr).Port
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	r := examineConfig(t.Context(), s)
	if f := find(t, r, "http.listen", health.ListenInUse); !strings.Contains(f.Text, l.Addr().String()) || f.Fix == "" {
		t.Errorf("%+v", f)
	}
	if f := find(t, r, "webrtc.port", health.ListenInUse); !strings.Contains(f.Text, "UDP") {
		t.Errorf("%+v", f)
	}
}

type noStreams struct{}

func (noStreams) List() []hub.Info            { return nil }
func (noStreams) Get(string) (hub.Info, bool) { return hub.Info{}, false }

func TestDoctorAsksARunningRelay(t *testing.T) {
	board := &health.Board{}
	board.Raise("stream/gate", health.New(health.SourceUnreachable, "no answer from 192.0.2.1:554"))
	silent := health.New(health.StreamNotReady, "waits")
	silent.DependsOn = health.SourceUnreachable
	board.Raise("stream/gate", silent)
	h, err := api.New(api.Config{Streams: noStreams{}, Conditions: board, Relay: func() api.Relay { return api.Relay{WebRTCPort: 4321} }})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := localca.Open(t.TempDir(), localca.Machine, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(h)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(h)
	secure.TLS = ca.TLSConfig()
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	secure.StartTLS()
	defer secure.Close()
	for _, srv := range []*httptest.Server{plain, secure} {
		s := healthy(t)
		s.Config.HTTP.Listen = []string{srv.Listener.Addr().String()}
		r := examineConfig(t.Context(), s)
		if f := find(t, r, "http.listen", ""); !strings.Contains(f.Text, "a relay runs at "+srv.URL) {
			t.Errorf("%+v", f)
		}
		if f := find(t, r, "stream/gate", health.SourceUnreachable); f.Level != "error" || !strings.Contains(f.Text, "192.0.2.1") {
			t.Errorf("%+v", f)
		}
		for _, f := range r {
			if f.Code == health.StreamNotReady {
				t.Errorf("a consequence is reported beside its cause: %+v", f)
			}
		}
		if f := find(t, r, "webrtc.port", ""); !strings.Contains(f.Text, "is free") {
			t.Errorf("another port than the running relay's: %+v", f)
		}
		s.Config.WebRTC.Port = 4321
		if f := find(t, examineConfig(t.Context(), s), "webrtc.port", ""); !strings.Contains(f.Text, "the running relay uses 4321") {
			t.Errorf("%+v", f)
		}
	}
}

func TestAskRelayIsNotFooledByOtherServers(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"ok"}`)) }))
	defer srv.Close()
	s := healthy(t)
	s.Config.HTTP.Listen = []string{srv.Listener.Addr().String()}
	find(t, examineConfig(t.Context(), s), "http.listen", health.ListenInUse)
}

func TestDoctorOnFoldersAndFiles(t *testing.T) {
	file := write(t, "file", "")
	if f := checkDataDir(filepath.Join(file, "data")); f.Code != health.DataDirUnwritable {
		t.Errorf("%+v", f)
	}
	if f := checkDataDir(file); f.Code != health.DataDirUnwritable {
		t.Errorf("%+v", f)
	}
	dir := t.TempDir()
	if f := checkDataDir(dir); f.Level != "ok" {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if os.Getuid() != 0 { // root writes everywhere
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if f := checkDataDir(filepath.Join(dir, "x")); f.Code != health.DataDirUnwritable {
			t.Errorf("%+v", f)
		}
	}
	cfg, err := config.Parse("x.yml", []byte("streams: {a: {source: "+file+"}, b: {source: file:none.mp4}, c: {source: demo}}"))
	if err != nil {
		t.Fatal(err)
	}
	got := checkFiles(cfg)
	if len(got) != 2 || got[0].Level != "ok" || got[1].Code != health.SourceFileMissing || !strings.Contains(got[1].Text, "none.mp4: no such file") {
		t.Errorf("%+v", got)
	}
}

func TestDoctorOnTLS(t *testing.T) {
	dir := t.TempDir()
	if _, err := localca.Open(dir, localca.Machine, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	pair := filepath.Join(dir, "certificate.pem")
	c := config.Default()
	for _, one := range []struct {
		tls   config.TLS
		level string
		text  string
	}{
		{config.TLS{Mode: config.TLSAuto}, "ok", "off"},
		{config.TLS{Mode: config.TLSOn}, "ok", "data/tls"},
		{config.TLS{Mode: config.TLSFile, Cert: pair, Key: pair}, "ok", "lasts until"},
		{config.TLS{Mode: config.TLSFile, Cert: pair, Key: filepath.Join(dir, "authority.pem")}, "error", "does not match"},
	} {
		c.HTTP.TLS = one.tls
		if f := checkTLS(c); f.Level != one.level || !strings.Contains(f.Text, one.text) {
			t.Errorf("%+v: %+v", one.tls, f)
		}
	}
}

func TestDoctorOnPasswordsThatOthersCanRead(t *testing.T) {
	file := write(t, "x.yaml", "streams: {a: {source: 'rtsp://u:hidden@cam/1'}}\n")
	warned := func() bool {
		for _, f := range examineConfig(t.Context(), load(t, file)) {
			if strings.Contains(f.Text+f.Fix, "hidden") {
				t.Errorf("%+v", f)
			}
			if f.Level == "warning" && strings.Contains(f.Fix, "chmod 600") {
				return true
			}
		}
		return false
	}
	if warned() {
		t.Error("warned of a private file")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if !warned() {
		t.Error("not warned of a file that everybody can read")
	}
}

func TestDoctorOnTheWebClient(t *testing.T) {
	if f := checkWebClient(false); f.Code != health.WebClientMissing || !strings.Contains(f.Fix, "make build") {
		t.Errorf("%+v", f)
	}
}

func TestFFmpegVersion(t *testing.T) {
	for maps, want := range map[string]string{
		"7f r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libavcodec.so.59.37.100\n": "FFmpeg 5 (libavcodec 59.37.100)",
		"7f r-xp 0 08:01 1 /opt/lib/libavcodec.so.99.1\n":                       "libavcodec 99.1",
		"7f r-xp 0 08:01 1 /usr/lib/libc.so.6\n":                                "",
	} {
		if got := ffmpegIn(maps); got != want {
			t.Errorf("%q: %q, want %q", maps, got, want)
		}
	}
}

func TestDoctorSaysHowDropsAreSeen(t *testing.T) {
	cfg := config.Default()
	cfg.Drops.Mode = config.DropsCounters
	if f := checkDrops(cfg); f.Level != "info" || f.Code != health.DropsLimited || !strings.Contains(f.Text, "The configuration asks for it") {
		t.Errorf("%+v", f)
	}
	f := checkDrops(nil)
	if f.Area != "drops" || f.Level != "ok" && (f.Code != health.DropsLimited || f.Level != "info" || f.Fix == "") {
		t.Errorf("%+v", f)
	}
}
