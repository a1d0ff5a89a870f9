// Package push takes streams that somebody sends as the body of an HTTP
// request: POST /push/{stream} with MPEG-TS, FLV, or H.264 or H.265 in Annex B.
// What is sent is found by its content. The package owns the requests and their
// bounds; it knows no container and no stream: both are given to it.
package push

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/relay/source"
	"sightline/relay/source/publish"
)

// Body is what one publisher sends.
type Body struct {
	io.Reader
	// Name names the publisher and the stream for people.
	Name string
	// Container is what Config.Sniff has found.
	Container string
	// FPS is the frame rate that the publisher states, 0 without.
	FPS float64
}

// Config of the publishing by HTTP.
type Config struct {
	// Point finds where a stream is published to. What says what the stream's
	// source is where it is not published to; it is empty for a stream that
	// there is not.
	Point func(stream string) (p *publish.Point, what string)
	// Sniff tells the container of a stream's first bytes, of which SniffSize
	// are enough; Containers are those that Open takes.
	Sniff      func([]byte) (container string, ok bool)
	SniffSize  int
	Containers []string
	// Open makes the source that reads a body to its end, once.
	Open func(Body) source.Source
	// Problem answers a request with a condition (RFC 9457).
	Problem func(w http.ResponseWriter, r *http.Request, status int, c health.Condition)
	// Silence is how long a publisher may send nothing; default 10 s.
	Silence time.Duration
	Logger  *slog.Logger
}

// Handler answers the requests.
type Handler struct{ cfg Config }

// New makes the handler.
func New(cfg Config) *Handler {
	if cfg.Silence == 0 {
		cfg.Silence = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{cfg}
}

// Register adds the routes. The bodies have no end: nothing before the handler
// may bound their size or time.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /push/{stream}", h.push)
	mux.HandleFunc("PUT /push/{stream}", h.push) // what curl -T sends
}

// maxFPS is the largest frame rate that a publisher may state.
const maxFPS = 240

func (h *Handler) push(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("stream")
	point, what := h.cfg.Point(name)
	switch {
	case what == "" && point == nil:
		h.refuse(w, r, http.StatusNotFound, health.New(health.StreamUnknown, "There is no stream %q.", name))
		return
	case point == nil:
		h.refuse(w, r, http.StatusConflict, health.New(health.PublishRefused,
			"The source of %s is %s; nothing can be published to it.", name, what).
			WithFix("Set streams.%s.source: push", name))
		return
	}
	fps := 0.0
	if v := r.URL.Query().Get("fps"); v != "" {
		var err error
		if fps, err = strconv.ParseFloat(v, 64); err != nil || !(fps > 0 && fps <= maxFPS) {
			h.refuse(w, r, http.StatusBadRequest, health.New(health.RequestInvalid,
				"fps is %q; the rule is a number above 0 and at most %d.", v, maxFPS))
			return
		}
	}
	body := newReader(http.NewResponseController(w), r.Body, h.cfg.Silence)
	err := point.Publish(r.Context(), func(ctx context.Context, out source.Sink) error {
		defer context.AfterFunc(ctx, body.stop)()
		err := h.feed(ctx, out, Body{Reader: body, Name: "what is pushed to " + name, FPS: fps})
		if broken := body.broken(); broken != nil && err != nil {
			return broken // the cause of whatever was made of it
		}
		return err
	})
	// The server's bound counts from the request's beginning.
	_ = body.control.SetWriteDeadline(time.Now().Add(h.cfg.Silence))
	log := h.cfg.Logger.With("stream", name, "remote", r.RemoteAddr, "bytes", body.bytes())
	if err == nil {
		log.Info("push ended")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, c := h.answer(name, err)
	log.Warn("push refused or broken", "condition", c)
	h.refuse(w, r, status, c)
}

// feed finds out what is sent and delivers it.
func (h *Handler) feed(ctx context.Context, out source.Sink, b Body) error {
	head := make([]byte, h.cfg.SniffSize)
	n, err := io.ReadFull(b.Reader, head)
	var known bool
	if b.Container, known = h.cfg.Sniff(head[:n]); !known || !contains(h.cfg.Containers, b.Container) {
		if n == 0 && err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		found := "begins with neither of them"
		if known {
			found = "is " + b.Container
		}
		return source.Fail(source.Retry, health.New(health.PublishRefused,
			"%s must be %s; it %s.", upper(b.Name), strings.Join(h.cfg.Containers, ", "), found), nil)
	}
	h.cfg.Logger.Info("push begins", "what", b.Name, "container", b.Container)
	b.Reader = io.MultiReader(strings.NewReader(string(head[:n])), b.Reader)
	return h.cfg.Open(b).Run(ctx, out)
}

// answer words the end of a push that was not the body's.
func (h *Handler) answer(name string, err error) (int, health.Condition) {
	f, sorted := errors.AsType[*source.Failure](err)
	switch {
	case errors.Is(err, publish.ErrBusy):
		return http.StatusConflict, health.New(health.PublisherBusy, "Somebody else publishes %s.", name)
	case errors.Is(err, errSilent):
		return http.StatusRequestTimeout, health.New(health.PublishRefused, "Nothing was sent for %v.", h.cfg.Silence).
			WithFix("Send without long pauses; publish again to go on.")
	case errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, health.New(health.PublishRefused, "The relay stops.").WithFix("Publish again.")
	case sorted && f.Condition.Code == health.PublishRefused:
		return http.StatusUnsupportedMediaType, f.Condition
	case sorted:
		return http.StatusUnprocessableEntity, f.Condition
	}
	return http.StatusBadRequest, health.New(health.PublishRefused, "The body broke off: %v.", err)
}

// refuse answers before the body has ended. What the client still sends is
// not read: it would be without end.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, c health.Condition) {
	w.Header().Set("Connection", "close")
	h.cfg.Problem(w, r, status, c)
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var errSilent = errors.New("push: the publisher is silent")

// reader reads a body that has no end, but must not fall silent.
type reader struct {
	control *http.ResponseController
	body    io.Reader
	silence time.Duration

	mu      sync.Mutex
	stopped bool
	read    int64
	err     error // that ended the body, but for its end
}

func newReader(c *http.ResponseController, body io.Reader, silence time.Duration) *reader {
	return &reader{control: c, body: body, silence: silence}
}

// Read implements io.Reader. Each call may take as long as silence lasts.
func (r *reader) Read(b []byte) (int, error) {
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		return 0, context.Canceled
	}
	began := time.Now()
	_ = r.control.SetReadDeadline(began.Add(r.silence))
	r.mu.Unlock()
	n, err := r.body.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += int64(n)
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		err = errSilent
		// The server ends the request's context too when time has run out.
		if r.stopped && time.Since(began) < r.silence {
			err = context.Canceled
		}
	}
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// broken is the error that has ended the body, nil if it came to its end.
func (r *reader) broken() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// stop makes Read return, now and from now on.
func (r *reader) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	_ = r.control.SetReadDeadline(time.Now())
}

func (r *reader) bytes() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read
}
