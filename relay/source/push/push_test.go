package push

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/publish"
)

const patience = 30 * time.Second

// swallow is a source that reads its body to the end; a body that says so
// cannot be decoded.
type swallow struct{ Body }

func (s swallow) Run(_ context.Context, out source.Sink) error {
	out.Track(media.Track{Codec: media.H264})
	b, err := io.ReadAll(s.Reader)
	if err != nil {
		return source.Fail(source.Retry, health.New(health.SourceProtocol, "%v", err), nil)
	}
	if strings.Contains(string(b), "no video") {
		return source.Fail(source.NeedsPerson, health.New(health.SourceNoVideo, "%s has no video", s.Name), nil)
	}
	out.AccessUnit(media.AccessUnit{PTS: int64(s.FPS), NALUs: [][]byte{b}})
	return nil
}

type sink struct {
	units chan media.AccessUnit
	notes chan health.Code
}

func (s sink) Track(media.Track)              {}
func (s sink) AccessUnit(au media.AccessUnit) { s.units <- au }
func (s sink) Count(media.Counts)             {}
func (s sink) Notice(c health.Condition)      { s.notes <- c.Code }

// site is a server with one stream to publish to, and what the stream got.
type site struct {
	*httptest.Server
	sink
	ends chan error
}

func newSite(t *testing.T, silence time.Duration) site {
	t.Helper()
	point := publish.NewPoint("gate")
	h := New(Config{
		Point: func(stream string) (*publish.Point, string) {
			switch stream {
			case "gate":
				return point, "push"
			case "yard":
				return nil, "rtsp://192.0.2.1/1"
			}
			return nil, ""
		},
		Sniff: func(b []byte) (string, bool) {
			kind, _, ok := strings.Cut(string(b), ":")
			return kind, ok
		},
		SniffSize: 4, Containers: []string{"ts", "flv"}, Silence: silence,
		Open: func(b Body) source.Source { return swallow{b} },
		Problem: func(w http.ResponseWriter, _ *http.Request, status int, c health.Condition) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(c)
		},
	})
	mux := http.NewServeMux()
	h.Register(mux)
	s := site{Server: httptest.NewServer(mux), sink: sink{make(chan media.AccessUnit, 1e5), make(chan health.Code, 1e5)}, ends: make(chan error, 1e5)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			s.ends <- point.Run(ctx, s.sink)
		}
	}()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		cancel()
		<-done
	})
	return s
}

// post sends a body and gives the status and the condition's code.
func (s site) post(t *testing.T, path string, body io.Reader) (int, health.Condition) {
	t.Helper()
	client := http.Client{Timeout: patience}
	r, err := client.Post(s.URL+path, "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var c health.Condition
	_ = json.NewDecoder(r.Body).Decode(&c)
	return r.StatusCode, c
}

func TestPush(t *testing.T) {
	s := newSite(t, patience)
	for _, c := range []struct {
		path, body string
		status     int
		code       health.Code
	}{
		{"/push/gate", "ts:picture", http.StatusNoContent, ""},
		{"/push/gate?fps=25", "flv:picture", http.StatusNoContent, ""},
		{"/push/gate", "ts", http.StatusUnsupportedMediaType, health.PublishRefused},
		{"/push/gate", "", http.StatusUnsupportedMediaType, health.PublishRefused},
		{"/push/gate", "mp4:picture", http.StatusUnsupportedMediaType, health.PublishRefused},
		{"/push/gate", "ts: no video", http.StatusUnprocessableEntity, health.SourceNoVideo},
		{"/push/gate?fps=-1", "ts:picture", http.StatusBadRequest, health.RequestInvalid},
		{"/push/gate?fps=NaN", "ts:picture", http.StatusBadRequest, health.RequestInvalid},
		{"/push/yard", "ts:picture", http.StatusConflict, health.PublishRefused},
		{"/push/none", "ts:picture", http.StatusNotFound, health.StreamUnknown},
	} {
		status, condition := s.post(t, c.path, strings.NewReader(c.body))
		if status != c.status || condition.Code != c.code {
			t.Errorf("%s %q: %d %s", c.path, c.body, status, condition)
		}
		if status == http.StatusNoContent {
			au := <-s.units
			if string(au.NALUs[0]) != c.body || strings.Contains(c.path, "25") != (au.PTS == 25) {
				t.Errorf("%s: got %q, fps %d", c.path, au.NALUs[0], au.PTS)
			}
		}
	}
	if code := <-s.notes; code != health.SourceNoPublisher {
		t.Errorf("while nobody publishes: %s", code)
	}
	for range 5 { // one for each body that was taken
		if f := source.Sorted(<-s.ends); f.Class != source.Retry {
			t.Errorf("class %d: %v", f.Class, f)
		}
	}
}

func TestOnePublisherAtATime(t *testing.T) {
	s := newSite(t, patience)
	r, w := io.Pipe()
	first := make(chan int, 1)
	go func() {
		status, _ := s.post(t, "/push/gate", r)
		first <- status
	}()
	if _, err := w.Write([]byte("ts:one")); err != nil { // returns when it is read
		t.Error(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		status, c := s.post(t, "/push/gate", strings.NewReader("ts:two"))
		if status == http.StatusConflict && c.Code == health.PublisherBusy {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the second publisher gets %d %s", status, c)
		}
	}
	_ = w.Close()
	if status := <-first; status != http.StatusNoContent {
		t.Errorf("the first one gets %d", status)
	}
	if status, c := s.post(t, "/push/gate", strings.NewReader("ts:three")); status != http.StatusNoContent {
		t.Errorf("after it: %d %s", status, c)
	}
}

// A publisher that falls silent, and one that goes away, leave the place free.
func TestPublisherGone(t *testing.T) {
	s := newSite(t, time.Second)
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	go func() { _, _ = w.Write([]byte("ts:one")) }()
	if status, c := s.post(t, "/push/gate", r); status != http.StatusRequestTimeout || c.Code != health.PublishRefused {
		t.Errorf("silent: %d %s", status, c)
	}
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "PUT /push/gate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nts:two\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		status, c := s.post(t, "/push/gate", strings.NewReader("ts:three"))
		if status == http.StatusNoContent {
			break
		}
		if c.Code != health.PublisherBusy || time.Now().After(deadline) {
			t.Fatalf("%d %s", status, c)
		}
	}
}
