package astiav_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

// TestExportedNames compares what the package exports with testdata/api.txt. A name
// may be added there only if go-astiav v0.42 has it with the same signature:
// otherwise the rest of the project would not compile without the replace line.
func TestExportedNames(t *testing.T) {
	got := strings.Join(exportedNames(t), "\n") + "\n"
	golden := filepath.Join("testdata", "api.txt")
	if *update {
		ok(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	ok(t, err)
	if got == string(want) {
		return
	}
	known := strings.Split(string(want), "\n")
	for _, name := range strings.Split(got, "\n") {
		if !slices.Contains(known, name) {
			t.Errorf("%s is new: check that go-astiav v0.42 has it, then run with -update", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(strings.Split(got, "\n"), name) {
			t.Errorf("%s is gone", name)
		}
	}
}

// exportedNames lists types, functions, methods, constants and variables.
func exportedNames(t *testing.T) (names []string) {
	files, err := filepath.Glob("*.go")
	ok(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		ok(t, err)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = receiver(d.Recv.List[0].Type) + "." + name
				}
				// The methods of flagSet belong to exported aliases.
				if d.Name.IsExported() && (ast.IsExported(name) || strings.HasPrefix(name, "flagSet.")) {
					names = append(names, name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							names = append(names, s.Name.Name)
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								names = append(names, n.Name)
							}
						}
					}
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
