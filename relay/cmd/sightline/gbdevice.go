package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"sightline/relay/app/simulate"
	"sightline/relay/gbdevice"
)

// maxSimulated bounds the devices and channels of one simulator.
const maxSimulated = 100000

func runGBDevice(ctx context.Context, p *program, args []string) int {
	f := p.flags("gb-device", "Simulate GB/T 28181 devices: they register with a platform, report, tell their channels,\nand stream a file or the demo camera when they are invited. The password comes from the\nenvironment (--password-env).")
	var cfg gbdevice.Config
	f.StringVar(&cfg.Server, "server", "127.0.0.1:5060", "the platform's `ADDRESS` for SIP")
	f.StringVar(&cfg.ServerID, "server-id", "34020000002000000001", "the platform's `NUMBER`")
	f.StringVar(&cfg.Realm, "realm", "", "the SIP `DOMAIN`; without one the first ten digits of the platform's number")
	f.StringVar(&cfg.ID, "id", "34020000001110000001", "the device's `NUMBER`, 20 digits; further devices count on from it")
	passwordEnv := f.String("password-env", "GB_PASSWORD", "environment `VARIABLE` with the device's password")
	f.StringVar(&cfg.Network, "transport", "udp", "SIP over this `PROTOCOL`, udp or tcp; media goes as the platform asks")
	address := f.String("media", "demo", "what the channels show: demo, or a `FILE` with H.264")
	devices := f.Int("devices", 1, "`NUMBER` of devices")
	channels := f.Int("channels", 1, "`NUMBER` of channels of each device")
	f.DurationVar(&cfg.Keepalive, "keepalive", time.Minute, "`INTERVAL` of reports")
	f.IntVar(&cfg.PESSize, "pes-size", 0, "`BYTES` of a PES packet; 0 for as many as fit")
	f.Float64Var(&cfg.Loss, "loss", 0, "`SHARE` of media packets over UDP to leave out, 0 to 1")
	list := f.String("quirks", "", "what to do wrong: `NAMES` separated by commas; --list-quirks shows them")
	show := f.Bool("list-quirks", false, "list the quirks and end")
	level := f.String("log-level", "info", "log messages from this `LEVEL` on: debug, info, warn, error")
	if code, done := f.parse(args); done {
		return code
	}
	if *show {
		for _, q := range gbdevice.Quirks() {
			fmt.Fprintf(p.stdout, "%-20s %s\n", q[0], q[1])
		}
		return exitOK
	}
	refuse := func(format string, args ...any) int {
		fmt.Fprintf(p.stderr, "sightline gb-device: "+format+"\n", args...)
		return exitUsage
	}
	log, err := p.logger(*level, "text")
	if err != nil {
		return refuse("%v", err)
	}
	number, err := strconv.ParseUint(tail(cfg.ID, 6), 10, 32)
	switch {
	case len(cfg.ID) != 20 || err != nil:
		return refuse("--id %q is not 20 digits", cfg.ID)
	case cfg.Network != "udp" && cfg.Network != "tcp":
		return refuse("--transport %q is not udp or tcp", cfg.Network)
	case *devices < 1 || *devices > maxSimulated || number+uint64(*devices) > 1000000:
		return refuse("--devices %d is not from 1 to %d, or more than the device number's last six digits have room for", *devices, maxSimulated)
	case *channels < 1 || *channels > maxSimulated:
		return refuse("--channels %d is not from 1 to %d", *channels, maxSimulated)
	case cfg.Loss < 0 || cfg.Loss > 1:
		return refuse("--loss %g is not from 0 to 1", cfg.Loss)
	case cfg.Keepalive < 100*time.Millisecond:
		return refuse("--keepalive %v is less than 100ms", cfg.Keepalive)
	}
	if cfg.Password = os.Getenv(*passwordEnv); cfg.Password == "" {
		return refuse("the environment variable %q is not set; set it to the device's password", *passwordEnv)
	}
	if cfg.Realm == "" {
		cfg.Realm = cfg.ServerID[:min(len(cfg.ServerID), 10)]
	}
	if cfg.Quirks, err = gbdevice.ParseQuirks(*list); err != nil {
		return refuse("%v; sightline gb-device --list-quirks lists them", err)
	}
	play, err := simulate.Open(*address, log)
	if err != nil {
		return refuse("--media: %v", err)
	}
	cfg.Media, cfg.Logger = play, log
	var wg sync.WaitGroup
	failures := make(chan error, *devices)
	for i := range *devices {
		c := cfg
		c.ID = fmt.Sprintf("%s%06d", cfg.ID[:14], number+uint64(i))
		for n := range *channels {
			c.Channels = append(c.Channels, gbdevice.Channel{ID: fmt.Sprintf("%s131%s%06d", c.ID[:10], c.ID[13:14], (i**channels+n+1)%1000000), Name: fmt.Sprintf("Camera %d", n+1)})
		}
		wg.Go(func() { failures <- gbdevice.New(c).Run(ctx) })
		if i%50 == 49 {
			time.Sleep(20 * time.Millisecond) // not all in one burst
		}
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			p.report(err)
			return exitFailed
		}
	}
	return exitOK
}

// tail is the last n characters.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }
