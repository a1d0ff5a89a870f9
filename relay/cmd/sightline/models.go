package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"sightline/relay/app"
	"sightline/relay/config"
)

const modelsUsage = `Show, get and check the models that detect things.

Usage:
  sightline models list [FLAGS] [NAME]     the models, or one with its classes
  sightline models pull [FLAGS] NAME...    get models, verified
  sightline models check [FLAGS] [NAME...] compare files with the catalogue; ends with 1 if one is damaged

Flags:
  -c FILE                configuration FILE, for its data_dir
  --data-dir FOLDER      use this FOLDER in place of data_dir
  --from URL             pull: take the model from this https: or file: URL in place of the catalogue's
  --all                  pull: every model of the catalogue
`

// modelsCall is one call of sightline models.
type modelsCall struct {
	store *app.ModelStore
	names []string
	from  string
	all   bool
}

// runModels keeps the models' folder.
func runModels(ctx context.Context, p *program, args []string) int {
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || args[0] == "-help" || args[0] == "help" {
		out, code := p.stdout, exitOK
		if len(args) == 0 {
			out, code = p.stderr, exitUsage
		}
		fmt.Fprint(out, modelsUsage)
		return code
	}
	verbs := map[string]func(context.Context, *program, *modelsCall) int{"list": listModels, "pull": pullModels, "check": checkModels}
	verb, ok := verbs[args[0]]
	if !ok {
		hint := "sightline models --help shows how it is used"
		if near := config.Nearest(args[0], []string{"list", "pull", "check"}); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		fmt.Fprintf(p.stderr, "sightline models: unknown word %q; %s\n", args[0], hint)
		return exitUsage
	}
	c := &modelsCall{}
	f := p.flags("models "+args[0], "")
	f.FlagSet.Usage = func() { fmt.Fprint(p.stdout, modelsUsage) }
	s := settings{port: -1}
	s.addFile(f)
	f.StringVar(&s.dataDir, "data-dir", "", "")
	f.StringVar(&c.from, "from", "", "")
	f.BoolVar(&c.all, "all", false, "")
	rest := args[1:]
	for len(rest) > 0 { // names may stand between flags
		if !strings.HasPrefix(rest[0], "-") {
			c.names, rest = append(c.names, rest[0]), rest[1:]
			continue
		}
		if err := f.FlagSet.Parse(rest); err != nil {
			code, _ := f.parse(rest)
			return code
		}
		rest = f.Args()
	}
	cfg, err := s.load()
	if err != nil {
		p.report(err)
		return exitUsage
	}
	if c.store, err = app.OpenModels(cfg.DataDir); err != nil {
		p.report(err)
		return exitFailed
	}
	for _, n := range c.names {
		if _, known := c.store.Entry(n); !known {
			hint := "the catalogue has " + strings.Join(c.store.Names(), ", ")
			if near := config.Nearest(n, c.store.Names()); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			fmt.Fprintf(p.stderr, "sightline models: unknown model %q; %s\n", n, hint)
			return exitUsage
		}
	}
	return verb(ctx, p, c)
}

func listModels(_ context.Context, p *program, c *modelsCall) int {
	if len(c.names) == 0 {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tSIZE\tLICENCE\tSTATE\tABOUT")
		for _, e := range c.store.Entries {
			state, _ := c.store.Check(e.Card.Name)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Card.Name, megabytes(e.Bytes), e.Licence, state, e.About)
		}
		_ = w.Flush()
		return exitOK
	}
	for _, n := range c.names {
		e, _ := c.store.Entry(n)
		state, text := c.store.Check(n)
		in := e.Card.Input
		fmt.Fprintf(p.stdout, "%s: %s\n  file      %s (%s)\n  input     %dx%d, %s\n  from      %s\n  makers    %s (%s)\n  classes   %s\n",
			n, e.About, c.store.Path(n), strings.TrimSpace(string(state)+" "+text), in.Width, in.Height, in.Fit, e.URL, e.Source, e.Licence,
			strings.Join(e.Card.Classes, ", "))
	}
	return exitOK
}

func pullModels(ctx context.Context, p *program, c *modelsCall) int {
	names := c.names
	if c.all {
		names = c.store.Names()
	}
	if len(names) == 0 {
		fmt.Fprintf(p.stderr, "sightline models pull: name a model (%s) or say --all\n", strings.Join(c.store.Names(), ", "))
		return exitUsage
	}
	if c.from != "" && len(names) != 1 {
		fmt.Fprintln(p.stderr, "sightline models pull: --from is for one model")
		return exitUsage
	}
	for _, n := range names {
		if state, _ := c.store.Check(n); state == "ok" && c.from == "" {
			fmt.Fprintf(p.stdout, "%s is there already\n", n)
			continue
		}
		bar := &progress{out: p.stderr, name: n, terminal: isTerminal(p.stderr)}
		err := c.store.Pull(ctx, n, c.from, app.ModelPuller{}, bar.show)
		bar.end()
		if err != nil {
			fmt.Fprintf(p.stderr, "sightline models pull %s: %v\n", n, err)
			return exitFailed
		}
		fmt.Fprintf(p.stdout, "%s is at %s, verified\n", n, c.store.Path(n))
	}
	return exitOK
}

func checkModels(_ context.Context, p *program, c *modelsCall) int {
	code := exitOK
	names := c.names
	if len(names) == 0 {
		names = c.store.Names()
	}
	for _, n := range names {
		state, text := c.store.Check(n)
		if text != "" {
			text = ": " + text
		}
		fmt.Fprintf(p.stdout, "%s: %s%s\n", n, state, text)
		if state == "damaged" || state != "ok" && len(c.names) > 0 {
			fmt.Fprintf(p.stdout, "  what to do: sightline models pull %s\n", n)
			code = exitFailed
		}
	}
	return code
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// progress shows how far a pull is: one line that is written anew on a
// terminal, a line every few seconds elsewhere.
type progress struct {
	out      io.Writer
	name     string
	terminal bool
	last     time.Time
	shown    bool
}

func (b *progress) show(done, total int64) {
	pause := 5 * time.Second
	if b.terminal {
		pause = 100 * time.Millisecond
	}
	now := time.Now()
	if b.last.IsZero() && !b.terminal {
		b.last = now // a quick pull needs no line
	}
	if done < total && now.Sub(b.last) < pause || done == total && !b.terminal {
		return
	}
	b.last, b.shown = now, true
	end := "\n"
	if b.terminal {
		end = "\r"
	}
	fmt.Fprintf(b.out, "%s: %3d %% of %s%s", b.name, done*100/max(total, 1), megabytes(total), end)
}

func (b *progress) end() {
	if b.terminal && b.shown {
		fmt.Fprintln(b.out)
	}
}
