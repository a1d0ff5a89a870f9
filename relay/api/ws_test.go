package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"sightline/vision/annot"
)

// reports are what clients reported.
type reports struct {
	mu   sync.Mutex
	got  []annot.Message
	gone int
}

func (r *reports) count() (int, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got), r.gone
}

func newAnnotations() (*Annotations, *reports) {
	r := &reports{}
	return NewAnnotations(AnnotationsConfig{
		Epoch: func(s string) (uint32, bool) { return 7, s == "gate" || s == "yard" },
		Report: func(_ string, m annot.Message) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got = append(r.got, m)
		},
		Gone: func(string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.gone++
		},
	}), r
}

// wsServer serves annotations behind the whole API, guards included.
func wsServer(t *testing.T, a *Annotations) string {
	t.Helper()
	r := newRelay()
	r.cfg.Routes = append(r.cfg.Routes, a.Register)
	srv := httptest.NewServer(r.handler(t))
	t.Cleanup(func() { a.Close(); srv.Close() })
	return "ws" + strings.TrimPrefix(srv.URL, "http") + "/api/v1/ws"
}

type wsConn struct {
	*websocket.Conn
	t *testing.T
}

func dial(t *testing.T, url string) wsConn {
	t.Helper()
	c, resp, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, resp)
	}
	t.Cleanup(func() { _ = c.Close() })
	return wsConn{c, t}
}

func (c wsConn) send(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

type wsMessage struct {
	Type       string          `json:"type"`
	Seq        uint64          `json:"seq"`
	Stream     string          `json:"stream"`
	RTP        uint32          `json:"rtp"`
	ID         string          `json:"id"`
	Code       string          `json:"code"`
	Text       string          `json:"text"`
	Streams    []welcomeStream `json:"streams"`
	Detections uint64          `json:"detections"`
	Events     uint64          `json:"events"`
}

// next returns the next message that is no heartbeat.
func (c wsConn) next() wsMessage {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		_, data, err := c.ReadMessage()
		if err != nil {
			c.t.Fatal(err)
		}
		var m wsMessage
		if err := json.Unmarshal(data, &m); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
		if m.Type != "heartbeat" {
			return m
		}
	}
}

func detections(stream string, rtp uint32) annot.Message {
	return annot.Detections{Key: annot.Key{Stream: stream, Epoch: 7, RTP: rtp}, Time: time.Unix(1, 0), Origin: annot.Relay, Model: "test",
		Objects: []annot.Object{{ID: 1, Label: "person", Score: 0.5, Box: annot.Box{X: 0.1, Y: 0.1, W: 0.2, H: 0.2}}}}
}

func happened(stream string, n int) annot.Message {
	return annot.Event{Key: annot.Key{Stream: stream, Epoch: 7, RTP: uint32(n)}, Time: time.Unix(1, 0), Event: "motion", State: annot.Began, ID: fmt.Sprint("e", n)}
}

func TestWebSocket(t *testing.T) {
	a, _ := newAnnotations()
	url := wsServer(t, a)
	c := dial(t, url)
	c.send(`{"v":1,"type":"hello","token":"","streams":[{"name":"gate"},{"name":"nowhere"}]}`)
	if m := c.next(); m.Type != "welcome" || len(m.Streams) != 1 || m.Streams[0] != (welcomeStream{"gate", 7, 0, "none"}) {
		t.Fatalf("%+v", m)
	}
	if m := c.next(); m.Type != "error" || m.Code != "stream-unknown" || m.Stream != "nowhere" {
		t.Fatalf("%+v", m)
	}
	a.Publish(detections("yard", 1))
	a.Publish(detections("gate", 2))
	a.Publish(detections("nowhere", 3))
	if m := c.next(); m.Type != "detections" || m.Stream != "gate" || m.RTP != 2 || m.Seq != 1 {
		t.Fatalf("%+v", m)
	}
	c.send(`{"v":1,"type":"subscribe","streams":[{"name":"yard","epoch":7,"seq":0}]}`)
	if m := c.next(); m.Type != "welcome" || m.Streams[0] != (welcomeStream{"yard", 7, 1, "all"}) {
		t.Fatalf("%+v", m)
	}
	if m := c.next(); m.Stream != "yard" || m.RTP != 1 {
		t.Fatalf("%+v", m)
	}
	a.Publish(detections("gate", 4))
	a.Publish(happened("yard", 5))
	if m := c.next(); m.Type != "event" || m.Stream != "yard" || m.ID != "e5" {
		t.Fatalf("%+v", m)
	}
}

// A client that comes back gets what it missed, and hears when that is not all.
func TestResume(t *testing.T) {
	a, _ := newAnnotations()
	url := wsServer(t, a)
	for i := range 10 {
		a.Publish(happened("gate", i))
	}
	resume := func(epoch, seq int) (string, []string) {
		c := dial(t, url)
		c.send(fmt.Sprintf(`{"v":1,"type":"hello","streams":[{"name":"gate","epoch":%d,"seq":%d}]}`, epoch, seq))
		w := c.next()
		a.Publish(happened("gate", 1000))
		var got []string
		for m := c.next(); m.ID != "e1000"; m = c.next() {
			got = append(got, m.ID)
		}
		return w.Streams[0].Resumed, got
	}
	if how, got := resume(7, 7); how != "all" || fmt.Sprint(got) != "[e7 e8 e9]" {
		t.Errorf("%s %v", how, got)
	}
	if how, got := resume(6, 7); how != "none" || len(got) != 0 {
		t.Errorf("another epoch: %s %v", how, got)
	}
	if how, got := resume(7, 9999); how != "none" || len(got) != 0 {
		t.Errorf("from the future: %s %v", how, got)
	}
	for i := range 2 * historyEvents {
		a.Publish(happened("gate", i))
	}
	if how, got := resume(7, 7); how != "part" || len(got) != historyEvents {
		t.Errorf("%s, %d messages", how, len(got))
	}
}

func TestReports(t *testing.T) {
	a, r := newAnnotations()
	url := wsServer(t, a)
	c := dial(t, url)
	event := `{"v":1,"type":"event","stream":"gate","epoch":7,"rtp":5,"ts":"2026-01-02T15:04:05Z","event":"motion","state":"began","id":"m1","origin":"client"}`
	c.send(`{"v":1,"type":"hello","streams":[]}`)
	c.next()
	c.send(event)
	c.send(strings.Replace(event, "gate", "nowhere", 1))
	if m := c.next(); m.Type != "error" || !strings.Contains(m.Text, "nowhere") {
		t.Fatalf("%+v", m)
	}
	if n, _ := r.count(); n != 1 {
		t.Fatalf("%d reports", n)
	}
	// Beyond its rate a client's reports are left out, and it hears of it.
	time.Sleep(time.Second) // the client is told of mistakes once a second
	for range 3 * reportBurst {
		c.send(event)
	}
	if m := c.next(); m.Type != "error" || !strings.Contains(m.Text, "too fast") {
		t.Fatalf("%+v", m)
	}
	_ = c.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if n, gone := r.count(); gone == 1 {
			if n < reportBurst || n >= 2*reportBurst+1 {
				t.Errorf("%d reports taken", n)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody hears that the client has gone")
		}
	}
	if s := a.Stats(); s.Limited == 0 || s.Accepted == 0 || s.Refused != 1 || s.Clients != 0 {
		t.Errorf("%+v", s)
	}
}

func TestNoWebSocket(t *testing.T) {
	a, _ := newAnnotations()
	url := wsServer(t, a)
	resp, err := http.Get("http" + strings.TrimPrefix(url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 400 || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	_, resp, err = websocket.DefaultDialer.Dial(url, http.Header{"Origin": {"https://elsewhere.example"}})
	if err == nil || resp == nil || resp.StatusCode != 403 {
		t.Errorf("a page of another site: %v %v", resp, err)
	}
}

// A client that reads nothing costs its own messages only.
func TestSlowClient(t *testing.T) {
	a, _ := newAnnotations()
	url := wsServer(t, a)
	hello := `{"v":1,"type":"hello","streams":[{"name":"gate"}]}`
	slow, fast := dial(t, url), dial(t, url)
	slow.send(hello)
	fast.send(hello)
	slow.next()
	fast.next()
	big := detections("gate", 0).(annot.Detections)
	for i := range 200 {
		big.Objects = append(big.Objects, annot.Object{ID: uint64(i), Label: strings.Repeat("x", 60), Box: annot.Box{X: 0.1, Y: 0.1, W: 0.1, H: 0.1}})
	}
	const messages = 600 // about 14 MB, more than any socket buffer
	for i := range uint32(messages) {
		big.RTP = i
		a.Publish(big)
		if i%100 == 0 {
			a.Publish(happened("gate", int(i)))
		}
		// The fast one keeps up. It only looks, for the slow one has 10 s.
		for key := fmt.Appendf(nil, `"rtp":%d,"ts"`, i); ; {
			_, data, err := fast.ReadMessage()
			if err != nil || bytes.Contains(data[:min(len(data), 60)], []byte(`"lost"`)) {
				t.Fatalf("the slow client slows the fast one: %.80s %v", data, err)
			}
			if bytes.Contains(data[:min(len(data), 200)], key) && bytes.Contains(data[:min(len(data), 60)], []byte("detections")) {
				break
			}
		}
	}
	if s := a.Stats(); s.LostDetections == 0 || s.LostEvents != 0 {
		t.Fatalf("%+v", s)
	}
	events, lost := 0, uint64(0)
	for {
		m := slow.next()
		switch m.Type {
		case "event":
			events++
		case "lost":
			lost += m.Detections
		case "detections":
			if m.RTP == messages-1 {
				if events != messages/100 || lost != a.Stats().LostDetections {
					t.Errorf("%d events and %d losses arrived; %+v", events, lost, a.Stats())
				}
				return
			}
		}
	}
}

// pipeListener hands out net.Pipe connections, whose waits synctest sees.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// inBubble runs a test with a server whose time is that of the bubble.
func inBubble(t *testing.T, test func(t *testing.T, dial func() *websocket.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newAnnotations()
		l := &pipeListener{make(chan net.Conn), make(chan struct{})}
		mux := http.NewServeMux()
		a.Register(mux)
		srv := &http.Server{Handler: mux}
		go func() { _ = srv.Serve(l) }()
		var conns []*websocket.Conn
		test(t, func() *websocket.Conn {
			client, server := net.Pipe()
			l.conns <- server
			d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return client, nil }}
			c, _, err := d.Dial("ws://127.0.0.1/api/v1/ws", nil)
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
			return c
		})
		for _, c := range conns {
			_ = c.Close()
		}
		a.Close()
		_ = srv.Close()
		synctest.Wait()
	})
}

func TestHelloIsDue(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *websocket.Conn) {
		c := dial()
		began := time.Now()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				break
			}
		}
		// Its answer to the close message may take a second more.
		if d := time.Since(began); d < helloTime || d > helloTime+time.Second {
			t.Errorf("a client that says nothing is cut off after %v", d)
		}
	})
}

// Whoever answers pings is kept however long nothing happens; whoever does not
// is cut off.
func TestHeartbeat(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *websocket.Conn) {
		c := dial()
		if err := c.WriteMessage(websocket.TextMessage, []byte(`{"v":1,"type":"hello","streams":[]}`)); err != nil {
			t.Fatal(err)
		}
		began, beats := time.Now(), 0
		for time.Since(began) < time.Hour {
			_, data, err := c.ReadMessage() // which answers pings
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			if bytes.Contains(data, []byte("heartbeat")) {
				beats++
			}
		}
		if want := int(time.Hour / heartbeat); beats < want || beats > want+1 {
			t.Errorf("%d heartbeats, want %d", beats, want)
		}
		c.SetPingHandler(func(string) error { return nil })
		began = time.Now()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				break
			}
		}
		if d := time.Since(began); d > silence+time.Second || d < silence-heartbeat {
			t.Errorf("a dead client is cut off after %v", d)
		}
	})
}

func TestBadClients(t *testing.T) {
	for name, first := range map[string]string{
		"no hello":   `{"v":1,"type":"subscribe","streams":[]}`,
		"too large":  `{"v":1,"type":"hello","token":"` + strings.Repeat("x", maxWSMessage) + `","streams":[]}`,
		"no JSON":    "hello",
		"no version": `{"type":"hello","streams":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, dial func() *websocket.Conn) {
				c := dial()
				go func() {
					for range maxMistakes {
						if c.WriteMessage(websocket.TextMessage, []byte(first)) != nil {
							return
						}
					}
				}()
				began := time.Now()
				for {
					if _, _, err := c.ReadMessage(); err != nil {
						break
					}
				}
				if d := time.Since(began); d > helloTime+time.Second {
					t.Errorf("stays connected for %v", d)
				}
			})
		})
	}
}
