package rtsp

import (
	"fmt"
	"strconv"
	"strings"
)

// Methods of RFC 2326 section 10.
const (
	Options      = "OPTIONS"
	Describe     = "DESCRIBE"
	Announce     = "ANNOUNCE"
	Setup        = "SETUP"
	Play         = "PLAY"
	Pause        = "PAUSE"
	Record       = "RECORD"
	Redirect     = "REDIRECT"
	Teardown     = "TEARDOWN"
	GetParameter = "GET_PARAMETER"
	SetParameter = "SET_PARAMETER"
)

// Status codes of RFC 2326 section 11 that the relay tells apart.
const (
	StatusOK                    = 200
	StatusBadRequest            = 400
	StatusUnauthorized          = 401
	StatusForbidden             = 403
	StatusNotFound              = 404
	StatusMethodNotAllowed      = 405
	StatusGone                  = 410
	StatusNotEnoughBandwidth    = 453
	StatusSessionNotFound       = 454
	StatusAggregateNotAllowed   = 459
	StatusOnlyAggregateAllowed  = 460
	StatusUnsupportedTransport  = 461
	StatusInternalServerError   = 500
	StatusNotImplemented        = 501
	StatusServiceUnavailable    = 503
	StatusOptionNotSupported    = 551
	StatusVersionNotSupported   = 505
	StatusRequestEntityTooLarge = 413
)

// Message is what a connection carries: *Request, *Response or *Frame.
type Message interface {
	// AppendTo appends the message as it goes over the wire.
	AppendTo(b []byte) ([]byte, error)
}

// Request is a request of either side.
type Request struct {
	Method string
	// URL is the request URI, without credentials.
	URL    string
	Header Header
	Body   []byte
}

// Response is the answer to a request.
type Response struct {
	Status int
	Reason string
	Header Header
	Body   []byte
}

// Frame is one interleaved binary frame (RFC 2326 section 10.12).
type Frame struct {
	Channel uint8
	// Payload is at most 65535 bytes; one read belongs to whoever reads it.
	Payload []byte
}

// AppendTo appends the request; Content-Length is set from the body.
func (r *Request) AppendTo(b []byte) ([]byte, error) {
	if r.Method == "" || strings.ContainsAny(r.Method, " \t\r\n") {
		return b, fmt.Errorf("rtsp: write request: method %q is not a token", r.Method)
	}
	if r.URL == "" || strings.ContainsAny(r.URL, " \t\r\n") {
		return b, fmt.Errorf("rtsp: write %s: the request URI is empty or has white space", r.Method)
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.URL...)
	b = append(b, " RTSP/1.0\r\n"...)
	return appendRest(b, r.Header, r.Body)
}

// AppendTo appends the response; Content-Length is set from the body and an
// empty reason becomes the standard one.
func (r *Response) AppendTo(b []byte) ([]byte, error) {
	if r.Status < 100 || r.Status > 599 {
		return b, fmt.Errorf("rtsp: write response: status %d is not in 100-599", r.Status)
	}
	reason := r.Reason
	if reason == "" {
		reason = StatusText(r.Status)
	}
	if strings.ContainsAny(reason, "\r\n") {
		return b, fmt.Errorf("rtsp: write response: the reason has a line break")
	}
	b = append(b, "RTSP/1.0 "...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, ' ')
	b = append(b, reason...)
	b = append(b, "\r\n"...)
	return appendRest(b, r.Header, r.Body)
}

// AppendTo appends the frame with its '$' header.
func (f *Frame) AppendTo(b []byte) ([]byte, error) {
	if len(f.Payload) > 0xffff {
		return b, fmt.Errorf("rtsp: write frame: %d bytes are more than 65535", len(f.Payload))
	}
	b = append(b, '$', f.Channel, byte(len(f.Payload)>>8), byte(len(f.Payload)))
	return append(b, f.Payload...), nil
}

func appendRest(b []byte, h Header, body []byte) ([]byte, error) {
	for _, f := range h {
		if strings.EqualFold(f.Name, "Content-Length") {
			continue
		}
		if f.Name == "" || strings.ContainsAny(f.Name, ": \t\r\n") || strings.ContainsAny(f.Value, "\r\n") {
			return b, fmt.Errorf("rtsp: write header: field %q has a forbidden character", f.Name)
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
	}
	if len(body) > 0 {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, body...), nil
}

// StatusText names a status code; unknown codes give "Status N".
func StatusText(code int) string {
	switch code {
	case StatusOK:
		return "OK"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Moved Temporarily"
	case StatusBadRequest:
		return "Bad Request"
	case StatusUnauthorized:
		return "Unauthorized"
	case StatusForbidden:
		return "Forbidden"
	case StatusNotFound:
		return "Not Found"
	case StatusMethodNotAllowed:
		return "Method Not Allowed"
	case StatusGone:
		return "Gone"
	case StatusRequestEntityTooLarge:
		return "Request Entity Too Large"
	case StatusNotEnoughBandwidth:
		return "Not Enough Bandwidth"
	case StatusSessionNotFound:
		return "Session Not Found"
	case StatusAggregateNotAllowed:
		return "Aggregate Operation Not Allowed"
	case StatusOnlyAggregateAllowed:
		return "Only Aggregate Operation Allowed"
	case StatusUnsupportedTransport:
		return "Unsupported Transport"
	case StatusInternalServerError:
		return "Internal Server Error"
	case StatusNotImplemented:
		return "Not Implemented"
	case StatusServiceUnavailable:
		return "Service Unavailable"
	case StatusVersionNotSupported:
		return "RTSP Version Not Supported"
	case StatusOptionNotSupported:
		return "Option Not Supported"
	}
	return "Status " + strconv.Itoa(code)
}
