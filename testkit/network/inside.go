package network

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Names of the pair, for the process that Inside starts.
const (
	insideCams  = "SIGHTLINE_TEST_CAMS"
	insideRelay = "SIGHTLINE_TEST_RELAY"
)

// insideTime bounds a test within a namespace.
const insideTime = 5 * time.Minute

// Inside runs the calling test, which is a top-level one, again in a process of
// its own whose network is the relay's namespace of a new pair. There it
// reports true, and the test goes on; where it reports false the test has been
// run, and is to return.
func Inside(t *testing.T) (p *Pair, inside bool) {
	t.Helper()
	if cams := os.Getenv(insideCams); cams != "" {
		return &Pair{Cams: cams, Relay: os.Getenv(insideRelay)}, true
	}
	p = New(t)
	ctx, cancel := context.WithTimeout(t.Context(), insideTime)
	defer cancel()
	cmd := p.again(ctx, t, p.Relay, t.Name())
	out, err := cmd.CombinedOutput()
	// A name that matches nothing is no success either.
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" ")) {
		t.Errorf("network: in the namespace: %v\n%s", err, out)
	} else if testing.Verbose() {
		t.Logf("in the namespace:\n%s", out)
	}
	return p, false
}

// Beside starts a test of this package as a program of its own in the cameras'
// namespace, with further environment variables; it is killed with the calling
// test.
func (p *Pair) Beside(t *testing.T, test string, env ...string) {
	t.Helper()
	cmd := p.again(context.Background(), t, p.Cams, test)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// again is this program as a test in a namespace.
func (p *Pair) again(ctx context.Context, t *testing.T, ns, test string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "ip", "netns", "exec", ns, self, "-test.run=^"+test+"$", "-test.v", "-test.timeout="+insideTime.String())
	cmd.Env = append(os.Environ(), insideCams+"="+p.Cams, insideRelay+"="+p.Relay)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
