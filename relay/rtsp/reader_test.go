package rtsp

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

var messageCases = []struct {
	name string
	in   string
	want []Message
	err  error
}{
	{"response", "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n",
		[]Message{&Response{Status: 200, Reason: "OK", Header: Header{{"CSeq", "2"}, {"Content-Length", "4"}}, Body: []byte("v=0\n")}}, io.EOF},
	{"bare line feeds and blank lines", "\r\n\nRTSP/1.0 404 Stream Not Found\nCSeq:3\n\n\r\n",
		[]Message{&Response{Status: 404, Reason: "Stream Not Found", Header: Header{{"CSeq", "3"}}}}, io.EOF},
	{"no reason", "RTSP/1.0 401\r\n\r\n", []Message{&Response{Status: 401}}, io.EOF},
	{"folded and malformed header lines", "RTSP/1.0 200 OK\r\nPublic: OPTIONS,\r\n DESCRIBE\r\nnonsense\r\n: x\r\n\r\n",
		[]Message{&Response{Status: 200, Reason: "OK", Header: Header{{"Public", "OPTIONS, DESCRIBE"}}}}, io.EOF},
	{"request", "get_parameter rtsp://h/p RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		[]Message{&Request{Method: "GET_PARAMETER", URL: "rtsp://h/p", Header: Header{{"CSeq", "1"}}}}, io.EOF},
	{"frames around a response", "$\x00\x00\x02abRTSP/1.0 200 OK\r\n\r\n$\x01\x00\x00",
		[]Message{&Frame{Channel: 0, Payload: []byte("ab")}, &Response{Status: 200, Reason: "OK"}, &Frame{Channel: 1, Payload: []byte{}}}, io.EOF},
	{"end in a frame", "$\x00\x00\x05ab", nil, io.ErrUnexpectedEOF},
	{"end in a header", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n", nil, io.ErrUnexpectedEOF},
	{"end in a body", "RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc", nil, io.ErrUnexpectedEOF},
	{"web server", "HTTP/1.1 400 Bad Request\r\n\r\n", nil, ErrNotRTSP},
	{"secure shell", "SSH-2.0-OpenSSH_9.2\r\n", nil, ErrNotRTSP},
	{"binary", "\x16\x03\x01\x02\x00", nil, ErrNotRTSP},
	{"status no number", "RTSP/1.0 abc OK\r\n\r\n", nil, ErrNotRTSP},
	{"status out of range", "RTSP/1.0 1000 OK\r\n\r\n", nil, ErrNotRTSP},
	{"negative length", "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", nil, ErrNotRTSP},
	{"huge length", "RTSP/1.0 200 OK\r\nContent-Length: 1073741824\r\n\r\n", nil, ErrTooLarge},
	{"endless line", "RTSP/1.0 200 " + strings.Repeat("x", 70000), nil, ErrTooLarge},
	{"endless header", "RTSP/1.0 200 OK\r\n" + strings.Repeat("a: b\r\n", 300), nil, ErrTooLarge},
}

func TestReader(t *testing.T) {
	for _, c := range messageCases {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, err := readAll(r)
				if !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("got %#v\nwant %#v", got, c.want)
				}
			}
		})
	}
}

func readAll(r io.Reader) ([]Message, error) {
	var out []Message
	for rd := NewReader(r); ; {
		m, err := rd.Next()
		if err != nil {
			return out, err
		}
		out = append(out, m)
	}
}

// FuzzReader checks that what was read can be written and reads the same.
func FuzzReader(f *testing.F) {
	for _, c := range messageCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		first, _ := readAll(bytes.NewReader(in))
		var wire []byte
		var kept []Message
		for _, m := range first {
			b, err := m.AppendTo(wire)
			if err != nil {
				t.Fatalf("%#v cannot be written: %v", m, err)
			}
			wire, kept = b, append(kept, m)
		}
		second, err := readAll(bytes.NewReader(wire))
		if err != io.EOF || len(second) != len(kept) {
			t.Fatalf("%d messages written, %d read again: %v\n%q", len(kept), len(second), err, wire)
		}
		for i := range kept {
			if a, b := essence(kept[i]), essence(second[i]); !reflect.DeepEqual(a, b) {
				t.Fatalf("message changed:\n%#v\n%#v", a, b)
			}
		}
	})
}

// essence is a message without what writing fills in.
func essence(m Message) Message {
	switch m := m.(type) {
	case *Request:
		c := *m
		c.Header = append(Header(nil), m.Header...)
		c.Header.Del("Content-Length")
		if len(c.Header) == 0 {
			c.Header = nil
		}
		return &c
	case *Response:
		c := *m
		c.Header = append(Header(nil), m.Header...)
		c.Header.Del("Content-Length")
		if len(c.Header) == 0 {
			c.Header = nil
		}
		if c.Reason == "" {
			c.Reason = StatusText(c.Status)
		}
		return &c
	}
	return m
}

func TestWriteRefusesInjection(t *testing.T) {
	for name, m := range map[string]Message{
		"header":  &Request{Method: Options, URL: "rtsp://h/", Header: Header{{"X", "a\r\nY: b"}}},
		"name":    &Request{Method: Options, URL: "rtsp://h/", Header: Header{{"X:", "a"}}},
		"address": &Request{Method: Options, URL: "rtsp://h/ RTSP/1.0\r\nX: y"},
		"method":  &Request{Method: "A B", URL: "rtsp://h/"},
		"reason":  &Response{Status: 200, Reason: "OK\r\nX: y"},
		"status":  &Response{Status: 20},
		"frame":   &Frame{Payload: make([]byte, 65536)},
	} {
		if _, err := m.AppendTo(nil); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestHeader(t *testing.T) {
	var h Header
	h.Add("cseq", " 7 ")
	h.Add("Public", "OPTIONS, describe")
	h.Add("PUBLIC", "SETUP")
	if n, ok := h.CSeq(); n != 7 || !ok {
		t.Errorf("CSeq %d %v", n, ok)
	}
	if got := h.Methods("Public"); !reflect.DeepEqual(got, []string{"OPTIONS", "DESCRIBE", "SETUP"}) {
		t.Errorf("methods %v", got)
	}
	h.Set("public", "PLAY")
	if got := h.Values("Public"); !reflect.DeepEqual(got, []string{"PLAY"}) {
		t.Errorf("after Set: %v", got)
	}
}
