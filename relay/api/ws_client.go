package api

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"sightline/relay/health"
)

// Limits on what one client may send.
const (
	reportRate  = 40 // messages a second, over time
	reportBurst = 80
	// maxMistakes in a row end a connection: its program does not fit.
	maxMistakes = 20
)

// wsClient is one connection. Its reader runs in the request's goroutine, its
// writer in one more, which the reader waits for.
type wsClient struct {
	hub   *Annotations
	name  string
	conn  *websocket.Conn
	queue *wsQueue
	// wants is guarded by the hub's lock.
	wants map[string]bool

	stop   chan struct{} // closed by end
	ending sync.Once
	code   int // of the close message; set before stop is closed
	reason string

	// Of the reader alone.
	reported   bool
	tokens     float64
	refilled   time.Time
	mistakes   int
	complained time.Time
}

// end asks the writer to close the connection.
func (c *wsClient) end(code int, reason string) {
	c.ending.Do(func() {
		c.code, c.reason = code, reason
		close(c.stop)
	})
}

// run serves the connection until either side ends it.
func (c *wsClient) run() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.write()
		_ = c.conn.Close() // which ends the reader too
	}()
	c.read()
	c.end(websocket.CloseNormalClosure, "")
	<-done
}

func (c *wsClient) read() {
	c.conn.SetReadLimit(maxWSMessage)
	alive := func() { _ = c.conn.SetReadDeadline(time.Now().Add(silence)) }
	greeted := false
	c.conn.SetPongHandler(func(string) error {
		if greeted { // pongs alone are no hello
			alive()
		}
		return nil
	})
	_ = c.conn.SetReadDeadline(time.Now().Add(helloTime))
	c.tokens, c.refilled = reportBurst, time.Now()
	for {
		kind, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if greeted {
			alive()
		}
		if kind != websocket.TextMessage {
			c.mistake("binary messages are not understood; send JSON text")
			continue
		}
		m, err := parseClientMessage(data)
		switch {
		case err != nil:
			c.mistake(err.Error())
		case !greeted && m.kind != "hello":
			c.end(websocket.ClosePolicyViolation, "the first message must be hello")
		case greeted && m.kind == "hello":
			c.mistake("hello may be sent once; send subscribe")
		case !c.allowed():
			c.hub.counted(func(s *AnnotationStats) { s.Limited++ })
			c.complain("messages come too fast; 40 a second are taken")
		case m.kind == "report":
			c.report(m)
		default:
			// The token is for a version that has access rights: this one
			// serves its own machine alone.
			greeted = true
			c.mistakes = 0
			alive()
			c.hub.subscribe(c, m.streams)
		}
	}
}

// mistake tells the client what it did wrong, at most once a second, and ends
// the connection of one that goes on.
func (c *wsClient) mistake(text string) {
	c.hub.counted(func(s *AnnotationStats) { s.Refused++ })
	c.mistakes++
	if c.mistakes >= maxMistakes {
		c.end(websocket.ClosePolicyViolation, "too many messages that are not valid")
		return
	}
	c.complain(text)
}

func (c *wsClient) complain(text string) {
	if time.Since(c.complained) < time.Second {
		return
	}
	c.complained = time.Now()
	c.queue.put(answer(errorMessage{V: WSVersion, Type: "error", Code: string(health.RequestInvalid), Text: text}))
}

// allowed takes one message from the client's budget.
func (c *wsClient) allowed() bool {
	now := time.Now()
	c.tokens = min(reportBurst, c.tokens+now.Sub(c.refilled).Seconds()*reportRate)
	c.refilled = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

// report hands on what the client's detectors found.
func (c *wsClient) report(m clientMessage) {
	_, known := c.hub.cfg.Epoch(m.report.StreamName())
	if c.hub.cfg.Report == nil || !known {
		c.mistake("reports are not taken for stream " + m.report.StreamName())
		return
	}
	c.mistakes = 0
	c.reported = true
	c.hub.counted(func(s *AnnotationStats) { s.Accepted++ })
	c.hub.cfg.Report(c.name, m.report)
}

// write sends what is queued, and something now and then where nothing is: a
// page cannot see pings.
func (c *wsClient) write() {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-c.stop:
			c.flush() // what the client is told about its end
			text := websocket.FormatCloseMessage(c.code, c.reason)
			_ = c.conn.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second))
			return
		case <-beat.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTime)) != nil ||
				!c.send(encodeWS(heartbeatMessage{V: WSVersion, Type: "heartbeat"})) {
				return
			}
		case <-c.queue.wake:
			if !c.flush() {
				return
			}
		}
	}
}

func (c *wsClient) flush() bool {
	items, lost := c.queue.take()
	for stream, n := range lost {
		if !c.send(encodeWS(lostMessage{V: WSVersion, Type: "lost", Stream: stream, Detections: n.detections, Events: n.events})) {
			return false
		}
	}
	for _, it := range items {
		if !c.send(it.data) {
			return false
		}
	}
	return true
}

func (c *wsClient) send(data []byte) bool {
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
	return c.conn.WriteMessage(websocket.TextMessage, data) == nil
}
