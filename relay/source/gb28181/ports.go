package gb28181

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// ports are the media ports: each one UDP socket and one TCP listener, opened
// when a session needs one. While there are enough, every session has its own;
// then they share, told apart by their SSRC.
type ports struct {
	addr     netip.Addr
	min, max int
	watcher  Watcher

	mu   sync.Mutex
	next int
	open map[int]*port
	wg   sync.WaitGroup
}

// port is one media port.
type port struct {
	number int
	udp    *net.UDPConn
	tcp    *net.TCPListener
	owner  *ports

	mu       sync.Mutex
	sessions []*session
}

func newPorts(addr netip.Addr, low, high int, watcher Watcher) *ports {
	return &ports{addr: addr, min: low, max: max(low, high), next: low, watcher: watcher, open: map[int]*port{}}
}

// take gives a session a port.
func (p *ports) take(s *session) (*port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var failure error
	for range max(1, min(p.max-p.min+1, 2000)) {
		n := p.next
		if p.min > 0 {
			if p.next++; p.next > p.max {
				p.next = p.min
			}
			if p.open[n] != nil {
				continue
			}
		}
		o, err := p.listen(n)
		if err == nil {
			o.add(s)
			return o, nil
		}
		failure = err
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	var least *port
	for _, o := range p.open {
		if least == nil || o.count() < least.count() {
			least = o
		}
	}
	if least == nil {
		return nil, fmt.Errorf("gb28181: no media port of %d to %d can be opened: %w", p.min, p.max, failure)
	}
	least.add(s)
	return least, nil
}

func (p *ports) listen(n int) (*port, error) {
	for try := 0; ; try++ {
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.addr, uint16(n))))
		if err != nil {
			return nil, err
		}
		number := u.LocalAddr().(*net.UDPAddr).Port
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.addr, uint16(number))))
		if err != nil {
			_ = u.Close()
			if n == 0 && try < 20 {
				continue
			}
			return nil, err
		}
		_ = u.SetReadBuffer(4 << 20)
		o := &port{number: number, udp: u, tcp: l, owner: p}
		p.open[number] = o
		p.wg.Go(o.receive)
		p.wg.Go(o.accept)
		return o, nil
	}
}

// give takes a session's port back, and closes it after the last one.
func (p *ports) give(o *port, s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, x := range o.sessions {
		if x == s {
			o.sessions = append(o.sessions[:i:i], o.sessions[i+1:]...)
			x.unwatch()
			break
		}
	}
	o.watch()
	if len(o.sessions) == 0 {
		delete(p.open, o.number)
		_ = o.udp.Close()
		_ = o.tcp.Close()
	}
}

func (p *ports) close() { p.wg.Wait() }

func (o *port) add(s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sessions = append(o.sessions[:len(o.sessions):len(o.sessions)], s)
	o.watch()
}

// watch tells the watcher whose packets come to the UDP socket: those of one
// session, or those of each session's SSRC. It is called anew when sessions
// come, go, or turn out to have another SSRC; the lock is held.
func (o *port) watch() {
	w := o.owner.watcher
	if w == nil {
		return
	}
	for _, s := range o.sessions {
		s.unwatch()
	}
	for _, s := range o.sessions {
		switch {
		case s.tcp:
		case len(o.sessions) == 1:
			s.release = w.Watch(o.udp, s.name)
		default:
			s.release = w.WatchSSRC(o.udp, s.name, s.sender())
		}
	}
}

// rewatch follows a session that has found its SSRC.
func (o *port) rewatch() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sessions) > 1 {
		o.watch()
	}
}

func (o *port) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.sessions)
}

// receive reads the UDP socket until it is closed.
func (o *port) receive() {
	buf := make([]byte, 65536)
	for {
		n, from, err := o.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // such as an ICMP error of an earlier packet
		}
		if p, ok := parsePacket(buf[:n]); ok {
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			if s := o.find(p.ssrc, from, false); s != nil {
				if s.datagram(p, from, n) {
					o.rewatch()
				}
			}
		}
	}
}

// find tells whose media comes from there: the only session's whatever its
// SSRC; on a shared port that of the SSRC, or the only one which waits for this
// host.
func (o *port) find(ssrc uint32, from netip.AddrPort, tcp bool) *session {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sessions) == 1 {
		return o.sessions[0]
	}
	var waiting *session
	for _, s := range o.sessions {
		if s.tcp != tcp {
			continue
		}
		if s.knows(ssrc, from) {
			return s
		}
	}
	for _, s := range o.sessions {
		if s.tcp == tcp && s.waitsFor(from.Addr()) {
			if waiting != nil {
				return nil
			}
			waiting = s
		}
	}
	return waiting
}

// accept takes devices' media connections until the listener is closed.
func (o *port) accept() {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, 64)
	for {
		conn, err := o.tcp.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(50 * time.Millisecond) // out of files, as a rule
			continue
		}
		select {
		case slots <- struct{}{}:
			wg.Go(func() {
				defer func() { <-slots }()
				o.serve(conn)
			})
		default:
			_ = conn.Close()
		}
	}
}

// serve reads a connection; its first packet says whose it is.
func (o *port) serve(conn *net.TCPConn) {
	defer conn.Close()
	from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	var s *session
	release := func() {}
	defer func() {
		release()
		if s != nil {
			s.detach(conn)
		}
	}()
	_ = readFrames(conn, 5*time.Second, func(b []byte) bool {
		p, ok := parsePacket(b)
		if !ok {
			return true
		}
		if s == nil {
			if s = o.find(p.ssrc, from, true); s == nil || !s.attach(conn) {
				s = nil
				return false
			}
			if o.owner.watcher != nil {
				release = o.owner.watcher.Watch(conn, s.name)
			}
		}
		return s.stream(conn, p, len(b))
	})
}

// readFrames calls out with each RTP packet of a connection until that reports
// false or the connection ends; silence bounds the wait for bytes.
func readFrames(conn *net.TCPConn, silence time.Duration, out func([]byte) bool) error {
	var f framer
	going := true
	for going {
		_ = conn.SetReadDeadline(time.Now().Add(silence))
		n, err := conn.Read(f.space())
		if n > 0 {
			if err := f.add(n, func(b []byte) { going = going && out(b) }); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
