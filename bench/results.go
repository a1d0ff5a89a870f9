package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is one JSON file.
type report struct {
	Section string    `json:"section"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Machine machine   `json:"machine"`
	// Load is the machine's load average before and after: what else it did.
	Load   [2]string `json:"load_average"`
	Result any       `json:"result"`
}

// machine says where the figures were measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

func thisMachine() machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Kernel: strings.TrimSpace(readText("/proc/sys/kernel/osrelease"))}
	for line := range strings.Lines(readText("/proc/cpuinfo")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	return m
}

func loadAverage() string {
	f := strings.Fields(readText("/proc/loadavg"))
	if len(f) < 3 {
		return "unknown"
	}
	return strings.Join(f[:3], " ")
}

func readText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

func writeResult(path string, r report) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// table is what people read.
type table struct {
	section string
	rows    [][4]string
}

func (t *table) add(what, value, note string) {
	t.rows = append(t.rows, [4]string{t.section, what, value, note})
}

func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	last := ""
	for _, r := range t.rows {
		if r[0] != last && last != "" {
			fmt.Fprintln(tw)
		}
		name := r[0]
		if name == last {
			name = ""
		}
		last = r[0]
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", name, r[1], r[2], r[3])
	}
	_ = tw.Flush()
}

// spread are the usual figures of a set of samples.
type spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func spreadOf(samples []float64) spread {
	if len(samples) == 0 {
		return spread{}
	}
	s := slices.Sorted(slices.Values(samples))
	at := func(q float64) float64 { return round(s[min(len(s)-1, int(q*float64(len(s))))], 3) }
	return spread{N: len(s), P50: at(0.5), P90: at(0.9), P95: at(0.95), P99: at(0.99), Max: round(s[len(s)-1], 3)}
}

// median is the middle one, or the mean of the two in the middle.
func median(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(samples))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}
