// Package astiav binds the part of FFmpeg that the relay uses: demuxing and
// muxing (libavformat), decoding, encoding and bitstream filters (libavcodec),
// scaling (libswscale), resampling (libswresample), and devices (libavdevice).
//
// It stands in for github.com/asticode/go-astiav v0.42: every exported name
// exists there with the same meaning, and nothing is exported that does not, so
// the replace line in the main module can be dropped on a machine with FFmpeg 8.
// Unlike it, this package compiles against FFmpeg 5.1 to 8; everything that
// differs between those releases is in compat.h.
//
// # Ownership
//
// A Go value that came from an Alloc, New, Create or Open function owns its C
// object until Free (CloseInput for an opened FormatContext, Close for an opened
// IOContext). Free may be called more than once; any other use after it is a
// programming error and panics. A value returned by an accessor (a Stream and its
// CodecParameters, the parameters of a bitstream filter, PrivateData, Metadata,
// Class) borrows from its parent: it must not be freed and must not outlive it.
// Codec, InputFormat, OutputFormat, BitStreamFilter and descriptors are static.
// Byte slices are always copies in Go memory.
//
// # Concurrency
//
// One object is used by one goroutine at a time, as in FFmpeg. Two things may be
// called from anywhere: the methods of an IOInterrupter and the log functions.
//
// The package does not know the relay: no configuration, no slog, no streams.
package astiav

//#cgo pkg-config: libavdevice libavformat libavcodec libswresample libswscale libavutil
//#cgo CFLAGS: -std=gnu11 -Wall -Wno-deprecated-declarations
import "C"
