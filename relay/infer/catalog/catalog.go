// Package catalog keeps the models on disk: which there are, where they come
// from, whether a file is the right one, and how to get it. It knows cards and
// checksums, and does not run models.
package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"sightline/relay/config"
	"sightline/relay/health"
	"sightline/vision/card"
)

// Entry is one model of a catalogue.
type Entry struct {
	// About says in a sentence what the model finds.
	About string `yaml:"about"`
	// Licence is the SPDX identifier of the model's licence.
	Licence string `yaml:"licence"`
	// Source is the page of its makers.
	Source string `yaml:"source"`
	// URL is where the file is: https: or file:.
	URL string `yaml:"url"`
	// SHA256 is the file's checksum, in hexadecimal digits.
	SHA256 string `yaml:"sha256"`
	// Bytes is the file's size.
	Bytes int64 `yaml:"bytes"`
	// Card is what running the model needs.
	Card card.Card `yaml:"card"`
}

// Parse reads a catalogue from YAML (JSON is YAML too). The error names the
// model, the field and the rule.
func Parse(text []byte) ([]Entry, error) {
	var file struct {
		Models []Entry `yaml:"models"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	seen := map[string]bool{}
	for i := range file.Models {
		e := &file.Models[i]
		e.Card.Complete()
		if err := e.Card.Validate(); err != nil {
			return nil, fmt.Errorf("catalog: model %d (%q): %w", i+1, e.Card.Name, err)
		}
		if seen[e.Card.Name] {
			return nil, fmt.Errorf("catalog: model %q comes twice", e.Card.Name)
		}
		seen[e.Card.Name] = true
		if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("catalog: model %q: sha256: %q: must be 64 hexadecimal digits", e.Card.Name, e.SHA256)
		}
		if !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "file:") {
			return nil, fmt.Errorf("catalog: model %q: url: %q: must be an https or file address", e.Card.Name, e.URL)
		}
		if e.Bytes < 1 || e.Bytes > maxModel {
			return nil, fmt.Errorf("catalog: model %q: bytes: %d: must be 1 to %d", e.Card.Name, e.Bytes, int64(maxModel))
		}
	}
	return file.Models, nil
}

// ReadCard reads one card from YAML or JSON.
func ReadCard(text []byte) (card.Card, error) {
	var c card.Card
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return c, fmt.Errorf("card: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	c.Complete()
	return c, c.Validate()
}

// maxModel bounds a model's file.
const maxModel = 2 << 30

// Store is a folder with models, and the catalogue that describes them.
type Store struct {
	// Dir holds NAME.onnx for each model of the catalogue that was pulled.
	Dir string
	// Entries are the catalogue.
	Entries []Entry

	sums sums
}

// Open makes a store of a folder, which need not exist, and a catalogue.
func Open(dir string, catalog []byte) (*Store, error) {
	entries, err := Parse(catalog)
	if err != nil {
		return nil, err
	}
	return &Store{Dir: dir, Entries: entries}, nil
}

// Entry finds a model by name.
func (s *Store) Entry(name string) (Entry, bool) {
	for _, e := range s.Entries {
		if e.Card.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// Names are the models of the catalogue.
func (s *Store) Names() []string {
	var out []string
	for _, e := range s.Entries {
		out = append(out, e.Card.Name)
	}
	return out
}

// Path is where a model's file is or will be. A name that is not one of the
// catalogue is the path of an ONNX file of one's own.
func (s *Store) Path(name string) string {
	if IsFile(name) {
		return name
	}
	return filepath.Join(s.Dir, name+".onnx")
}

// IsFile says whether a model's name is the path of a file.
func IsFile(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".onnx") }

// Load reads a model's card and file, checked against the catalogue. A file of
// one's own has its card beside it: MODEL.yaml, .yml or .json. The error is a
// [health.Condition].
func (s *Store) Load(name string) (card.Card, []byte, error) {
	if IsFile(name) {
		c, err := cardBeside(name)
		if err != nil {
			return c, nil, err
		}
		data, err := read(name, name)
		return c, data, err
	}
	e, ok := s.Entry(name)
	if !ok {
		return card.Card{}, nil, s.unknown(name)
	}
	data, err := read(name, s.Path(name))
	if err != nil {
		return e.Card, nil, err
	}
	digest := sha256.Sum256(data)
	if sum := hex.EncodeToString(digest[:]); sum != strings.ToLower(e.SHA256) {
		return e.Card, nil, other(name, s.Path(name), sum)
	}
	return e.Card, data, nil
}

func (s *Store) unknown(name string) error {
	hint := ""
	if near := config.Nearest(name, s.Names()); near != "" {
		hint = fmt.Sprintf(" Did you mean %q?", near)
	}
	return health.New(health.ModelMissing, "The catalogue has no model %q.%s A file of your own is named by its path, NAME.onnx.", name, hint)
}

func missing(name, path string, err error) error {
	c := health.New(health.ModelMissing, "The model %s is not at %s: %v.", name, path, cause(err))
	if !IsFile(name) {
		c = c.WithFix("sightline models pull %s", name)
	}
	return c
}

func other(name, path, sum string) error {
	return health.New(health.ModelInvalid, "%s is not the file of the catalogue: its SHA-256 is %s.", path, sum).
		WithFix("sightline models pull %s", name)
}

func read(name, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, missing(name, path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxModel+1))
	if err != nil {
		return nil, health.New(health.ModelMissing, "The model %s cannot be read: %v.", path, cause(err))
	}
	if len(data) > maxModel {
		return nil, health.New(health.ModelInvalid, "The model %s is larger than 2 GB.", path)
	}
	return data, nil
}

// cardBeside finds the card of a file of one's own.
func cardBeside(model string) (card.Card, error) {
	base := strings.TrimSuffix(model, filepath.Ext(model))
	for _, ext := range []string{".yaml", ".yml", ".json"} {
		text, err := os.ReadFile(base + ext)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			var c card.Card
			if c, err = ReadCard(text); err == nil {
				return c, nil
			}
		}
		return card.Card{}, health.New(health.ModelInvalid, "The card %s: %v.", base+ext, cause(err))
	}
	return card.Card{}, health.New(health.ModelInvalid, "The model %s has no card.", model).
		WithFix("Write %s.yaml as docs/models.md shows.", base)
}

func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
