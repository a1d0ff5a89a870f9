// Gendoc writes docs/configure.md from the doc comments and the defaults of
// the structs in relay/config, so that the page cannot lag behind the code.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/template"
	"time"

	"sightline/relay/config"
)

//go:embed configure.md.tmpl
var page string

//go:embed example.yml
var example string

func main() {
	out := flag.String("o", "", "file to write")
	dir := flag.String("dir", ".", "folder of package config")
	flag.Parse()
	text, err := generate(*dir)
	if err == nil {
		err = os.WriteFile(*out, []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendoc:", err)
		os.Exit(1)
	}
}

// section is one table of the page.
type section struct {
	Title, Doc string
	Rows       []row
}

type row struct{ Key, Default, Doc string }

// generate returns the page; dir holds the sources of package config.
func generate(dir string) (string, error) {
	docs, err := readDocs(dir)
	if err != nil {
		return "", err
	}
	def := config.Default()
	var sections []section
	root := section{Title: "Outside the sections"}
	v := reflect.ValueOf(*def)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		switch {
		case f.Type == reflect.TypeFor[map[string]config.Stream]():
			s, err := table("streams.NAME", docs, reflect.ValueOf(config.DefaultStream()))
			if err != nil {
				return "", err
			}
			s.Doc = docs["Config.Streams"]
			source, err := table("streams.NAME.source", docs, reflect.ValueOf(config.Source{}))
			if err != nil {
				return "", err
			}
			source.Doc = "The long form of a source."
			analyze, err := table("streams.NAME.analyze", docs, reflect.ValueOf(config.DefaultAnalyze()))
			if err != nil {
				return "", err
			}
			sections = append(sections, s, source, analyze)
		case f.Type.Kind() == reflect.Struct:
			s, err := table(key, docs, v.Field(i))
			if err != nil {
				return "", err
			}
			s.Doc = docs[f.Type.Name()]
			sections = append(sections, s)
		default:
			root.Rows = append(root.Rows, row{key, show(v.Field(i)), docs["Config."+f.Name]})
		}
	}
	t, err := template.New("page").Parse(page)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, map[string]any{"Sections": append(sections, root), "Example": strings.TrimSpace(example)})
	return b.String(), err
}

func table(title string, docs map[string]string, v reflect.Value) (section, error) {
	s := section{Title: title, Doc: docs[v.Type().Name()]}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		doc := docs[v.Type().Name()+"."+f.Name]
		if doc == "" {
			return s, fmt.Errorf("%s.%s has no doc comment", v.Type().Name(), f.Name)
		}
		s.Rows = append(s.Rows, row{key, show(v.Field(i)), doc})
	}
	return s, nil
}

// show writes a default as YAML.
func show(v reflect.Value) string {
	var text string
	switch x := v.Interface().(type) {
	case config.TLS:
		text = string(x.Mode)
	case config.Source:
		return "required"
	case config.Analyze:
		return "see below"
	case time.Duration:
		text = strings.TrimSuffix(strings.TrimSuffix(x.String(), "m0s")+"m", "mm")
		if x%time.Minute != 0 {
			text = x.String()
		}
		if x > 0 && x%(24*time.Hour) == 0 {
			text = fmt.Sprintf("%dd", x/(24*time.Hour))
		}
	case []string:
		text = "[" + strings.Join(x, ", ") + "]"
		if len(x) == 1 {
			text = x[0]
		}
	default:
		text = fmt.Sprint(x)
	}
	if text == "" {
		return "none"
	}
	return "`" + text + "`"
}

// readDocs returns doc comments as one line each, by "Type" and "Type.Field".
// A struct field named by an article ("X is", "X are") keeps its name out.
func readDocs(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, spec := range decl.Specs {
				t, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				st, ok := t.Type.(*ast.StructType)
				if !ok {
					continue
				}
				docs[t.Name.Name] = sentence(t.Name.Name, decl.Doc.Text())
				for _, f := range st.Fields.List {
					for _, id := range f.Names {
						docs[t.Name.Name+"."+id.Name] = sentence(id.Name, f.Doc.Text())
					}
				}
			}
			return false
		})
	}
	return docs, nil
}

// sentence makes a doc comment read well without the Go name it begins with.
func sentence(name, doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	for _, verb := range []string{" is ", " are "} {
		if rest, ok := strings.CutPrefix(text, name+verb); ok {
			text = rest
		}
	}
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = rest
	}
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	return strings.ReplaceAll(text, "|", "\\|")
}
