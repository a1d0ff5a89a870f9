package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "sightline"

// world is one of the two targets that the module is built for.
type world struct {
	name     string
	env      []string
	patterns []string
}

// browserDirs are the folders that make up the client.
var browserDirs = []string{"wasm", "shaders", "vision"}

func worlds(t *testing.T) []world {
	t.Helper()
	browser := world{name: "js/wasm", env: []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}}
	for _, dir := range browserDirs {
		if holdsGo(t, filepath.Join(root(t), dir)) {
			browser.patterns = append(browser.patterns, "./"+dir+"/...")
		}
	}
	return []world{{name: "native", patterns: []string{"./..."}}, browser}
}

// pkg is what go list -json tells of a package.
type pkg struct {
	ImportPath                         string
	Dir, Doc                           string
	Imports, TestImports, XTestImports []string
	Deps                               []string
	CgoFiles                           []string
	Error                              *struct{ Err string }
}

// name is the package's path below the module.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// listPackages lists the packages of the module as one world sees them.
func listPackages(t *testing.T, w world) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json"}, w.patterns...)...)
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), w.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v\n%s", w.name, err, &stderr)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list for %s: %v", w.name, err)
		}
		if p.Error != nil && p.Dir != "" && len(p.Imports) == 0 {
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

// root is the folder of the module's go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("the module's root is not two folders up: %v", err)
	}
	return dir
}

func holdsGo(t *testing.T, dir string) bool {
	t.Helper()
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}

// fits tells whether a path is the one that a pattern names, or one of those.
func fits(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	return pattern == path
}

func fitsAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, path) })
}

// roomOf finds the row that counts for a package.
func roomOf(name string) (best room, ok bool) {
	length := func(r room) int { return len(strings.TrimSuffix(r.path, "/...")) }
	for _, r := range rooms {
		if !fits(r.path, name) {
			continue
		}
		exact := r.path == name
		if !ok || length(r) > length(best) || length(r) == length(best) && exact {
			best, ok = r, true
		}
	}
	return best, ok
}

// roomFaults says what a package imports from this module against its row.
func roomFaults(p pkg) []string {
	name := p.name()
	r, ok := roomOf(name)
	if !ok {
		return []string{fmt.Sprintf("%s: no room in relay/deptest/rules_test.go; add a row that says what it may import, and why", name)}
	}
	var faults []string
	check := func(imports, may []string, in string) {
		for _, path := range imports {
			imported, ours := strings.CutPrefix(path, module+"/")
			if !ours || imported == name || fitsAny(may, imported) {
				continue
			}
			faults = append(faults, fmt.Sprintf("%s imports %s%s, but may import %s.\n\tWhy: %s.\n\tTo do: declare an interface of what it needs and let relay/app connect the two, or move the code.",
				name, imported, in, allowed(may), r.why))
		}
	}
	check(p.Imports, r.may, "")
	check(slices.Concat(p.TestImports, p.XTestImports), slices.Concat(r.may, r.tests), " in its tests")
	return faults
}

func allowed(may []string) string {
	if len(may) == 0 {
		return "nothing of this module"
	}
	return "only " + strings.Join(may, ", ")
}

func fenceFaults(p pkg) []string {
	var faults []string
	for _, f := range fences {
		if fitsAny(f.only, p.name()) {
			continue
		}
		for _, path := range p.Imports {
			if fitsAny(f.imports, path) {
				only := "no package of this module may"
				if len(f.only) > 0 {
					only = "only these may: " + strings.Join(f.only, ", ")
				}
				faults = append(faults, fmt.Sprintf("%s imports %q; %s.\n\tWhy: %s.", p.name(), path, only, f.why))
			}
		}
	}
	return faults
}

func banFaults(p pkg) []string {
	var faults []string
	for _, b := range bans {
		if !fits(b.room, p.name()) {
			continue
		}
		imports, verb := p.Imports, "imports"
		if b.deep {
			imports, verb = p.Deps, "links"
		}
		for _, path := range imports {
			if fitsAny(b.imports, path) {
				faults = append(faults, fmt.Sprintf("%s %s %q.\n\tWhy not: %s.\n\tgo mod why, or go list -deps, shows the way it comes in.", p.name(), verb, path, b.why))
			}
		}
	}
	return faults
}

func TestImports(t *testing.T) {
	for _, w := range worlds(t) {
		t.Run(w.name, func(t *testing.T) {
			pkgs := listPackages(t, w)
			if len(pkgs) == 0 {
				t.Fatal("no packages found")
			}
			for _, p := range pkgs {
				faults := slices.Concat(roomFaults(p), fenceFaults(p))
				if w.name == "js/wasm" || !fits("wasm/...", p.name()) {
					faults = append(faults, banFaults(p)...)
				}
				for _, fault := range faults {
					t.Error(fault)
				}
			}
		})
	}
}

// TestRules checks the table against made-up packages, so that a rule that
// never bites is noticed.
func TestRules(t *testing.T) {
	imports := func(name string, paths ...string) pkg {
		return pkg{ImportPath: module + "/" + name, Imports: paths, Deps: paths}
	}
	for _, c := range []struct {
		what  string
		p     pkg
		fault string // "" for none
	}{
		{"a source of another source", imports("relay/source/rtsp", "sightline/relay/source/demo"), "relay/source/rtsp imports relay/source/demo"},
		{"a source of a reader", imports("relay/source/rtsp", "sightline/relay/egress/whep"), "imports relay/egress/whep"},
		{"a source of its wire format", imports("relay/source/rtsp", "sightline/relay/rtsp", "sightline/relay/source"), ""},
		{"a reader of the hub", imports("relay/egress/whep", "sightline/relay/hub", "sightline/relay/rtc"), ""},
		{"a reader of a source", imports("relay/egress/whep", "sightline/relay/source"), "imports relay/source"},
		{"the hub of a reader", imports("relay/hub", "sightline/relay/egress/whep"), "imports relay/egress/whep"},
		{"the hub of a protocol", imports("relay/hub", "github.com/pion/webrtc/v4"), "the hub knows no protocol"},
		{"a command of a room", imports("relay/cmd/sightline", "sightline/relay/hub"), "imports relay/hub"},
		{"anything of the wiring", imports("relay/api", "sightline/relay/app"), "imports relay/app"},
		{"the wiring of the client", imports("relay/app", "sightline/wasm/gpu"), "imports wasm/gpu"},
		{"the client of the relay", imports("wasm/player", "sightline/relay/media"), "imports relay/media"},
		{"plain client code of safejs", imports("wasm/player", "github.com/hack-pad/safejs"), "wasm/gpu, wasm/frame, wasm/link"},
		{"client code of syscall/js", imports("wasm/gpu", "syscall/js"), "safejs"},
		{"the client of the network", imports("wasm/link", "net/http"), "links \"net/http\""},
		{"vision of cgo", imports("vision/detect", "C"), "relay/astiav"},
		{"shaders of the client", imports("shaders", "sightline/wasm/gpu"), "imports wasm/gpu"},
		{"code of fakes", imports("relay/hub", "sightline/testkit/camera"), "imports testkit/camera"},
		{"tests of fakes", pkg{ImportPath: "sightline/relay/hub", TestImports: []string{"sightline/testkit/camera"}}, ""},
		{"a new room", imports("relay/util"), "no room in"},
	} {
		t.Run(c.what, func(t *testing.T) {
			faults := strings.Join(slices.Concat(roomFaults(c.p), fenceFaults(c.p), banFaults(c.p)), "\n")
			if c.fault == "" && faults != "" {
				t.Errorf("refused: %s", faults)
			}
			if !strings.Contains(faults, c.fault) {
				t.Errorf("not refused with %q: %q", c.fault, faults)
			}
		})
	}
}
