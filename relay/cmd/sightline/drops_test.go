package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDropsCommand(t *testing.T) {
	answer := `{"level":{"rung":"raw_tp","reason":"No types."},"streams":[
		{"stream":"gate","lost":12,"sequence_gaps":12,"upstream":3,"kernel":[{"reason":"SOCKET_RCVBUFF","packets":9}],
		 "unmatched":0,"ring":4,"viewers":5,"summary":"","receive_buffer":{"size":1000,"used":250,"peak":1000,"wanted":1000}},
		{"stream":"yard","lost":0,"sequence_gaps":0,"upstream":0,"kernel":[],"unmatched":0,"ring":0,"viewers":0,"summary":"0 lost",
		 "tcp":{"out_of_order":57,"window":1,"silent_ms":0}}]}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/drops" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer srv.Close()
	run := func(args ...string) (int, string, string) {
		var out, err bytes.Buffer
		code := (&program{stdout: &out, stderr: &err}).run(context.Background(), append([]string{"drops"}, args...))
		return code, out.String(), err.String()
	}
	code, out, _ := run("--once", "--url", srv.URL)
	for _, want := range []string{"drops seen by raw_tp: No types.", "STREAM", "SOCKET_RCVBUFF 9", "25% (peak 100%)", "TCP, 57 out of order"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("code %d, no %q in\n%s", code, want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("a table that is no screen's has control sequences")
	}
	if code, out, _ = run("--once", "--json", "--url", srv.URL); code != exitOK || !strings.HasPrefix(out, `{"level"`) {
		t.Errorf("%d %s", code, out)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--url", "nonsense"}, exitUsage, "http://HOST:PORT"},
		{[]string{"--every", "1ms"}, exitUsage, "less than 100ms"},
		{[]string{"--once", "--url", srv.URL + "/elsewhere"}, exitFailed, "404"},
		{[]string{"--once", "--url", "http://127.0.0.1:1"}, exitFailed, "no relay answers"},
	} {
		if code, _, err := run(c.args...); code != c.code || !strings.Contains(err, c.want) {
			t.Errorf("%v: %d %q, want %d %q", c.args, code, err, c.code, c.want)
		}
	}
	// Live: what is new since the last reading.
	var b bytes.Buffer
	table := dropsTable{out: &b, live: true}
	for _, raw := range []string{answer, strings.Replace(answer, `"lost":12`, `"lost":20`, 1)} {
		if err := table.show([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(b.String(), "\x1b[H\x1b[2J") || !strings.Contains(b.String(), "+8") {
		t.Errorf("%q", b.String())
	}
	if table.show([]byte("<html>")) == nil || table.show([]byte("{}")) == nil {
		t.Error("an answer that is no report is shown")
	}
}
