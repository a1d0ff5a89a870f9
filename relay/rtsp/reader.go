package rtsp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits on what a peer may send in one message.
const (
	maxLine   = 16 << 10
	maxHeader = 64 << 10
	maxFields = 256
	// MaxBody is the longest body that is read, in bytes.
	MaxBody = 1 << 20
)

// ErrNotRTSP marks bytes that are no RTSP message; the error that wraps it
// quotes how they begin.
var ErrNotRTSP = errors.New("the peer does not speak RTSP")

// ErrTooLarge marks a message beyond the limits.
var ErrTooLarge = errors.New("the message is too large")

// Reader takes messages and interleaved frames from one connection.
type Reader struct {
	br *bufio.Reader
}

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader { return &Reader{br: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next message. Its memory belongs to the caller. The error
// is io.EOF when the connection ends between messages, io.ErrUnexpectedEOF
// inside one, wraps ErrNotRTSP or ErrTooLarge, or is the connection's own.
// After an error the position in the stream is lost.
func (r *Reader) Next() (Message, error) {
	for {
		c, err := r.br.ReadByte()
		if err != nil {
			return nil, err
		}
		switch c {
		case '\r', '\n': // cameras put blank lines between messages
			continue
		case '$':
			return r.frame()
		}
		if err := r.br.UnreadByte(); err != nil {
			return nil, err
		}
		return r.text()
	}
}

func (r *Reader) frame() (Message, error) {
	var head [3]byte
	if _, err := io.ReadFull(r.br, head[:]); err != nil {
		return nil, unexpected(err)
	}
	f := &Frame{Channel: head[0], Payload: make([]byte, int(head[1])<<8|int(head[2]))}
	if _, err := io.ReadFull(r.br, f.Payload); err != nil {
		return nil, unexpected(err)
	}
	return f, nil
}

// line returns the next line without its end; valid until the next read.
func (r *Reader) line() ([]byte, error) {
	b, err := r.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(b) > maxLine {
		return nil, fmt.Errorf("rtsp: read: line of more than %d bytes: %w", maxLine, ErrTooLarge)
	}
	if err != nil {
		return b, unexpected(err)
	}
	return bytes.TrimRight(b, "\r\n"), nil
}

func (r *Reader) text() (Message, error) {
	// A stranger may never send a line feed: judge by the first bytes.
	if head, err := r.br.Peek(1); err == nil && !startsMessage(head[0]) {
		head, _ = r.br.Peek(min(r.br.Buffered(), 24))
		return nil, fmt.Errorf("rtsp: read %q: %w", head, ErrNotRTSP)
	}
	raw, err := r.line()
	if err != nil {
		return nil, err
	}
	start := string(raw)
	if rest, ok := strings.CutPrefix(start, "RTSP/"); ok {
		resp, err := parseStatusLine(rest)
		if err != nil {
			return nil, err
		}
		resp.Header, resp.Body, err = r.rest()
		return resp, err
	}
	req, err := parseRequestLine(start)
	if err != nil {
		return nil, err
	}
	req.Header, req.Body, err = r.rest()
	return req, err
}

func startsMessage(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' }

func notRTSP(line string) error {
	if len(line) > 60 {
		line = line[:60]
	}
	return fmt.Errorf("rtsp: read %q: %w", line, ErrNotRTSP)
}

// parseStatusLine parses what follows "RTSP/" in a status line.
func parseStatusLine(rest string) (*Response, error) {
	f := strings.Fields(rest)
	if len(f) < 2 || !strings.Contains(f[0], ".") {
		return nil, notRTSP("RTSP/" + rest)
	}
	code, err := strconv.Atoi(f[1])
	if err != nil || code < 100 || code > 599 {
		return nil, notRTSP("RTSP/" + rest)
	}
	return &Response{Status: code, Reason: printable(strings.Join(f[2:], " "))}, nil
}

func parseRequestLine(line string) (*Request, error) {
	f := strings.Fields(line)
	if len(f) != 3 || !strings.HasPrefix(f[2], "RTSP/") {
		return nil, notRTSP(line)
	}
	for i := range len(f[0]) {
		if !startsMessage(f[0][i]) {
			return nil, notRTSP(line)
		}
	}
	return &Request{Method: strings.ToUpper(f[0]), URL: f[1]}, nil
}

// printable bounds text from a peer to 120 visible characters.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120])
	}
	return strings.TrimSpace(s)
}

// rest reads header fields and body. Lines without a colon are skipped and
// folded lines joined (RFC 822), since cameras send both.
func (r *Reader) rest() (Header, []byte, error) {
	var h Header
	for size := 0; ; {
		b, err := r.line()
		if err != nil {
			return nil, nil, err
		}
		if len(b) == 0 {
			break
		}
		if size += len(b) + 2; size > maxHeader || len(h) >= maxFields {
			return nil, nil, fmt.Errorf("rtsp: read header: %w", ErrTooLarge)
		}
		if (b[0] == ' ' || b[0] == '\t') && len(h) > 0 {
			last := &h[len(h)-1]
			last.Value = strings.TrimSpace(last.Value + " " + clean(b))
			continue
		}
		name, value, ok := bytes.Cut(b, []byte(":"))
		if name = bytes.TrimSpace(name); !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\x00\r") {
			continue
		}
		h = append(h, Field{string(name), clean(value)})
	}
	length := strings.TrimSpace(h.Get("Content-Length"))
	if length == "" {
		return h, nil, nil
	}
	n, err := strconv.ParseUint(length, 10, 31)
	if err != nil {
		return nil, nil, fmt.Errorf("rtsp: read: Content-Length %q is not a number: %w", printable(length), ErrNotRTSP)
	}
	if n > MaxBody {
		return nil, nil, fmt.Errorf("rtsp: read: body of %d bytes: %w", n, ErrTooLarge)
	}
	if n == 0 {
		return h, nil, nil
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r.br, body); err != nil {
		return nil, nil, unexpected(err)
	}
	return h, body, nil
}

// clean takes a field value as text that can be written again.
func clean(b []byte) string {
	s := strings.TrimSpace(string(b))
	if strings.ContainsAny(s, "\r\n\x00") {
		s = strings.NewReplacer("\r", " ", "\n", " ", "\x00", "").Replace(s)
	}
	return strings.TrimSpace(s)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
