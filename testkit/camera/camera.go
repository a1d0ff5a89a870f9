// Package camera runs real cameras for tests: the RTSP camera tool of the
// shared test folder, whose RTSP side is GStreamer's. Tests that need it skip
// where the folder is absent.
package camera

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Shared returns the folder with test videos and tools: $SIGHTLINE_SHARED, or
// "shared" beside the repository. The test is skipped where there is none.
func Shared(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SIGHTLINE_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("camera: not inside the repository")
		}
	}
	shared := filepath.Join(filepath.Dir(dir), "shared")
	if _, err := os.Stat(filepath.Join(shared, "testdata")); err != nil {
		t.Skipf("needs the test videos in %s, or SIGHTLINE_SHARED", shared)
	}
	return shared
}

// Video returns the path of a test video.
func Video(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Shared(t), "testdata", "video", name)
}

// Camera is one process that serves a video over RTSP.
type Camera struct {
	// URL of the stream.
	URL  string
	Port int
	args []string // of the command
	cmd  *exec.Cmd
	t    testing.TB
}

// Start runs a camera with a video and further flags of the tool ("--auth",
// "user:pass"). It is stopped with the test.
func Start(t testing.TB, video string, args ...string) *Camera {
	t.Helper()
	return start(t, video, nil, args)
}

// StartIn is Start in a network namespace, at one of its addresses.
func StartIn(t testing.TB, namespace, address, video string, args ...string) *Camera {
	t.Helper()
	return start(t, video, []string{"ip", "netns", "exec", namespace}, append([]string{"--host", address}, args...))
}

func start(t testing.TB, video string, prefix, args []string) *Camera {
	t.Helper()
	c := &Camera{Port: FreePort(t), t: t}
	c.args = slices.Concat(prefix, []string{"/usr/bin/python3", filepath.Join(Shared(t), "tools", "rtsp-camera"),
		"--file", video, "--port", fmt.Sprint(c.Port)}, args)
	c.Restart()
	t.Cleanup(c.Kill)
	return c
}

// Restart starts the camera, on the same port, and waits until it listens.
func (c *Camera) Restart() {
	c.t.Helper()
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatalf("camera: %v", err)
	}
	c.cmd = cmd
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- line
	}()
	select {
	case line := <-ready:
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "READY" {
			c.t.Fatalf("camera: it says %q", line)
		}
		c.URL = f[1]
	case <-time.After(time.Minute):
		c.t.Fatal("camera: not ready after a minute")
	}
}

// Kill ends the camera at once, without a word to its clients.
func (c *Camera) Kill() { c.signal(syscall.SIGKILL) }

// Freeze stops the camera with its connections open; Thaw lets it go on.
func (c *Camera) Freeze() { c.signal(syscall.SIGSTOP) }

// Thaw ends a freeze.
func (c *Camera) Thaw() { c.signal(syscall.SIGCONT) }

func (c *Camera) signal(s syscall.Signal) {
	if c.cmd == nil {
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, s)
	if s == syscall.SIGKILL {
		_ = c.cmd.Wait()
		c.cmd = nil
	}
}

// FreePort returns a TCP port that was free a moment ago.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
