package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sightline/relay/config"
)

var (
	fenced = regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```")
	links  = regexp.MustCompile(`\]\(([a-z0-9./-]*\.md)?(?:#([a-z0-9-]+))?\)`)
	heads  = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	out := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(data)
	}
	return out
}

// What the pages tell people to write has to load.
func TestYAMLInTheDocsIsValid(t *testing.T) {
	for _, name := range []string{"GATE_PASSWORD", "YARD_PASSWORD", "GB_PASSWORD"} {
		t.Setenv(name, "x")
	}
	found := 0
	for name, text := range pages(t) {
		for _, m := range fenced.FindAllStringSubmatch(text, -1) {
			found++
			yaml := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")
			if _, err := config.Parse(name, []byte(yaml)); err != nil {
				t.Errorf("%v\n%s", err, yaml)
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d examples found", found)
	}
}

func TestLinksInTheDocsLeadSomewhere(t *testing.T) {
	all := pages(t)
	anchors := map[string]map[string]bool{}
	for name, text := range all {
		anchors[name] = map[string]bool{}
		for _, h := range heads.FindAllStringSubmatch(text, -1) {
			a := strings.ReplaceAll(strings.ToLower(h[1]), " ", "-")
			anchors[name][regexp.MustCompile(`[^a-z0-9-]`).ReplaceAllString(a, "")] = true
		}
	}
	for name, text := range all {
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			to := m[1]
			if to == "" {
				to = name
			}
			if _, ok := all[to]; !ok {
				t.Errorf("%s links to %s, which is not there", name, to)
			} else if m[2] != "" && !anchors[to][m[2]] {
				t.Errorf("%s links to %s#%s, which is not there", name, to, m[2])
			}
		}
	}
}
