package config

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"sightline/relay/health"
)

func TestResolve(t *testing.T) {
	hosts := map[string][]string{
		"localhost": {"127.0.0.1", "::1"},
		"lan.test":  {"127.0.0.1", "192.0.2.7"},
		"mapped":    {"::ffff:192.0.2.7"},
	}
	lookup := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, s := range hosts[host] {
			out = append(out, netip.MustParseAddr(s))
		}
		if out == nil {
			return nil, errors.New("no such host")
		}
		return out, nil
	}
	for _, c := range []struct {
		listen, want string
		code         health.Code
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", ""},
		{"127.9.9.9:0", "127.9.9.9:0", ""},
		{"[::1]:8080", "[::1]:8080", ""},
		{"[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", ""},
		{"localhost:8080", "127.0.0.1:8080 [::1]:8080", ""},
		{"lan.test:8080", "", health.ListenNotLoopback},
		{"mapped:8080", "", health.ListenNotLoopback},
		{"[::ffff:192.0.2.7]:8080", "", health.ListenNotLoopback},
		{":8080", "", health.ListenNotLoopback},
		{"0.0.0.0:8080", "", health.ListenNotLoopback},
		{"[::]:8080", "", health.ListenNotLoopback},
		{"192.0.2.7:8080", "", health.ListenNotLoopback},
		{"unknown.test:8080", "", health.ListenFailed},
		{"8080", "", health.ConfigInvalid},
	} {
		addrs, err := HTTP{Listen: []string{c.listen}}.Resolve(t.Context(), lookup)
		if c.code != "" {
			cond, ok := errors.AsType[health.Condition](err)
			if !ok || cond.Code != c.code || cond.Fix == "" || !strings.Contains(cond.Text, "http.listen") {
				t.Errorf("%s: %v, want code %s", c.listen, err, c.code)
			}
			continue
		}
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v; want %s", c.listen, got, err, c.want)
		}
	}
}

func TestEffectiveTLS(t *testing.T) {
	for _, c := range []struct {
		mode   TLSMode
		listen string
		want   TLSMode
	}{
		{TLSAuto, "127.0.0.1:1", TLSOff},
		{TLSAuto, "localhost:1", TLSOff},
		{TLSAuto, "0.0.0.0:1", TLSOn},
		{TLSAuto, ":1", TLSOn},
		{TLSOn, "127.0.0.1:1", TLSOn},
		{TLSOff, "127.0.0.1:1", TLSOff},
		{TLSFile, "127.0.0.1:1", TLSFile},
	} {
		h := HTTP{Listen: []string{c.listen}, TLS: TLS{Mode: c.mode}}
		if got := h.EffectiveTLS(); got != c.want {
			t.Errorf("%s on %s is %s, want %s", c.mode, c.listen, got, c.want)
		}
	}
}

func TestStreamNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "Gate-1.main_x": true, strings.Repeat("x", 64): true, "..a": true,
		"": false, strings.Repeat("x", 65): false, "a b": false, "a/b": false, ".": false, "..": false, "ü": false, "a\n": false,
	} {
		if got := ValidStreamName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestBytes(t *testing.T) {
	for in, want := range map[string]Bytes{"16MB": 16 << 20, "512 KiB": 512 << 10, "1.5k": 1536, "7": 7, "2gb": 2 << 30, "1B": 1} {
		if got, err := ParseBytes(in); err != nil || got != want {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "MB", "-1MB", "1TB", "1MB1", "x", "1e300GB", "NaN"} {
		if got, err := ParseBytes(in); err == nil {
			t.Errorf("%q is %d", in, got)
		}
	}
	for b, want := range map[Bytes]string{0: "0B", 16 << 20: "16MB", 1536: "1536B", 3 << 10: "3KB"} {
		if b.String() != want {
			t.Errorf("%d is %s", b, b)
		}
	}
}
