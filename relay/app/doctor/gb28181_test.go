package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"sightline/relay/config"
	"sightline/relay/health"
)

func platform(t *testing.T, change func(c *config.GB28181)) config.GB28181 {
	t.Helper()
	c := config.DefaultGB28181().WithPassword(config.NewSecret("a good secret"))
	c.Listen, c.ID, c.MediaPorts = fmt.Sprintf("127.0.0.1:%d", freePort(t)), "34020000002000000001", "0"
	if change != nil {
		change(&c)
	}
	return c
}

// codes are those of the findings, by area; an empty one says that all is well.
func codes(findings []Finding) map[string]string {
	out := map[string]string{}
	for _, f := range findings {
		out[f.Area] += string(f.Code) + ","
	}
	return out
}

func TestDoctorOnAPlatform(t *testing.T) {
	if got := checkPlatform(t.Context(), config.DefaultGB28181(), nil); len(got) != 0 {
		t.Errorf("without a platform: %+v", got)
	}
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.LocalAddr().(*net.UDPAddr).Port
	file := write(t, "passwords", "34020000001320000001 a good secret\n")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(c *config.GB28181)
		area   string
		want   health.Code
		text   string
	}{
		{"good", nil, "gb28181.id", "", ""},
		{"a camera's number", func(c *config.GB28181) { c.ID = "34020000001320000001" }, "gb28181.id", health.GB28181Number, "are 132"},
		{"a number as password", func(c *config.GB28181) { *c = c.WithPassword(config.NewSecret("1234567890")) }, "gb28181.password_env", health.GB28181Password, "password_env"},
		{"a short password", func(c *config.GB28181) { *c = c.WithPassword(config.NewSecret("abc")) }, "gb28181.password_env", health.GB28181Password, "short"},
		{"a file that others read", func(c *config.GB28181) { c.Passwords = file }, "gb28181.password_env", health.GB28181Password, file},
		{"the port in use", func(c *config.GB28181) { c.Listen = fmt.Sprintf("127.0.0.1:%d", port) }, "gb28181.listen", health.ListenInUse, fmt.Sprintf("UDP 127.0.0.1:%d", port)},
		{"loopback", nil, "gb28181.listen", health.GB28181Local, "127.0.0.1"},
		{"no media port", func(c *config.GB28181) { c.MediaPorts = fmt.Sprintf("%d-%d", port, port) }, "gb28181.media_ports", health.GB28181Ports, "0 of the 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := checkPlatform(t.Context(), platform(t, c.change), nil)
			if f := find(t, r, c.area, c.want); !strings.Contains(f.Text, c.text) || f.Code != "" && f.Fix == "" {
				t.Errorf("%+v", f)
			}
			if Failed(r) != (c.want == health.ListenInUse || c.name == "no media port") {
				t.Errorf("failed: %v: %+v", Failed(r), r)
			}
		})
	}
	if got := codes(checkPlatform(t.Context(), platform(t, nil), nil)); got["gb28181.listen"] != ",gb28181-local," || got["gb28181.media_ports"] != "," || got["gb28181.password_env"] != "," {
		t.Errorf("codes %v", got)
	}
	if f := checkReach(netip.MustParseAddrPort("0.0.0.0:5060")); f.Code != health.ListenFailed {
		t.Errorf("%+v", f)
	}
}

// A running relay that is the platform is asked, and its ports are not tried.
func TestDoctorAsksARunningPlatform(t *testing.T) {
	c := platform(t, nil)
	listen := c.Listen
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/gb28181/devices" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"platform": map[string]string{"listen": listen},
			"devices": []map[string]any{{"id": "1", "online": true}, {"id": "2", "refused": "wrong password"}}})
	}))
	defer srv.Close()
	r := checkPlatform(context.Background(), c, &runningRelay{url: srv.URL + "/"})
	if f := find(t, r, "gb28181.listen", ""); !strings.Contains(f.Text, "1 online, 1 refused") {
		t.Errorf("%+v", f)
	}
	c.Listen = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	if f := find(t, checkPlatform(context.Background(), c, &runningRelay{url: srv.URL + "/"}), "gb28181.listen", ""); !strings.Contains(f.Text, "is free") {
		t.Errorf("%+v", f)
	}
}
