package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"sightline/relay/config"
)

// relay is a relay that has been built and can run once.
type relay interface {
	// Run serves until ctx ends or the relay fails.
	Run(ctx context.Context) error
	// Ready is closed when everything listens.
	Ready() <-chan struct{}
	// URL is the start page's address, valid once ready.
	URL() string
}

// starter builds a relay.
type starter func(cfg *config.Config, log *slog.Logger, version string) (relay, error)

// settings are the flags that change the configuration.
type settings struct {
	file    string
	listen  []string
	port    int
	dataDir string
}

func (s *settings) add(f flags) {
	f.Func("listen", "listen on this `ADDRESS` in place of http.listen (may be repeated)", func(v string) error {
		s.listen = append(s.listen, v)
		return nil
	})
	f.Func("webrtc-port", "use this `PORT` in place of webrtc.port", func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 65535 {
			return errors.New("must be a number from 0 to 65535")
		}
		s.port = n
		return nil
	})
	f.StringVar(&s.dataDir, "data-dir", "", "use this `FOLDER` in place of data_dir")
}

func (s *settings) addFile(f flags) {
	f.StringVar(&s.file, "c", "", "configuration `FILE` (docs/configure.md); without it the demo camera is shown")
	f.StringVar(&s.file, "config", "", "the same as -c; takes a `FILE`")
}

// load reads the configuration and applies the flags to it.
func (s *settings) load() (*config.Config, error) {
	c := config.Demo()
	if s.file != "" {
		var err error
		if c, err = config.Load(s.file); err != nil {
			return nil, err
		}
	}
	if len(s.listen) > 0 {
		c.HTTP.Listen = s.listen
	}
	if s.port >= 0 {
		c.WebRTC.Port = s.port
	}
	if s.dataDir != "" {
		c.DataDir = s.dataDir
	}
	return c, c.Validate()
}

func runServe(ctx context.Context, p *program, args []string) int {
	f := p.flags("serve", "Run the relay until it is interrupted.")
	s := settings{port: -1}
	s.addFile(f)
	return p.serve(ctx, f, &s, args)
}

func runDemo(ctx context.Context, p *program, args []string) int {
	f := p.flags("demo", "Run the relay with the demo camera alone until it is interrupted.")
	return p.serve(ctx, f, &settings{port: -1}, args)
}

func (p *program) serve(ctx context.Context, f flags, s *settings, args []string) int {
	s.add(f)
	level := f.String("log-level", "info", "log messages from this `LEVEL` on: debug, info, warn, error")
	format := f.String("log-format", "text", "`FORMAT` of the log on standard error: text or json")
	if code, done := f.parse(args); done {
		return code
	}
	log, err := p.logger(*level, *format)
	if err != nil {
		fmt.Fprintf(p.stderr, "sightline %s: %v\n", f.Name(), err)
		return exitUsage
	}
	cfg, err := s.load()
	if err != nil {
		p.report(err)
		return exitUsage
	}
	r, err := p.start(cfg, log, version().Version)
	if err != nil {
		p.report(err)
		return exitFailed
	}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-r.Ready():
		fmt.Fprintf(p.stdout, "Sightline is ready: %s\n", r.URL())
		err = <-done
	case err = <-done:
	}
	if err != nil && !(ctx.Err() != nil && errors.Is(err, ctx.Err())) {
		p.report(err)
		return exitFailed
	}
	return exitOK
}

func (p *program) logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	switch strings.ToLower(level) {
	case "debug", "info", "warn", "error":
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(p.stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(p.stderr, options)), nil
	}
	return nil, fmt.Errorf("--log-format %q is not one of text, json", format)
}
