package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Progress hears how many bytes of a model have come, of how many. It is
// called often.
type Progress func(done, total int64)

// Puller fetches models.
type Puller struct {
	// Client fetches https: addresses; default a client that gives up when
	// nothing has come for 30 s.
	Client *http.Client
}

// silence is how long a server may send nothing.
const silence = 30 * time.Second

// Pull fetches a model of the catalogue into the store's folder, checks its
// size and SHA-256, and puts it in place in one step: a file of before stays
// whole until then, and nothing is left of a failed try. from replaces the
// catalogue's address (https: or file:) where it is not empty.
func (s *Store) Pull(ctx context.Context, name, from string, p Puller, progress Progress) error {
	e, ok := s.Entry(name)
	if !ok {
		return fmt.Errorf("the catalogue has no model %q; it has %s", name, strings.Join(s.Names(), ", "))
	}
	if from == "" {
		from = e.URL
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", s.Dir, cause(err))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(fmt.Errorf("nothing has come for %v", silence)) })
	defer watchdog.Stop()
	body, err := p.open(ctx, from)
	if err != nil {
		if c := context.Cause(ctx); c != nil {
			err = c
		}
		return fmt.Errorf("get %s: %w", from, err)
	}
	defer body.Close()
	tmp, err := os.CreateTemp(s.Dir, "."+name+".*.part")
	if err != nil {
		return fmt.Errorf("write to %s: %w", s.Dir, cause(err))
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // no longer there after success
	defer tmp.Close()
	sum := sha256.New()
	meter := &meter{total: e.Bytes, report: progress, alive: func() { watchdog.Reset(silence) }}
	// One byte more than expected is enough to know that the file is another.
	n, err := io.Copy(io.MultiWriter(tmp, sum, meter), io.LimitReader(body, e.Bytes+1))
	if err != nil {
		if c := context.Cause(ctx); c != nil {
			err = c
		}
		return fmt.Errorf("get %s: after %d of %d bytes: %w", from, n, e.Bytes, cause(err))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != e.Bytes || got != strings.ToLower(e.SHA256) {
		if n > e.Bytes {
			return fmt.Errorf("%s is not the model of the catalogue: it has more than %d bytes", from, e.Bytes)
		}
		return fmt.Errorf("%s is not the model of the catalogue: %d bytes with SHA-256 %s, want %d with %s", from, n, got, e.Bytes, e.SHA256)
	}
	return place(tmp, s.Path(name))
}

// place makes a finished file the one of a name.
func place(tmp *os.File, path string) error {
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // so that the name survives a power cut
		_ = dir.Close()
	}
	return nil
}

// open begins to read an address.
func (p Puller) open(ctx context.Context, from string) (io.ReadCloser, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "file":
		path := u.Path
		if path == "" {
			path = u.Opaque
		}
		if u.Host != "" && u.Host != "localhost" {
			return nil, errors.New("a file: address names no host: write file:PATH or file:///PATH")
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, cause(err)
		}
		return f, nil
	case "https":
	default:
		return nil, fmt.Errorf("scheme %q: must be https or file", u.Scheme)
	}
	client := p.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" {
				return errors.New("the server leads to an address without encryption")
			}
			if len(via) > 10 {
				return errors.New("the server leads on and on")
			}
			return nil
		}}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("the server answers %s", answer.Status)
	}
	return answer.Body, nil
}

// meter counts what passes.
type meter struct {
	done, total int64
	report      Progress
	alive       func()
}

func (m *meter) Write(b []byte) (int, error) {
	m.done += int64(len(b))
	m.alive()
	if m.report != nil {
		m.report(min(m.done, m.total), m.total)
	}
	return len(b), nil
}

// State says how a model of the catalogue stands on disk.
type State string

// The states.
const (
	Absent  State = "not pulled"
	Present State = "ok"
	Damaged State = "damaged"
)

// Check compares a model's file with the catalogue. The text says more where
// it is damaged or cannot be read.
func (s *Store) Check(name string) (State, string) {
	e, ok := s.Entry(name)
	if !ok {
		return Absent, "not in the catalogue"
	}
	f, err := os.Open(s.Path(name))
	if errors.Is(err, os.ErrNotExist) {
		return Absent, ""
	}
	if err != nil {
		return Damaged, cause(err).Error()
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(f, maxModel))
	if err != nil {
		return Damaged, cause(err).Error()
	}
	if n != e.Bytes {
		return Damaged, fmt.Sprintf("%d bytes, want %d", n, e.Bytes)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.ToLower(e.SHA256) {
		return Damaged, "SHA-256 " + got
	}
	return Present, ""
}
