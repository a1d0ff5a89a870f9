// Copies an opaque frame into an RGBA picture, and with TENSOR also into a detector's input, in one
// pass. The browser converts colour and applies visible rectangle, rotation and flip on reading.
//
// One invocation makes four neighbouring pixels of a row of the picture and, with TENSOR, four of a
// row of the tensor. Dispatch: the larger of both grids, each ceil(width / 4) by height invocations
// (Shader.Dispatch); an invocation outside one of them makes only the other.
//
// Conditions: EXTERNAL (else the frame is an ordinary texture, upright), TENSOR. Constants:
// WORKGROUP_X, WORKGROUP_Y.

// The frame; its size is the picture's size.
#if EXTERNAL
@group(1) @binding(0) var source: texture_external;
#else
@group(1) @binding(0) var source: texture_2d<f32>;
#endif
// The upright picture, exactly as large as the frame.
@group(1) @binding(1) var picture: texture_storage_2d<rgba8unorm, write>;
#if TENSOR
#import lib/tensor.wgsl
#endif

fn picture_size() -> vec2u {
    return textureDimensions(source);
}

// picture_rgb reads one pixel of the frame.
fn picture_rgb(at: vec2u) -> vec3f {
#if EXTERNAL
    return saturate(textureLoad(source, at).rgb);
#else
    return saturate(textureLoad(source, at, 0).rgb);
#endif
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let size = picture_size();
    if id.y < size.y {
        for (var x = id.x * 4u; x < min(id.x * 4u + 4u, size.x); x++) {
            let at = vec2u(x, id.y);
            textureStore(picture, at, vec4f(picture_rgb(at), 1.0));
        }
    }
#if TENSOR
    write_tensor(id.xy);
#endif
}
