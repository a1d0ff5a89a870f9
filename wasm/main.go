//go:build js && wasm

// The Go program of the web client. It runs in the one worker of a document and serves all players of
// the page; web/src/worker starts it.
package main

import "sightline/wasm/player"

func main() {
	players, err := player.New()
	if err != nil {
		// Without its port the program cannot tell the page; the console is all there is.
		println("sightline: " + err.Error())
		return
	}
	players.Run()
}
