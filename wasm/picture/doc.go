// Package picture turns video frames into pictures on canvases: planes or external texture to RGBA,
// on request to a detector's tensor as well, and the draw of the picture with its overlay.
//
// It owns the pipelines (Kit, one for each device) and each canvas's GPU memory (Painter). It knows no
// players and no messages.
package picture
