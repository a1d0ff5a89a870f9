// Reads the upright picture at the detectors' lower resolution, in whole numbers, so that every GPU
// and the Go twins see the same values. Provides group 1 binding 0.

// The upright picture.
@group(1) @binding(0) var picture: texture_2d<f32>;

// analysis_rgb is one pixel of a picture scaled to size: R, G, B as sums of 2 by 2 samples spread over
// the pixel's area, 0..1020 each.
fn analysis_rgb(at: vec2u, size: vec2u) -> vec3u {
    let source = textureDimensions(picture);
    var sum = vec3u(0u);
    for (var i = 0u; i < 4u; i++) {
        // The middle of each quarter of the pixel, in picture pixels.
        let tap = (4u * at + 2u * vec2u(i & 1u, i >> 1u) + 1u) * source / (4u * size);
        sum += vec3u(textureLoad(picture, tap, 0).rgb * 255.0 + 0.5);
    }
    return sum;
}

// analysis_luma is BT.709 luma of such a sum, 0..65280 (255 in steps of 1/256).
fn analysis_luma(sum: vec3u) -> u32 {
    return (54u * sum.r + 183u * sum.g + 19u * sum.b) >> 2u;
}
