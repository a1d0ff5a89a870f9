package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sightline/relay/app/doctor"
	"sightline/relay/config"
	"sightline/relay/health"
)

// fakeRelay runs until its context ends, or fails at once.
type fakeRelay struct {
	ready chan struct{}
	fail  error
}

func (f *fakeRelay) Run(ctx context.Context) error {
	if f.fail != nil {
		return f.fail
	}
	close(f.ready)
	<-ctx.Done()
	return ctx.Err()
}
func (f *fakeRelay) Ready() <-chan struct{} { return f.ready }
func (f *fakeRelay) URL() string            { return "http://127.0.0.1:1234/" }

// result is what a run of the program left.
type result struct {
	code           int
	stdout, stderr string
	cfg            *config.Config
}

// execute runs the program with a relay that ends as soon as it is ready.
func execute(t *testing.T, startErr, runErr error, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	var r result
	p := &program{stderr: &stderr, start: func(cfg *config.Config, log *slog.Logger, _ string) (relay, error) {
		r.cfg = cfg
		log.Info("starting", "streams", len(cfg.Streams))
		return &fakeRelay{ready: make(chan struct{}), fail: runErr}, startErr
	}}
	p.stdout = writerFunc(func(b []byte) (int, error) {
		if strings.Contains(string(b), "is ready") {
			cancel() // as an interrupt would
		}
		return stdout.Write(b)
	})
	r.code = p.run(ctx, args)
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

var _ io.Writer = writerFunc(nil)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestArguments(t *testing.T) {
	good := write(t, "good.yaml", "streams: {gate: {source: demo}}\n")
	wrong := write(t, "wrong.yaml", "streams: {gate: {sorce: demo}}\nhttp: {listen: 0.0.0.0:80}\n")
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{"", 2, "", "Commands:"},
		{"--help", 0, "Commands:", ""},
		{"help", 0, "doctor", ""},
		{"help serve", 0, "--log-format FORMAT", ""},
		{"serve --help", 0, "-c FILE", ""},
		{"doctor -h", 0, "--json", ""},
		{"serv", 2, "", `unknown command "serv"; did you mean "serve"?`},
		{"frobnicate", 2, "", "lists the commands"},
		{"serve --colour", 2, "", "sightline serve --help lists the flags"},
		{"serve " + good, 2, "", "did you mean -c " + good},
		{"serve --log-format xml", 2, "", `"xml" is not one of text, json`},
		{"serve --log-level loud", 2, "", `"loud" is not one of`},
		{"serve --webrtc-port 99999", 2, "", "0 to 65535"},
		{"serve -c none.yaml", 2, "", "none.yaml: the file cannot be read"},
		{"serve -c " + wrong, 2, "", `wrong.yaml:1:18: streams.gate.sorce: unknown key "sorce"; did you mean "source"?`},
		{"serve -c " + wrong, 2, "", "what to do: Listen on 127.0.0.1"},
		{"serve --listen :8080", 2, "", "every address of this machine"},
		{"serve", 0, "Sightline is ready: http://127.0.0.1:1234/\n", "level=INFO msg=starting streams=1"},
		{"serve -c " + good, 0, "ready", ""},
		{"serve --config " + good + " --log-format json", 0, "ready", `"msg":"starting"`},
		{"demo --log-level error", 0, "ready", ""},
		{"demo -c " + good, 2, "", "not defined: -c"},
		{"version", 0, "sightline ", ""},
		{"--version", 0, "sightline ", ""},
		{"version --json", 0, `"go": "go1.`, ""},
	} {
		r := execute(t, nil, nil, strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) {
			t.Errorf("sightline %s: code %d, want %d\nstdout: %s\nstderr: %s", c.args, r.code, c.code, r.stdout, r.stderr)
		}
	}
}

func TestFlagsOverrideTheFile(t *testing.T) {
	file := write(t, "a.yaml", "http: {listen: 127.0.0.1:1}\nwebrtc: {port: 2}\ndata_dir: a\nstreams: {gate: {source: demo}}\n")
	r := execute(t, nil, nil, "serve", "-c", file, "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--webrtc-port", "0", "--data-dir", "b")
	if r.code != 0 {
		t.Fatalf("code %d: %s", r.code, r.stderr)
	}
	if got := strings.Join(r.cfg.HTTP.Listen, " "); got != "127.0.0.1:0 [::1]:0" || r.cfg.WebRTC.Port != 0 || r.cfg.DataDir != "b" || len(r.cfg.Streams) != 1 {
		t.Errorf("config %+v", r.cfg)
	}
}

func TestServeWithoutAFileShowsTheDemo(t *testing.T) {
	for _, name := range []string{"serve", "demo"} {
		r := execute(t, nil, nil, name)
		if got := r.cfg.Streams["demo"].Source.URL; got != "demo" || len(r.cfg.Streams) != 1 {
			t.Errorf("%s: streams %v", name, r.cfg.Streams)
		}
	}
}

func TestFailuresShowTheirCondition(t *testing.T) {
	cond := health.New(health.ListenInUse, "TCP 127.0.0.1:8080")
	for name, r := range map[string]result{
		"at start":     execute(t, cond, nil, "serve"),
		"while it ran": execute(t, nil, cond, "serve"),
	} {
		if r.code != 1 || !strings.Contains(r.stderr, "sightline: The port is in use: TCP 127.0.0.1:8080\n  what to do: Stop the program") {
			t.Errorf("%s: code %d, %s", name, r.code, r.stderr)
		}
	}
	if r := execute(t, nil, errors.New("boom"), "serve"); r.code != 1 || !strings.Contains(r.stderr, "sightline: boom") {
		t.Errorf("code %d, %s", r.code, r.stderr)
	}
}

func TestVersionJSON(t *testing.T) {
	r := execute(t, nil, nil, "version", "--json")
	var v buildVersion
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || v.Version == "" || v.Platform == "" {
		t.Errorf("%s: %v", r.stdout, err)
	}
}

func TestDoctorCommand(t *testing.T) {
	file := write(t, "x.yaml", "streams: {}\n")
	args := []string{"doctor", "-c", file, "--listen", "127.0.0.1:0", "--webrtc-port", "0", "--data-dir", t.TempDir()}
	text := execute(t, nil, nil, args...)
	if !strings.Contains(text.stdout, "OK     configuration  "+file+": 0 streams\n") || !strings.Contains(text.stdout, "INFO   configuration  No streams") ||
		!strings.Contains(text.stdout, "what to do: Add one under streams:") {
		t.Errorf("output\n%s", text.stdout)
	}
	var answer struct {
		OK       bool             `json:"ok"`
		Findings []doctor.Finding `json:"findings"`
	}
	asJSON := execute(t, nil, nil, append(args, "--json")...)
	if err := json.Unmarshal([]byte(asJSON.stdout), &answer); err != nil || len(answer.Findings) < 6 {
		t.Errorf("%s: %v", asJSON.stdout, err)
	}
	if answer.OK != (asJSON.code == 0) || asJSON.code != text.code {
		t.Errorf("ok %v with codes %d and %d", answer.OK, asJSON.code, text.code)
	}
	if r := execute(t, nil, nil, "doctor", "-c", write(t, "y.yaml", "x: 1\n")); r.code != 1 || !strings.Contains(r.stdout, "ERROR  configuration") {
		t.Errorf("code %d\n%s", r.code, r.stdout)
	}
}
