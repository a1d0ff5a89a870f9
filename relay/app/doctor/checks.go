package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/health"
)

func checkConfig(file string, cfg *config.Config) []Finding {
	what := "the demo camera (no -c)"
	if file != "" {
		what = fmt.Sprintf("%s: %d streams", file, len(cfg.Streams))
		if len(cfg.Streams) == 1 {
			what = file + ": 1 stream"
		}
	}
	out := []Finding{good("configuration", "%s", what)}
	if len(cfg.Streams) == 0 {
		out = append(out, bad("configuration", health.New(health.NoStreams, "%s has no streams", file)))
	}
	if info, err := os.Stat(file); err == nil && file != "" && info.Mode().Perm()&0o044 != 0 {
		for _, name := range cfg.StreamNames() {
			if src := cfg.Streams[name].Source; !src.Password.IsZero() && src.PasswordEnv == "" && src.PasswordFile == "" {
				out = append(out, Finding{Level: string(health.Warning), Area: "configuration",
					Text: fmt.Sprintf("%s holds passwords and other users of this machine can read it", file),
					Fix:  "chmod 600 " + file + ", or use password_env or password_file."})
				break
			}
		}
	}
	return out
}

func tryTCP(ctx context.Context, a netip.AddrPort) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.String())
	if err != nil {
		return err
	}
	return l.Close()
}

func tryUDP(ctx context.Context, a netip.AddrPort) error {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", a.String())
	if err != nil {
		return err
	}
	return c.Close()
}

func isInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

func listenCondition(what string, err error) health.Condition {
	if isInUse(err) {
		return health.New(health.ListenInUse, "%s is taken by another program", what)
	}
	return health.New(health.ListenFailed, "%s: %v", what, err)
}

// checkMediaPort tries the WebRTC port for UDP and TCP on both loopback
// addresses; a machine without IPv6 is fine.
func checkMediaPort(ctx context.Context, port int, running *runningRelay) []Finding {
	const area = "webrtc.port"
	switch {
	case running != nil && (port == 0 || port == int(running.mediaPort)):
		return []Finding{good(area, "the running relay uses %d", running.mediaPort)}
	case port == 0:
		return []Finding{good(area, "any free port is taken")}
	}
	var out []Finding
	for _, ip := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()} {
		a := netip.AddrPortFrom(ip, uint16(port))
		for _, t := range []struct {
			name string
			try  func(context.Context, netip.AddrPort) error
		}{{"UDP", tryUDP}, {"TCP", tryTCP}} {
			err := t.try(ctx, a)
			if err != nil && !(ip.Is6() && errors.Is(err, syscall.EADDRNOTAVAIL)) {
				out = append(out, bad(area, listenCondition(t.name+" "+a.String(), err)))
			}
		}
	}
	if out == nil {
		out = append(out, good(area, "%d is free for UDP and TCP", port))
	}
	return out
}

// runningRelay is what a relay that already runs says of itself.
type runningRelay struct {
	url       string
	readiness api.Readiness
	mediaPort uint16
}

// askRelay asks whoever listens at a whether it is a relay, over HTTP and over
// HTTPS. The certificate is not checked: nothing secret is sent, and the
// answer is only shown.
func askRelay(ctx context.Context, a netip.AddrPort) (runningRelay, bool) {
	client := relayClient()
	defer client.CloseIdleConnections()
	for _, scheme := range []string{"http", "https"} {
		r := runningRelay{url: scheme + "://" + a.String() + "/"}
		var ready struct {
			Ready      *bool                         `json:"ready"`
			Conditions map[string][]health.Condition `json:"conditions"`
		}
		var info api.Relay
		if getJSON(ctx, client, r.url+"readyz", &ready) != nil || ready.Ready == nil ||
			getJSON(ctx, client, r.url+"api/v1/relay", &info) != nil {
			continue
		}
		r.readiness = api.Readiness{Ready: *ready.Ready, Conditions: ready.Conditions}
		r.mediaPort = info.WebRTCPort
		return r, true
	}
	return runningRelay{}, false
}

func relayClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 3 * time.Second}
}

func getJSON(ctx context.Context, client *http.Client, url string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(v)
}

// runningConditions lists what a running relay reports, but for those that
// another of the same subject explains.
func runningConditions(r api.Readiness) []Finding {
	var subjects []string
	for s := range r.Conditions {
		subjects = append(subjects, s)
	}
	sort.Strings(subjects)
	var out []Finding
	for _, s := range subjects {
		have := map[health.Code]bool{}
		for _, c := range r.Conditions[s] {
			have[c.Code] = true
		}
		for _, c := range r.Conditions[s] {
			if !have[c.DependsOn] {
				out = append(out, bad(s, c))
			}
		}
	}
	if out == nil {
		out = append(out, good("relay", "it reports no conditions"))
	}
	return out
}

// checkDataDir writes where the relay would, and leaves nothing behind.
func checkDataDir(dir string) Finding {
	const area = "data_dir"
	at := dir
	for {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return bad(area, health.New(health.DataDirUnwritable, "%s is no folder", at))
		}
		if err == nil {
			break
		}
		parent := filepath.Dir(at)
		if !errors.Is(err, fs.ErrNotExist) || parent == at {
			return bad(area, health.New(health.DataDirUnwritable, "%s: %v", at, err))
		}
		at = parent
	}
	f, err := os.CreateTemp(at, ".sightline-doctor-*")
	if err != nil {
		return bad(area, health.New(health.DataDirUnwritable, "%v", err))
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return bad(area, health.New(health.DataDirUnwritable, "%v", err))
	}
	if at != dir {
		return good(area, "%s can be made", dir)
	}
	return good(area, "%s can be written", dir)
}

func checkTLS(cfg *config.Config) Finding {
	const area = "http.tls"
	t := cfg.HTTP.TLS
	switch cfg.HTTP.EffectiveTLS() {
	case config.TLSFile:
		c, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return bad(area, health.New(health.TLSFailed, "%s, %s: %v", t.Cert, t.Key, err))
		}
		until := c.Leaf.NotAfter
		switch left := time.Until(until); {
		case left <= 0:
			return bad(area, health.New(health.TLSFailed, "%s ended on %s", t.Cert, until.Format(time.DateOnly)).WithFix("Get a new certificate."))
		case left < 14*24*time.Hour:
			return Finding{Level: string(health.Warning), Area: area, Text: fmt.Sprintf("%s ends on %s", t.Cert, until.Format(time.DateOnly)), Fix: "Get a new certificate."}
		}
		return good(area, "%s lasts until %s", t.Cert, until.Format(time.DateOnly))
	case config.TLSOn:
		return good(area, "the relay's own authority, in %s", filepath.Join(cfg.DataDir, "tls"))
	}
	return good(area, "off; browsers trust this machine's own addresses without")
}

// checkFiles looks for the files that streams play.
func checkFiles(cfg *config.Config) []Finding {
	var out []Finding
	for _, name := range cfg.StreamNames() {
		src := cfg.Streams[name].Source
		if src.Scheme() != "file" {
			continue
		}
		path := strings.TrimPrefix(strings.TrimPrefix(src.URL, "file:"), "//")
		f, err := os.Open(path)
		if err != nil {
			if pe, ok := errors.AsType[*fs.PathError](err); ok {
				err = pe.Err
			}
			out = append(out, bad("stream/"+name, health.New(health.SourceFileMissing, "%s: %v", path, err)))
			continue
		}
		_ = f.Close()
		out = append(out, good("stream/"+name, "%s can be read", path))
	}
	return out
}
