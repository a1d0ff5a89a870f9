package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a child: it gets one command a line and answers with lines. It
// dies with this program.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	log   *tail
}

// startTime bounds the wait for a child's answer.
const startTime = 30 * time.Second

func startProcess(ctx context.Context, name string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, lines: make(chan string, 64), log: &tail{}}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 64<<20)
		for s.Scan() {
			p.lines <- s.Text()
		}
	}()
	return p, nil
}

// line waits for the child's next line.
func (p *process) line(ctx context.Context, limit time.Duration) (string, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case l, ok := <-p.lines:
		if !ok {
			return "", fmt.Errorf("%s ended early:\n%s", filepath.Base(p.cmd.Path), p.log)
		}
		return l, nil
	case <-late.C:
		return "", fmt.Errorf("%s said nothing for %v:\n%s", filepath.Base(p.cmd.Path), limit, p.log)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// ask sends a command and waits for its answer.
func (p *process) ask(ctx context.Context, command string) (string, error) {
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		return "", fmt.Errorf("%s: %s: %w\n%s", filepath.Base(p.cmd.Path), command, err, p.log)
	}
	return p.line(ctx, startTime)
}

// leave lets the child end by itself once its input has ended, then stops it.
func (p *process) leave() {
	_ = p.in.Close()
	late := time.NewTimer(5 * time.Second)
	defer late.Stop()
	for open := true; open; {
		select {
		case _, open = <-p.lines:
		case <-late.C:
			open = false
		}
	}
	p.stop()
}

// stop asks the child to end and waits for it.
func (p *process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	for range p.lines { // Wait must not come before the last read
	}
	_ = p.cmd.Wait()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 8<<10 {
		t.b = append(t.b[:0], t.b[len(t.b)-4<<10:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// relay is a relay under measurement.
type relay struct {
	*process
	url string
	dir string
}

// startRelay runs the relay with a configuration, the YAML below "streams:".
func startRelay(ctx context.Context, o *options, streams string) (*relay, error) {
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return nil, err
	}
	r := &relay{dir: dir}
	file := filepath.Join(dir, "sightline.yaml")
	text := "http: {listen: \"127.0.0.1:0\"}\nwebrtc: {port: 0}\nstreams:\n" + streams
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	name, args := o.relay, []string{"serve", "-c", file, "--data-dir", filepath.Join(dir, "data"), "--log-level", "warn"}
	if o.profile != "" {
		name, args = self(), []string{roleWord, "relay", file, filepath.Join(dir, "data")}
	}
	if r.process, err = startProcess(ctx, name, args...); err != nil {
		return nil, err
	}
	ready := regexp.MustCompile(`ready: (https?://\S+)`)
	for r.url == "" {
		l, err := r.line(ctx, startTime)
		if err != nil {
			r.close()
			return nil, err
		}
		if m := ready.FindStringSubmatch(l); m != nil {
			r.url = m[1]
		}
	}
	return r, nil
}

func (r *relay) close() {
	r.stop()
	_ = os.RemoveAll(r.dir)
}

// self is this program's own file, for its child processes.
func self() string {
	name, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return name
}

// usage of a process over a window.
type usage struct {
	CPU float64 `json:"cpu_percent"` // of one core
	RSS float64 `json:"rss_mb"`      // at the end, in 10^6 bytes
}

// watch measures a process over a window by what the kernel accounts to it.
func (p *process) watch(ctx context.Context, window time.Duration) (usage, error) {
	pid := p.cmd.Process.Pid
	before, err := cpuTime(pid)
	if err != nil {
		return usage{}, err
	}
	begun := time.Now()
	if err := pause(ctx, window); err != nil {
		return usage{}, err
	}
	after, err := cpuTime(pid)
	if err != nil {
		return usage{}, err
	}
	took := time.Since(begun)
	rss, err := residentBytes(pid)
	return usage{CPU: round(100*(after-before).Seconds()/took.Seconds(), 2), RSS: round(float64(rss)/1e6, 1)}, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tick is the unit of /proc/PID/stat: USER_HZ, which is 100 on every Linux
// that Go runs on.
const tick = 10 * time.Millisecond

// cpuTime is the time that all threads of a process have run, in user and
// kernel mode: fields 14 and 15 of /proc/PID/stat (proc(5)).
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in field 2 may hold spaces and brackets.
	_, rest, ok := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q is not understood", pid, text)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q is not understood", pid, text)
	}
	return time.Duration(user+system) * tick, nil
}

func residentBytes(pid int) (int64, error) {
	for line := range strings.Lines(readText(fmt.Sprintf("/proc/%d/status", pid))) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
}
