// Package link is the worker's end of the messages between the Go program and the page: it checks and
// decodes what arrives and encodes what is sent. web/src/core/messages.ts is the other end and
// explains each message. It knows nothing of players and GPUs; objects of the browser (canvases,
// streams, frames) pass through it unopened.
package link
