package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/relay/source/gb28181"
)

// checkPlatform looks at what devices need to register with the relay and to
// send to it; without a platform there is nothing to say.
func checkPlatform(ctx context.Context, c config.GB28181, running *runningRelay) []Finding {
	if !c.Enabled() {
		return nil
	}
	out := []Finding{checkNumber(c.ID), checkPassword(c)}
	if running != nil {
		if f, ok := askPlatform(ctx, c.Addr(), *running); ok {
			return append(out, f, checkReach(c.Addr()))
		}
	}
	return append(out, checkSIP(ctx, c.Addr()), checkReach(c.Addr()), checkMediaPorts(ctx, c))
}

// checkNumber looks at the type digits (GB/T 28181-2022 annex E); that there
// are 20 is a rule of the configuration.
func checkNumber(id string) Finding {
	const area, platform = "gb28181.id", "200"
	if len(id) == 20 && id[10:13] != platform {
		return bad(area, health.New(health.GB28181Number, "Digits 11 to 13 of %s are %s; those of a platform are %s.", id, id[10:13], platform).
			WithFix("Take %s.", id[:10]+platform+id[13:]))
	}
	return good(area, "%s is a platform's number", id)
}

func checkPassword(c config.GB28181) Finding {
	const area = "gb28181.password_env"
	if where := c.Weak(); where != "" {
		return bad(area, health.New(health.GB28181Password, "The password of %s is short, or a number alone.", where))
	}
	if info, err := os.Stat(c.Passwords); err == nil && info.Mode().Perm()&0o044 != 0 {
		return bad(area, health.New(health.GB28181Password, "Other users of this machine can read %s.", c.Passwords).WithFix("chmod 600 %s", c.Passwords))
	}
	return good(area, "a password is set")
}

// checkSIP tries the address for SIP.
func checkSIP(ctx context.Context, a netip.AddrPort) Finding {
	const area = "gb28181.listen"
	if err := tryUDP(ctx, a); err != nil {
		return bad(area, listenCondition("UDP "+a.String(), err))
	}
	if err := tryTCP(ctx, a); err != nil {
		return bad(area, listenCondition("TCP "+a.String(), err))
	}
	return good(area, "%s is free for UDP and TCP", a)
}

// checkReach says who reaches the address that devices are told to send to.
func checkReach(a netip.AddrPort) Finding {
	const area = "gb28181.listen"
	switch {
	case a.Addr().IsLoopback():
		return bad(area, health.New(health.GB28181Local, "%s is this machine's own address.", a.Addr()))
	case a.Addr().IsUnspecified():
		return bad(area, health.New(health.ListenFailed, "%s is no address that devices could send to.", a.Addr()).
			WithFix("Name the address of this machine that the devices reach."))
	}
	return good(area, "devices are told to send to %s", a.Addr())
}

// checkMediaPorts counts the ports of the range that can be opened.
func checkMediaPorts(ctx context.Context, c config.GB28181) Finding {
	const area = "gb28181.media_ports"
	first, last := c.Ports()
	if first == 0 {
		return good(area, "any free ports are taken")
	}
	free, total := 0, last-first+1
	taken := ""
	for n := first; n <= last && ctx.Err() == nil; n++ {
		a := netip.AddrPortFrom(c.Addr().Addr(), uint16(n))
		if tryUDP(ctx, a) == nil && tryTCP(ctx, a) == nil {
			free++
		} else if taken == "" {
			taken = fmt.Sprint(n)
		}
	}
	if free == total {
		return good(area, "all %d of %s are free for UDP and TCP", total, c.MediaPorts)
	}
	cond := health.New(health.GB28181Ports, "%d of the %d ports of %s are free; %s, for one, is not.", free, total, c.MediaPorts, taken)
	if free == 0 {
		cond.Severity = health.Error
	}
	return bad(area, cond)
}

// askPlatform asks a running relay for its platform; it reports false where
// the relay has none at the address.
func askPlatform(ctx context.Context, a netip.AddrPort, r runningRelay) (Finding, bool) {
	client := relayClient()
	defer client.CloseIdleConnections()
	var list struct {
		Platform struct {
			Listen string `json:"listen"`
		} `json:"platform"`
		Devices []gb28181.Device `json:"devices"`
	}
	if err := getJSON(ctx, client, r.url+"api/v1/gb28181/devices", &list); err != nil || list.Platform.Listen == "" ||
		a.Port() != 0 && list.Platform.Listen != a.String() {
		return Finding{}, false
	}
	online, refused := 0, 0
	for _, d := range list.Devices {
		if d.Online {
			online++
		}
		if d.Refused != "" {
			refused++
		}
	}
	return good("gb28181.listen", "the running relay uses %s; devices: %d online, %d refused", list.Platform.Listen, online, refused), true
}
