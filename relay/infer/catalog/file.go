package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"sightline/relay/health"
	"sightline/vision/card"
)

// File is a model's file, open, with the checksum of what it holds.
type File struct {
	*os.File
	// SHA256 is in hexadecimal digits.
	SHA256 string
	Bytes  int64
}

// Card finds a model's card without reading the model. The error is a
// [health.Condition].
func (s *Store) Card(name string) (card.Card, error) {
	if IsFile(name) {
		return cardBeside(name)
	}
	if e, ok := s.Entry(name); ok {
		return e.Card, nil
	}
	return card.Card{}, s.unknown(name)
}

// OpenFile opens a model's file, to be sent to those that run it themselves. A
// file of the catalogue must be the right one; checksums are remembered as long
// as a file keeps its size and time. The error is a [health.Condition].
func (s *Store) OpenFile(name string) (*File, error) {
	e, known := s.Entry(name)
	if !known && !IsFile(name) {
		return nil, s.unknown(name)
	}
	path := s.Path(name)
	f, err := os.Open(path)
	if err != nil {
		return nil, missing(name, path, err)
	}
	sum, size, err := s.sums.of(f)
	if err == nil && known && sum != strings.ToLower(e.SHA256) {
		_ = f.Close()
		return nil, other(name, path, sum)
	}
	if err != nil {
		_ = f.Close()
		return nil, health.New(health.ModelMissing, "The model %s cannot be read: %v.", path, cause(err))
	}
	return &File{f, sum, size}, nil
}

// sums remembers checksums of files.
type sums struct {
	mu   sync.Mutex
	list map[string]remembered
}

type remembered struct {
	size int64
	time time.Time
	sum  string
}

// of computes a file's checksum, or remembers it. One at a time: a file that
// many ask for at once is read once.
func (s *sums) of(f *os.File) (sum string, size int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if r, ok := s.list[f.Name()]; ok && r.size == info.Size() && r.time.Equal(info.ModTime()) {
		return r.sum, r.size, nil
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", 0, err
	}
	if s.list == nil {
		s.list = map[string]remembered{}
	}
	r := remembered{n, info.ModTime(), hex.EncodeToString(h.Sum(nil))}
	s.list[f.Name()] = r
	return r.sum, r.size, nil
}
