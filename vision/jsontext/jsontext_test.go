package jsontext

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// generic reads any value as encoding/json does.
func generic(r *Reader) any {
	switch r.peek() {
	case '{':
		out := map[string]any{}
		r.Object(func(key string) { out[key] = generic(r) })
		return out
	case '[':
		out := []any{}
		r.Array(func() { out = append(out, generic(r)) })
		return out
	case '"':
		return r.String()
	case 't', 'f':
		return r.Bool()
	case 'n':
		r.Null()
		return nil
	}
	return r.Number()
}

var texts = []string{
	`{}`, `[]`, ` [ 1 , -2.5e3, 0, 0.125 ] `, `{"a":{"b":[true,false,null]},"c":"x"}`,
	`"\u00e9\n\t\"\\\/\b\f\r"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, "\"\xff\"", "\"\u2028\"",
	`{"a":1,}`, `[1,]`, `[1 2]`, `{"a" 1}`, `{a:1}`, `"abc`, `"\x"`, `"\u12"`, `01`, `-`, `1.`, `1e`, `.5`, `+1`, `1e999`,
	`tru`, `nul`, `[1]x`, ``, ` `, "\"\x01\"", `[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]`,
}

func check(t *testing.T, text string) {
	t.Helper()
	var want any
	wantErr := json.Unmarshal([]byte(text), &want)
	r := NewReader([]byte(text))
	got := generic(r)
	err := r.End()
	if err != nil && wantErr == nil && r.depth == 0 && err.Error() != "" {
		deep := 0
		for _, c := range text {
			if c == '[' || c == '{' {
				deep++
			}
		}
		if deep <= maxDepth {
			t.Errorf("%q: refused: %v", text, err)
		}
	}
	if err == nil && (wantErr != nil || !reflect.DeepEqual(got, want)) {
		t.Errorf("%q: read as %#v, want %#v, %v", text, got, want, wantErr)
	}
	s := NewReader([]byte(text))
	s.Skip()
	if skipped := s.End(); (skipped == nil) != (err == nil) {
		t.Errorf("%q: skipping gives %v, reading %v", text, skipped, err)
	}
}

func TestReadLikeEncodingJSON(t *testing.T) {
	for _, text := range texts {
		check(t, text)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(check)
}

func TestNumbers(t *testing.T) {
	r := NewReader([]byte(`[4294967295, 7, -3]`))
	var got []int
	n := 0
	r.Array(func() {
		if n++; n == 1 {
			got = append(got, int(r.Uint(32)))
		} else {
			got = append(got, r.Int())
		}
	})
	if r.End() != nil || !reflect.DeepEqual(got, []int{math.MaxUint32, 7, -3}) {
		t.Errorf("%v %v", got, r.Err())
	}
	for _, text := range []string{"4294967296", "-1", "1.5", "1e2"} {
		r := NewReader([]byte(text))
		if v := r.Uint(32); r.End() == nil || v != 0 {
			t.Errorf("%s is taken for a whole number of 32 bits", text)
		}
	}
}

func TestWrite(t *testing.T) {
	w := NewWriter(nil)
	w.Object(func() {
		w.Key("s")
		w.String("a\"\\\n\x01é\u2028\xff")
		w.Key("n")
		w.Array(func() {
			w.Int(-1)
			w.Uint(2)
			w.Number(0.1, 64)
			w.Number(float64(float32(0.1)), 32)
			w.Number(math.NaN(), 64)
			w.Number(1e-9, 64)
			w.Fixed(0.123456, 4)
			w.Fixed(-0.00001, 4)
			w.Fixed(2, 4)
		})
		w.Key("b")
		w.Bool(true)
		w.Key("e")
		w.Object(func() {})
	})
	want := `{"s":"a\"\\\n\u0001é\u2028` + "\ufffd" + `","n":[-1,2,0.1,0.1,0,1e-09,0.1235,0,2],"b":true,"e":{}}`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var v any
	if err := json.Unmarshal(w.Bytes(), &v); err != nil {
		t.Error(err)
	}
}
