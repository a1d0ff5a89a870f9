// Command testreport runs the test suites of the repository one after another
// and closes with one line of totals. It owns which suites there are, what is
// printed of them, and the rule about skipped tests: where the shared test data
// is present nothing may be skipped but what needs hardware that the machine
// lacks, which a test says by a reason that begins with "hardware:". It knows
// nothing of what the tests test.
//
//	testreport [-list] [suite ...]
//
// Without names every suite runs. It is started in the repository's root, by
// make test.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	list := flag.Bool("list", false, "list the suites and end")
	flag.Parse()
	suites := allSuites(os.Getenv("CI") != "")
	if *list {
		for _, s := range suites {
			fmt.Printf("%-8s %s\n", s.name, s.what)
		}
		return
	}
	chosen, err := choose(suites, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !run(ctx, chosen) {
		stop()
		os.Exit(1)
	}
}

// choose picks the suites named, in the order in which they are listed.
func choose(suites []suite, names []string) ([]suite, error) {
	if len(names) == 0 {
		return suites, nil
	}
	var known []string
	for _, s := range suites {
		known = append(known, s.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no suite %q; there are: %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(suites), func(s suite) bool {
		return !slices.Contains(names, s.name)
	}), nil
}

// sharedData returns the folder of shared test data, "" where there is none.
func sharedData() string {
	dir := os.Getenv("SIGHTLINE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "testdata")); err != nil {
		return ""
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return abs
}

// run runs the suites, prints the closing lines and tells whether all is well.
func run(ctx context.Context, suites []suite) bool {
	shared := sharedData()
	env := os.Environ()
	if shared != "" {
		env = append(env, "SIGHTLINE_SHARED="+shared)
	} else {
		fmt.Println("testreport: no shared test data (../shared): tests that need it are skipped")
	}
	sum := &summary{out: os.Stdout}
	for _, s := range suites {
		if ctx.Err() != nil {
			break
		}
		started := time.Now()
		fmt.Printf("\n=== %s: %s\n", s.name, s.what)
		before := sum.passed + sum.failed + sum.skipped
		if err := s.run(ctx, env, sum); err != nil {
			sum.problem("%s: %v", s.name, err)
		} else if sum.passed+sum.failed+sum.skipped == before {
			sum.problem("%s: the suite ran no test", s.name)
		}
		fmt.Printf("=== %s took %s\n", s.name, time.Since(started).Round(time.Second))
	}
	if ctx.Err() != nil {
		sum.problem("interrupted")
	}
	return sum.close(shared != "")
}

// capture runs a command in dir and hands its standard output to read. The
// exit status counts only when read made nothing of it: runners exit non-zero
// for failures that have been counted already.
func capture(ctx context.Context, dir string, env []string, sum *summary, name string, arg ...string) error {
	cmd := exec.CommandContext(ctx, name, arg...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, env, os.Stderr
	// The tests own processes and ports: let them tidy up before they are killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failures := sum.failed
	readErr := sum.read(stdout)
	if err := cmd.Wait(); err != nil && sum.failed == failures {
		return fmt.Errorf("%s %s: %w", name, strings.Join(arg, " "), err)
	}
	return readErr
}
