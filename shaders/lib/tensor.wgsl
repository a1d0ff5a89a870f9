// Resizes the picture into a planar f32 tensor (CHW), with bars where the aspect ratios differ.
//
// The importer provides
//   fn picture_rgb(at: vec2u) -> vec3f   one pixel of the upright picture, 0..1, at < picture_size()
//   fn picture_size() -> vec2u           the upright picture's size in pixels
// and calls write_tensor once for each id in ceil(size.x / 4) by size.y.

// TensorParams is what shaders.TensorParams.Append writes (80 bytes).
struct TensorParams {
    // Width and height of the tensor in pixels.
    size: vec2u,
    // 0: planes in the order R, G, B; 1: B, G, R.
    bgr: u32,
    // What a bar holds, 0..1, before scale and bias.
    pad: f32,
    // The rectangle the picture fills: x, y, width, height in tensor pixels.
    content: vec4u,
    // Picture pixels for each tensor pixel, across and down.
    step: vec2f,
    reserved: vec2u,
    // Each plane's value is value * scale + bias, with value 0..1, in the order of the planes.
    scale: vec4f,
    bias: vec4f,
}

@group(0) @binding(1) var<uniform> tensor_params: TensorParams;
// Three planes of size.y rows of size.x values.
@group(1) @binding(2) var<storage, read_write> tensor: array<f32>;

// picture_bilinear samples between pixel centres (a pixel's centre is at .5), edges repeated.
fn picture_bilinear(at: vec2f) -> vec3f {
    let last = picture_size() - 1u;
    let p = clamp(at - 0.5, vec2f(0.0), vec2f(last));
    let low = vec2u(p);
    let high = min(low + 1u, last);
    let part = p - vec2f(low);
    let top = mix(picture_rgb(low), picture_rgb(vec2u(high.x, low.y)), part.x);
    let bottom = mix(picture_rgb(vec2u(low.x, high.y)), picture_rgb(high), part.x);
    return mix(top, bottom, part.y);
}

// write_tensor makes four neighbouring pixels of the tensor in all three planes.
fn write_tensor(id: vec2u) {
    let size = tensor_params.size;
    if id.x * 4u >= size.x || id.y >= size.y {
        return;
    }
    let plane = size.x * size.y;
    for (var x = id.x * 4u; x < min(id.x * 4u + 4u, size.x); x++) {
        // Wraps to a large number left of or above the content, so one comparison serves both sides.
        let inside = vec2u(x, id.y) - tensor_params.content.xy;
        var value = vec3f(tensor_params.pad);
        if all(inside < tensor_params.content.zw) {
            value = picture_bilinear((vec2f(inside) + 0.5) * tensor_params.step);
        }
        if tensor_params.bgr != 0u {
            value = value.bgr;
        }
        value = value * tensor_params.scale.xyz + tensor_params.bias.xyz;
        let at = id.y * size.x + x;
        tensor[at] = value.r;
        tensor[plane + at] = value.g;
        tensor[2u * plane + at] = value.b;
    }
}
