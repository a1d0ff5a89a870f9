package rtsp

import (
	"strconv"
	"strings"
)

// Field is one header line.
type Field struct{ Name, Value string }

// Header is a message's header lines in their order. Names are compared
// without regard to case and written as they were given.
type Header []Field

// Get returns the value of the first field called name, or "".
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns the values of all fields called name.
func (h Header) Values(name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set replaces all fields called name by one.
func (h *Header) Set(name, value string) {
	h.Del(name)
	h.Add(name, value)
}

// Del removes all fields called name.
func (h *Header) Del(name string) {
	kept := (*h)[:0]
	for _, f := range *h {
		if !strings.EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// CSeq returns the sequence number of the message and whether it has one.
func (h Header) CSeq() (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("CSeq")))
	return n, err == nil && n >= 0
}

// Methods returns the methods that a Public (or Allow) header lists, in upper
// case.
func (h Header) Methods(name string) []string {
	var out []string
	for _, v := range h.Values(name) {
		for _, m := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
			out = append(out, strings.ToUpper(m))
		}
	}
	return out
}
