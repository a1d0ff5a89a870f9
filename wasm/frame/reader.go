//go:build js && wasm

package frame

import (
	"errors"
	"io"

	"github.com/hack-pad/safejs"

	"sightline/wasm/gpu"
)

// Reader reads frames from a ReadableStream, the newest first where the stream holds but one.
type Reader struct {
	value   safejs.Value
	awaiter *gpu.Awaiter
}

// NewReader takes a ReadableStream of VideoFrames.
func NewReader(stream safejs.Value) (*Reader, error) {
	value, err := stream.Call("getReader")
	if err != nil {
		return nil, err
	}
	awaiter, err := gpu.NewAwaiter()
	if err != nil {
		return nil, err
	}
	return &Reader{value: value, awaiter: awaiter}, nil
}

// NewTrackReader takes a video track that was transferred into the worker.
func NewTrackReader(track safejs.Value) (*Reader, error) {
	class, err := safejs.Global().Get("MediaStreamTrackProcessor")
	if err != nil {
		return nil, err
	}
	if class.Type() != safejs.TypeFunction {
		return nil, errors.New("frame: the worker has no MediaStreamTrackProcessor")
	}
	processor, err := class.New(map[string]any{"track": track, "maxBufferSize": 1})
	if err != nil {
		return nil, err
	}
	stream, err := processor.Get("readable")
	if err != nil {
		return nil, err
	}
	return NewReader(stream)
}

// Next waits for a frame, which the caller closes; io.EOF when the stream has ended or is cancelled.
func (r *Reader) Next() (*Frame, error) {
	promise, err := r.value.Call("read")
	if err != nil {
		return nil, err
	}
	result, err := r.awaiter.Await(promise)
	if err != nil {
		return nil, err
	}
	if (reader{result}).flag("done") {
		return nil, io.EOF
	}
	value, err := result.Get("value")
	if err != nil {
		return nil, err
	}
	return Wrap(value)
}

// Cancel ends the stream; a Next that waits returns io.EOF.
func (r *Reader) Cancel() { r.value.Call("cancel") }

// Release gives the reader's callbacks back, after the last Next has returned.
func (r *Reader) Release() { r.awaiter.Release() }

// HasTrackProcessor reports whether tracks can be read in this worker.
func HasTrackProcessor() bool {
	class, err := safejs.Global().Get("MediaStreamTrackProcessor")
	return err == nil && class.Type() == safejs.TypeFunction
}
