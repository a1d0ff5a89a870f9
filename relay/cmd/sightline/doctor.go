package main

import (
	"context"
	"encoding/json"
	"fmt"

	"sightline/relay/app/doctor"
	"sightline/web"
)

func runDoctor(ctx context.Context, p *program, args []string) int {
	f := p.flags("doctor", "Check what the relay needs, and a running relay's conditions. Ends with 1 if anything is an error.")
	s := settings{port: -1}
	s.addFile(f)
	s.add(f)
	asJSON := f.Bool("json", false, "print the findings as JSON")
	if code, done := f.parse(args); done {
		return code
	}
	o := doctor.Options{File: s.file}
	o.Config, o.ConfigError = s.load()
	_, o.WebBuilt = web.Dist()
	findings := doctor.Examine(ctx, o)
	if *asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"ok": !doctor.Failed(findings), "findings": findings}); err != nil {
			fmt.Fprintln(p.stderr, "sightline doctor:", err)
			return exitFailed
		}
	} else {
		for _, f := range findings {
			level := map[string]string{"ok": "OK", "info": "INFO", "warning": "WARN", "error": "ERROR"}[f.Level]
			fmt.Fprintf(p.stdout, "%-5s  %-14s %s\n", level, f.Area, f.Text)
			if f.Fix != "" {
				fmt.Fprintf(p.stdout, "       %-14s what to do: %s\n", "", f.Fix)
			}
		}
	}
	if doctor.Failed(findings) {
		return exitFailed
	}
	return exitOK
}
