package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program itself.
func TestMain(m *testing.M) {
	if os.Getenv("SIGHTLINE_TEST_RUN_MAIN") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// running is the program as a process.
type running struct {
	cmd    *exec.Cmd
	url    string
	stderr *strings.Builder
	lines  *bufio.Scanner
}

// launch starts the program and waits for its ready line.
func launch(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	r := &running{cmd: exec.CommandContext(ctx, os.Args[0], args...), stderr: &strings.Builder{}}
	r.cmd.Env = append(os.Environ(), "SIGHTLINE_TEST_RUN_MAIN=1")
	r.cmd.Stderr = r.stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	r.lines = bufio.NewScanner(out)
	if !r.lines.Scan() {
		_ = r.cmd.Wait()
		t.Fatalf("no ready line:\n%s", r.stderr)
	}
	var ok bool
	if r.url, ok = strings.CutPrefix(r.lines.Text(), "Sightline is ready: "); !ok {
		t.Fatalf("first line %q", r.lines.Text())
	}
	return r
}

// stop sends a signal and returns the exit code.
func (r *running) stop(t *testing.T, s os.Signal) int {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	for r.lines.Scan() {
	}
	_ = r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode()
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServeAnswersAndEndsOnSignals(t *testing.T) {
	const secret = "hunter2/@#:"
	file := write(t, "x.yaml", "streams:\n  gate: {source: 'rtsp://admin:"+secret+"@127.0.0.1:1/x', on_demand: false}\n  demo: {source: demo}\n")
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		r := launch(t, "serve", "-c", file, "--listen", "127.0.0.1:0", "--webrtc-port", "0", "--log-level", "debug", "--data-dir", t.TempDir())
		if code, body := get(t, http.DefaultClient, r.url+"readyz"); code != 200 || !strings.Contains(body, `"ready":true`) {
			t.Errorf("readyz %d %s", code, body)
		}
		// Wait until the camera that is not there is reported.
		deadline := time.Now().Add(20 * time.Second)
		var all strings.Builder
		for {
			_, body := get(t, http.DefaultClient, r.url+"api/v1/streams/gate")
			var info struct {
				Conditions []struct {
					Code string `json:"code"`
				} `json:"conditions"`
			}
			if err := json.Unmarshal([]byte(body), &info); err != nil {
				t.Fatal(err)
			}
			if len(info.Conditions) > 0 {
				all.WriteString(body)
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("no condition: %s", body)
			}
			time.Sleep(50 * time.Millisecond)
		}
		for _, path := range []string{"metrics", "api/v1/relay", "api/v1/streams", "readyz"} {
			_, body := get(t, http.DefaultClient, r.url+path)
			all.WriteString(body)
		}
		if s == os.Interrupt { // once is enough
			doctor := askDoctor(t, r.url)
			if !strings.Contains(doctor, "a relay runs at "+r.url) || !strings.Contains(doctor, "stream/gate") {
				t.Errorf("doctor\n%s", doctor)
			}
			all.WriteString(doctor)
		}
		if code := r.stop(t, s); code != 0 {
			t.Errorf("%v: exit code %d\n%s", s, code, r.stderr)
		}
		all.WriteString(r.stderr.String())
		for _, leak := range []string{"hunter2", "%2F%40"} {
			if strings.Contains(all.String(), leak) {
				t.Errorf("the password shows in\n%s", all.String())
			}
		}
	}
}

// askDoctor runs the doctor on a relay that is running.
func askDoctor(t *testing.T, url string) string {
	t.Helper()
	d := exec.CommandContext(t.Context(), os.Args[0], "doctor", "--listen", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
	d.Env = append(os.Environ(), "SIGHTLINE_TEST_RUN_MAIN=1")
	out, _ := d.Output() // it fails, as the camera's condition is an error
	return string(out)
}

func TestServeOverTLSWithItsOwnAuthority(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "x.yaml", "http: {tls: on, listen: 127.0.0.1:0}\nwebrtc: {port: 0}\nstreams: {demo: {source: demo}}\n")
	r := launch(t, "serve", "-c", file, "--data-dir", dir)
	if !strings.HasPrefix(r.url, "https://") {
		t.Fatalf("url %s", r.url)
	}
	first := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	code, ca := get(t, first, r.url+"ca.pem")
	roots := x509.NewCertPool()
	if code != 200 || !roots.AppendCertsFromPEM([]byte(ca)) {
		t.Fatalf("%d %s", code, ca)
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	if code, body := get(t, trusting, r.url+"api/v1/relay"); code != 200 || !strings.Contains(body, `"tls":{"mode":"auto","ca":"/ca.pem"}`) {
		t.Errorf("%d %s", code, body)
	}
	if _, err := os.Stat(filepath.Join(dir, "tls", "authority.pem")); err != nil {
		t.Error(err)
	}
	if code := r.stop(t, os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.stderr)
	}
}

func TestServeOnATakenPortSaysSo(t *testing.T) {
	r := launch(t, "demo", "--listen", "127.0.0.1:0", "--webrtc-port", "0", "--data-dir", t.TempDir())
	defer r.stop(t, os.Interrupt)
	taken := strings.TrimSuffix(strings.TrimPrefix(r.url, "http://"), "/")
	var stderr strings.Builder
	p := &program{stdout: io.Discard, stderr: &stderr, start: startApp}
	if code := p.run(t.Context(), []string{"demo", "--listen", taken, "--webrtc-port", "0"}); code != exitFailed {
		t.Errorf("code %d", code)
	}
	if !strings.Contains(stderr.String(), "The port is in use") || !strings.Contains(stderr.String(), taken) || !strings.Contains(stderr.String(), "what to do:") {
		t.Errorf("stderr %s", stderr.String())
	}
}
