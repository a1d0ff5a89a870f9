package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sightline/relay/health"
)

var began = time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)

func event(n int, stream, kind string) Event {
	at := began.Add(time.Duration(n) * time.Second)
	return Event{ID: NewID(at), Stream: stream, Kind: kind, Origin: "relay", State: Began, Began: at, Epoch: 7, RTP: uint32(n),
		Boxes: []Box{{ID: 1, Label: "person", Score: 0.9, Rect: [4]float64{0.1, 0.2, 0.3, 0.4}}}}
}

// opened is a store that runs until the test ends.
type opened struct {
	*Store
	board *health.Board
	stop  func()
}

func run(t *testing.T, cfg Config) opened {
	t.Helper()
	board := &health.Board{}
	cfg.Conditions = board
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "events.db")
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx); err != nil {
			t.Logf("Run: %v", err)
		}
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return opened{s, board, stop}
}

// until waits for something that the writer does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s in time", what)
		}
	}
}

func (o opened) list(t *testing.T, q Query) Page {
	t.Helper()
	p, err := o.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rtps(p Page) string {
	var out []string
	for _, e := range p.Events {
		out = append(out, fmt.Sprint(e.RTP))
	}
	return strings.Join(out, " ")
}

func TestEvents(t *testing.T) {
	s := run(t, Config{})
	for i := range 10 {
		kind, stream := "motion", "gate"
		if i%2 == 1 {
			kind = "object"
		}
		if i >= 8 {
			stream = "yard"
		}
		s.Put(event(i, stream, kind))
	}
	until(t, "written", func() bool { return s.Stats().Events == 10 })
	for _, c := range []struct {
		name string
		q    Query
		want string
	}{
		{"all", Query{Limit: 100}, "9 8 7 6 5 4 3 2 1 0"},
		{"stream", Query{Stream: "yard", Limit: 100}, "9 8"},
		{"kind", Query{Kind: "object", Limit: 100}, "9 7 5 3 1"},
		{"both", Query{Kind: "object", Stream: "gate", Limit: 2}, "7 5"},
		{"from", Query{From: began.Add(7 * time.Second), Limit: 100}, "9 8 7"},
		{"to", Query{To: began.Add(2 * time.Second), Limit: 100}, "1 0"},
		{"none", Query{Stream: "nowhere", Limit: 100}, ""},
		{"no limit is one", Query{}, "9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := rtps(s.list(t, c.q)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	// Pages fit together though an event comes meanwhile.
	page := s.list(t, Query{Limit: 4})
	all := rtps(page)
	s.Put(event(10, "gate", "motion"))
	until(t, "written", func() bool { return s.Stats().Events == 11 })
	for page.Next != "" {
		page = s.list(t, Query{Limit: 4, Cursor: page.Next})
		all += " " + rtps(page)
	}
	if all != "9 8 7 6 5 4 3 2 1 0" {
		t.Errorf("pages hold %s", all)
	}
	for _, bad := range []string{"x", "1.", ".01J", "zz.'; DROP TABLE events; --", "k9.01J"} {
		if _, err := s.List(t.Context(), Query{Limit: 1, Cursor: bad}); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestAnEventEnds(t *testing.T) {
	s := run(t, Config{})
	e := event(0, "gate", "motion")
	s.Put(e)
	s.PutSnapshot(e.ID, []byte("jpeg"))
	s.PutSnapshot("01JGONE", []byte("jpeg of nothing"))
	until(t, "written", func() bool { return s.Stats().Snapshots == 2 })
	got, err := s.Get(t.Context(), e.ID)
	if err != nil || !got.Snapshot || got.State != Began || !got.Ended.IsZero() || len(got.Boxes) != 1 || got.Boxes[0] != e.Boxes[0] {
		t.Fatalf("%+v: %v", got, err)
	}
	e.State, e.Ended = Ended, e.Began.Add(time.Minute)
	s.Put(e)
	until(t, "written", func() bool { return s.Stats().Events == 2 })
	if got, _ := s.Get(t.Context(), e.ID); got.State != Ended || !got.Ended.Equal(e.Ended) || !got.Snapshot {
		t.Errorf("%+v", got)
	}
	if p, err := s.Snapshot(t.Context(), e.ID); err != nil || string(p) != "jpeg" {
		t.Errorf("%q %v", p, err)
	}
	for _, id := range []string{"01JGONE", "", "'"} {
		if _, err := s.Snapshot(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("snapshot %q: %v", id, err)
		}
		if _, err := s.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("event %q: %v", id, err)
		}
	}
}

func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "a file?with #signs.db")
	s := run(t, Config{Path: path})
	e, over := event(0, "gate", "motion"), event(1, "gate", "motion")
	over.State, over.Ended = Ended, over.Began.Add(time.Second)
	s.Put(e)
	s.Put(over)
	s.stop() // what waits is written
	s = run(t, Config{Path: path})
	p := s.list(t, Query{Limit: 10})
	if len(p.Events) != 2 || p.Events[0].State != Ended || p.Events[1].State != Interrupted {
		t.Errorf("%+v", p.Events)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("%v %v", info, err)
	}
}

func TestOldEventsGo(t *testing.T) {
	s := run(t, Config{Keep: time.Hour})
	old := event(0, "gate", "motion")
	fresh := event(1, "gate", "motion")
	fresh.Began = time.Now()
	s.Put(old)
	s.Put(fresh)
	s.PutSnapshot(old.ID, []byte("jpeg"))
	until(t, "written", func() bool { return s.Stats().Snapshots == 1 })
	if err := s.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := rtps(s.list(t, Query{Limit: 10})); got != "1" {
		t.Errorf("left: %s", got)
	}
	if _, err := s.Snapshot(t.Context(), old.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the old event's snapshot is still there: %v", err)
	}
}

func TestSizeIsBounded(t *testing.T) {
	s := run(t, Config{MaxBytes: 1 << 20})
	for i := range 60 {
		e := event(i, "gate", "motion")
		s.Put(e)
		s.PutSnapshot(e.ID, bytes.Repeat([]byte{byte(i)}, 40_000))
		until(t, "written", func() bool { return s.Stats().Snapshots == uint64(i+1) })
	}
	if err := s.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	if st.Bytes > 1<<20 || st.Bytes < 1<<19 || st.Removed == 0 {
		t.Errorf("%+v", st)
	}
	if p := s.list(t, Query{Limit: 100}); len(p.Events) == 0 || p.Events[0].RTP != 59 {
		t.Errorf("the newest event is gone")
	}
}

// With the disk full the store says so, takes events without waiting, counts
// what it cannot keep, and goes on when there is room.
func TestFullDisk(t *testing.T) {
	s := run(t, Config{})
	s.Put(event(0, "gate", "motion"))
	until(t, "written", func() bool { return s.Stats().Events == 1 })
	// Every connection has a bound of its own.
	s.db.SetMaxOpenConns(1)
	var pages int
	if err := s.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	big := event(1, "gate", "motion")
	s.Put(big)
	s.PutSnapshot(big.ID, bytes.Repeat([]byte("x"), 100_000))
	until(t, "failing", func() bool { return s.Stats().Failing })
	cs := s.board.Of("relay")
	if len(cs) != 1 || cs[0].Code != health.StoreFull || cs[0].Fix == "" {
		t.Fatalf("conditions %+v", cs)
	}
	for i := range 2 * maxEvents {
		s.Put(event(2+i, "gate", "motion"))
		s.PutSnapshot("x", []byte("y"))
	}
	if st := s.Stats(); st.DroppedEvents < maxEvents || st.DroppedSnapshots == 0 {
		t.Errorf("%+v", st)
	}
	if _, err := s.db.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	until(t, "written again", func() bool { st := s.Stats(); return !st.Failing && st.Events > maxEvents })
	if cs := s.board.Of("relay"); len(cs) != 0 {
		t.Errorf("conditions %+v", cs)
	}
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	s := run(t, Config{Path: path})
	s.Put(event(0, "gate", "motion"))
	until(t, "written", func() bool { return s.Stats().Events == 1 })
	if cs := s.board.Of("relay"); len(cs) != 1 || cs[0].Code != health.StoreDamaged {
		t.Errorf("conditions %+v", cs)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) != 1 {
		t.Errorf("set aside: %v", aside)
	}
}

func TestPathThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Config{Path: filepath.Join(file, "events.db")})
	var c health.Condition
	if !errors.As(err, &c) || c.Code != health.StoreUnavailable || !strings.Contains(c.Text, file) {
		t.Errorf("%v", err)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(cursor{began.UnixMilli(), NewID(began)}.String())
	f.Add("x.y")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			return
		}
		if again, err := parseCursor(c.String()); err != nil || again != c {
			t.Errorf("%q became %q: %v", text, c, err)
		}
	})
}
