// Package whep serves streams to WebRTC viewers by the WebRTC-HTTP Egress
// Protocol (draft-ietf-wish-whep): POST an offer, get the answer and the
// session's URL, DELETE it to leave. Each viewer is a hub reader; only SRTP,
// SSRC and sequence numbers are its own. The package knows no source.
package whep

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
	"sightline/relay/hub"
)

// Peers makes PeerConnections.
type Peers interface {
	NewPeer() (*webrtc.PeerConnection, error)
}

// Config of the WHEP side.
type Config struct {
	// Stream finds a stream by its name.
	Stream func(name string) (*hub.Stream, bool)
	Peers  Peers
	// Problem answers a request with a condition (RFC 9457).
	Problem func(w http.ResponseWriter, r *http.Request, status int, c health.Condition)
	// MaxViewers bounds the sessions; default 500.
	MaxViewers int
	// Port is named in messages about unreachable viewers.
	Port   uint16
	Logger *slog.Logger
}

const (
	maxOffer = 64 << 10
	// connectTime is how long a viewer has for ICE and DTLS.
	connectTime = 20 * time.Second
	// gatherTime bounds the wait for the relay's own candidates, which are
	// all local.
	gatherTime = 3 * time.Second
)

// Handler answers WHEP requests and owns the sessions.
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
	if cfg.MaxViewers == 0 {
		cfg.MaxViewers = 500
	}
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

// Sessions is the number of viewers, connected or connecting.
func (h *Handler) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Register adds the routes.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /whep/{stream}", h.post)
	mux.HandleFunc("OPTIONS /whep/{stream}", h.options)
	mux.HandleFunc("DELETE /whep/{stream}/{session}", h.delete)
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
	if s == nil || s.stream.Name() != r.PathValue("stream") {
		h.cfg.Problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid,
			"There is no WHEP session at %s; it may have ended.", r.URL.Path))
		return
	}
	s.close("left")
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/sdp" {
		w.Header().Set("Accept-Post", "application/sdp")
		h.cfg.Problem(w, r, http.StatusUnsupportedMediaType, health.New(health.ViewerOffer,
			"Content-Type is %q; the rule is application/sdp.", r.Header.Get("Content-Type")))
		return
	}
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
	if err != nil {
		h.cfg.Problem(w, r, http.StatusRequestEntityTooLarge, health.New(health.ViewerOffer,
			"The offer could not be read, or has more than %d bytes.", maxOffer))
		return
	}
	name := r.PathValue("stream")
	stream, ok := h.cfg.Stream(name)
	if !ok {
		h.cfg.Problem(w, r, http.StatusNotFound, health.New(health.StreamUnknown, "There is no stream %q.", name))
		return
	}
	s, answer, status, c := h.open(stream, string(offer))
	if c != nil {
		h.cfg.Problem(w, r, status, *c)
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/whep/"+name+"/"+s.id)
	w.Header().Set("ETag", `"`+s.id+`"`)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

// open makes a session of an offer and starts it.
func (h *Handler) open(stream *hub.Stream, offer string) (s *session, answer string, status int, c *health.Condition) {
	fail := func(status int, c health.Condition) (*session, string, int, *health.Condition) {
		return nil, "", status, &c
	}
	pc, err := h.cfg.Peers.NewPeer()
	if err != nil {
		h.cfg.Logger.Error("viewer refused", "stream", stream.Name(), "err", err)
		return fail(http.StatusInternalServerError, health.New(health.Internal, "The viewer's connection could not be made."))
	}
	s = &session{id: rand.Text(), stream: stream, pc: pc, gone: make(chan struct{}), bound: make(chan struct{}),
		connected: make(chan struct{}),
		log:       h.cfg.Logger.With("stream", stream.Name()), port: h.cfg.Port}
	s.log = s.log.With("viewer", s.id[:8])
	if !h.admit(s) {
		_ = pc.Close()
		return fail(http.StatusServiceUnavailable, health.New(health.ViewerLimit,
			"%d viewers are connected, as many as webrtc.max_viewers allows.", h.cfg.MaxViewers))
	}
	answer, err = s.negotiate(offer)
	if err != nil {
		h.forget(s)
		_ = pc.Close()
		if errors.Is(err, webrtc.ErrUnsupportedCodec) || errors.Is(err, errNoH264) {
			return fail(http.StatusNotAcceptable, health.New(health.ViewerCodec,
				"The offer has no H.264 video; %s is H.264.", stream.Name()))
		}
		return fail(http.StatusBadRequest, health.New(health.ViewerOffer, "%v", err))
	}
	s.reader = stream.Join()
	go func() {
		defer h.forget(s)
		s.run(h.ctx)
	}()
	return s, answer, http.StatusCreated, nil
}

// admit takes the session in, if there is room; forget lets it go.
func (h *Handler) admit(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.sessions) >= h.cfg.MaxViewers {
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

var errNoH264 = errors.New("whep: no H.264 in the offer")

// negotiate answers an offer with all the relay's candidates.
func (s *session) negotiate(offer string) (string, error) {
	if !strings.HasPrefix(offer, "v=0") {
		return "", errors.New("the body is no SDP: it does not begin with v=0")
	}
	if err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("the offer is refused: %w", err)
	}
	if !strings.Contains(offer, "\nm=video") {
		return "", errors.New("the offer has no video section (m=video, recvonly)")
	}
	if !strings.Contains(strings.ToUpper(offer), " H264/90000") {
		return "", errNoH264
	}
	sender, err := s.pc.AddTrack(&track{session: s})
	if err != nil {
		return "", fmt.Errorf("the offer is refused: %w", err)
	}
	s.sender = sender
	s.watch()
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
