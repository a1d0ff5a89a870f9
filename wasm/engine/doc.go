// Package engine plans neural networks for a GPU: it takes a graph of vision/onnx, fuses operators,
// chooses a kernel of package shaders for each, lays out the memory, and makes a [Plan], a list of
// dispatches that is replayed for each picture.
//
// It is plain Go and knows no browser: a [Device] runs the plan (wasm/gpu in the client, Dawn for Node in
// tests). It knows neither what a picture is nor what the outputs mean.
package engine
