package gbdevice

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// message is a SIP message as it came.
type message struct {
	method, uri string // of a request
	status      int    // of a response
	reason      string
	head        []string // header lines
	body        []byte
}

func (m *message) header(name string) string {
	for _, h := range m.head {
		if k, v, ok := strings.Cut(h, ":"); ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (m *message) key() string { return m.header("Call-ID") + " " + m.header("CSeq") }

func parse(head string, body []byte) *message {
	lines := strings.Split(strings.TrimSpace(head), "\r\n")
	f := strings.SplitN(lines[0], " ", 3)
	if len(f) < 3 {
		return nil
	}
	m := &message{head: lines[1:], body: body}
	if f[0] == "SIP/2.0" {
		m.status, _ = strconv.Atoi(f[1])
		m.reason = f[2]
	} else {
		m.method, m.uri = f[0], f[1]
	}
	return m
}

// line is the device's way to the platform.
type line struct {
	sending sync.Mutex
	d       *Device
	remote  string

	mu  sync.Mutex
	udp *net.UDPConn
	tcp net.Conn
}

func (d *Device) dial(ctx context.Context) (*line, error) {
	l := &line{d: d, remote: d.cfg.Server}
	if d.cfg.Network == "tcp" {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", l.remote)
		if err != nil {
			return nil, err
		}
		l.tcp = c
		return l, nil
	}
	return l, l.move()
}

// move opens a new UDP socket in place of the old one.
func (l *line) move() error {
	if l.tcp != nil {
		return nil
	}
	c, err := net.Dial("udp", l.remote)
	if err != nil {
		return err
	}
	l.mu.Lock()
	old := l.udp
	l.udp = c.(*net.UDPConn)
	l.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	return nil
}

func (l *line) conn() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != nil {
		return l.tcp
	}
	return l.udp
}

func (l *line) close() { _ = l.conn().Close() }

func (l *line) via() string {
	proto := "UDP "
	if l.tcp != nil {
		proto = "TCP "
	}
	return proto + l.conn().LocalAddr().String()
}

func (l *line) send(b []byte) {
	c := l.conn()
	// One message after the other, also where each is many writes.
	l.sending.Lock()
	defer l.sending.Unlock()
	if l.tcp != nil && l.d.has(SingleBytes) {
		for i := range b {
			_, _ = c.Write(b[i : i+1])
		}
		return
	}
	_, _ = c.Write(b)
}

// dress gives a message the quirks that concern its form.
func (d *Device) dress(msg []byte) []byte {
	head, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	var out []string
	for _, h := range lines {
		switch name, _, _ := strings.Cut(h, ":"); {
		case name == "Content-Length" && d.has(NoLength) && d.line.tcp == nil:
			continue
		case name == "Content-Length" && d.has(WrongLength) && d.line.tcp == nil:
			h = "Content-Length: 9999"
		case name == "Content-Length" && d.has(TwoLengths):
			out = append(out, h)
			h = "Content-Length: 3"
		case name == "Via" && d.has(NoVia) && !strings.HasPrefix(lines[0], "SIP/2.0"):
			continue
		}
		out = append(out, h)
	}
	end := "\r\n"
	if d.has(LineFeeds) {
		end = "\n"
	}
	return append([]byte(strings.Join(out, end)+end+end), body...)
}

// ask sends a request and waits for the final answer; over UDP it is sent
// again, as RFC 3261 section 17.1.2 has it.
func (d *Device) ask(ctx context.Context, method, callID, body string, extra ...string) (*message, error) {
	return d.request(ctx, method, callID, d.cfg.ID, body, extra...)
}

// request is ask under any number.
func (d *Device) request(ctx context.Context, method, callID, from, body string, extra ...string) (*message, error) {
	d.mu.Lock()
	d.cseq++
	cseq := d.cseq
	answer := make(chan *message, 4)
	key := fmt.Sprintf("%s %d %s", callID, cseq, method)
	d.waiting[key] = answer
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.waiting, key)
		d.mu.Unlock()
	}()
	tag := ";tag=" + callID[:8]
	if d.has(NoFromTag) {
		tag = ""
	}
	to := d.cfg.ServerID
	if method == "REGISTER" {
		to = d.cfg.ID
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s sip:%s@%s SIP/2.0\r\n", method, d.cfg.ServerID, d.cfg.Realm)
	fmt.Fprintf(&b, "Via: SIP/2.0/%s;rport;branch=z9hG4bK%s\r\n", d.line.via(), token())
	fmt.Fprintf(&b, "From: <sip:%s@%s>%s\r\nTo: <sip:%s@%s>\r\n", from, d.cfg.Realm, tag, to, d.cfg.Realm)
	fmt.Fprintf(&b, "Call-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\nUser-Agent: Sightline simulated device\r\n", callID, cseq, method)
	fmt.Fprintf(&b, "Contact: <sip:%s@%s>\r\n", d.cfg.ID, d.line.conn().LocalAddr())
	for _, h := range extra {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: Application/MANSCDP+xml\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	msg := d.dress([]byte(b.String()))
	wait := 500 * time.Millisecond
	d.line.send(msg)
	for range 5 {
		t := time.NewTimer(wait)
		select {
		case m := <-answer:
			t.Stop()
			if m.status >= 200 {
				return m, nil
			}
		case <-t.C:
			if d.line.tcp == nil {
				d.line.send(msg)
			}
			wait *= 2
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
	}
	return nil, errors.New("gbdevice: no answer to " + method)
}

// mediaStatus says in a session's dialog that its media has ended, from a
// number that is not the device's.
func (d *Device) mediaStatus(ctx context.Context, callID string) {
	body := "<?xml version=\"1.0\"?>\r\n<Notify>\r\n<CmdType>MediaStatus</CmdType>\r\n<SN>1</SN>\r\n<DeviceID>" + d.cfg.ID +
		"</DeviceID>\r\n<NotifyType>121</NotifyType>\r\n</Notify>\r\n"
	if res, err := d.request(ctx, "MESSAGE", callID, strings.Repeat("9", 20), body); err != nil || res.status != 200 {
		d.log.Warn("the end of the media could not be told", "err", err)
	}
}

// read takes what the platform sends until the line is closed.
func (d *Device) read(ctx context.Context, l *line) error {
	c := l.conn()
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now().Add(time.Second)) })
	defer stop()
	if l.tcp == nil {
		buf := make([]byte, 8192)
		for {
			n, err := c.Read(buf)
			if err != nil {
				if l.conn() != c {
					return nil // the device has moved
				}
				if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
					return err
				}
				time.Sleep(20 * time.Millisecond) // the platform is not there, as ICMP says
				continue
			}
			head, body, ok := bytes.Cut(buf[:n], []byte("\r\n\r\n"))
			if m := parse(string(head), bytes.Clone(body)); ok && m != nil {
				d.take(ctx, m)
			}
		}
	}
	r := bufio.NewReader(c)
	for {
		var head strings.Builder
		for {
			h, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if strings.TrimSpace(h) == "" {
				if head.Len() == 0 {
					continue
				}
				break
			}
			head.WriteString(h)
		}
		m := parse(head.String(), nil)
		if m == nil {
			return errors.New("gbdevice: the platform sends what is no SIP")
		}
		n, _ := strconv.Atoi(m.header("Content-Length"))
		m.body = make([]byte, min(max(n, 0), 1<<20))
		if _, err := io.ReadFull(r, m.body); err != nil {
			return err
		}
		d.take(ctx, m)
	}
}

// take hands a message to whoever waits for it.
func (d *Device) take(ctx context.Context, m *message) {
	if m.method == "" {
		d.mu.Lock()
		ch := d.waiting[m.key()]
		d.mu.Unlock()
		if ch != nil {
			select {
			case ch <- m:
			default:
			}
		}
		return
	}
	switch m.method {
	case "MESSAGE":
		d.respond(m, 200, "OK", "")
		d.work.Go(func() { d.query(ctx, m) })
	case "INVITE":
		d.invite(ctx, m)
	case "ACK":
		d.mu.Lock()
		s := d.sessions[m.header("Call-ID")]
		d.mu.Unlock()
		if s != nil {
			s.acked()
		}
	case "BYE", "CANCEL":
		d.respond(m, 200, "OK", "")
		d.mu.Lock()
		s := d.sessions[m.header("Call-ID")]
		delete(d.sessions, m.header("Call-ID"))
		d.mu.Unlock()
		if s != nil {
			d.Byes.Add(1)
			s.cancel()
		}
	default:
		d.respond(m, 501, "Not Implemented", "")
	}
}

// respond answers a request.
func (d *Device) respond(m *message, status int, reason, body string, extra ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reason)
	for _, h := range m.head {
		name, _, _ := strings.Cut(h, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "from", "call-id", "cseq":
			b.WriteString(h + "\r\n")
		case "to":
			if !strings.Contains(h, "tag=") && status > 100 && !(m.method == "INVITE" && d.has(AnswerNoToTag)) {
				h += ";tag=" + m.header("Call-ID")[:6]
			}
			b.WriteString(h + "\r\n")
		}
	}
	for _, h := range extra {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	d.line.send(d.dress([]byte(b.String())))
}
