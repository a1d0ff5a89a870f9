package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"sightline/relay/health"
)

// Problem is one mistake in the configuration.
type Problem struct {
	// Line and Column are where it is in the file, from 1; 0 without a file.
	Line, Column int
	// Key is the key's path, such as "streams.gate.source".
	Key string
	// Text is the rule that the value breaks, without secrets.
	Text string
	// Code is the condition's code; empty stands for health.ConfigInvalid.
	Code health.Code

	missing bool // the key is absent, perhaps because it was mistyped
	unknown bool // there is no such key
}

// Error is a configuration that cannot be used. Its text has one line for each
// problem: file:line:column: key: text.
type Error struct {
	File     string
	Problems []Problem
}

// Error returns one line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = e.line(p)
	}
	return strings.Join(lines, "\n")
}

func (e *Error) line(p Problem) string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Conditions returns each problem as a condition.
func (e *Error) Conditions() []health.Condition {
	out := make([]health.Condition, len(e.Problems))
	for i, p := range e.Problems {
		code := p.Code
		if code == "" {
			code = health.ConfigInvalid
		}
		out[i] = health.New(code, "%s", e.line(p))
	}
	return out
}

// Conditions returns the conditions that an error carries: all those of an
// [*Error], the one of a [health.Condition], or none.
func Conditions(err error) []health.Condition {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Conditions()
	}
	if c, ok := errors.AsType[health.Condition](err); ok {
		return []health.Condition{c}
	}
	return nil
}

// prefix puts the problems of a section under its key.
func prefix(key string, ps []Problem) []Problem {
	for i := range ps {
		ps[i].Key = join(key, ps[i].Key)
	}
	return ps
}

func join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

// bare is the cause of a file error without the path, which stands elsewhere.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// show quotes a value for a message: shortened, and without what may be a
// password.
func show(value string) string {
	if strings.Contains(value, "@") {
		s, err := ParseSource(value)
		if err != nil || strings.Contains(s.URL, "@") {
			return `"` + redacted + `"`
		}
		value = s.Redacted()
	}
	value = secretParam.ReplaceAllString(value, "${1}"+redacted)
	if r := []rune(value); len(r) > 60 {
		value = string(r[:57]) + "..."
	}
	return fmt.Sprintf("%q", value)
}
