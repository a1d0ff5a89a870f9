package dropmon

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// asReader is set in the process that starved starts of itself.
const asReader = "SIGHTLINE_DROPMON_READER"

// starved reads the gate in a process of its own, which a CPU quota (cgroup
// v1, the CFS bandwidth controller) leaves next to no time.
func starved(s *scene) uint64 {
	group, err := os.MkdirTemp("/sys/fs/cgroup/cpu", "sightline-")
	if err != nil {
		s.t.Skipf("hardware: no CPU controller of cgroup v1: %v", err)
	}
	s.t.Cleanup(func() { _ = os.Remove(group) })
	set := func(file, value string) {
		if err := os.WriteFile(filepath.Join(group, file), []byte(value), 0o644); err != nil {
			s.t.Fatalf("%s: %v", file, err)
		}
	}
	if err := s.gate.SetReadBuffer(16 << 10); err != nil {
		s.t.Fatal(err)
	}
	file, err := s.gate.File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestAsReader$", "-test.v")
	cmd.Env = append(os.Environ(), asReader+"=1")
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready := make([]byte, 4096)
	n, _ := out.Read(ready) // the test's first line: it runs
	set("cgroup.procs", strconv.Itoa(cmd.Process.Pid))
	set("cpu.cfs_period_us", "1000000")
	set("cpu.cfs_quota_us", "1000")
	for range 100 {
		s.cam.send(20)
		time.Sleep(5 * time.Millisecond)
	}
	set("cpu.cfs_quota_us", "-1")
	text := string(ready[:n])
	for {
		n, err := out.Read(ready)
		text += string(ready[:n])
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		s.t.Fatalf("reader: %v\n%s", err, text)
	}
	var got int
	_, after, _ := strings.Cut(text, "packets read: ")
	if _, err := fmt.Sscan(after, &got); err != nil {
		s.t.Fatalf("reader: %v\n%s", err, text)
	}
	return uint64(s.cam.sent - got)
}

// TestAsReader is the process that starved starts.
func TestAsReader(t *testing.T) {
	if os.Getenv(asReader) == "" {
		return
	}
	c, err := net.FilePacketConn(os.NewFile(3, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	n, buf := 0, make([]byte, 2048)
	for idle := 0; idle < 3; {
		_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if _, _, err := c.ReadFrom(buf); err != nil {
			idle++
			continue
		}
		idle = 0
		n++
	}
	fmt.Printf("packets read: %d\n", n)
}
