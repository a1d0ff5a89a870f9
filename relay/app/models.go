package app

import (
	"path/filepath"

	"sightline/models"
	"sightline/relay/infer/catalog"
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
