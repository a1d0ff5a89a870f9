package rtc

import (
	"net"
	"sync"
)

// tcpListener closes what it has accepted when it is closed. The mux waits for
// the first packet of each connection, and its end must not wait for that.
type tcpListener struct {
	net.Listener

	mu     sync.Mutex
	open   map[*accepted]struct{}
	closed bool
}

// accepted is a connection that its listener knows.
type accepted struct {
	net.Conn
	from *tcpListener
}

func track(l net.Listener) *tcpListener {
	return &tcpListener{Listener: l, open: map[*accepted]struct{}{}}
}

// Accept implements net.Listener.
func (l *tcpListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	a := &accepted{c, l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	l.open[a] = struct{}{}
	return a, nil
}

// Close implements net.Listener.
func (l *tcpListener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for a := range l.open {
		_ = a.Conn.Close()
	}
	return err
}

// Close implements net.Conn.
func (a *accepted) Close() error {
	a.from.mu.Lock()
	delete(a.from.open, a)
	a.from.mu.Unlock()
	return a.Conn.Close()
}
