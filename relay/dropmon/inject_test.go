package dropmon

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNobodyListens(t *testing.T) {
	w := newWorld(t)
	m := open(t, Options{})
	one := w.listen(w.relay, netip.AddrPortFrom(w.relayIP, 0))
	at := addrPort(one)
	release := m.Watch(one, "gate")
	defer release()
	_ = unix.AF_INET
	cam := w.camera(w.cams, w.cam, at, 1)
	cam.send(10)
	_ = drain(one)
	expect(t, m, "gate", map[string]uint64{})
	_ = one.Close()
	cam.send(25)
	expect(t, m, "gate", map[string]uint64{"NO_SOCKET": 25})
}
