package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/relay/app/simulate"
	"sightline/relay/gbdevice"
	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/relay/source/gb28181"
	"sightline/testkit/camera"
	"sightline/testkit/viewer"
)

const (
	gbPlatform = "34020000002000000001"
	gbDevice   = "34020000001110000001"
	gbChannel  = "34020000001310000001"
)

// gbConfig is the section of a platform on free ports.
const gbConfig = "gb28181: {listen: \"127.0.0.1:0\", id: \"" + gbPlatform + "\", password_env: GB_PASSWORD, media_ports: \"0\", keepalive: 1s}\n"

// startGB runs a relay that is a platform, with the given streams.
func startGB(t *testing.T, streams string) relay {
	t.Helper()
	t.Setenv("GB_PASSWORD", "a s3cret & more")
	return start(t, streams+gbConfig)
}

// simulated runs a device that plays a video; kill ends it like a power cut.
func simulated(t *testing.T, r relay, change func(*gbdevice.Config)) (d *gbdevice.Device, kill func()) {
	t.Helper()
	play, err := simulate.Open(camera.Video(t, "car-detection.mp4"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := gbdevice.Config{ID: gbDevice, Password: "a s3cret & more", Server: r.PlatformAddr(), ServerID: gbPlatform, Realm: gbPlatform[:10],
		Keepalive: 700 * time.Millisecond, Media: play, Channels: []gbdevice.Channel{{ID: gbChannel, Name: "东门"}, {ID: gbChannel[:19] + "2", Name: "West & East"}}}
	if change != nil {
		change(&c)
	}
	d = gbdevice.New(c)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	end := func(cause error) func() {
		return sync.OnceFunc(func() {
			cancel(cause)
			<-done
		})
	}
	t.Cleanup(end(nil))
	return d, end(gbdevice.ErrKilled)
}

func (r relay) device(id string) (d gb28181.Device) {
	r.t.Helper()
	resp, err := http.Get(r.URL() + "api/v1/gb28181/devices/" + id)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	_ = json.NewDecoder(resp.Body).Decode(&d)
	return d
}

func (r relay) untilDevice(what string, ok func(gb28181.Device) bool) gb28181.Device {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		d := r.device(gbDevice)
		if ok(d) {
			return d
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("device not %s after %v: %+v", what, patience, d)
		}
	}
}

// decoded takes what a viewer gets for so many pictures and decodes it with
// FFmpeg; it returns how many pictures came out, and what FFmpeg complained of.
func decoded(t *testing.T, v *viewer.Viewer, pictures int) (int, string) {
	t.Helper()
	var d media.Depacketizer
	var stream bytes.Buffer
	begun := false
	var last *viewer.Packet
	for n := 0; n < pictures; {
		p := next(t, v)
		lost := last != nil && p.SequenceNumber != last.SequenceNumber+1
		last = &p
		for _, au := range d.Push(p.Packet, lost, p.At) {
			if begun = begun || au.Key; !begun {
				continue
			}
			for _, nalu := range au.NALUs {
				stream.Write([]byte{0, 0, 0, 1})
				stream.Write(nalu)
			}
			n++
		}
	}
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = &stream
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, problems.String())
	}
	frames := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			frames++
		}
	}
	return frames, problems.String()
}

// Over each way, with a line in the configuration and without: registered,
// catalog complete, and pictures that FFmpeg decodes.
func TestGB28181Pictures(t *testing.T) {
	for _, c := range []struct{ name, sip, stream, source string }{
		{"udp", "udp", "gate", "{source: \"gb28181://" + gbDevice + "/" + gbChannel + "\", transport: udp, linger: 100ms}"},
		{"tcp passive", "udp", "gate", "{source: \"gb28181://" + gbDevice + "/" + gbChannel + "\", transport: tcp, linger: 100ms}"},
		{"tcp active", "tcp", "gate", "{source: \"gb28181://" + gbDevice + "/" + gbChannel + "?setup=active\", transport: tcp, linger: 100ms}"},
		{"channel", "tcp", gbDevice + "." + gbChannel, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			streams := ""
			if c.source != "" {
				streams = "  gate: " + c.source + "\n"
			}
			if streams == "" {
				streams = "  other: {source: demo}\n"
			}
			r := startGB(t, streams)
			d, _ := simulated(t, r, func(g *gbdevice.Config) {
				g.Network = c.sip
				g.Quirks = []gbdevice.Quirk{gbdevice.CharsetGB, gbdevice.OtherSSRC, gbdevice.AnswerNoToTag, gbdevice.PSSmall}
			})
			dev := r.untilDevice("complete", func(d gb28181.Device) bool { return d.Online && len(d.Tree) == 2 })
			if dev.Tree[0].Name != "东门" || dev.Tree[1].Name != "West & East" || dev.Network != c.sip {
				t.Errorf("device %+v", dev)
			}
			v := r.watch(c.stream)
			frames, problems := decoded(t, v, 40)
			if frames != 40 || problems != "" {
				t.Errorf("%d pictures; ffmpeg says %s", frames, problems)
			}
			info := r.info(c.stream)
			if info.State != hub.Live || info.Video.Width != 768 || info.Video.Height != 432 || len(info.Conditions) != 0 || info.Received.Lost != 0 {
				t.Errorf("%+v", info)
			}
			if err := v.Leave(t.Context()); err != nil {
				t.Error(err)
			}
			if c.source == "" {
				return // lingers for a minute
			}
			for deadline := time.Now().Add(patience); d.Byes.Load() == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no BYE after the last viewer has left")
				}
			}
			r.until(c.stream, "idle", func(i hub.Info) bool { return i.State == hub.Idle })
		})
	}
}

// A device that loses power is offline by the keepalive rule; its picture is
// back by itself after its return, twice, in the same viewer's session.
func TestGB28181DeviceComesBack(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			r := startGB(t, fmt.Sprintf("  gate: {source: \"gb28181://%s/%s\", transport: %s}\n", gbDevice, gbChannel, transport))
			v := r.watch("gate")
			r.until("gate", "waiting", func(i hub.Info) bool {
				return len(i.Conditions) == 1 && i.Conditions[0].Code == health.GB28181Unregistered
			})
			for range 2 {
				_, kill := simulated(t, r, func(g *gbdevice.Config) { g.Network = transport })
				picture(t, v)
				r.until("gate", "live", func(i hub.Info) bool { return live(i) && len(i.Conditions) == 0 })
				kill()
				began := time.Now()
				r.untilDevice("offline", func(d gb28181.Device) bool { return !d.Online })
				t.Logf("offline after %v", time.Since(began).Round(100*time.Millisecond))
				r.until("gate", "without picture", func(i hub.Info) bool { return !live(i) })
			}
			_, _ = simulated(t, r, func(g *gbdevice.Config) { g.Network = transport })
			picture(t, v)
			if !v.Connected() {
				t.Error("the session is lost")
			}
		})
	}
}

// With 5 % of the packets lost FFmpeg finds nothing wrong in what is shown.
func TestGB28181Loss(t *testing.T) {
	r := startGB(t, fmt.Sprintf("  gate: {source: \"gb28181://%s/%s\", transport: udp}\n", gbDevice, gbChannel))
	_, _ = simulated(t, r, func(g *gbdevice.Config) { g.Loss = 0.05 })
	v := r.watch("gate")
	frames, problems := decoded(t, v, 20)
	info := r.info("gate")
	t.Logf("%d shown; of %d received %d left out; %d packets lost of %d", frames, info.Received.Frames, info.Received.Dropped, info.Received.Lost, info.Received.Packets)
	if frames != 20 || problems != "" {
		t.Errorf("%d pictures; ffmpeg says %s", frames, problems)
	}
	if info.Received.Lost == 0 || info.Received.Dropped == 0 {
		t.Errorf("nothing lost: %+v", info.Received)
	}
}
