package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// hardwareReason begins the reason of a skip that is always allowed.
	hardwareReason = "hardware:"
	// slowTest is how long a test takes to earn a line of its own.
	slowTest = 10 * time.Second
	// maxOutput bounds what is kept of one test's output: its end.
	maxOutput = 64 << 10
	maxLine   = 4 << 20
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Elapsed    float64 // seconds
	Output     string
	// FailedBuild names the package whose build failed, on a package's fail.
	FailedBuild string
}

// testID names a test; Test is empty for the package as a whole.
type testID struct{ Package, Test string }

func (id testID) String() string { return strings.TrimSuffix(id.Package+" "+id.Test, " ") }

type skip struct {
	test   testID
	reason string
}

// summary counts what the suites report and prints what is worth reading.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	failures                []testID
	skips                   []skip
	problems                []string

	packages map[string]*packageState
	builds   map[string]*bytes.Buffer // output of builds by import path
}

type packageState struct {
	output   map[string]*bytes.Buffer // by test, "" for the package itself
	parents  map[string]bool          // tests that have subtests
	failed   []string                 // tests that failed
	ran      int
	failures int
}

// problem notes something that fails the run but is no test.
func (s *summary) problem(format string, arg ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, arg...))
}

// read takes events until r ends. Lines that are no event are passed on.
func (s *summary) read(r io.Reader) error {
	s.packages, s.builds = map[string]*packageState{}, map[string]*bytes.Buffer{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(s.out, lines.Text())
			continue
		}
		s.take(e)
	}
	// Packages without a verdict: the runner died.
	for name, p := range s.packages {
		s.count(testID{Package: name}, "fail", p)
		s.print(p.output[""])
	}
	return lines.Err()
}

func (s *summary) take(e event) {
	switch e.Action {
	case "build-output":
		keep(s.builds, e.ImportPath, e.Output)
		return
	case "build-fail":
		return
	}
	p := s.packages[e.Package]
	if p == nil {
		p = &packageState{output: map[string]*bytes.Buffer{}, parents: map[string]bool{}}
		s.packages[e.Package] = p
	}
	if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
		p.parents[e.Test[:i]] = true
	}
	switch e.Action {
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // RUN, PAUSE, CONT, NAME
		}
		keep(p.output, e.Test, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e, p)
			return
		}
		s.endTest(e, p)
	}
}

// endTest takes a test's verdict. A test that has subtests counts only when it
// failed by itself: its subtests are counted.
func (s *summary) endTest(e event, p *packageState) {
	id := testID{e.Package, e.Test}
	elapsed := time.Duration(e.Elapsed * float64(time.Second))
	switch {
	case e.Action == "fail":
		isParent := slices.ContainsFunc(p.failed, func(t string) bool { return strings.HasPrefix(t, e.Test+"/") })
		p.failed = append(p.failed, e.Test)
		fmt.Fprintf(s.out, "FAIL  %s (%s)\n", id, elapsed.Round(10*time.Millisecond))
		s.print(p.output[e.Test])
		if isParent {
			break
		}
		s.count(id, "fail", p)
	case p.parents[e.Test]:
	case e.Action == "skip":
		s.skips = append(s.skips, skip{id, skipReason(p.output[e.Test])})
		s.count(id, "skip", p)
	default:
		s.count(id, "pass", p)
		if elapsed >= slowTest {
			fmt.Fprintf(s.out, "      %s passed (%s)\n", id, elapsed.Round(100*time.Millisecond))
		}
	}
	delete(p.output, e.Test)
}

func (s *summary) count(id testID, verdict string, p *packageState) {
	p.ran++
	switch verdict {
	case "pass":
		s.passed++
	case "skip":
		s.skipped++
	case "fail":
		s.failed++
		p.failures++
		s.failures = append(s.failures, id)
	}
}

// endPackage prints a package's line. A package that failed though none of its
// tests did (it does not build, a goroutine panicked, it timed out) is itself
// counted as a failure.
func (s *summary) endPackage(e event, p *packageState) {
	delete(s.packages, e.Package)
	if e.Action == "fail" {
		if e.FailedBuild != "" {
			s.print(s.builds[e.FailedBuild])
		}
		for _, output := range p.output { // of no test, or of one without a verdict
			s.print(output)
		}
		if p.failures == 0 {
			s.count(testID{Package: e.Package}, "fail", p)
		}
	}
	if p.ran == 0 {
		return // no test files
	}
	word := "ok  "
	if e.Action == "fail" {
		word = "FAIL"
	}
	fmt.Fprintf(s.out, "%s  %-40s %4d tests %8.1f s\n", word, e.Package, p.ran, e.Elapsed)
}

// close prints what needs attention and the totals, and tells whether the run
// is good. strict is set where nothing but hardware may be missing.
func (s *summary) close(strict bool) bool {
	fmt.Fprintln(s.out)
	ok := s.failed == 0 && len(s.problems) == 0
	for _, k := range s.skips {
		verdict := "skipped"
		if strict && !strings.HasPrefix(k.reason, hardwareReason) {
			verdict, ok = "skipped, which fails this run", false
		}
		fmt.Fprintf(s.out, "%s: %s: %s\n", verdict, k.test, k.reason)
	}
	for _, id := range s.failures {
		fmt.Fprintf(s.out, "failed: %s\n", id)
	}
	for _, text := range s.problems {
		fmt.Fprintf(s.out, "failed: %s\n", text)
	}
	// A problem is no test, but a run with one must not close as a clean one.
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed+len(s.problems), s.skipped)
	return ok
}

func (s *summary) print(output *bytes.Buffer) {
	if output != nil && output.Len() > 0 {
		fmt.Fprintf(s.out, "%s\n", bytes.TrimRight(output.Bytes(), "\n"))
	}
}

// keep appends to one of the buffers and lets go of the oldest output.
func keep(buffers map[string]*bytes.Buffer, key, text string) {
	b := buffers[key]
	if b == nil {
		b = &bytes.Buffer{}
		buffers[key] = b
	}
	if b.Len() > 2*maxOutput {
		tail := bytes.Clone(b.Bytes()[b.Len()-maxOutput:])
		b.Reset()
		b.WriteString("[...]\n")
		b.Write(tail)
	}
	b.WriteString(text)
}

var (
	logPrefix  = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)
	framing    = regexp.MustCompile(`^\s*(=== |--- )`)
	anyContent = regexp.MustCompile(`\S`)
)

// skipReason finds why a test was skipped in its output: what t.Skip printed
// is the last thing before the verdict.
func skipReason(output *bytes.Buffer) string {
	if output == nil {
		return "no reason given"
	}
	reason := "no reason given"
	for line := range strings.Lines(output.String()) {
		line = strings.TrimRight(line, "\n")
		if framing.MatchString(line) || !anyContent.MatchString(line) {
			continue
		}
		if logPrefix.MatchString(line) || reason == "no reason given" {
			reason = strings.TrimSpace(logPrefix.ReplaceAllString(line, ""))
		}
	}
	return reason
}
