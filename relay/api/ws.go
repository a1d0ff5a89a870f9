package api

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"sightline/relay/health"
	"sightline/vision/annot"
)

// The times of a connection.
const (
	// helloTime is how long a client may take for its first message.
	helloTime = 10 * time.Second
	// heartbeat is the longest silence on the relay's side, and the time from
	// ping to ping.
	heartbeat = 5 * time.Second
	// silence is how long a client may send nothing, no pong either.
	silence = 3 * heartbeat
	// writeTime is how long one message may take to leave.
	writeTime = 10 * time.Second
	// maxWSClients bounds the connections.
	maxWSClients = 256
)

// AnnotationsConfig is what the annotations' hub needs.
type AnnotationsConfig struct {
	// Epoch returns a stream's epoch, false for a stream that is not there.
	Epoch func(stream string) (uint32, bool)
	// Report takes what a client's own detectors found, checked and within
	// the client's rate: an [annot.Event] or [annot.Detections] of origin
	// client without a time. reporter is the connection's name. It must not
	// wait. Nil refuses reports.
	Report func(reporter string, m annot.Message)
	// Gone hears that a reporter's connection has ended.
	Gone   func(reporter string)
	Logger *slog.Logger
}

// Annotations hand annotations to the clients of /api/v1/ws. Each has a
// bounded queue of its own, so that a slow one loses and slows nobody.
type Annotations struct {
	cfg      AnnotationsConfig
	upgrader websocket.Upgrader

	mu      sync.Mutex
	streams map[string]*history
	clients map[*wsClient]struct{}
	serial  uint64
	closed  bool
	// past are the counts of connections that have ended.
	past  AnnotationStats
	count AnnotationStats

	running sync.WaitGroup
}

// AnnotationStats count what was published, lost and reported.
type AnnotationStats struct {
	Clients int
	// Published and Lost are messages by type; Lost ones were dropped for
	// clients that were too slow.
	Published, LostEvents, LostDetections uint64
	// Reports by outcome.
	Accepted, Refused, Limited uint64
}

// NewAnnotations returns a hub without clients; Close ends it.
func NewAnnotations(cfg AnnotationsConfig) *Annotations {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Annotations{cfg: cfg, streams: map[string]*history{}, clients: map[*wsClient]struct{}{}}
	a.upgrader = websocket.Upgrader{
		HandshakeTimeout: helloTime, ReadBufferSize: 4 << 10, WriteBufferSize: 16 << 10,
		WriteBufferPool: &sync.Pool{},
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			Problem(w, r, status, health.New(health.RequestInvalid, "/api/v1/ws: %v.", reason).
				WithFix("Open it as a WebSocket from the relay's own pages, or from a program."))
		},
		EnableCompression: false, // messages are small, and the path is short
	}
	return a
}

// Register adds the route.
func (a *Annotations) Register(mux *http.ServeMux) { mux.HandleFunc("GET /api/v1/ws", a.serve) }

// Publish hands a message to the clients that subscribed to its stream. It
// never waits.
func (a *Annotations) Publish(m annot.Message) {
	name := m.StreamName()
	epoch, ok := a.cfg.Epoch(name)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	it := a.history(name, epoch).add(m, epoch)
	a.count.Published++
	for c := range a.clients {
		if c.wants[name] {
			c.queue.put(it)
		}
	}
}

func (a *Annotations) history(stream string, epoch uint32) *history {
	h := a.streams[stream]
	if h == nil {
		h = &history{epoch: epoch}
		a.streams[stream] = h
	}
	return h
}

// Stats returns the counts.
func (a *Annotations) Stats() AnnotationStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.count
	s.Clients = len(a.clients)
	s.LostEvents, s.LostDetections = a.past.LostEvents, a.past.LostDetections
	for c := range a.clients {
		n := c.queue.dropped()
		s.LostEvents += n.events
		s.LostDetections += n.detections
	}
	return s
}

// Close ends all connections and waits for them.
func (a *Annotations) Close() {
	a.mu.Lock()
	a.closed = true
	for c := range a.clients {
		c.end(websocket.CloseGoingAway, "the relay stops")
	}
	a.mu.Unlock()
	a.running.Wait()
}

// hijackable finds the way to the connection below the guard's writer, which
// gorilla/websocket looks for in the writer itself.
type hijackable struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(h.ResponseWriter).Hijack()
}

func (a *Annotations) serve(w http.ResponseWriter, r *http.Request) {
	c := &wsClient{hub: a, queue: newWSQueue(), stop: make(chan struct{}), wants: map[string]bool{}}
	if !a.join(c) {
		Problem(w, r, http.StatusServiceUnavailable, health.New(health.ViewerLimit,
			"%d clients have /api/v1/ws open, which is the most.", maxWSClients).WithFix("Close some pages."))
		return
	}
	defer a.leave(c)
	conn, err := a.upgrader.Upgrade(hijackable{w}, r, nil)
	if err != nil {
		return // it has been answered
	}
	c.conn = conn
	c.run()
}

func (a *Annotations) join(c *wsClient) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.clients) >= maxWSClients {
		return false
	}
	a.serial++
	c.name = "ws-" + strconv.FormatUint(a.serial, 10)
	a.clients[c] = struct{}{}
	a.running.Add(1)
	return true
}

func (a *Annotations) leave(c *wsClient) {
	a.mu.Lock()
	delete(a.clients, c)
	n := c.queue.dropped()
	a.past.LostEvents += n.events
	a.past.LostDetections += n.detections
	a.mu.Unlock()
	if c.reported && a.cfg.Gone != nil {
		a.cfg.Gone(c.name)
	}
	a.running.Done()
}

// subscribe sets what a client wants, and queues the answer and what the
// client has missed, in one step with Publish: nothing falls between.
func (a *Annotations) subscribe(c *wsClient, wanted []Subscription) {
	reply := welcome{V: WSVersion, Type: "welcome", HeartbeatS: heartbeat.Seconds(), Streams: []welcomeStream{}}
	var missed, refused []wsItem
	a.mu.Lock()
	defer a.mu.Unlock()
	had := c.wants
	c.wants = make(map[string]bool, len(wanted))
	for _, s := range wanted {
		epoch, ok := a.cfg.Epoch(s.Name)
		if !ok {
			refused = append(refused, answer(errorMessage{V: WSVersion, Type: "error",
				Code: string(health.StreamUnknown), Stream: s.Name, Text: "The configuration has no such stream."}))
			continue
		}
		h := a.history(s.Name, epoch)
		items, resumed := h.since(s)
		if had[s.Name] {
			items, resumed = nil, "all" // it goes on
		}
		missed = append(missed, items...)
		c.wants[s.Name] = true
		reply.Streams = append(reply.Streams, welcomeStream{s.Name, epoch, h.seq, resumed})
	}
	c.queue.put(answer(reply))
	c.queue.put(refused...)
	c.queue.put(missed...)
}

func (a *Annotations) counted(f func(*AnnotationStats)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(&a.count)
}
