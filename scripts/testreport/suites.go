package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// suiteLimit ends a suite that hangs in spite of its runner's own limits.
const suiteLimit = 40 * time.Minute

type suite struct {
	name, what string
	run        func(ctx context.Context, env []string, sum *summary) error
}

// allSuites lists the suites in the order in which they run: what fails
// fastest and explains most comes first. fresh turns off go test's cache.
func allSuites(fresh bool) []suite {
	suites := []suite{
		{"go", "Go packages, with the race detector", goTest(".", fresh, "-race", "./...")},
		{"pictures", "what the detectors see in videos and scripted scenes; long sums, without the race detector",
			goTest(".", fresh, "./bench/detectors", "./bench/onnx-conformance")},
		{"astiav", "FFmpeg bindings (nested module), with the race detector", goTest("relay/astiav", fresh, "-race", "./...")},
		{"web", "TypeScript units", webUnits},
		{"browser", "the relay and a real browser, end to end", browserTests},
	}
	for i, s := range suites {
		suites[i].run = func(ctx context.Context, env []string, sum *summary) error {
			ctx, cancel := context.WithTimeout(ctx, suiteLimit)
			defer cancel()
			return s.run(ctx, env, sum)
		}
	}
	return suites
}

func goTest(dir string, fresh bool, more ...string) func(context.Context, []string, *summary) error {
	return func(ctx context.Context, env []string, sum *summary) error {
		arg := []string{"test", "-json", "-p", "2", "-timeout", "20m"}
		if fresh {
			arg = append(arg, "-count=1")
		}
		return capture(ctx, dir, env, sum, "go", append(arg, more...)...)
	}
}

// nodeTest runs test files under node's test runner, whose events
// node-events.mjs words as go test -json does.
func nodeTest(ctx context.Context, env []string, sum *summary, files []string) error {
	arg := append([]string{
		"--enable-source-maps", "--test", "--test-concurrency=1",
		"--test-reporter=./scripts/testreport/node-events.mjs",
	}, files...)
	return capture(ctx, ".", env, sum, "node", arg...)
}

func webUnits(ctx context.Context, env []string, sum *summary) error {
	// Below the repository's root, so that npm packages are found from there.
	out := filepath.Join(".cache", "web-tests")
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := capture(ctx, ".", env, sum, "node", "scripts/testreport/bundle-tests.mjs", out); err != nil {
		return err
	}
	var files []string
	err := filepath.WalkDir(out, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".mjs" {
			files = append(files, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing the bundled tests: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("no web/**/*.test.ts")
	}
	return nodeTest(ctx, env, sum, files)
}

func browserTests(ctx context.Context, env []string, sum *summary) error {
	files, err := filepath.Glob("web/e2e/*.test.mjs")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no web/e2e/*.test.mjs")
	}
	return nodeTest(ctx, env, sum, files)
}
