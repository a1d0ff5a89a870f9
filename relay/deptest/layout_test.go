package deptest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxLines is how long a file written by hand may grow.
const maxLines = 500

// skippedDirs hold what nobody writes by hand.
var skippedDirs = map[string]bool{
	".git": true, ".tools": true, ".cache": true, "node_modules": true,
	"bin": true, "dist": true, "data": true, "testdata": true,
}

// sources calls visit for every file of the repository with one of the
// extensions, generated ones left out.
func sources(t *testing.T, extensions string, visit func(path string, text []byte)) {
	t.Helper()
	top := root(t)
	generated := regexp.MustCompile(`(?m)^\W*Code generated .* DO NOT EDIT\.`)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skippedDirs[d.Name()] {
				return filepath.SkipDir
			}
			return nil
		}
		ext := filepath.Ext(path)
		if ext == "" || !strings.Contains(extensions+" ", ext+" ") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if generated.Match(text[:min(len(text), 1024)]) {
			return nil
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreShort(t *testing.T) {
	sources(t, ".go .ts .mjs .wgsl .c .h .css .html .py .sh", func(path string, text []byte) {
		if n := bytes.Count(text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by what its parts are about", path, n, maxLines)
		}
	})
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, w := range worlds(t) {
		for _, p := range listPackages(t, w) {
			if p.Doc == "" {
				t.Errorf("%s (%s) has no package comment: say what it owns and what it does not know", p.ImportPath, w.name)
			}
		}
	}
}

func TestKernelsSayWhatTheyMake(t *testing.T) {
	sources(t, ".wgsl", func(path string, text []byte) {
		if !bytes.HasPrefix(text, []byte("//")) {
			t.Errorf("%s does not begin with a comment: say what one invocation makes, the dispatch and the layout", path)
		}
	})
}

func TestExportedIdentifiersAreDocumented(t *testing.T) {
	sources(t, ".go", func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		if file.Name.Name == "main" {
			return
		}
		for _, id := range undocumented(file) {
			t.Errorf("%s: exported %s has no doc comment: say what it does, its units, its errors", set.Position(id.Pos()), id.Name)
		}
	})
}

// undocumented finds the exported identifiers of a file without a comment. In
// a group of constants or variables, the group's comment is enough.
func undocumented(file *ast.File) []*ast.Ident {
	var found []*ast.Ident
	need := func(id *ast.Ident, comments ...*ast.CommentGroup) {
		if !id.IsExported() {
			return
		}
		for _, c := range comments {
			if c != nil {
				return
			}
		}
		found = append(found, id)
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiverIsExported(d.Recv) && !wellKnown[d.Name.Name] {
				need(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					need(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						need(name, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return found
}

// wellKnown methods do what the standard library's interface of that name says.
var wellKnown = map[string]bool{
	"Error": true, "String": true, "Unwrap": true, "Is": true, "LogValue": true,
	"MarshalJSON": true, "UnmarshalJSON": true, "MarshalText": true, "UnmarshalText": true,
	"MarshalYAML": true, "UnmarshalYAML": true, "Len": true, "Less": true, "Swap": true,
}

func receiverIsExported(recv *ast.FieldList) bool {
	expr := recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}
