// Command counterrelay is a relay with the demo camera and one detector more,
// for tests of the key that binds a box to its frame: it decodes every second
// picture, reads the frame counter that is burnt into it, and publishes a box
// whose label is the counter and whose place follows from it. It prints the
// start page's address when it is ready.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/asticode/go-astiav"
	"github.com/pion/rtp"

	"sightline/relay/app"
	"sightline/relay/config"
	"sightline/relay/hub"
	"sightline/relay/media"
	"sightline/relay/source/demo"
	"sightline/vision/annot"
	"sightline/web"
)

func main() {
	source := flag.String("source", "demo:?size=640x360&fps=10", "the demo camera's `ADDRESS`")
	every := flag.Int("every", 2, "analyse each `N`th picture by its counter")
	dir := flag.String("data-dir", "", "the relay's `FOLDER`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *source, *every, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "counterrelay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, source string, every int, dir string) error {
	cfg := config.Demo()
	cfg.HTTP.Listen, cfg.WebRTC.Port, cfg.DataDir = []string{"127.0.0.1:0"}, 0, dir
	s := cfg.Streams["demo"]
	s.Source.URL = source
	cfg.Streams["demo"] = s
	files, built := web.Dist()
	if !built {
		return errors.New("web/dist holds no client; build it with: node web/build.mjs")
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	counter := func(ctx context.Context, s *hub.Stream, publish func(annot.Message)) {
		if err := detect(ctx, s, uint32(every), publish); err != nil && ctx.Err() == nil {
			log.Error("the counter's detector", "err", err)
		}
	}
	a, err := app.New(cfg, app.Options{Logger: log, Version: "test", Web: files, Detectors: []app.Detector{counter}})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	select {
	case <-a.Ready():
		fmt.Printf("counterrelay is ready: %s\n", a.URL())
		return <-done
	case err := <-done:
		return err
	}
}

// detect decodes a stream and publishes the counter of each picture that is
// due. Which are due is told by the picture before: the counter grows by one.
func detect(ctx context.Context, s *hub.Stream, every uint32, publish func(annot.Message)) error {
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	decoder, packet, frame := astiav.AllocCodecContext(codec), astiav.AllocPacket(), astiav.AllocFrame()
	defer decoder.Free()
	defer packet.Free()
	defer frame.Free()
	decoder.SetThreadCount(1)
	decoder.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagLowDelay))
	if err := decoder.Open(codec, nil); err != nil {
		return err
	}
	tap := s.Tap(false)
	defer tap.Close()
	var parts media.Depacketizer
	next, known := uint32(0), false
	for {
		f, err := tap.Next(ctx)
		if err != nil {
			return err
		}
		key := annot.Key{Stream: s.Name(), Epoch: s.Epoch(), RTP: f.TS}
		due := known && next%every == 0
		if due {
			publish(annot.Analysing{Key: key})
		}
		for i, p := range f.Payloads {
			h := rtp.Header{Version: 2, Timestamp: f.TS, Marker: i == len(f.Payloads)-1}
			for _, au := range parts.Push(&rtp.Packet{Header: h, Payload: p}, false, f.Received) {
				n, ok, err := read(decoder, packet, frame, au)
				if err != nil {
					return err
				}
				if ok && n%every == 0 {
					publish(found(key, n, f))
				}
				next, known = n+1, ok
			}
		}
	}
}

// read decodes one access unit and reads its counter from the luma.
func read(decoder *astiav.CodecContext, packet *astiav.Packet, frame *astiav.Frame, au media.AccessUnit) (uint32, bool, error) {
	var data []byte
	for _, n := range au.NALUs {
		data = append(append(data, 0, 0, 0, 1), n...)
	}
	if err := packet.FromData(data); err != nil {
		return 0, false, err
	}
	defer packet.Unref()
	if err := decoder.SendPacket(packet); err != nil {
		return 0, false, err
	}
	if err := decoder.ReceiveFrame(frame); err != nil {
		return 0, false, err
	}
	defer frame.Unref()
	luma, err := frame.Data().Bytes(1)
	if err != nil {
		return 0, false, err
	}
	w := frame.Width()
	n, ok := demo.ReadCounter(func(x, y int) uint8 { return luma[y*w+x] }, w, frame.Height())
	return n, ok, nil
}

// found is the box of a counter: it moves to the right in steps of 1/32 of the
// picture and begins anew after 16.
func found(key annot.Key, n uint32, f hub.Tapped) annot.Detections {
	return annot.Detections{Key: key, Time: f.Received, Origin: annot.Relay, Model: "counter", Objects: []annot.Object{{
		ID: 1, Label: strconv.FormatUint(uint64(n), 10), Score: 1,
		Box: annot.Box{X: 0.1 + float32(n%16)/32, Y: 0.25, W: 0.25, H: 0.25}, Velocity: &annot.Box{X: 0.01}}}}
}
