// Package doctor looks at what a relay needs before it can run: configuration,
// ports, the GB/T 28181 platform, folders, FFmpeg, ONNX Runtime with the models,
// and the web client; and asks a relay that runs already for its conditions. It
// changes nothing on the machine.
package doctor

import (
	"context"
	"fmt"
	"net"
	"time"

	"sightline/relay/config"
	"sightline/relay/health"
)

// Finding is one line of the report.
type Finding struct {
	// Level is ok, or a condition's severity: info, warning, error.
	Level string `json:"level"`
	// Area is what was looked at.
	Area string `json:"area"`
	Text string `json:"text"`
	// Code and Fix are those of the condition; empty when all is well.
	Code health.Code `json:"code,omitempty"`
	Fix  string      `json:"fix,omitempty"`
}

// Options say what to look at.
type Options struct {
	// File is the configuration's name, empty for the demo.
	File string
	// Config is the configuration, nil if it is not valid; ConfigError says
	// then why.
	Config      *config.Config
	ConfigError error
	// WebBuilt says that the binary holds the web client.
	WebBuilt bool
}

// Failed says whether a finding is an error.
func Failed(findings []Finding) bool {
	for _, f := range findings {
		if f.Level == string(health.Error) {
			return true
		}
	}
	return false
}

// Examine runs all checks. What depends on a configuration that is not valid
// is left out.
func Examine(ctx context.Context, o Options) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return append(examineConfig(ctx, o), checkFFmpeg(ctx), checkDrops(o.Config), checkWebClient(o.WebBuilt))
}

// examineConfig checks what the configuration names.
func examineConfig(ctx context.Context, o Options) []Finding {
	if o.ConfigError != nil {
		return failures("configuration", o.ConfigError)
	}
	out := checkConfig(o.File, o.Config)
	out = append(out, checkNetwork(ctx, o.Config)...)
	out = append(out, checkDataDir(o.Config.DataDir), checkTLS(o.Config))
	out = append(out, checkInference(o.Config)...)
	return append(out, checkFiles(o.Config)...)
}

func good(area, format string, args ...any) Finding {
	return Finding{Level: "ok", Area: area, Text: fmt.Sprintf(format, args...)}
}

func bad(area string, c health.Condition) Finding {
	return Finding{Level: string(c.Severity), Area: area, Text: c.Error(), Code: c.Code, Fix: c.Fix}
}

// failures makes findings of an error that carries conditions.
func failures(area string, err error) []Finding {
	var out []Finding
	for _, c := range config.Conditions(err) {
		out = append(out, bad(area, c))
	}
	return out
}

// checkNetwork tries the addresses. Where a relay already runs, its conditions
// are reported instead.
func checkNetwork(ctx context.Context, cfg *config.Config) []Finding {
	addrs, err := cfg.HTTP.Resolve(ctx, net.DefaultResolver.LookupNetIP)
	if err != nil {
		return failures("http.listen", err)
	}
	var out, conditions []Finding
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
	out = append(out, checkPlatform(ctx, cfg.GB28181, running)...)
	return append(out, conditions...)
}
