package config

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/relay/health"
)

// GB28181 makes the relay a GB/T 28181 platform, which cameras and recorders
// register with. Their channels are streams, also without a line under streams:
// /view/DEVICE.CHANNEL; with one, the source is gb28181://DEVICE/CHANNEL.
type GB28181 struct {
	// Listen is the address for SIP over UDP and TCP, host:port, such as
	// 127.0.0.1:5060. Without one the relay is no platform. Only addresses of
	// this machine alone are accepted, as with http.listen.
	Listen string `yaml:"listen"`
	// ID is the platform's number, 20 digits, as it is set in the devices (SIP
	// server ID).
	ID string `yaml:"id"`
	// Realm is the SIP domain as it is set in the devices. Without one it is
	// the first ten digits of id.
	Realm string `yaml:"realm"`
	// PasswordEnv is the environment variable that holds the password of all
	// devices without one of their own.
	PasswordEnv string `yaml:"password_env"`
	// Passwords is a file with devices' own passwords: a line for each device,
	// its number, a space, and its password.
	Passwords string `yaml:"passwords"`
	// MediaPorts are the ports for the devices' media, UDP and TCP, as
	// FIRST-LAST. When all are in use, streams share them. 0 takes any free ones.
	MediaPorts string `yaml:"media_ports"`
	// Keepalive is the interval at which the devices are set to report. A
	// device that has not reported for three of them is offline.
	Keepalive time.Duration `yaml:"keepalive"`

	password  Secret
	passwords map[string]Secret
}

// DefaultGB28181 returns the section's defaults.
func DefaultGB28181() GB28181 {
	return GB28181{MediaPorts: "30000-30500", Keepalive: time.Minute}
}

// Enabled says that the relay is to be a platform.
func (g GB28181) Enabled() bool { return g.Listen != "" }

// Addr is Listen as an address; it is valid after Validate.
func (g GB28181) Addr() netip.AddrPort {
	host, port, _ := splitListen(g.Listen)
	if host == "localhost" {
		host = "127.0.0.1"
	}
	a, _ := netip.ParseAddr(host)
	return netip.AddrPortFrom(a, port)
}

// Ports are the first and the last media port; 0, 0 for any.
func (g GB28181) Ports() (first, last int) {
	low, high, ok := strings.Cut(g.MediaPorts, "-")
	if !ok {
		high = low
	}
	first, err1 := strconv.Atoi(strings.TrimSpace(low))
	last, err2 := strconv.Atoi(strings.TrimSpace(high))
	if err1 != nil || err2 != nil {
		return -1, -1
	}
	return first, last
}

// Password gives a device's password, its own or that of all; it reports false
// where there is none.
func (g GB28181) Password(device string) (string, bool) {
	if p, ok := g.passwords[device]; ok {
		return p.Reveal(), true
	}
	return g.password.Reveal(), !g.password.IsZero()
}

// WithPassword returns the section with a password for all devices, for a
// configuration made in code.
func (g GB28181) WithPassword(p Secret) GB28181 {
	g.password = p
	return g
}

// weakPassword is the length below which a password is weak.
const weakPassword = 8

// Weak names the first password that is short, or a number alone: password_env,
// or the device whose own it is; empty for none.
func (g GB28181) Weak() string {
	weak := func(s Secret) bool {
		p := s.Reveal()
		return len(p) < weakPassword || strings.Trim(p, "0123456789") == ""
	}
	if !g.password.IsZero() && weak(g.password) {
		return "password_env"
	}
	for _, id := range slices.Sorted(maps.Keys(g.passwords)) {
		if weak(g.passwords[id]) {
			return "device " + id
		}
	}
	return ""
}

// Validate checks the section.
func (g GB28181) Validate() []Problem {
	if !g.Enabled() {
		if g.ID != "" || g.PasswordEnv != "" || g.Passwords != "" {
			return []Problem{{Key: "listen", missing: true, Text: "is missing; write 127.0.0.1:5060, or leave the section out"}}
		}
		return nil
	}
	var ps []Problem
	host, _, err := splitListen(g.Listen)
	if err != nil {
		ps = append(ps, Problem{Key: "listen", Text: err.Error()})
	} else if a, err := netip.ParseAddr(host); host != "localhost" && host != "" && err != nil {
		ps = append(ps, Problem{Key: "listen", Text: fmt.Sprintf("%s has no IP address before the port; write 127.0.0.1:5060", show(g.Listen))})
	} else if host == "" || err == nil && !a.Unmap().IsLoopback() {
		ps = append(ps, Problem{Key: "listen", Code: health.ListenNotLoopback, Text: notLoopback(g.Listen, "")})
	}
	if len(g.ID) != 20 || strings.Trim(g.ID, "0123456789") != "" {
		ps = append(ps, Problem{Key: "id", missing: g.ID == "", Text: fmt.Sprintf("%s is no platform number; it has 20 digits, such as 34020000002000000001", show(g.ID))})
	}
	if strings.ContainsAny(g.Realm, " \t\r\n<>@\"") || len(g.Realm) > 64 {
		ps = append(ps, Problem{Key: "realm", Text: fmt.Sprintf("%s is no SIP domain; take the first ten digits of id", show(g.Realm))})
	}
	if g.PasswordEnv == "" && g.Passwords == "" && g.password.IsZero() {
		ps = append(ps, Problem{Key: "password_env", missing: true, Text: "is missing; name the environment variable with the devices' password, or a file of passwords"})
	}
	if first, last := g.Ports(); first != 0 && (first < 1 || last > 65535 || last < first) {
		ps = append(ps, Problem{Key: "media_ports", Text: fmt.Sprintf("%s is no range of ports; write 30000-30500, or 0 for any free ones", show(g.MediaPorts))})
	}
	if g.Keepalive < time.Second || g.Keepalive > time.Hour {
		ps = append(ps, Problem{Key: "keepalive", Text: fmt.Sprintf("%v is not from 1s to 1h", g.Keepalive)})
	}
	return ps
}

// maxPasswords bounds the file of passwords.
const maxPasswords = 8 << 20

// readPasswords fills in the passwords from where the file says they are.
func (g *GB28181) readPasswords() []Problem {
	var ps []Problem
	if !g.Enabled() {
		return nil
	}
	if g.PasswordEnv != "" {
		v := os.Getenv(g.PasswordEnv)
		if v == "" {
			ps = append(ps, Problem{Key: "password_env", Text: fmt.Sprintf("the environment variable %q is not set; set it before the relay starts", g.PasswordEnv)})
		}
		g.password = NewSecret(v)
	}
	if g.Passwords == "" {
		return ps
	}
	fail := func(format string, args ...any) []Problem {
		return append(ps, Problem{Key: "passwords", Text: fmt.Sprintf(format, args...)})
	}
	info, err := os.Stat(g.Passwords)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxPasswords) {
		err = fmt.Errorf("it is no regular file of at most %s", Bytes(maxPasswords))
	}
	if err != nil {
		return fail("the file %q cannot be read: %v", g.Passwords, bare(err))
	}
	f, err := os.Open(g.Passwords)
	if err != nil {
		return fail("the file %q cannot be read: %v", g.Passwords, bare(err))
	}
	defer f.Close()
	g.passwords = map[string]Secret{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, password, _ := strings.Cut(line, " ")
		password = strings.TrimSpace(password)
		if password == "" || strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' }) {
			return fail("line %d of the file %q is not a device's number, a space and its password", n, g.Passwords)
		}
		g.passwords[id] = NewSecret(password)
	}
	if err := lines.Err(); err != nil {
		return fail("the file %q cannot be read: %v", g.Passwords, bare(err))
	}
	return ps
}

// clashes finds ports of the section that another one uses.
func (g GB28181) clashes(c *Config) []Problem {
	if !g.Enabled() {
		return nil
	}
	var ps []Problem
	_, sip, err := splitListen(g.Listen)
	if err != nil {
		return nil
	}
	first, last := g.Ports()
	used := map[int]string{}
	for i, l := range c.HTTP.Listen {
		if _, p, err := net.SplitHostPort(l); err == nil {
			if n, err := strconv.Atoi(p); err == nil && n != 0 {
				used[n] = fmt.Sprintf("http.listen[%d]", i)
			}
		}
	}
	if c.WebRTC.Port != 0 {
		used[c.WebRTC.Port] = "webrtc.port"
	}
	if by := used[int(sip)]; by != "" && sip != 0 {
		ps = append(ps, Problem{Key: "gb28181.listen", Text: fmt.Sprintf("%d is also the port of %s; choose another", sip, by)})
	}
	for n, by := range used {
		if first > 0 && n >= first && n <= last {
			ps = append(ps, Problem{Key: "gb28181.media_ports", Text: fmt.Sprintf("%d, within %s, is also the port of %s; choose others", n, g.MediaPorts, by)})
			break
		}
	}
	return ps
}
