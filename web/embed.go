// Package web carries the built web client (pages, scripts, styles, the WebAssembly program) in the
// binary. build.mjs fills dist; before the first build it holds nothing but a placeholder. The package
// knows nothing of HTTP.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the built client: pages at the root (index.html, view.html, embed.html), the rest under
// assets, each file with its compressed twins (.br, .gz) beside it, and manifest.json. Built reports
// whether there is a client at all.
func Dist() (files fs.FS, built bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist, false
	}
	_, err = fs.Stat(files, "manifest.json")
	return files, err == nil
}
