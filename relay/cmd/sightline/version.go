package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"sightline/relay/app/doctor"
)

// buildVersion is what the binary knows of its making.
type buildVersion struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed tree
	Go       string `json:"go"`
	Platform string `json:"platform"`
	FFmpeg   string `json:"ffmpeg,omitempty"`
}

func version() buildVersion {
	v := buildVersion{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, FFmpeg: doctor.FFmpegVersion()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func runVersion(_ context.Context, p *program, args []string) int {
	f := p.flags("version", "Print the version.")
	asJSON := f.Bool("json", false, "print it as JSON")
	if code, done := f.parse(args); done {
		return code
	}
	v := version()
	if *asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			fmt.Fprintln(p.stderr, "sightline version:", err)
			return exitFailed
		}
		return exitOK
	}
	fmt.Fprintf(p.stdout, "sightline %s (%s, %s", v.Version, v.Go, v.Platform)
	if v.FFmpeg != "" {
		fmt.Fprintf(p.stdout, ", %s", v.FFmpeg)
	}
	fmt.Fprintln(p.stdout, ")")
	return exitOK
}
