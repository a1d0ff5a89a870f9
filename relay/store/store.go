package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sightline/relay/health"
)

// Conditions take what the store has to say of itself; *health.Board is one.
type Conditions interface {
	Raise(subject string, c health.Condition)
	Clear(subject string, codes ...health.Code)
}

// Config of a store.
type Config struct {
	// Path is the database's file; its folder is made when needed.
	Path string
	// Keep is how long events are kept; 0 keeps them until MaxBytes.
	Keep time.Duration
	// MaxBytes is how large the content may grow: beyond it the oldest events
	// go, with their snapshots. 0 for no bound.
	MaxBytes int64
	// Conditions take the store's faults under the subject "relay".
	Conditions Conditions
	Logger     *slog.Logger
}

// Bounds of what waits to be written.
const (
	maxEvents    = 1024
	maxSnapshots = 32
)

const (
	subject = "relay"
	// retryAfter is the wait after a failed write.
	retryAfter = 5 * time.Second
	// tidyEvery is the time between two looks at age and size.
	tidyEvery = time.Minute
	// vacuumPages bounds the work of giving disk space back at once.
	vacuumPages = 2000
)

// Stats count what a store did.
type Stats struct {
	Events    uint64 // written
	Snapshots uint64
	// Dropped events and snapshots were never written: the disk was full or
	// slow for too long.
	DroppedEvents, DroppedSnapshots uint64
	// Removed events were older than Config.Keep, or in excess of MaxBytes.
	Removed uint64
	// Bytes is the size of the content.
	Bytes int64
	// Failing says that the last write failed.
	Failing bool
}

// Store keeps events. Its methods are safe for concurrent use.
type Store struct {
	cfg Config
	db  *sql.DB

	mu        sync.Mutex
	events    []Event
	snapshots []snapshot
	stats     Stats
	failedAt  time.Time

	wake chan struct{}
}

type snapshot struct {
	event string
	jpeg  []byte
}

const schema = `
CREATE TABLE IF NOT EXISTS events (
	id       TEXT PRIMARY KEY,
	stream   TEXT NOT NULL,
	kind     TEXT NOT NULL,
	state    TEXT NOT NULL,
	began    INTEGER NOT NULL, -- milliseconds since 1970
	ended    INTEGER,
	data     TEXT NOT NULL     -- the event as JSON
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_by_time ON events (began, id);
CREATE INDEX IF NOT EXISTS events_by_stream ON events (stream, began, id);
CREATE TABLE IF NOT EXISTS snapshots (
	event TEXT PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
	jpeg  BLOB NOT NULL
);
PRAGMA user_version = 1;
`

// Open opens or makes the database. A damaged file is set aside and a new one
// made. The error is a [health.Condition]. Nothing is written before Run.
func Open(cfg Config) (*Store, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Conditions == nil {
		cfg.Conditions = &health.Board{}
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, health.New(health.StoreUnavailable, "%s: %v.", cfg.Path, err)
	}
	db, err := open(cfg.Path)
	if damaged(err) {
		aside := cfg.Path + ".damaged-" + time.Now().UTC().Format("20060102T150405")
		if moved := os.Rename(cfg.Path, aside); moved != nil {
			return nil, health.New(health.StoreUnavailable, "%s is damaged (%v) and cannot be set aside: %v.", cfg.Path, err, moved)
		}
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Remove(cfg.Path + suffix) // they belong to the file set aside
		}
		cfg.Conditions.Raise(subject, health.New(health.StoreDamaged, "%s was damaged (%v); it is now %s and a new one was made.", cfg.Path, err, aside))
		db, err = open(cfg.Path)
	}
	if err != nil {
		return nil, health.New(health.StoreUnavailable, "%s: %v.", cfg.Path, err)
	}
	return &Store{cfg: cfg, db: db, wake: make(chan struct{}, 1)}, nil
}

func open(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	query := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
		"auto_vacuum(INCREMENTAL)", "journal_size_limit(4194304)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	var check string
	if err = db.QueryRow("PRAGMA quick_check(1)").Scan(&check); err == nil && check != "ok" {
		err = errDamaged
	}
	var version int
	if err == nil {
		err = db.QueryRow("PRAGMA user_version").Scan(&version)
	}
	if err == nil && version > 1 {
		err = fmt.Errorf("it was made by a newer version (layout %d)", version)
	}
	if err == nil {
		_, err = db.Exec(schema)
	}
	if err == nil {
		_, err = db.Exec("UPDATE events SET state = ? WHERE state = ?", Interrupted, Began)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var errDamaged = errors.New("its pages do not fit together")

// code is SQLite's primary result code of an error, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func damaged(err error) bool {
	c := code(err)
	return errors.Is(err, errDamaged) || c == sqlite3.SQLITE_NOTADB || c == sqlite3.SQLITE_CORRUPT
}

// Put writes an event, or replaces it by its ID. It never waits.
func (s *Store) Put(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.events {
		if s.events[i].ID == e.ID {
			s.events[i] = e
			return
		}
	}
	if len(s.events) == maxEvents {
		s.events = append(s.events[:0], s.events[1:]...)
		s.stats.DroppedEvents++
	}
	s.events = append(s.events, e)
	s.poke()
}

// PutSnapshot writes the picture of an event that Put was given before. It
// never waits and keeps the slice.
func (s *Store) PutSnapshot(event string, jpeg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.snapshots) == maxSnapshots {
		s.snapshots = append(s.snapshots[:0], s.snapshots[1:]...)
		s.stats.DroppedSnapshots++
	}
	s.snapshots = append(s.snapshots, snapshot{event, jpeg})
	s.poke()
}

func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Stats returns the store's counts.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Run writes until ctx ends, then writes what is left and closes the database.
func (s *Store) Run(ctx context.Context) error {
	defer s.db.Close()
	tidy := time.NewTicker(tidyEvery)
	defer tidy.Stop()
	s.guard("look after old events", s.tidy(ctx))
	for {
		var retry <-chan time.Time
		if s.Stats().Failing {
			retry = time.After(retryAfter)
		}
		select {
		case <-ctx.Done():
			// What came last still belongs into the file.
			last, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer done()
			return s.flush(last)
		case <-tidy.C:
			s.guard("look after old events", s.tidy(ctx))
		case <-s.wake:
			if retry != nil && time.Since(s.failed()) < retryAfter {
				continue
			}
			s.guard("write events", s.flush(ctx))
		case <-retry:
			s.guard("write events", s.flush(ctx))
		}
	}
}

func (s *Store) failed() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failedAt
}

// guard turns the outcome of a write into a condition or its end.
func (s *Store) guard(what string, err error) {
	s.mu.Lock()
	before := s.stats.Failing
	s.stats.Failing = err != nil
	if err != nil {
		s.failedAt = time.Now()
	}
	s.mu.Unlock()
	switch {
	case err == nil && before:
		s.cfg.Conditions.Clear(subject, health.StoreFull, health.StoreFailed)
		s.cfg.Logger.Info("the store can be written again", "path", s.cfg.Path)
	case err == nil || errors.Is(err, context.Canceled):
	default:
		c := health.New(health.StoreFailed, "%s: %s: %v.", s.cfg.Path, what, err)
		if code(err) == sqlite3.SQLITE_FULL {
			c = health.New(health.StoreFull, "%s: there is no room to %s.", s.cfg.Path, what)
		}
		s.cfg.Conditions.Raise(subject, c)
		if !before {
			s.cfg.Logger.Warn("the store cannot be written", "condition", c)
		}
	}
}

// flush writes what waits, in one transaction. What cannot be written waits on.
func (s *Store) flush(ctx context.Context) error {
	s.mu.Lock()
	events, snapshots := s.events, s.snapshots
	s.events, s.snapshots = nil, nil
	s.mu.Unlock()
	if len(events) == 0 && len(snapshots) == 0 {
		return nil
	}
	err := s.write(ctx, events, snapshots)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.putBack(events, snapshots)
		return err
	}
	s.stats.Events += uint64(len(events))
	s.stats.Snapshots += uint64(len(snapshots))
	return nil
}

// putBack returns what could not be written to the queues, as far as they have
// room; what came meanwhile is newer and stays.
func (s *Store) putBack(events []Event, snapshots []snapshot) {
	newer := map[string]bool{}
	for _, e := range s.events {
		newer[e.ID] = true
	}
	kept := events[:0]
	for _, e := range events {
		if !newer[e.ID] {
			kept = append(kept, e)
		}
	}
	drop := max(0, len(kept)+len(s.events)-maxEvents)
	s.stats.DroppedEvents += uint64(drop)
	s.events = append(kept[drop:], s.events...)
	drop = max(0, len(snapshots)+len(s.snapshots)-maxSnapshots)
	s.stats.DroppedSnapshots += uint64(drop)
	s.snapshots = append(snapshots[drop:], s.snapshots...)
}

func (s *Store) write(ctx context.Context, events []Event, snapshots []snapshot) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	for _, e := range events {
		r, err := encode(e)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO events (id, stream, kind, state, began, ended, data) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended = excluded.ended, data = excluded.data`,
			e.ID, e.Stream, e.Kind, e.State, r.began, r.ended, r.data); err != nil {
			return err
		}
	}
	for _, p := range snapshots {
		// An event that is gone meanwhile takes its picture along.
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO snapshots (event, jpeg) SELECT id, ? FROM events WHERE id = ?`, p.jpeg, p.event); err != nil {
			return err
		}
	}
	return tx.Commit()
}
