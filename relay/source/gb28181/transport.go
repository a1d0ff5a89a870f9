package gb28181

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// The SIP library refuses to send datagrams of more than this less 200 bytes;
// GB/T 28181 devices take fragmented ones, and TCP is not theirs to choose.
// They may also send such.
func init() {
	sip.UDPMTUSize = 65507 + 200
	sip.TransportBufferReadSize = 65535
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler)) // it miscounts its own references, loudly
}

// Bounds of what strangers can make the relay hold.
const (
	maxSources     = 65536 // UDP sources that the SIP library remembers
	maxConnections = 20000 // over TCP
)

// datagrams is the SIP socket: what it reads is repaired, and the library's
// memory of sources, which only grows, is emptied now and then by ending its
// read loop.
type datagrams struct {
	net.PacketConn
	raw     []byte
	sources map[string]struct{}
	closed  atomic.Bool
}

// ReadFrom implements net.PacketConn.
func (c *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	if len(c.sources) >= maxSources {
		c.sources = nil
		return 0, nil, net.ErrClosed
	}
	if c.raw == nil {
		c.raw = make([]byte, 65536)
	}
	for {
		n, addr, err := c.PacketConn.ReadFrom(c.raw)
		if err != nil {
			if c.closed.Load() || errors.Is(err, net.ErrClosed) {
				return 0, nil, net.ErrClosed
			}
			continue // such as an ICMP error of an earlier answer
		}
		msg := bytes.TrimRight(c.raw[:n], "\x00")
		msg = bytes.TrimLeft(msg, "\r\n")
		head := headEnd(msg)
		if head < 0 {
			head = len(msg)
		}
		source := addr.String()
		out, ok := repair(b[:0], msg[:head], msg[head:], "UDP", source)
		if !ok || len(out) > len(b) {
			continue
		}
		if c.sources == nil {
			c.sources = map[string]struct{}{}
		}
		c.sources[source] = struct{}{}
		return copy(b, out), addr, nil
	}
}

// connections accepts devices over TCP, so many at most, and repairs what they
// send.
type connections struct {
	net.Listener
	idle  time.Duration
	mu    sync.Mutex
	open  map[*connection]struct{}
	close bool
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.mu.Lock()
			closing := l.close
			l.mu.Unlock()
			if closing || errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			time.Sleep(50 * time.Millisecond) // out of files, as a rule
			continue
		}
		c := &connection{Conn: conn, list: l}
		l.mu.Lock()
		ok := len(l.open) < maxConnections && !l.close
		if ok {
			l.open[c] = struct{}{}
		}
		l.mu.Unlock()
		if ok {
			return c, nil
		}
		_ = conn.Close()
	}
}

// Close ends the listener and all its connections.
func (l *connections) Close() error {
	l.mu.Lock()
	l.close = true
	open := l.open
	l.open = map[*connection]struct{}{}
	l.mu.Unlock()
	err := l.Listener.Close()
	for c := range open {
		_ = c.Conn.Close()
	}
	return err
}

// connection cuts a device's byte stream into messages, by their
// Content-Length, and finds the next message after garbage.
type connection struct {
	net.Conn
	list    *connections
	in, out []byte
	chunk   [4096]byte
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.list.mu.Lock()
	delete(c.list.open, c)
	c.list.mu.Unlock()
	return c.Conn.Close()
}

// Read implements net.Conn; it gives whole messages, in parts if b is small.
func (c *connection) Read(b []byte) (int, error) {
	for len(c.out) == 0 {
		msg, ok, err := c.next()
		if err != nil {
			return 0, err
		}
		if ok {
			c.out = msg
			break
		}
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.list.idle))
		n, err := c.Conn.Read(c.chunk[:])
		if n == 0 && err != nil {
			return 0, err
		}
		c.in = append(c.in, c.chunk[:n]...)
	}
	n := copy(b, c.out)
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
	}
	return n, nil
}

var errTooLarge = errors.New("gb28181: a SIP message is too large")

// next takes the next whole message from what has come.
func (c *connection) next() ([]byte, bool, error) {
	for {
		if t := bytes.TrimLeft(c.in, "\r\n\x00"); len(t) < len(c.in) {
			if bytes.Contains(c.in[:len(c.in)-len(t)], []byte("\r\n\r\n")) && len(t) == 0 {
				_, _ = c.Conn.Write([]byte("\r\n")) // a ping of RFC 5626 section 3.5.1
			}
			c.in = t
		}
		if len(c.in) == 0 {
			c.in = nil
			return nil, false, nil
		}
		line := bytes.IndexByte(c.in, '\n')
		if line >= 0 && !isStartLine(c.in[:line]) {
			c.in = c.in[line+1:]
			continue
		}
		head := headEnd(c.in)
		if head < 0 {
			if len(c.in) > maxHead {
				return nil, false, errTooLarge
			}
			return nil, false, nil
		}
		size := max(0, contentLength(c.in[:head]))
		if size > maxMessage-maxHead {
			return nil, false, errTooLarge
		}
		if len(c.in) < head+size {
			return nil, false, nil
		}
		out, ok := repair(nil, c.in[:head], c.in[head:head+size], "TCP", c.RemoteAddr().String())
		c.in = c.in[head+size:]
		if ok {
			return out, true, nil
		}
	}
}
