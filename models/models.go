// Package models carries the catalogue of models that the program knows, as a
// file. It holds no model and reads none.
package models

import _ "embed"

// Catalog is catalog.yaml.
//
//go:embed catalog.yaml
var Catalog []byte
