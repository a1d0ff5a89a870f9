// Package gpu is a thin typed layer over WebGPU: the device and its loss, buffers, textures,
// pipelines made from the bindings of package shaders, encoders, canvases, and read-back.
//
// It owns every GPU object it makes and counts them; it knows no video frames, players or overlays.
// Values of JavaScript cross its border only where a browser object comes from elsewhere (a canvas,
// a video frame). It exists in the browser alone (GOOS=js).
package gpu
