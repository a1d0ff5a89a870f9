package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Store is where events and their snapshots are kept, and how long. The bound
// that is reached first holds.
type Store struct {
	// Path is the SQLite file; sightline.db in data_dir without it.
	Path string `yaml:"path"`
	// Keep is how long events are kept, such as 30d.
	Keep time.Duration `yaml:"keep"`
	// MaxBytes is how much room events and snapshots may take, such as 2GB;
	// beyond it the oldest go.
	MaxBytes Bytes `yaml:"max_bytes"`
}

// DefaultStore returns the section's defaults.
func DefaultStore() Store { return Store{Keep: 30 * 24 * time.Hour, MaxBytes: 2 << 30} }

// File is the SQLite file's path.
func (s Store) File(dataDir string) string {
	if s.Path != "" {
		return s.Path
	}
	return filepath.Join(dataDir, "sightline.db")
}

// Validate checks the section.
func (s Store) Validate() []Problem {
	var ps []Problem
	if s.Keep < time.Minute || s.Keep > 3650*24*time.Hour {
		ps = append(ps, Problem{Key: "keep", Text: fmt.Sprintf("%v is not from 1m to 3650d", s.Keep)})
	}
	if s.MaxBytes < 1<<20 {
		ps = append(ps, Problem{Key: "max_bytes", Text: fmt.Sprintf("%v is less than 1MB", s.MaxBytes)})
	}
	return ps
}

// parseDuration reads a duration as Go writes it, or whole days as 30d.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 100_000 {
			return 0, fmt.Errorf("%q is no number of days", days)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(text)
}
