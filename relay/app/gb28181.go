package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"sightline/relay/api"
	"sightline/relay/config"
	"sightline/relay/egress/whep"
	"sightline/relay/hub"
	"sightline/relay/source"
	"sightline/relay/source/gb28181"
)

// maxChannelStreams bounds the streams that exist for channels without a line
// in the configuration.
const maxChannelStreams = 4096

// newPlatform makes the GB/T 28181 platform, nil without one.
func (a *App) newPlatform() *gb28181.Server {
	c := a.cfg.GB28181
	if !c.Enabled() {
		return nil
	}
	first, last := c.Ports()
	return gb28181.New(gb28181.Config{Listen: c.Addr(), ID: c.ID, Realm: c.Realm, Password: c.Password,
		MinPort: first, MaxPort: last, Keepalive: c.Keepalive, Watcher: a.drops, Logger: a.log})
}

// newGB28181 makes the source of gb28181://DEVICE/CHANNEL.
func (a *App) newGB28181(name string, c config.Stream, log *slog.Logger) (source.Source, error) {
	s, err := gb28181.Parse(c.Source.URL)
	if err != nil {
		return nil, err
	}
	s.Server, s.Stream, s.Transport, s.Logger = a.platform, name, gb28181.Transport(c.Transport), log
	return s, nil
}

// listenPlatform opens the platform's sockets, if there is one.
func (a *App) listenPlatform() error {
	if a.platform == nil {
		return nil
	}
	if err := a.platform.Listen(); err != nil {
		return listenCondition("gb28181.listen", a.cfg.GB28181.Listen, err)
	}
	return nil
}

// routes are those of viewers and devices.
func (a *App) routes(viewers *whep.Handler) []func(*http.ServeMux) {
	out := []func(*http.ServeMux){viewers.Register}
	if a.platform != nil {
		out = append(out, a.platform.Routes(api.Problem))
	}
	return out
}

// devicesPath is where the API lists the devices, empty without a platform.
func (a *App) devicesPath() string {
	if a.platform == nil {
		return ""
	}
	return "/api/v1/gb28181/devices"
}

// PlatformAddr is the platform's address for SIP, valid after Ready; empty
// without a platform.
func (a *App) PlatformAddr() string {
	if a.platform == nil {
		return ""
	}
	return a.platform.Addr().String()
}

// channelStream gives the stream of a device's channel that is not in the
// configuration, under the name DEVICE.CHANNEL; it is made when first asked
// for, and connects on demand.
func (a *App) channelStream(name string) (*hub.Stream, bool) {
	device, channel, ok := strings.Cut(name, ".")
	if !ok || a.platform == nil {
		return nil, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.channels[name]; ok {
		return s, true
	}
	if a.run == nil || len(a.channels) >= maxChannelStreams || !a.platform.HasChannel(device, channel) {
		return nil, false
	}
	c := config.DefaultStream()
	c.Source = config.Source{URL: "gb28181://" + device + "/" + channel}
	s := a.newStream(name, c)
	a.channels[name] = s
	a.channelOrder = append(a.channelOrder, name)
	a.run(func(ctx context.Context) { _ = s.Run(ctx) })
	return s, true
}
