package gb28181

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"strconv"
)

// Limits of a SIP message.
const (
	maxHead    = 16 << 10
	maxHeaders = 100
	maxMessage = 8 << 20 // a catalog of 10,000 channels over TCP
)

// headEnd finds the empty line that ends the head of a message, whatever its
// lines end in: the length of the head with that line, or -1.
func headEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
		rest := bytes.TrimLeft(b[at:min(len(b), at+3)], "\r")
		if len(rest) > 0 && rest[0] == '\n' {
			return at + bytes.IndexByte(b[at:], '\n') + 1
		}
	}
}

// contentLength is the first Content-Length of a head, or -1.
func contentLength(head []byte) int {
	for line := range bytes.Lines(head) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && headerName(name) == "content-length" {
			if n, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil && n >= 0 {
				return n
			}
		}
	}
	return -1
}

// headerName is a header's name in lower case and in its long form (RFC 3261
// section 7.3.3), as far as the relay looks at it.
func headerName(name []byte) string {
	n := string(bytes.ToLower(bytes.TrimSpace(name)))
	switch n {
	case "l":
		return "content-length"
	case "v":
		return "via"
	case "f":
		return "from"
	case "t":
		return "to"
	case "i":
		return "call-id"
	case "c":
		return "content-type"
	case "m":
		return "contact"
	}
	return n
}

// isStartLine says whether a line can begin a SIP message.
func isStartLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("SIP/2.0 ")) || bytes.HasSuffix(bytes.TrimRight(line, "\r\n "), []byte(" SIP/2.0"))
}

// repair writes a message anew in the form that the SIP parser takes, and
// reports whether it can: lines end in CRLF, there is one Content-Length and it
// is right, From, To and Via are there, and answers go to where the request
// came from. head is the message up to its empty line.
func repair(dst, head, body []byte, network, source string) ([]byte, bool) {
	if len(head) > maxHead {
		return dst, false
	}
	var via, from, to, callID, cseq bool
	first, request, headers := true, false, 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if first {
			line = bytes.Trim(line, " \t\x00")
			if len(line) == 0 {
				continue
			}
			if !isStartLine(line) {
				return dst, false
			}
			first = false
			request = !bytes.HasPrefix(line, []byte("SIP/2.0"))
			dst = append(append(dst, line...), "\r\n"...)
			continue
		}
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && headers > 0 {
			dst = append(append(dst, line...), "\r\n"...) // folded
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(bytes.TrimSpace(name)) == 0 {
			continue
		}
		if headers++; headers > maxHeaders {
			return dst, false
		}
		switch headerName(name) {
		case "content-length":
			continue
		case "via":
			if !via && request && !bytes.Contains(line, []byte("rport")) {
				line = append(bytes.Clone(line), ";rport"...)
				if top, rest, ok := bytes.Cut(value, []byte(",")); ok {
					line = fmt.Appendf(nil, "Via:%s;rport,%s", top, rest)
				}
			}
			via = true
		case "from", "to":
			is := &from
			if headerName(name) == "to" {
				is = &to
			}
			if *is || len(bytes.TrimSpace(value)) == 0 {
				continue
			}
			*is = true
		case "call-id":
			if callID {
				continue
			}
			callID = true
		case "cseq":
			if cseq {
				continue
			}
			cseq = true
		}
		dst = append(append(dst, line...), "\r\n"...)
	}
	if first || !callID || !cseq || !via && !request {
		return dst, false
	}
	if !via {
		h := fnv.New64a()
		_, _ = h.Write(head)
		dst = fmt.Appendf(dst, "Via: SIP/2.0/%s %s;rport;branch=z9hG4bKr%x\r\n", network, source, h.Sum64())
	}
	if !from {
		dst = append(dst, "From: <sip:unknown.invalid>;tag=none\r\n"...)
	}
	if !to {
		dst = append(dst, "To: <sip:unknown.invalid>\r\n"...)
	}
	dst = fmt.Appendf(dst, "Content-Length: %d\r\n\r\n", len(body))
	return append(dst, body...), true
}
