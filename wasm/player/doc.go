// Package player runs the players of a document in its one worker: it opens the GPU device and opens
// another after a loss, reads each player's frames, has them painted, and reports to the page.
//
// It owns the device, the players and their goroutines; it knows nothing of WebRTC and of how pixels
// are converted.
package player
