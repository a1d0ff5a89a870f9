package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProbeCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.mp4")
	if err := os.WriteFile(file, []byte(strings.Repeat("no video ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	yaml := write(t, "x.yaml", "streams: {gate: {source: "+file+"}}\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"probe", "--help"}, exitOK, "sightline probe [FLAGS] SOURCE"},
		{[]string{"probe"}, exitUsage, "one source is needed"},
		{[]string{"probe", "a", "b"}, exitUsage, "one source is needed"},
		{[]string{"probe", "--bogus", "a"}, exitUsage, "bogus"},
		{[]string{"probe", "--transport", "pigeon", "a"}, exitUsage, `"pigeon" is not one of`},
		{[]string{"probe", "push"}, exitUsage, "start the relay"},
		{[]string{"probe", "ffmpeg:gopher://h/x"}, exitUsage, "gopher"},
		{[]string{"probe", file}, exitFailed, "cannot show it"},
		{[]string{"probe", "-c", yaml, "gate"}, exitFailed, "cannot show it"},
		{[]string{"probe", "-c", yaml, "gaet"}, exitUsage, `did you mean "gate"?`},
		{[]string{"probe", file, "--json"}, exitFailed, `"code": "source-not-media"`},
	} {
		var stdout, stderr strings.Builder
		p := &program{stdout: &stdout, stderr: &stderr}
		if code := p.run(t.Context(), c.args); code != c.code || !strings.Contains(stdout.String()+stderr.String(), c.want) {
			t.Errorf("%v: code %d\n%s%s", c.args, code, &stdout, &stderr)
		}
		if c.args[len(c.args)-1] == "--json" && !json.Valid([]byte(stdout.String())) {
			t.Errorf("no JSON: %s", &stdout)
		}
	}
}
