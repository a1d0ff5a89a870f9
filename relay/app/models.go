package app

import (
	"path/filepath"
	"slices"

	"sightline/models"
	"sightline/relay/api"
	"sightline/relay/health"
	"sightline/relay/infer/catalog"
	"sightline/vision/card"
)

// ModelStore is the folder of models that the models command keeps.
type ModelStore = catalog.Store

// ModelPuller is how the models command gets models.
type ModelPuller = catalog.Puller

// OpenModels returns the models below a data folder, with the program's own
// catalogue. The folder need not exist.
func OpenModels(dataDir string) (*ModelStore, error) {
	return catalog.Open(filepath.Join(dataDir, "models"), models.Catalog)
}

// servedModels are the models that viewers may have: those of the catalogue,
// and files of one's own that the configuration names.
type servedModels struct {
	store *ModelStore
	// own are paths.
	own []string
}

// ownModels are the files that the streams name.
func (a *App) ownModels() []string {
	var own []string
	for _, name := range a.order {
		if m := a.cfg.Streams[name].Analyze.Model; catalog.IsFile(m) && !slices.Contains(own, m) {
			own = append(own, m)
		}
	}
	return own
}

// name is the name under which a model of the configuration is served; empty
// where its card cannot be read.
func (s *servedModels) name(model string) string {
	if !catalog.IsFile(model) {
		return model
	}
	c, err := s.store.Card(model)
	if err != nil {
		return ""
	}
	return c.Name
}

// List implements api.Models.
func (s *servedModels) List() []api.Model {
	var out []api.Model
	for _, name := range s.store.Names() {
		if m, err := s.Get(name); err == nil {
			out = append(out, m)
		}
	}
	for _, path := range s.own {
		name := s.name(path)
		if name == "" || slices.ContainsFunc(out, func(m api.Model) bool { return m.Name == name }) {
			continue
		}
		if m, err := s.Get(name); err == nil {
			out = append(out, m)
		}
	}
	return out
}

// Get implements api.Models. A file that cannot be had is not here; why is
// said where it is asked for.
func (s *servedModels) Get(name string) (api.Model, error) {
	m, key, err := s.find(name)
	if err != nil {
		return m, err
	}
	if f, err := s.store.OpenFile(key); err == nil {
		m.Here, m.Bytes, m.SHA256 = true, f.Bytes, f.SHA256
		_ = f.Close()
	}
	return m, nil
}

// Open implements api.Models.
func (s *servedModels) Open(name string) (api.Model, api.ModelFile, error) {
	m, key, err := s.find(name)
	if err != nil {
		return m, nil, err
	}
	f, err := s.store.OpenFile(key)
	if err != nil {
		return m, nil, err
	}
	m.Here, m.Bytes, m.SHA256 = true, f.Bytes, f.SHA256
	return m, f, nil
}

// find describes a model; key is its name for the store.
func (s *servedModels) find(name string) (m api.Model, key string, err error) {
	var c card.Card
	if e, ok := s.store.Entry(name); ok {
		key, c = name, e.Card
		m = api.Model{About: e.About, Licence: e.Licence, Source: e.Source, Bytes: e.Bytes}
	} else {
		i := slices.IndexFunc(s.own, func(path string) bool { return s.name(path) == name })
		if i < 0 {
			return m, "", health.New(health.ModelMissing, "The relay has no model %q to give.", name)
		}
		key = s.own[i]
		if c, err = s.store.Card(key); err != nil {
			return m, "", err
		}
	}
	m.Name, m.Card = c.Name, c.Append(nil)
	return m, key, nil
}
