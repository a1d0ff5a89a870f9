//go:build js && wasm && !neural

package player

import (
	"errors"

	"sightline/wasm/detect"
	"sightline/wasm/engine"
	"sightline/wasm/link"
)

// planned refuses: reading ONNX files and planning them takes more than the client's size allows, so
// that it is built in with the tag neural only.
func (r *Registry) planned(link.Message) (*detect.Model, engine.Choices, error) {
	return nil, nil, errors.New("player: this client is built without neural detection (build tag neural); the relay detects")
}
