// Package frame reads decoded pictures out of the browser: streams of VideoFrames, what each frame
// says of itself, its planes and its key. A frame's pixels never enter Go's memory.
//
// It owns the readers and frames it hands out until they are closed; it knows nothing of what is
// drawn with them.
package frame

import "sightline/shaders"

// KeySource says where a frame's RTP timestamp was read.
type KeySource string

// The sources, with the names that the page uses.
const (
	FromMetadata  KeySource = "frame-metadata"
	FromTransform KeySource = "script-transform"
	NoKey         KeySource = "none"
)

// Info is what a frame says of itself.
type Info struct {
	// Format is VideoFrame.format, empty for an opaque frame.
	Format string
	// The visible rectangle within the coded picture.
	VisibleX, VisibleY, VisibleWidth, VisibleHeight int
	// Rotation is degrees clockwise, then Flip mirrors left to right.
	Rotation int
	Flip     bool
	// Matrix is colorSpace.matrix, empty when unknown.
	Matrix    string
	FullRange bool
	// Timestamp is in microseconds; it is no key (it jitters), but it orders frames.
	Timestamp int64
	// RTP is the frame's RTP timestamp, where Key is not NoKey.
	RTP uint32
	Key KeySource
}

// Size is the size of the upright picture.
func (i Info) Size() (width, height int) {
	if i.Rotation == 90 || i.Rotation == 270 {
		return i.VisibleHeight, i.VisibleWidth
	}
	return i.VisibleWidth, i.VisibleHeight
}

// Planes describes the frame as its copied planes will lie in memory, and the bytes they take; false
// if its format or matrix is not one that the planes kernels convert.
func (i Info) Planes() (shaders.Frame, int, bool) {
	format, ok := shaders.ParsePlaneFormat(i.Format)
	if !ok {
		return shaders.Frame{}, 0, false
	}
	matrix, ok := shaders.ParseMatrix(i.Matrix)
	if !ok {
		return shaders.Frame{}, 0, false
	}
	// A copy starts at a whole chroma sample.
	x, y := i.VisibleX&1, i.VisibleY&1
	f, size := shaders.PackedFrame(format, x+i.VisibleWidth, y+i.VisibleHeight)
	f.VisibleX, f.VisibleY, f.VisibleWidth, f.VisibleHeight = x, y, i.VisibleWidth, i.VisibleHeight
	f.Rotation, f.Flip, f.Matrix, f.FullRange = i.Rotation, i.Flip, matrix, i.FullRange
	return f, size, true
}
