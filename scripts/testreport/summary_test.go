package main

import (
	"bytes"
	"strings"
	"testing"
)

// The events of a run in which one test passes, one of two subtests fails, one
// test is skipped, and one package does not build.
const mixed = `
{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"noise of a good test\n"}
{"Action":"pass","Package":"a","Test":"TestGood","Elapsed":0.1}
{"Action":"run","Package":"a","Test":"TestTable"}
{"Action":"pass","Package":"a","Test":"TestTable/one","Elapsed":0}
{"Action":"output","Package":"a","Test":"TestTable/two","Output":"    a_test.go:9: 1 != 2\n"}
{"Action":"fail","Package":"a","Test":"TestTable/two","Elapsed":0}
{"Action":"fail","Package":"a","Test":"TestTable","Elapsed":0}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"=== RUN   TestGPU\n"}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"    a_test.go:20: hardware: no CUDA device\n"}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"--- SKIP: TestGPU (0.00s)\n"}
{"Action":"skip","Package":"a","Test":"TestGPU","Elapsed":0}
{"Action":"fail","Package":"a","Elapsed":0.2}
{"ImportPath":"b [b.test]","Action":"build-output","Output":"b/b.go:1:1: expected 'package'\n"}
{"ImportPath":"b [b.test]","Action":"build-fail"}
{"Action":"fail","Package":"b","Elapsed":0,"FailedBuild":"b [b.test]"}
{"Action":"skip","Package":"c","Elapsed":0}
`

func report(t *testing.T, events string, strict bool) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	s := &summary{out: &out}
	if err := s.read(strings.NewReader(strings.TrimSpace(events))); err != nil {
		t.Fatal(err)
	}
	ok := s.close(strict)
	return out.String(), ok
}

func TestSummaryOfMixedRun(t *testing.T) {
	out, ok := report(t, mixed, true)
	if ok {
		t.Error("a run with failures is called good")
	}
	if !strings.HasSuffix(out, "\n2 passed, 2 failed, 1 skipped\n") {
		t.Errorf("the totals are wrong:\n%s", out)
	}
	for _, want := range []string{"1 != 2", "expected 'package'", "failed: a TestTable/two\n", "failed: b\n", "skipped: a TestGPU: hardware: no CUDA device\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not printed:\n%s", want, out)
		}
	}
	if strings.Contains(out, "noise") {
		t.Errorf("the output of a test that passed is printed:\n%s", out)
	}
}

func TestSkips(t *testing.T) {
	skipped := func(reason string) string {
		return `{"Action":"output","Package":"a","Test":"T","Output":"    a_test.go:3: ` + reason + `\n"}
{"Action":"skip","Package":"a","Test":"T"}
{"Action":"pass","Package":"a"}`
	}
	for _, c := range []struct {
		name, events string
		strict, ok   bool
	}{
		{"no shared data", skipped("no ../shared"), false, true},
		{"shared data is there", skipped("no chromium"), true, false},
		{"missing hardware", skipped("hardware: no camera"), true, true},
		{"no reason", `{"Action":"skip","Package":"a","Test":"T"}` + "\n" + `{"Action":"pass","Package":"a"}`, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, ok := report(t, c.events, c.strict)
			if ok != c.ok {
				t.Errorf("good = %v, want %v:\n%s", ok, c.ok, out)
			}
			if !strings.HasSuffix(out, "0 passed, 0 failed, 1 skipped\n") {
				t.Errorf("the totals are wrong:\n%s", out)
			}
		})
	}
}

func TestSummaryOfBrokenRuns(t *testing.T) {
	for _, c := range []struct{ name, events, want string }{
		{"panic outside a test", `{"Action":"output","Package":"a","Output":"panic: out of nowhere\n"}
{"Action":"fail","Package":"a"}`, "panic: out of nowhere"},
		{"the runner died", `{"Action":"output","Package":"a","Output":"signal: killed\n"}`, "signal: killed"},
		{"no event", "node: bad option", "node: bad option"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, _ := report(t, c.events, true); !strings.Contains(out, c.want) {
				t.Errorf("%q is not printed:\n%s", c.want, out)
			}
		})
	}
}
