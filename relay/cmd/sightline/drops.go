package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"sightline/relay/app"
)

func runDrops(ctx context.Context, p *program, args []string) int {
	f := p.flags("drops", "Show what each stream of a running relay has lost, and where, until it is interrupted.")
	base := f.String("url", "http://127.0.0.1:8080", "the relay's `ADDRESS`")
	every := f.Duration("every", time.Second, "time between two readings, such as 500ms")
	once := f.Bool("once", false, "print one table and end")
	asJSON := f.Bool("json", false, "print the API's answers as they are, one per line")
	if code, done := f.parse(args); done {
		return code
	}
	u, err := url.Parse(*base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		fmt.Fprintf(p.stderr, "sightline drops: --url: %q is no address; the rule is http://HOST:PORT\n", *base)
		return exitUsage
	}
	if *every < 100*time.Millisecond {
		fmt.Fprintf(p.stderr, "sightline drops: --every: %v is less than 100ms\n", *every)
		return exitUsage
	}
	t := dropsTable{out: p.stdout, live: isTerminal(p.stdout) && !*once, json: *asJSON}
	tick := time.NewTicker(*every)
	defer tick.Stop()
	for {
		raw, err := fetchDrops(ctx, u.JoinPath("/api/v1/drops").String())
		if ctx.Err() != nil {
			return exitOK
		}
		if err == nil {
			err = t.show(raw)
		}
		if err != nil {
			fmt.Fprintf(p.stderr, "sightline drops: %v\n", err)
			return exitFailed
		}
		if *once {
			return exitOK
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return exitOK
		}
	}
}

// fetchDrops asks the relay.
func fetchDrops(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no relay answers: %w; start one (sightline serve) or name its address with --url", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; is it a Sightline relay that knows drops?", address, resp.Status)
	}
	return body, nil
}

// isTerminal says whether output goes to a person's screen.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// dropsTable shows one reading after another; live, each in place of the last.
type dropsTable struct {
	out  io.Writer
	live bool
	json bool
	last map[string]uint64 // lost packets by stream
}

func (t *dropsTable) show(raw []byte) error {
	if t.json {
		_, err := fmt.Fprintf(t.out, "%s\n", strings.TrimSpace(string(raw)))
		return err
	}
	var report app.DropsReport
	if err := json.Unmarshal(raw, &report); err != nil || report.Level.Rung == "" {
		return errors.Join(errors.New("the answer is no report of drops"), err)
	}
	var b strings.Builder
	if t.live {
		b.WriteString("\x1b[H\x1b[2J") // home, clear
	}
	fmt.Fprintf(&b, "%s  drops seen by %s", time.Now().Format("15:04:05"), report.Level.Rung)
	if report.Level.Reason != "" {
		fmt.Fprintf(&b, ": %s", report.Level.Reason)
	}
	b.WriteString("\n\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STREAM\tLOST\tNEW\tUPSTREAM\tKERNEL\tRING\tVIEWERS\tBUFFER\tBY REASON")
	now := map[string]uint64{}
	for _, s := range report.Streams {
		now[s.Stream] = s.Lost
		fresh := "-"
		if before, ok := t.last[s.Stream]; ok {
			fresh = fmt.Sprintf("+%d", s.Lost-min(before, s.Lost))
		}
		var reasons []string
		for _, k := range s.Kernel {
			reasons = append(reasons, fmt.Sprintf("%s %d", k.Reason, k.Packets))
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", s.Stream, s.Lost, fresh, s.Upstream,
			s.Lost-s.Upstream, s.Ring, s.Viewers, fill(s), strings.Join(reasons, ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	t.last = now
	_, err := io.WriteString(t.out, b.String())
	return err
}

// fill says how full a stream's receive buffer has been, or what its TCP
// connection does.
func fill(s app.StreamLoss) string {
	switch {
	case s.Buffer != nil && s.Buffer.Size > 0:
		return fmt.Sprintf("%d%% (peak %d%%)", s.Buffer.Used*100/s.Buffer.Size, s.Buffer.Peak*100/s.Buffer.Size)
	case s.TCP != nil && s.TCP.Window == 0:
		return "TCP, window closed"
	case s.TCP != nil:
		return fmt.Sprintf("TCP, %d out of order", s.TCP.OutOfOrder)
	}
	return "-"
}
