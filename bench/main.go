// Command bench measures the product as its users meet it and prints one
// table; the raw figures go to bench/results/*.json. It owns the ways to
// measure: a clip, a camera and viewers of its own, each in a process of its
// own, so that the figures of the relay are the relay's alone. It asserts
// nothing.
//
// Run it with make bench, or after make build: go run ./bench -run relay
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	relay   string // the program measured
	results string // folder for the JSON files
	cache   string // folder for what is made once
	profile string // folder for profiles of the relay, "" for none
	window  time.Duration
	rounds  int
	frames  int
	visits  int
}

// section is one group of figures; run returns what goes to its JSON file.
type section struct {
	name  string
	about string
	run   func(ctx context.Context, o *options, t *table) (any, error)
}

var sections = []section{
	{"relay", "CPU and memory of the relay for 1, 10 and 30 viewers, and of a bare loop that sends the same", benchRelay},
	{"delay", "time from the relay getting a picture to its last packet at a viewer", benchDelay},
	{"demo", "CPU of the demo camera at 720p25", benchDemo},
	{"latency", "glass to glass in Chromium, read from the picture's counter", benchLatency},
	{"hold", "glass to glass of pictures that the relay analyses, with holding them for their boxes and without", benchHold},
	{"analysis", "inference against a bare loop, CPU and latency of streams analysed at 5 fps (../shared)", benchAnalysis},
	{"page", "download of a first visit, and time to the first picture", benchPage},
	{"shaders", "GPU pass times", benchShaders},
	{"devices", "CPU and memory of a GB/T 28181 platform with 10,000 registered devices", benchDevices},
	{"gb28181", "CPU of the relay for a stream by GB/T 28181 and the same by RTSP, and how fast a program stream is read", benchGB28181},
	{"drops", "cost of watching for dropped packets, by the kernel's own statistics (as root)", benchDrops},
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == roleWord {
		if err := runRole(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", os.Args[2], err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Usage = func() {
		w := f.Output()
		fmt.Fprint(w, "Measures the product; prints a table and writes JSON files.\n\n"+
			"usage: make bench ARGS=\"[flags]\", or after make build: go run ./bench [flags]\n\nSections:\n")
		for _, s := range sections {
			fmt.Fprintf(w, "  %-9s %s\n", s.name, s.about)
		}
		fmt.Fprint(w, "\nFlags:\n")
		f.PrintDefaults()
	}
	filter := f.String("run", "", "run only the sections whose name matches this `REGEXP`")
	f.StringVar(&o.relay, "relay", filepath.Join("bin", "sightline"), "`PROGRAM` to measure")
	f.StringVar(&o.results, "results", filepath.Join("bench", "results"), "write the JSON files to this `FOLDER`")
	f.StringVar(&o.cache, "cache", filepath.Join(".cache", "bench"), "keep what is made once in this `FOLDER`")
	f.StringVar(&o.profile, "profile", "", "write profiles of the relay with 30 viewers to this `FOLDER`; the relay then runs inside this program")
	f.DurationVar(&o.window, "window", 6*time.Second, "watch each case for this `TIME`")
	f.IntVar(&o.rounds, "rounds", 2, "measure the relay and the bare loop this `NUMBER` of times, in turn")
	f.IntVar(&o.frames, "frames", 300, "read this `NUMBER` of pictures from the browser's canvas")
	f.IntVar(&o.visits, "visits", 5, "visit the page this `NUMBER` of times")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return 0
		}
		return 2
	}
	match, err := regexp.Compile(*filter)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: -run %q: %v\n", *filter, err)
		return 2
	}
	if problem := o.check(f.Args()); problem != "" {
		fmt.Fprintln(os.Stderr, "bench:", problem)
		return 2
	}
	return o.measure(ctx, match)
}

// check says what is wrong with the options, "" for nothing.
func (o *options) check(rest []string) string {
	switch {
	case len(rest) > 0:
		return fmt.Sprintf("unexpected argument %q; sections are chosen with -run", rest[0])
	case o.window < 3*time.Second:
		return fmt.Sprintf("-window %v: must be at least 3s, to hold a key frame", o.window)
	case o.rounds < 1 || o.visits < 1 || o.frames < 20:
		return "-rounds and -visits must be at least 1, -frames at least 20"
	}
	for _, name := range []string{"package.json", o.relay} {
		if _, err := os.Stat(name); err != nil {
			return fmt.Sprintf("%s is not there; run this at the top of the repository, after make build", name)
		}
	}
	return ""
}

func (o *options) measure(ctx context.Context, match *regexp.Regexp) int {
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	begun, failed, t := time.Now(), 0, &table{}
	matched := false
	for _, s := range sections {
		if !match.MatchString(s.name) {
			continue
		}
		matched = true
		fmt.Fprintf(os.Stderr, "bench: %s: %s ...\n", s.name, s.about)
		t.section = s.name
		at, before := time.Now(), loadAverage()
		result, err := s.run(ctx, o, t)
		if err == nil {
			err = writeResult(filepath.Join(o.results, s.name+".json"), report{
				Section: s.name, At: at.UTC().Truncate(time.Second), Seconds: round(time.Since(at).Seconds(), 1),
				Machine: thisMachine(), Load: [2]string{before, loadAverage()}, Result: result})
		}
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "bench: interrupted")
			return 130
		}
		if err != nil {
			failed++
			t.add("failed", "", err.Error())
		}
	}
	if !matched {
		fmt.Fprintf(os.Stderr, "bench: -run %s matches no section; see --help\n", match)
		return 2
	}
	t.print(os.Stdout)
	m := thisMachine()
	fmt.Printf("\n%s, %d cores; load average %s; %.0f s; raw figures in %s\n",
		m.CPU, m.Cores, loadAverage(), time.Since(begun).Seconds(), o.results)
	if failed > 0 {
		return 1
	}
	return 0
}
