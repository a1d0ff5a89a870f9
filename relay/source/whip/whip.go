// Package whip takes streams from WebRTC publishers, such as browsers and OBS,
// by the WebRTC-HTTP Ingestion Protocol (RFC 9725): POST an offer to
// /whip/{stream}, get the answer and the session's URL, DELETE it to leave.
// Pictures are H.264. The package knows no reader.
package whip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"sightline/relay/health"
	"sightline/relay/source/publish"
)

// Peers makes PeerConnections that receive.
type Peers interface {
	NewPublisher() (*webrtc.PeerConnection, error)
}

// Config of the publishing by WebRTC.
type Config struct {
	// Point finds where a stream is published to. What says what the stream's
	// source is where it is not published to; it is empty for a stream that
	// there is not.
	Point func(stream string) (p *publish.Point, what string)
	Peers Peers
	// Problem answers a request with a condition (RFC 9457).
	Problem func(w http.ResponseWriter, r *http.Request, status int, c health.Condition)
	// Port is named in messages about publishers that find no path.
	Port   uint16
	Logger *slog.Logger
}

const (
	maxOffer = 64 << 10
	// connectTime is how long a publisher has for ICE and DTLS.
	connectTime = 20 * time.Second
	// gatherTime bounds the wait for the relay's own candidates, which are
	// all local.
	gatherTime = 3 * time.Second
)

// Handler answers WHIP requests and owns the sessions.
type Handler struct {
	cfg Config
	ctx context.Context
	end context.CancelFunc

	mu       sync.Mutex
	sessions map[string]*session
	closed   bool
	wg       sync.WaitGroup
}

// New makes the handler; Close ends its sessions.
func New(cfg Config) *Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, end := context.WithCancel(context.Background())
	return &Handler{cfg: cfg, ctx: ctx, end: end, sessions: map[string]*session{}}
}

// Close ends all sessions and waits for them.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.end()
	h.wg.Wait()
}

// Register adds the routes.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /whip/{stream}", h.post)
	mux.HandleFunc("OPTIONS /whip/{stream}", h.options)
	mux.HandleFunc("DELETE /whip/{stream}/{session}", h.delete)
}

func (h *Handler) options(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Accept-Post", "application/sdp")
	w.Header().Set("Allow", "OPTIONS, POST")
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) delete(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	s := h.sessions[r.PathValue("session")]
	h.mu.Unlock()
	if s == nil || s.stream != r.PathValue("stream") {
		h.cfg.Problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid,
			"There is no WHIP session at %s; it may have ended.", r.URL.Path))
		return
	}
	s.close("left")
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/sdp" {
		w.Header().Set("Accept-Post", "application/sdp")
		h.cfg.Problem(w, r, http.StatusUnsupportedMediaType, health.New(health.PublishRefused,
			"Content-Type is %q; the rule is application/sdp.", r.Header.Get("Content-Type")))
		return
	}
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
	if err != nil {
		h.cfg.Problem(w, r, http.StatusRequestEntityTooLarge, health.New(health.PublishRefused,
			"The offer could not be read, or has more than %d bytes.", maxOffer))
		return
	}
	name := r.PathValue("stream")
	point, what := h.cfg.Point(name)
	switch {
	case point == nil && what == "":
		h.cfg.Problem(w, r, http.StatusNotFound, health.New(health.StreamUnknown, "There is no stream %q.", name))
		return
	case point == nil:
		h.cfg.Problem(w, r, http.StatusConflict, health.New(health.PublishRefused,
			"The source of %s is %s; nothing can be published to it.", name, what).
			WithFix("Set streams.%s.source: whip", name))
		return
	}
	turn, err := point.Reserve()
	if err != nil {
		h.cfg.Problem(w, r, http.StatusConflict, health.New(health.PublisherBusy, "Somebody else publishes %s.", name))
		return
	}
	s, answer, status, c := h.open(name, turn, string(offer))
	if c != nil {
		turn.Leave()
		h.cfg.Problem(w, r, status, *c)
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/whip/"+name+"/"+s.id)
	w.Header().Set("ETag", `"`+s.id+`"`)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

// open makes a session of an offer and starts it.
func (h *Handler) open(stream string, turn *publish.Turn, offer string) (*session, string, int, *health.Condition) {
	fail := func(status int, c health.Condition) (*session, string, int, *health.Condition) {
		return nil, "", status, &c
	}
	pc, err := h.cfg.Peers.NewPublisher()
	if err != nil {
		h.cfg.Logger.Error("publisher refused", "stream", stream, "err", err)
		return fail(http.StatusInternalServerError, health.New(health.Internal, "The publisher's connection could not be made."))
	}
	s := newSession(stream, pc, h.cfg.Port, h.cfg.Logger)
	answer, err := s.negotiate(offer)
	if err == nil && !h.admit(s) {
		err = errors.New("the relay stops")
	}
	if err != nil {
		_ = pc.Close()
		status := http.StatusBadRequest
		if errors.Is(err, errNoH264) {
			status = http.StatusNotAcceptable
		}
		return fail(status, health.New(health.PublishRefused, "%v.", err))
	}
	go func() {
		defer h.forget(s)
		s.run(h.ctx, turn)
	}()
	return s, answer, http.StatusCreated, nil
}

func (h *Handler) admit(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.sessions[s.id] = s
	h.wg.Add(1)
	return true
}

func (h *Handler) forget(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s.id)
	h.wg.Done()
}

var errNoH264 = errors.New("the offer has no H.264 video")

// negotiate answers an offer with all the relay's candidates.
func (s *session) negotiate(offer string) (string, error) {
	switch {
	case !strings.HasPrefix(offer, "v=0"):
		return "", errors.New("the body is no SDP: it does not begin with v=0")
	case !strings.Contains(offer, "\nm=video"):
		return "", errors.New("the offer has no video section (m=video, sendonly)")
	case !strings.Contains(strings.ToUpper(offer), " H264/90000"):
		return "", errNoH264
	}
	s.watch()
	if err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("the offer is refused: %w", err)
	}
	answer, err := s.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("the offer cannot be answered: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(s.pc)
	if err := s.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("the offer cannot be answered: %w", err)
	}
	select {
	case <-gathered:
	case <-time.After(gatherTime):
	}
	return s.pc.LocalDescription().SDP, nil
}

func newSession(stream string, pc *webrtc.PeerConnection, port uint16, log *slog.Logger) *session {
	id := rand.Text()
	return &session{id: id, stream: stream, pc: pc, port: port, log: log.With("stream", stream, "publisher", id[:8]),
		gone: make(chan struct{}), connected: make(chan struct{}), packets: make(chan received, 256)}
}
