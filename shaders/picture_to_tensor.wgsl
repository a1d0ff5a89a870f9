// Turns the RGBA picture of an earlier dispatch into a detector's input.
//
// The permutations with TENSOR of planes_to_rgba and external_to_rgba do this in the dispatch that
// makes the picture. This one reads each sample converted, through the texture cache,
// instead of unpacking it again for every tap: less work where that counts (software adapters), at
// the price of a second dispatch in the pass and of values rounded to 8 bits.
//
// One invocation makes four neighbouring pixels of a row of the tensor. Dispatch: ceil(width / 4) by
// height invocations of the tensor (Shader.Dispatch with a picture of 0 by 0).
//
// Constants: WORKGROUP_X, WORKGROUP_Y.

#import lib/tensor.wgsl

// The upright picture.
@group(1) @binding(0) var picture: texture_2d<f32>;

fn picture_size() -> vec2u {
    return textureDimensions(picture);
}

// picture_rgb reads one pixel of the picture.
fn picture_rgb(at: vec2u) -> vec3f {
    return textureLoad(picture, at, 0).rgb;
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    write_tensor(id.xy);
}
