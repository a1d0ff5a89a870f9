// Sightline is the relay's program: flags and subcommands, and nothing that a
// test or another program could want to import. See sightline --help.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"sightline/relay/app"
	"sightline/relay/config"
	"sightline/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	p := &program{stdout: os.Stdout, stderr: os.Stderr, start: startApp}
	os.Exit(p.run(ctx, os.Args[1:]))
}

func startApp(cfg *config.Config, log *slog.Logger, version string) (relay, error) {
	options := app.Options{Logger: log, Version: version}
	if files, built := web.Dist(); built {
		options.Web = files
	} else {
		log.Warn("this binary has no pages; build it with: make build")
	}
	a, err := app.New(cfg, options)
	if err != nil {
		return nil, err
	}
	return a, nil
}
