package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// List returns a page of events, newest first. Its errors are [ErrCursor] and
// those of the database.
func (s *Store) List(ctx context.Context, q Query) (Page, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if q.Stream != "" {
		add("stream = ?", q.Stream)
	}
	if q.Kind != "" {
		add("kind = ?", q.Kind)
	}
	if !q.From.IsZero() {
		add("began >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		add("began < ?", q.To.UnixMilli())
	}
	if q.Cursor != "" {
		c, err := parseCursor(q.Cursor)
		if err != nil {
			return Page{}, err
		}
		add("(began, id) < (?, ?)", c.began, c.id)
	}
	text := "SELECT data, state, EXISTS (SELECT 1 FROM snapshots WHERE event = id) FROM events"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	limit := min(max(q.Limit, 1), MaxLimit)
	rows, err := s.db.QueryContext(ctx, text+" ORDER BY began DESC, id DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return Page{}, fmt.Errorf("store: list events: %w", err)
	}
	defer rows.Close()
	page := Page{Events: []Event{}}
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return Page{}, err
		}
		if len(page.Events) == limit {
			last := page.Events[limit-1]
			page.Next = cursor{last.Began.UnixMilli(), last.ID}.String()
			break
		}
		page.Events = append(page.Events, e)
	}
	if err := rows.Err(); err != nil {
		return Page{}, fmt.Errorf("store: list events: %w", err)
	}
	return page, nil
}

// Get returns one event; [ErrNotFound] where there is none.
func (s *Store) Get(ctx context.Context, id string) (Event, error) {
	row := s.db.QueryRowContext(ctx, "SELECT data, state, EXISTS (SELECT 1 FROM snapshots WHERE event = id) FROM events WHERE id = ?", id)
	return scan(row)
}

func scan(row interface{ Scan(...any) error }) (Event, error) {
	var data []byte
	var state string
	var picture bool
	if err := row.Scan(&data, &state, &picture); errors.Is(err, sql.ErrNoRows) {
		return Event{}, ErrNotFound
	} else if err != nil {
		return Event{}, fmt.Errorf("store: read event: %w", err)
	}
	return decode(data, state, picture)
}

// Snapshot returns an event's picture as JPEG; [ErrNotFound] where there is
// none.
func (s *Store) Snapshot(ctx context.Context, id string) ([]byte, error) {
	var jpeg []byte
	err := s.db.QueryRowContext(ctx, "SELECT jpeg FROM snapshots WHERE event = ?", id).Scan(&jpeg)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("store: read snapshot: %w", err)
	}
	return jpeg, nil
}

// tidy removes what is too old, and the oldest of what is too much, and gives
// some of the room back.
func (s *Store) tidy(ctx context.Context) error {
	if s.cfg.Keep > 0 {
		if err := s.remove(ctx, "began < ?", time.Now().Add(-s.cfg.Keep).UnixMilli()); err != nil {
			return err
		}
	}
	for range 100 {
		used, err := s.size(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.stats.Bytes = used
		s.mu.Unlock()
		if s.cfg.MaxBytes <= 0 || used <= s.cfg.MaxBytes {
			break
		}
		// A tenth at a time: the excess is usually small.
		if err := s.remove(ctx, "id IN (SELECT id FROM events ORDER BY began, id LIMIT max(1, (SELECT count(*) FROM events) / 10))"); err != nil {
			return err
		}
	}
	_, err := s.db.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", vacuumPages))
	return err
}

func (s *Store) remove(ctx context.Context, where string, args ...any) error {
	result, err := s.db.ExecContext(ctx, "DELETE FROM events WHERE "+where, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	s.mu.Lock()
	s.stats.Removed += uint64(max(n, 0))
	s.mu.Unlock()
	return err
}

// size is how many bytes of the file hold content.
func (s *Store) size(ctx context.Context) (int64, error) {
	var pages, free, size int64
	for pragma, into := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &size} {
		if err := s.db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(into); err != nil {
			return 0, err
		}
	}
	return (pages - free) * size, nil
}
