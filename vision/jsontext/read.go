// Package jsontext reads and writes JSON (RFC 8259) without reflection, for
// packages that the browser's half links too: encoding/json would make the
// client's download larger by more than it is worth. It knows no types of its
// users; they say field by field what they expect.
package jsontext

import (
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that input cannot exhaust the stack.
const maxDepth = 32

// Reader takes a JSON text apart from its start to its end. The first mistake
// is kept: every later call returns the zero value, and [Reader.End] returns
// the mistake.
type Reader struct {
	text  []byte
	at    int
	depth int
	err   error
}

// NewReader reads text, which must not change meanwhile.
func NewReader(text []byte) *Reader { return &Reader{text: text} }

// Err returns the first mistake so far.
func (r *Reader) Err() error { return r.err }

// Fail records a mistake of the caller's kind, such as a value out of range;
// field names where.
func (r *Reader) Fail(field, text string) {
	if r.err == nil {
		r.err = errors.New(field + ": " + text)
	}
}

// End says that nothing may follow, and returns the first mistake.
func (r *Reader) End() error {
	r.space()
	if r.err == nil && r.at < len(r.text) {
		r.wrong("text after the end")
	}
	return r.err
}

func (r *Reader) wrong(what string) {
	if r.err == nil {
		r.err = errors.New("json: " + what + " at byte " + strconv.Itoa(r.at))
	}
	r.at = len(r.text)
}

func (r *Reader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (r *Reader) peek() byte {
	r.space()
	if r.err != nil || r.at >= len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *Reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

// Object reads an object and calls field for each key, which must read the
// value or [Reader.Skip] it. A key that comes twice is a mistake only if the
// caller says so.
func (r *Reader) Object(field func(key string)) {
	if !r.open('{') {
		return
	}
	defer func() { r.depth-- }()
	if r.take('}') {
		return
	}
	for r.err == nil {
		key := r.String()
		if !r.take(':') {
			r.wrong("no colon after a key")
			return
		}
		field(key)
		if r.take('}') {
			return
		}
		if !r.take(',') {
			r.wrong("neither comma nor } after a value")
			return
		}
	}
}

// Array reads an array and calls element for each element, which must read it
// or [Reader.Skip] it.
func (r *Reader) Array(element func()) {
	if !r.open('[') {
		return
	}
	defer func() { r.depth-- }()
	if r.take(']') {
		return
	}
	for r.err == nil {
		element()
		if r.take(']') {
			return
		}
		if !r.take(',') {
			r.wrong("neither comma nor ] after an element")
			return
		}
	}
}

func (r *Reader) open(c byte) bool {
	if !r.take(c) {
		r.wrong("no " + string(rune(c)))
		return false
	}
	if r.depth++; r.depth > maxDepth {
		r.wrong("nested too deeply")
		r.depth--
		return false
	}
	return true
}

// Skip reads past any value.
func (r *Reader) Skip() {
	switch r.peek() {
	case '{':
		r.Object(func(string) { r.Skip() })
	case '[':
		r.Array(r.Skip)
	case '"':
		_ = r.String()
	case 't', 'f':
		r.Bool()
	case 'n':
		r.word("null")
	default:
		r.Number()
	}
}

// Null reads a null if there is one and reports whether it did.
func (r *Reader) Null() bool {
	if r.peek() != 'n' {
		return false
	}
	r.word("null")
	return r.err == nil
}

func (r *Reader) word(w string) {
	if r.peek(); r.err != nil || len(r.text)-r.at < len(w) || string(r.text[r.at:r.at+len(w)]) != w {
		r.wrong("no " + w)
		return
	}
	r.at += len(w)
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if r.peek() == 't' {
		r.word("true")
		return r.err == nil
	}
	r.word("false")
	return false
}

// number returns the text of a number.
func (r *Reader) number() string {
	r.space()
	start := r.at
	digits := func() bool {
		from := r.at
		for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
			r.at++
		}
		return r.at > from
	}
	is := func(chars string) bool {
		if r.at < len(r.text) {
			for i := range len(chars) {
				if r.text[r.at] == chars[i] {
					r.at++
					return true
				}
			}
		}
		return false
	}
	is("-")
	whole := r.at
	ok := digits()
	if ok && r.at-whole > 1 && r.text[whole] == '0' {
		ok = false
	}
	if ok && is(".") {
		ok = digits()
	}
	if ok && is("eE") {
		is("+-")
		ok = digits()
	}
	if r.err != nil || !ok {
		r.wrong("no number")
		return ""
	}
	return string(r.text[start:r.at])
}

// Number reads a number.
func (r *Reader) Number() float64 {
	text := r.number()
	if r.err != nil {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.wrong("a number that is too large")
		return 0
	}
	return v
}

// Uint reads a whole number of at most the given bits.
func (r *Reader) Uint(bits int) uint64 {
	text := r.number()
	if r.err != nil {
		return 0
	}
	v, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		r.wrong("no whole number of " + strconv.Itoa(bits) + " bits")
		return 0
	}
	return v
}

// Int reads a whole number that may be negative.
func (r *Reader) Int() int {
	text := r.number()
	if r.err != nil {
		return 0
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		r.wrong("no whole number")
		return 0
	}
	return v
}

// String reads a string. Lone surrogates and bytes that are no UTF-8 become
// U+FFFD.
func (r *Reader) String() string {
	if !r.take('"') {
		r.wrong("no string")
		return ""
	}
	start := r.at
	var out []byte
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '"':
			s := r.text[start:r.at]
			r.at++
			if out == nil {
				return valid(s)
			}
			return valid(append(out, s...))
		case c < ' ':
			r.wrong("a control character in a string")
			return ""
		case c == '\\':
			out = append(out, r.text[start:r.at]...)
			r.at++
			out = r.escape(out)
			start = r.at
		default:
			r.at++
		}
	}
	r.wrong("a string without end")
	return ""
}

func valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return string([]rune(string(b)))
}

func (r *Reader) escape(out []byte) []byte {
	if r.at >= len(r.text) {
		r.wrong("a string without end")
		return out
	}
	c := r.text[r.at]
	r.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		first := r.hex()
		if utf16.IsSurrogate(first) && r.at+1 < len(r.text) && r.text[r.at] == '\\' && r.text[r.at+1] == 'u' {
			back := r.at
			r.at += 2
			second := r.hex()
			if both := utf16.DecodeRune(first, second); both != utf8.RuneError {
				return utf8.AppendRune(out, both)
			}
			if r.err == nil {
				r.at = back
			}
		}
		return utf8.AppendRune(out, first) // U+FFFD for a lone surrogate
	}
	r.at--
	r.wrong("an unknown escape")
	return out
}

func (r *Reader) hex() rune {
	if len(r.text)-r.at < 4 {
		r.wrong("no four hexadecimal digits")
		return 0
	}
	v, err := strconv.ParseUint(string(r.text[r.at:r.at+4]), 16, 16)
	if err != nil {
		r.wrong("no four hexadecimal digits")
		return 0
	}
	r.at += 4
	return rune(v)
}
