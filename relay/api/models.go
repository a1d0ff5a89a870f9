package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"sightline/relay/health"
)

// Model is a detector that viewers may run themselves.
type Model struct {
	// Name is the card's.
	Name    string `json:"name"`
	About   string `json:"about,omitempty"`
	Licence string `json:"licence,omitempty"`
	Source  string `json:"source,omitempty"`
	// Bytes is the file's size.
	Bytes int64 `json:"bytes"`
	// Here says that the relay has the file; File then is its path, which
	// names the content and so may be kept for good.
	Here bool   `json:"here"`
	File string `json:"file,omitempty"`
	// Card is the model card (package vision/card).
	Card json.RawMessage `json:"card"`
	// SHA256 is the file's checksum, where it is here; File is made of it.
	SHA256 string `json:"sha256,omitempty"`
}

// ModelFile is a model's ONNX file.
type ModelFile interface {
	io.ReadSeekCloser
}

// Models are those that viewers may run: of the catalogue, and those that the
// configuration names. Errors are conditions.
type Models interface {
	List() []Model
	// Get returns one without reading its file anew.
	Get(name string) (Model, error)
	// Open opens the file of a model that is here.
	Open(name string) (Model, ModelFile, error)
}

// ModelRoutes add the models to the API.
func ModelRoutes(models Models) func(*http.ServeMux) {
	h := &modelHandler{models: models, packed: packer{limit: packedLimit}}
	return func(mux *http.ServeMux) {
		mux.HandleFunc("GET /api/v1/models", h.list)
		mux.HandleFunc("GET /api/v1/models/{name}", h.get)
		mux.HandleFunc("GET /api/v1/models/{name}/model.onnx", h.file)
	}
}

type modelHandler struct {
	models Models
	packed packer
}

func (h *modelHandler) list(w http.ResponseWriter, r *http.Request) {
	models := list(h.models.List())
	for i := range models {
		models[i] = models[i].located()
	}
	writeJSON(w, http.StatusOK, map[string]any{"models": models})
}

func (h *modelHandler) get(w http.ResponseWriter, r *http.Request) {
	m, err := h.models.Get(r.PathValue("name"))
	if err != nil {
		modelFault(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, m.located())
}

// version is the part of a checksum that names a content in a path.
func (m Model) version() string { return m.SHA256[:min(len(m.SHA256), 24)] }

// located fills in where the file is.
func (m Model) located() Model {
	if m.Here {
		m.File = "/api/v1/models/" + m.Name + "/model.onnx?v=" + m.version()
	}
	return m
}

// slowest is how many bytes a second a viewer should at least be able to take.
const slowest = 64 << 10

// file sends a model's file, compressed where that is asked for and makes it
// smaller. By the path that the list gives it may be kept for good, by any
// other it is asked for again each time.
func (h *modelHandler) file(w http.ResponseWriter, r *http.Request) {
	m, f, err := h.models.Open(r.PathValue("name"))
	if err != nil {
		modelFault(w, r, err)
		return
	}
	defer f.Close()
	version := r.URL.Query().Get("v")
	if version != "" && version != m.version() {
		modelFault(w, r, health.New(health.ModelMissing, "The model %s is no longer the one with the checksum %s.", m.Name, clip(version)).
			WithFix("Ask /api/v1/models for where its file is now."))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "no-cache")
	if version != "" {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	var body io.ReadSeeker = f
	size, etag := m.Bytes, m.version()
	for _, e := range encodings {
		if !accepts(r.Header.Get("Accept-Encoding"), e.name) {
			continue
		}
		packed, err := h.packed.pack(m, f, e.name)
		if err != nil {
			modelFault(w, r, health.New(health.ModelMissing, "The model %s cannot be read: %v.", m.Name, err))
			return
		}
		if packed != nil {
			body, size, etag = packed, packed.Size(), etag+"-"+e.name
			header.Set("Content-Encoding", e.name)
		}
		break
	}
	header.Set("ETag", `"`+etag+`"`)
	// ServeContent leaves the length of encoded files out.
	if r.Header.Get("Range") == "" {
		header.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	// A large model over a slow line takes longer than other answers may.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(2*time.Minute + time.Duration(size/slowest)*time.Second))
	http.ServeContent(w, r, "", time.Time{}, body)
}

// modelFault answers with what is wrong with a model.
func modelFault(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	h.Del("Content-Encoding")
	h.Set("Cache-Control", "no-store")
	c, ok := errors.AsType[health.Condition](err)
	if !ok {
		c = health.New(health.ModelMissing, "%v.", err)
	}
	status := http.StatusNotFound
	if c.Code == health.ModelInvalid {
		status = http.StatusServiceUnavailable
	}
	Problem(w, r, status, c)
}
