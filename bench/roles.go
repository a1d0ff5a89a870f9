package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"

	"sightline/relay/app"
	"sightline/relay/config"
)

// roleWord makes this program one of its own child processes:
// bench +role NAME ARGS.
const roleWord = "+role"

// runRole serves as a child until standard input ends.
func runRole(name string, args []string) error {
	roles := map[string]struct {
		args int
		run  func(args []string) error
	}{
		"viewers": {1, runViewers},
		"bare":    {2, runBare},
		"sink":    {1, runSink},
		"relay":   {2, runRelay},
	}
	role, ok := roles[name]
	if !ok || len(args) != role.args {
		return fmt.Errorf("there is no role %q with %d arguments", name, len(args))
	}
	return role.run(args)
}

// commands calls do for each line of standard input and prints its answer.
func commands(do func(line string) (string, error)) error {
	s := bufio.NewScanner(os.Stdin)
	for s.Scan() {
		answer, err := do(s.Text())
		if err != nil {
			return fmt.Errorf("%s: %w", s.Text(), err)
		}
		fmt.Println(answer)
	}
	return s.Err()
}

// runRelay is the relay within this program, so that it can be profiled:
// "profile FOLDER" begins a profile, "done" ends and writes it.
func runRelay(args []string) error {
	cfg, err := config.Load(args[0])
	if err != nil {
		return err
	}
	cfg.DataDir = args[1]
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.New(cfg, app.Options{Logger: log, Version: "bench"})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select {
	case <-a.Ready():
	case err := <-ended:
		return err
	}
	fmt.Println("ready:", a.URL())
	var folder string
	err = commands(func(line string) (string, error) {
		if _, err := fmt.Sscanf(line, "profile %s", &folder); err == nil {
			return line, beginProfile(folder)
		}
		return line, endProfile(folder)
	})
	stop()
	return errors.Join(err, <-ended)
}

func beginProfile(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "cpu.pprof"))
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f)
}

func endProfile(folder string) error {
	pprof.StopCPUProfile()
	runtime.GC()
	for _, name := range []string{"heap", "goroutine"} {
		f, err := os.Create(filepath.Join(folder, name+".pprof"))
		if err != nil {
			return err
		}
		if err := errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
