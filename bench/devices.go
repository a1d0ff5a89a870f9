package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	manyDevices   = 10000
	devicesReport = time.Minute
	platformID    = "34020000002000000001"
	firstDevice   = "34020000001110000001"
)

// devicesResult is what registered devices cost the relay.
type devicesResult struct {
	Devices      int     `json:"devices"`
	KeepaliveS   float64 `json:"keepalive_s"`
	Registration float64 `json:"registration_s"` // until all had registered and sent their catalogs
	Empty        usage   `json:"without_devices"`
	Registered   usage   `json:"registered"`
	Online       int     `json:"online_at_the_end"`
}

// benchDevices measures a relay that devices are registered with: alone, and
// with them all.
func benchDevices(ctx context.Context, o *options, t *table) (any, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	const variable = "SIGHTLINE_BENCH_GB_PASSWORD"
	if err := os.Setenv(variable, "a password"); err != nil {
		return nil, err
	}
	r, err := startRelay(ctx, o, fmt.Sprintf("  idle: {source: demo}\n"+
		"gb28181: {listen: \"127.0.0.1:%d\", id: \"%s\", password_env: %s, media_ports: \"0\", keepalive: %v}\n",
		port, platformID, variable, devicesReport))
	if err != nil {
		return nil, err
	}
	defer r.close()
	res := devicesResult{Devices: manyDevices, KeepaliveS: devicesReport.Seconds()}
	if res.Empty, err = r.watch(ctx, o.window); err != nil {
		return nil, err
	}
	begun := time.Now()
	d, err := startProcess(ctx, o.relay, "gb-device", "--server", fmt.Sprintf("127.0.0.1:%d", port), "--id", firstDevice,
		"--password-env", variable, "--devices", fmt.Sprint(manyDevices), "--keepalive", devicesReport.String(), "--log-level", "error")
	if err != nil {
		return nil, err
	}
	defer d.stop()
	for registered := 0; registered < manyDevices; {
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
		if registered, err = cataloged(ctx, r.url); err != nil {
			return nil, err
		}
		if time.Since(begun) > 5*time.Minute {
			return nil, fmt.Errorf("only %d of %d devices have registered after 5 min:\n%s", registered, manyDevices, d.log)
		}
	}
	res.Registration = round(time.Since(begun).Seconds(), 1)
	// The devices' first reports are spread over one interval.
	if err := pause(ctx, devicesReport/2); err != nil {
		return nil, err
	}
	if res.Registered, err = r.watch(ctx, devicesReport); err != nil {
		return nil, err
	}
	if res.Online, err = cataloged(ctx, r.url); err != nil {
		return nil, err
	}
	t.add("no device", fmt.Sprintf("%.1f %%", res.Empty.CPU), fmt.Sprintf("of a core, %.0f MB", res.Empty.RSS))
	t.add(fmt.Sprintf("%d devices", manyDevices), fmt.Sprintf("%.1f %%", res.Registered.CPU),
		fmt.Sprintf("of a core over 60 s, %.0f MB; keepalive %v; %d online at the end; registered with catalogs within %.0f s",
			res.Registered.RSS, devicesReport, res.Online, res.Registration))
	return res, nil
}

// cataloged counts the devices that are online with their channels.
func cataloged(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"api/v1/gb28181/devices", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var list struct {
		Devices []struct {
			Online   bool `json:"online"`
			Channels int  `json:"channels"`
		} `json:"devices"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return 0, err
	}
	n := 0
	for _, d := range list.Devices {
		if d.Online && d.Channels > 0 {
			n++
		}
	}
	return n, nil
}

// freePort finds a port that is free over UDP and TCP.
func freePort() (int, error) {
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port, nil
		}
	}
	return 0, errors.New("no port is free over UDP and TCP")
}
