package jsontext

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Writer builds one JSON text. Keys and elements are separated by themselves.
type Writer struct {
	text  []byte
	start int
}

// NewWriter appends to b.
func NewWriter(b []byte) *Writer { return &Writer{b, len(b)} }

// Bytes is what was written, with what stood there before.
func (w *Writer) Bytes() []byte { return w.text }

// separate puts a comma where something stands before.
func (w *Writer) separate() {
	if n := len(w.text); n > w.start {
		switch w.text[n-1] {
		case '{', '[', ':', ',':
		default:
			w.text = append(w.text, ',')
		}
	}
}

// Object writes an object whose fields the function writes.
func (w *Writer) Object(fields func()) {
	w.separate()
	w.text = append(w.text, '{')
	fields()
	w.text = append(w.text, '}')
}

// Array writes an array whose elements the function writes.
func (w *Writer) Array(elements func()) {
	w.separate()
	w.text = append(w.text, '[')
	elements()
	w.text = append(w.text, ']')
}

// Key writes a key; the value comes next.
func (w *Writer) Key(key string) {
	w.String(key)
	w.text = append(w.text, ':')
}

// Bool writes true or false.
func (w *Writer) Bool(v bool) {
	w.separate()
	w.text = strconv.AppendBool(w.text, v)
}

// Uint writes a whole number.
func (w *Writer) Uint(v uint64) {
	w.separate()
	w.text = strconv.AppendUint(w.text, v, 10)
}

// Int writes a whole number.
func (w *Writer) Int(v int) {
	w.separate()
	w.text = strconv.AppendInt(w.text, int64(v), 10)
}

// Number writes a number with the least digits that tell it from its
// neighbours of the given bits (32 or 64). What JSON cannot hold becomes 0.
func (w *Writer) Number(v float64, bits int) {
	w.separate()
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		format = 'e'
	}
	w.text = strconv.AppendFloat(w.text, v, format, -1, bits)
}

// Fixed writes a number rounded to so many decimals, without zeros at its end.
func (w *Writer) Fixed(v float64, decimals int) {
	scale := math.Pow10(decimals)
	w.Number(math.Round(v*scale)/scale+0, 64) // + 0: no negative zero
}

// String writes a string.
func (w *Writer) String(s string) {
	w.separate()
	const hex = "0123456789abcdef"
	w.text = append(w.text, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			w.text = append(w.text, '\\', byte(c))
		case c == '\n':
			w.text = append(w.text, '\\', 'n')
		case c < ' ' || c == 0x2028 || c == 0x2029:
			w.text = append(w.text, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
		default:
			w.text = utf8.AppendRune(w.text, c)
		}
	}
	w.text = append(w.text, '"')
}
