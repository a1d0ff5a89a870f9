package gb28181

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sipp plays a scenario of testdata/sipp against an address and fails unless
// every answer is what the scenario expects.
func sipp(t *testing.T, name, network, addr string) {
	t.Helper()
	sippAs(t, name, network, addr, password, "86400")
}

// sippAs is sipp with a password, and with how long to be registered, in seconds.
func sippAs(t *testing.T, name, network, addr, password, expires string) {
	t.Helper()
	program, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatalf("%v; it is in Debian's sip-tester, which scripts/setup.sh test installs", err)
	}
	scenario, err := filepath.Abs(filepath.Join("testdata", "sipp", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// One message of sipp has less than 64 kB.
	if err := os.WriteFile(filepath.Join(dir, "padding"), bytes.Repeat([]byte("long "), 7100), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, addr, "-sf", scenario, "-i", "127.0.0.1", "-t", network, "-m", "1", "-l", "1",
		"-s", platformID, "-key", "device", deviceID, "-key", "expires", expires, "-au", deviceID, "-ap", password,
		"-nostdin", "-skip_rlimit", "-recv_timeout", "30000", "-timeout", "50", "-timeout_error",
		"-trace_err", "-error_file", filepath.Join(dir, "errors"))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		problems, _ := os.ReadFile(filepath.Join(dir, "errors"))
		t.Fatalf("sipp %s over %s: %v\n%s\n%s", name, network, err, problems, out)
	}
}

// serves fails unless a good device that comes now is served.
func serves(t *testing.T, s *Server) {
	t.Helper()
	_, stop := simulate(t, s, nil)
	defer stop()
	eventually(t, "a good device with its catalog", func() bool {
		d, ok := s.Device(deviceID)
		return ok && d.Online && d.Channels == 10
	})
}

// sippWays are the transports of sipp by ours: one socket for all.
var sippWays = map[string]string{"udp": "u1", "tcp": "t1"}

// A device of another make than ours registers, reports and signs off.
func TestSippRegister(t *testing.T) {
	for name, way := range sippWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := platform(t, func(c *Config) { c.Keepalive = time.Minute })
			at := s.Addr().String()
			sipp(t, "keepalive-refused", way, at)
			sippAs(t, "refused", way, at, "another secret", "86400")
			if d := s.Devices(); len(d) != 1 || d[0].Online || d[0].Refused == "" {
				t.Errorf("devices %+v", d)
			}
			sipp(t, "register", way, at)
			if d, ok := s.Device(deviceID); !ok || !d.Online || d.Network != name || d.Version != "3.0" {
				t.Errorf("device %+v", d)
			}
			sipp(t, "keepalive", way, at)
			sippAs(t, "register", way, at, password, "0")
			if d, _ := s.Device(deviceID); d.Online {
				t.Errorf("device %+v", d)
			}
			sipp(t, "keepalive-refused", way, at)
			serves(t, s)
		})
	}
}

// What real devices get wrong in SIP is answered as it should be, and harms
// nobody else.
func TestSippMalformed(t *testing.T) {
	for _, c := range []struct {
		scenario string
		network  string // empty for both
	}{
		{"line-feeds", ""},
		{"length-too-large", "udp"},
		{"length-too-large-tcp", "tcp"},
		{"length-too-small", ""},
		{"no-length", ""},
		{"two-lengths", ""},
		{"no-via", ""},
		{"no-from", ""},
		{"no-from-register", ""},
		{"no-from-tag", ""},
		{"large-message", "tcp"},
		{"empty-keepalive", ""},
	} {
		for name, way := range sippWays {
			if c.network != "" && c.network != name {
				continue
			}
			t.Run(c.scenario+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := platform(t, func(c *Config) { c.Keepalive = time.Minute })
				sipp(t, "register", way, s.Addr().String())
				sipp(t, c.scenario, way, s.Addr().String())
				if d, ok := s.Device(deviceID); !ok || !d.Online {
					t.Errorf("device %+v", d)
				}
				serves(t, s)
			})
		}
	}
}

// Each REGISTER comes from another port, as through a NAT that forgets.
func TestSippMovingRegister(t *testing.T) {
	s := platform(t, func(c *Config) { c.Keepalive = time.Minute })
	seen := map[string]bool{}
	for range 3 {
		sipp(t, "register", "un", s.Addr().String())
		d, ok := s.Device(deviceID)
		if !ok || !d.Online {
			t.Fatalf("device %+v", d)
		}
		seen[d.Address] = true
	}
	if len(seen) != 3 {
		t.Errorf("the device was followed to %v", seen)
	}
	serves(t, s)
}

// A TCP stream that arrives byte by byte is read as well.
func TestSippSingleBytes(t *testing.T) {
	s := platform(t, func(c *Config) { c.Keepalive = time.Minute })
	at := byteByByte(t, s.Addr().String())
	for _, scenario := range []string{"register", "keepalive", "line-feeds", "two-lengths"} {
		sipp(t, scenario, "t1", at)
	}
	serves(t, s)
}

// byteByByte is a way to an address on which each byte travels alone; what
// comes back is passed on as it is.
func byteByByte(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			if err := single(in, to); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
				t.Errorf("byte by byte: %v", err)
			}
		}
	}()
	return l.Addr().String()
}

// single serves one connection until its client hangs up.
func single(in net.Conn, to string) error {
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return err
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		buf := make([]byte, 4096)
		for {
			n, err := out.Read(buf)
			if err != nil {
				return
			}
			if _, err := in.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	defer func() {
		_ = out.Close()
		<-back
	}()
	buf := make([]byte, 4096)
	for {
		n, err := in.Read(buf)
		for i := range n {
			if _, err := out.Write(buf[i : i+1]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil // it has hung up
		}
	}
}
