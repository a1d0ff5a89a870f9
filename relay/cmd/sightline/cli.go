package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"sightline/relay/config"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it could not start, stopped with an error, or doctor found one
	exitUsage  = 2 // wrong arguments or a wrong configuration
)

// program is what the commands need of the world.
type program struct {
	stdout, stderr io.Writer
	start          starter
}

// command is one subcommand.
type command struct {
	name, summary string
	run           func(ctx context.Context, p *program, args []string) int
}

func commands() []command {
	return []command{
		{"serve", "Run the relay (without -c: with the demo camera)", runServe},
		{"demo", "Run the relay with the demo camera alone", runDemo},
		{"probe", "Look at a source: what it sends, and what the relay will do with it", runProbe},
		{"models", "List, get and check the models that detect things", runModels},
		{"drops", "Show what the streams of a running relay lose, and why", runDrops},
		{"gb-device", "Simulate GB/T 28181 devices, for integrators and tests", runGBDevice},
		{"doctor", "Check configuration, ports, FFmpeg and a running relay", runDoctor},
		{"version", "Print the version", runVersion},
	}
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Sightline shows cameras in the browser with low latency.\n\nUsage:\n  sightline COMMAND [FLAGS]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nsightline COMMAND --help lists a command's flags.\n")
}

// run is the whole program; it returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		usage(p.stderr)
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			usage(p.stdout)
			return exitOK
		}
		name, rest = rest[0], []string{"--help"}
	case "-version", "--version":
		name = "version"
	}
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, p, rest)
		}
		names = append(names, c.name)
	}
	hint := "sightline --help lists the commands"
	if near := config.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	fmt.Fprintf(p.stderr, "sightline: unknown command %q; %s\n", name, hint)
	return exitUsage
}

// flags is a flag set that reports in our own form.
type flags struct {
	*flag.FlagSet
	p *program
}

func (p *program) flags(name, summary string) flags {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return flags{f, p}.describe(summary)
}

func (f flags) describe(summary string) flags {
	f.FlagSet.Usage = func() {
		fmt.Fprintf(f.p.stdout, "%s\n\nUsage:\n  sightline %s [FLAGS]\n\nFlags:\n", summary, f.Name())
		f.VisitAll(func(fl *flag.Flag) {
			dash := "--"
			if len(fl.Name) == 1 {
				dash = "-"
			}
			value, text := flag.UnquoteUsage(fl)
			if fl.DefValue != "" && fl.DefValue != "false" {
				text += fmt.Sprintf(" (default %s)", fl.DefValue)
			}
			fmt.Fprintf(f.p.stdout, "  %-22s %s\n", strings.TrimSpace(dash+fl.Name+" "+value), text)
		})
	}
	return f
}

// parse reads the arguments; done says that the command ends with code.
func (f flags) parse(args []string) (code int, done bool) {
	usage := f.FlagSet.Usage
	f.FlagSet.Usage = func() {} // on mistakes one line is enough
	err := f.FlagSet.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		usage()
		return exitOK, true
	case err != nil:
		fmt.Fprintf(f.p.stderr, "sightline %s: %v; sightline %s --help lists the flags\n", f.Name(), err, f.Name())
		return exitUsage, true
	case f.NArg() > 0:
		hint := ""
		if f.Lookup("c") != nil && (strings.HasSuffix(f.Arg(0), ".yaml") || strings.HasSuffix(f.Arg(0), ".yml")) {
			hint = fmt.Sprintf("; did you mean -c %s?", f.Arg(0))
		}
		fmt.Fprintf(f.p.stderr, "sightline %s: unexpected argument %q%s\n", f.Name(), f.Arg(0), hint)
		return exitUsage, true
	}
	return 0, false
}

// report prints an error as its conditions with their fixes.
func (p *program) report(err error) {
	conditions := config.Conditions(err)
	if conditions == nil {
		fmt.Fprintf(p.stderr, "sightline: %v\n", err)
		return
	}
	for i, c := range conditions {
		fmt.Fprintf(p.stderr, "sightline: %s\n", c.Error())
		if i == len(conditions)-1 || conditions[i+1].Fix != c.Fix {
			fmt.Fprintf(p.stderr, "  what to do: %s\n", c.Fix)
		}
	}
}
