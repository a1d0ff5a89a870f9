package ref

// Texture is the picture that external_to_rgba.wgsl makes of a texture of bytes R, G, B, A. What a
// browser makes of an opaque frame has no twin: the browser converts it before the kernel reads it.
func Texture(width, height int, rgba []byte) Picture {
	return Picture{width, height, func(x, y int) [3]float32 {
		at := 4 * (y*width + x)
		return [3]float32{float32(rgba[at]) / 255, float32(rgba[at+1]) / 255, float32(rgba[at+2]) / 255}
	}}
}
