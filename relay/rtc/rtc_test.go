package rtc

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func listenLoopback(t *testing.T) *Endpoint {
	t.Helper()
	e, err := Listen(Config{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func dial(t *testing.T, e *Endpoint) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", netip.AddrPortFrom(e.Addrs()[0], e.Port()).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// binding frames a STUN binding request (RFC 8489, RFC 4571) to a viewer that
// there is not.
func binding(t *testing.T) []byte {
	t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("nobody:viewer"))
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw))), m.Raw...)
}

// A browser keeps its connection for as long as its page is open; the relay
// must end all the same.
func TestCloseDoesNotWaitForConnections(t *testing.T) {
	e := listenLoopback(t)
	dial(t, e) // says nothing
	if _, err := dial(t, e).Write(binding(t)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		e.Close()
	}()
	select {
	case <-closed:
	case <-time.After(15 * time.Second):
		t.Fatal("Close waits for connections of strangers")
	}
}

func TestConnectionOfNobodyIsClosed(t *testing.T) {
	e := listenLoopback(t)
	defer e.Close()
	c := dial(t, e)
	if _, err := c.Write(binding(t)); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(15 * time.Second))
	if n, err := c.Read(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes came", n)
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Error("the connection stays open")
	}
}
