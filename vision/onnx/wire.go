package onnx

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Wire types of protobuf, from https://protobuf.dev/programming-guides/encoding.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// errTruncated is a message that ends inside a field.
var errTruncated = errors.New("the file is cut off, or no protobuf")

// message reads the fields of one protobuf message in order. The first error
// ends it.
type message struct {
	rest []byte
	err  error

	// The current field; bytes holds a length-delimited value and number any
	// other.
	field, wire int
	number      uint64
	bytes       []byte
}

// next moves to the next field and tells whether there is one.
func (m *message) next() bool {
	if m.err != nil || len(m.rest) == 0 {
		return false
	}
	key := m.varint()
	if m.err == nil && (key>>3 == 0 || key>>3 > 1<<29-1) {
		m.err = errors.New("field number " + strconv.FormatUint(key>>3, 10) + " is none of protobuf's")
	}
	if m.err != nil {
		return false
	}
	m.field, m.wire = int(key>>3), int(key&7)
	m.number, m.bytes = 0, nil
	switch m.wire {
	case wireVarint:
		m.number = m.varint()
	case wireFixed64:
		if b := m.take(8); b != nil {
			m.number = uint64(little32(b)) | uint64(little32(b[4:]))<<32
		}
	case wireFixed32:
		if b := m.take(4); b != nil {
			m.number = uint64(little32(b))
		}
	case wireBytes:
		n := m.varint()
		if m.err == nil && n > uint64(len(m.rest)) {
			m.err = errTruncated
		}
		if m.err == nil {
			m.bytes = m.take(int(n))
		}
	default:
		m.err = errors.New("wire type " + itoa(m.wire) + " of field " + itoa(m.field) + " is not used by ONNX")
	}
	return m.err == nil
}

func (m *message) varint() uint64 {
	var v uint64
	for i := 0; i < len(m.rest) && i < 10; i++ {
		b := m.rest[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if i == 9 && b > 1 {
				break
			}
			m.rest = m.rest[i+1:]
			return v
		}
	}
	if m.err == nil {
		m.err = errTruncated
	}
	return 0
}

func (m *message) take(n int) []byte {
	if n > len(m.rest) {
		m.err = errTruncated
		return nil
	}
	b := m.rest[:n:n]
	m.rest = m.rest[n:]
	return b
}

// is checks that the current field has a wire type.
func (m *message) is(wire int) bool {
	if m.wire != wire && m.err == nil {
		m.err = errors.New("field " + itoa(m.field) + " has wire type " + itoa(m.wire) + ", want " + itoa(wire))
	}
	return m.err == nil
}

// text is the current field's string.
func (m *message) text() string {
	if !m.is(wireBytes) {
		return ""
	}
	if !utf8.Valid(m.bytes) {
		m.err = errors.New("field " + itoa(m.field) + " is no UTF-8 text")
		return ""
	}
	return string(m.bytes)
}

// sub reads the current field as a message.
//
//go:noinline
func (m *message) sub() *message {
	if !m.is(wireBytes) {
		return &message{err: m.err}
	}
	return &message{rest: m.bytes}
}

// int is the current field's integer.
//
//go:noinline
func (m *message) int() int64 {
	m.is(wireVarint)
	return int64(m.number)
}

// varints appends the current field of repeated integers, packed or not, up to
// limit of them.
func (m *message) varints(to []int64, limit int) []int64 {
	if m.wire == wireVarint {
		to = append(to, int64(m.number))
	} else if m.is(wireBytes) {
		p := message{rest: m.bytes}
		if to == nil {
			n := 0 // one byte in each varint has no high bit
			for _, b := range m.bytes {
				if b < 0x80 {
					n++
				}
			}
			to = make([]int64, 0, min(n, limit))
		}
		for len(p.rest) > 0 && p.err == nil && len(to) <= limit {
			to = append(to, int64(p.varint()))
		}
		m.err = p.err
	}
	if len(to) > limit && m.err == nil {
		m.err = errors.New("field " + itoa(m.field) + " has more than " + itoa(limit) + " numbers")
	}
	return to
}

// floats appends the current field of repeated 32-bit floats, packed or not.
func (m *message) floats(to []float32) []float32 {
	if m.wire == wireFixed32 {
		return append(to, math.Float32frombits(uint32(m.number)))
	}
	if !m.is(wireBytes) {
		return to
	}
	if len(m.bytes)%4 != 0 {
		m.err = errTruncated
		return to
	}
	for b := m.bytes; len(b) > 0; b = b[4:] {
		to = append(to, math.Float32frombits(little32(b)))
	}
	return to
}

// doubles appends the current field of repeated 64-bit floats, packed or not,
// as 32-bit ones.
func (m *message) doubles(to []float32) []float32 {
	if m.wire == wireFixed64 {
		return append(to, float32(math.Float64frombits(m.number)))
	}
	if !m.is(wireBytes) {
		return to
	}
	if len(m.bytes)%8 != 0 {
		m.err = errTruncated
		return to
	}
	for b := m.bytes; len(b) > 0; b = b[8:] {
		to = append(to, float32(math.Float64frombits(uint64(little32(b))|uint64(little32(b[4:]))<<32)))
	}
	return to
}

func little32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// fail makes an error of words.
//
//go:noinline
func fail(words ...string) error { return errors.New(strings.Join(words, "")) }

// quote puts a name of the file in quotes, shortened.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return strconv.Quote(s)
}

// shapeText writes a shape as in 1x3x320x320.
func shapeText(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	var b strings.Builder
	for i, s := range shape {
		if i > 0 {
			b.WriteByte('x')
		}
		b.WriteString(itoa(s))
	}
	return b.String()
}

// listText writes numbers as in [1, 2].
func listText(list []int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(itoa(s))
	}
	b.WriteByte(']')
	return b.String()
}

// The functions below stand for those of the standard library that are compiled
// into each caller.

//go:noinline
func itoa(i int) string { return strconv.Itoa(i) }

//go:noinline
func same(a, b []int) bool { return slices.Equal(a, b) }

//go:noinline
func has(list []int, v int) bool { return slices.Contains(list, v) }
