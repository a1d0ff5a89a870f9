package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"sightline/relay/app/probe"
	"sightline/relay/config"
	"sightline/relay/health"
)

const probeUsage = `Look at a source for a few seconds: what it sends, and what the relay will do with it.
Ends with 1 if the relay cannot show it.

Usage:
  sightline probe [FLAGS] SOURCE          such as rtsp://user:password@192.0.2.10/stream1, or a file
  sightline probe -c FILE [FLAGS] STREAM  a stream of the configuration

Flags:
  -c FILE                configuration FILE with the stream
  --for DURATION         look for so long at most (default 10s)
  --transport WORD       auto, udp or tcp, for RTSP (default auto)
  --json                 print the report as JSON
  --verbose              print the log, too
`

func runProbe(ctx context.Context, p *program, args []string) int {
	f := p.flags("probe", "")
	f.FlagSet.Usage = func() { fmt.Fprint(p.stdout, probeUsage) }
	s := settings{port: -1}
	s.addFile(f)
	o := probe.Options{Transport: config.TransportAuto}
	f.DurationVar(&o.For, "for", 10*time.Second, "")
	transport := f.String("transport", "", "")
	asJSON := f.Bool("json", false, "")
	verbose := f.Bool("verbose", false, "")
	var names []string
	for rest := args; len(rest) > 0; { // the source may stand between flags
		if !strings.HasPrefix(rest[0], "-") {
			names, rest = append(names, rest[0]), rest[1:]
			continue
		}
		if err := f.FlagSet.Parse(rest); err != nil {
			code, _ := f.parse(rest)
			return code
		}
		rest = f.Args()
	}
	if len(names) != 1 {
		fmt.Fprintf(p.stderr, "sightline probe: one source is needed, not %d; sightline probe --help shows how it is used\n", len(names))
		return exitUsage
	}
	if err := chooseSource(&o, s.file, names[0], *transport); err != nil {
		if config.Conditions(err) != nil {
			p.report(err)
		} else {
			fmt.Fprintf(p.stderr, "sightline probe: %v\n", err)
		}
		return exitUsage
	}
	if *verbose {
		o.Logger = slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	r, err := probe.Run(ctx, o)
	if err != nil {
		fmt.Fprintf(p.stderr, "sightline probe: %v\n", err)
		return exitUsage
	}
	if *asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(r)
	} else {
		err = printReport(p.stdout, r)
	}
	if err != nil || r.Action == probe.Refuse {
		return exitFailed
	}
	return exitOK
}

// chooseSource takes the source of the arguments, or that of a stream of a
// configuration.
func chooseSource(o *probe.Options, file, name, transport string) (err error) {
	if file == "" {
		if o.Source, err = config.ParseSource(name); err != nil {
			return fmt.Errorf("the source %w", err)
		}
	} else {
		c, err := config.Load(file)
		if err != nil {
			return err
		}
		s, ok := c.Streams[name]
		if !ok {
			hint := "it has " + strings.Join(c.StreamNames(), ", ")
			if near := config.Nearest(name, c.StreamNames()); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return fmt.Errorf("%s has no stream %q; %s", file, name, hint)
		}
		o.Source, o.Transport = s.Source, s.Transport
	}
	if transport != "" {
		o.Transport = config.Transport(transport)
	}
	switch o.Transport {
	case config.TransportAuto, config.TransportTCP, config.TransportUDP:
		return nil
	}
	return fmt.Errorf("--transport %q is not one of auto, udp, tcp", transport)
}

func printReport(w io.Writer, r *probe.Report) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("source", "%s", r.Source)
	if r.Container != "" {
		line("container", "%s", r.Container)
	}
	if v := r.Video; v != nil {
		line("video", "%s", strings.TrimSpace(fmt.Sprintf("%s %s", v.Codec, v.Profile)))
		line("size", "%dx%d", v.Width, v.Height)
		if v.FPS > 0 {
			line("frame rate", "%.4g per second", v.FPS)
			line("bitrate", "%.0f kbit/s", v.BitsPerS/1000)
		}
		if v.GOP > 0 {
			line("key frames", "every %d pictures, %.3g s", v.GOP, v.GOPSeconds)
		} else if r.Pictures > 0 {
			line("key frames", "one in %.3g s", r.Seconds)
		}
		line("B-frames", "%s", map[bool]string{true: "yes", false: "no"}[v.BFrames])
	}
	for _, a := range r.Audio {
		text := a.Codec
		if a.Rate > 0 {
			text += fmt.Sprintf(", %d Hz", a.Rate)
		}
		if a.Channels > 0 {
			text += fmt.Sprintf(", %d channel(s)", a.Channels)
		}
		line("sound", "%s", text)
	}
	if r.Pictures > 0 {
		line("looked at", "%d pictures by %s, the first after %.3g s, %d packets lost", r.Pictures, r.Transport, r.FirstPictureMS/1000, r.LostPackets)
	}
	line("the relay", "%s", map[probe.Action]string{probe.Pass: "passes it on: ", probe.Transcode: "transcodes it: ", probe.Refuse: "cannot show it: "}[r.Action]+r.Why)
	for _, c := range r.Conditions {
		if c.Severity != health.Info || r.Action == probe.Refuse {
			line("what to do", "%s", c.Fix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
