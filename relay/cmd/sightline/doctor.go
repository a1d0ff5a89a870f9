package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/web"
)

// finding is one line of the doctor's report.
type finding struct {
	// Level is ok, info, warning or error.
	Level string `json:"level"`
	// Area is what was looked at.
	Area string `json:"area"`
	Text string `json:"text"`
	// Code and Fix are those of the condition; empty when all is well.
	Code health.Code `json:"code,omitempty"`
	Fix  string      `json:"fix,omitempty"`
}

func good(area, format string, args ...any) finding {
	return finding{Level: "ok", Area: area, Text: fmt.Sprintf(format, args...)}
}

func bad(area string, c health.Condition) finding {
	return finding{Level: string(c.Severity), Area: area, Text: c.Error(), Code: c.Code, Fix: c.Fix}
}

// report collects findings.
type report struct{ findings []finding }

func (r *report) add(f ...finding) { r.findings = append(r.findings, f...) }

func (r *report) failed() bool {
	for _, f := range r.findings {
		if f.Level == string(health.Error) {
			return true
		}
	}
	return false
}

func runDoctor(ctx context.Context, p *program, args []string) int {
	f := p.flags("doctor", "Check what the relay needs, and a running relay's conditions. Ends with 1 if anything is an error.")
	s := settings{port: -1}
	s.addFile(f)
	s.add(f)
	asJSON := f.Bool("json", false, "print the findings as JSON")
	if code, done := f.parse(args); done {
		return code
	}
	r := examine(ctx, &s)
	if *asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"ok": !r.failed(), "findings": r.findings}); err != nil {
			fmt.Fprintln(p.stderr, "sightline doctor:", err)
			return exitFailed
		}
	} else {
		for _, f := range r.findings {
			level := map[string]string{"ok": "OK", "info": "INFO", "warning": "WARN", "error": "ERROR"}[f.Level]
			fmt.Fprintf(p.stdout, "%-5s  %-14s %s\n", level, f.Area, f.Text)
			if f.Fix != "" {
				fmt.Fprintf(p.stdout, "       %-14s what to do: %s\n", "", f.Fix)
			}
		}
	}
	if r.failed() {
		return exitFailed
	}
	return exitOK
}

// examine runs all checks. What depends on a configuration that is not valid
// is left out.
func examine(ctx context.Context, s *settings) *report {
	r := &report{}
	cfg, err := s.load()
	if err != nil {
		for _, c := range conditionsOf(err) {
			r.add(bad("configuration", c))
		}
	} else {
		r.add(checkConfig(s, cfg)...)
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		r.add(checkNetwork(ctx, cfg)...)
		r.add(checkDataDir(cfg.DataDir), checkTLS(cfg))
		r.add(checkFiles(cfg)...)
	}
	r.add(checkFFmpeg(), checkWebClient(web.Dist()))
	return r
}

// checkNetwork tries the addresses. Where a relay already runs, its conditions
// are reported instead.
func checkNetwork(ctx context.Context, cfg *config.Config) []finding {
	addrs, err := cfg.HTTP.Resolve(ctx, net.DefaultResolver.LookupNetIP)
	if err != nil {
		var out []finding
		for _, c := range conditionsOf(err) {
			out = append(out, bad("http.listen", c))
		}
		return out
	}
	var out, conditions []finding
	var running *runningRelay
	for _, a := range addrs {
		err := tryTCP(ctx, a)
		if err == nil {
			out = append(out, good("http.listen", "%s is free", a))
			continue
		}
		if r, ok := askRelay(ctx, a); ok && isInUse(err) {
			out = append(out, good("http.listen", "a relay runs at %s", r.url))
			if running == nil { // its addresses all say the same
				running = &r
				conditions = runningConditions(r.readiness)
			}
			continue
		}
		out = append(out, bad("http.listen", listenCondition("TCP "+a.String(), err)))
	}
	out = append(out, checkMediaPort(ctx, cfg.WebRTC.Port, running)...)
	return append(out, conditions...)
}
