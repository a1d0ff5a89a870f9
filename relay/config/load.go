package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const maxFile = 1 << 20 // no configuration is as large as this

// Load reads a configuration file over the defaults, reads the passwords that
// it names, and checks everything but host names (see [HTTP.Resolve]). The
// error is an [*Error] with all problems found.
func Load(file string) (*Config, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &Error{File: file, Problems: []Problem{{Text: fmt.Sprintf("the file cannot be read: %v", bare(err))}}}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &Error{File: file, Problems: []Problem{{Text: fmt.Sprintf("the file cannot be read: %v", bare(err))}}}
	}
	return Parse(file, data)
}

// Parse is [Load] with the file's content; name is used in messages only.
func Parse(name string, data []byte) (*Config, error) {
	if len(data) > maxFile {
		return nil, &Error{File: name, Problems: []Problem{{Text: fmt.Sprintf("the file is larger than %s", Bytes(maxFile))}}}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		p := Problem{Text: "this is no YAML"}
		// The error's own text quotes lines of the file, which may hold
		// passwords.
		if se, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			p.Text = "this is no YAML: " + se.Message
			if t := se.Token; t != nil && t.Position != nil {
				p.Line, p.Column = t.Position.Line, t.Position.Column
			}
		}
		return nil, &Error{File: name, Problems: []Problem{p}}
	}
	c := Default()
	d := newDecoder(c)
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			d.fail("", doc.Body, "the file holds a second document; only one is read")
			break
		}
		root = doc.Body
	}
	if root != nil {
		d.root(root)
	}
	problems := d.problems
	add := func(ps []Problem) {
		for _, p := range ps {
			if !d.reported(p) {
				p.Line, p.Column = d.where(p.Key)
				problems = append(problems, p)
			}
		}
	}
	add(c.problems())
	add(prefix("gb28181", c.GB28181.readPasswords()))
	for _, n := range c.StreamNames() {
		s := c.Streams[n]
		add(prefix("streams."+n+".source", s.Source.readPassword()))
		c.Streams[n] = s
	}
	if len(problems) > 0 {
		sortProblems(problems)
		return nil, &Error{File: name, Problems: problems}
	}
	return c, nil
}

// reported says that the decoder has found a mistake which explains p: at p's
// key or below it, or, if p's key is missing, a key beside or above it.
func (d *decoder) reported(p Problem) bool {
	beside := p.Key
	if p.missing {
		beside = beside[:strings.LastIndexByte(beside, '.')+1]
	}
	for _, q := range d.problems {
		if q.Key == p.Key || strings.HasPrefix(q.Key, p.Key+".") || strings.HasPrefix(q.Key, p.Key+"[") ||
			p.missing && q.unknown && strings.HasPrefix(q.Key, beside) ||
			p.missing && q.Key != "" && strings.HasPrefix(p.Key, q.Key+".") {
			return true
		}
	}
	return false
}
