package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/relay/health"
)

// pages are the files of the web client.
type pages struct {
	fs    fs.FS
	files map[string]file // by path in fs
}

// file is one file with the encodings it can be sent in.
type file struct {
	etag      string // without quotes
	encodings []string
	hashed    bool
}

// hashedName finds the content hash in names such as grid-4KX2A7QB.js.
var hashedName = regexp.MustCompile(`[-.]([A-Z0-9]{8}|[0-9a-f]{8,64})\.[a-z0-9.]+$`)

// encodings in order of preference, with the ending of the compressed twin.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

func openPages(web fs.FS) (*pages, error) {
	p := &pages{fs: web, files: map[string]file{}}
	if web == nil {
		return p, nil
	}
	err := fs.WalkDir(web, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
			return err
		}
		f, err := web.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, f); err != nil {
			return err
		}
		entry := file{etag: hex.EncodeToString(sum.Sum(nil)[:12]), hashed: hashedName.MatchString(path.Base(name))}
		for _, e := range encodings {
			if _, err := fs.Stat(web, name+e.ending); err == nil {
				entry.encodings = append(entry.encodings, e.name)
			}
		}
		p.files[name] = entry
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("api: read the web client: %w", err)
	}
	return p, nil
}

// page serves one of the client's pages. The page itself explains a stream
// that does not exist; only the status says so too.
func (s *server) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.pages.files[name]; !ok {
			Problem(w, r, http.StatusServiceUnavailable, health.New(health.WebClientMissing, "This binary was built without the web client, so it has no pages; the API and WHEP work."))
			return
		}
		status := http.StatusOK
		if stream := r.PathValue("stream"); stream != "" {
			if _, ok := s.Streams.Get(stream); !ok {
				status = http.StatusNotFound
			}
		}
		s.pages.serve(w, r, name, status)
	}
}

func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if _, ok := s.pages.files[name]; !ok || !fs.ValidPath(name) {
		Problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid, "There is no file %s in the web client.", clip(r.URL.Path)).
			WithFix("Reload the page: the relay may have been updated."))
		return
	}
	s.pages.serve(w, r, name, http.StatusOK)
}

func (p *pages) serve(w http.ResponseWriter, r *http.Request, name string, status int) {
	entry := p.files[name]
	h := w.Header()
	etag, stored := entry.etag, name
	if len(entry.encodings) > 0 {
		h.Set("Vary", "Accept-Encoding")
		for _, e := range encodings {
			if slices.Contains(entry.encodings, e.name) && accepts(r.Header.Get("Accept-Encoding"), e.name) {
				h.Set("Content-Encoding", e.name)
				etag, stored = etag+"-"+e.name, name+e.ending
				break
			}
		}
	}
	f, err := p.fs.Open(stored)
	if err != nil {
		h.Del("Content-Encoding")
		Problem(w, r, http.StatusInternalServerError, health.New(health.Internal, "%s of the web client cannot be read.", name))
		return
	}
	defer f.Close()
	body, ok := f.(io.ReadSeeker)
	if !ok {
		panic(errors.New("api: the web client's files cannot seek"))
	}
	h.Set("Content-Type", contentType(name))
	if entry.hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // asked again each time, answered with 304
	}
	if status != http.StatusOK {
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = io.Copy(w, body)
		}
		return
	}
	h.Set("ETag", `"`+etag+`"`)
	// ServeContent leaves the length of encoded files out.
	if info, err := f.Stat(); err == nil && r.Header.Get("Range") == "" {
		h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	}
	http.ServeContent(w, r, "", time.Time{}, body)
}

// accepts reads Accept-Encoding (RFC 9110 section 12.5.3): an encoding counts
// when it is named, or * is, with a weight above zero.
func accepts(header, encoding string) bool {
	star := false
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="); ok {
			w, err := strconv.ParseFloat(q, 64)
			if err != nil {
				w = 0
			}
			weight = w
		}
		switch name {
		case encoding:
			return weight > 0
		case "*":
			star = weight > 0
		}
	}
	return star
}

// contentType goes by our own list first: the system's may lack .wasm, and
// browsers compile only application/wasm while it streams.
func contentType(name string) string {
	ext := path.Ext(name)
	if t, ok := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
		".css": "text/css; charset=utf-8", ".wasm": "application/wasm", ".json": "application/json", ".map": "application/json",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
		".txt": "text/plain; charset=utf-8", ".wgsl": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
	}[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
