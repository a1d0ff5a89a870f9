// Draws the picture into its rectangle of the canvas; what lies outside keeps the clear colour.
//
// Draw: a triangle strip of 4 vertices, 1 instance, no vertex buffer, no blending.
//
// Conditions: EXTERNAL draws an opaque frame straight from the browser's texture, without a compute
// pass before it; else the picture is what planes_to_rgba or external_to_rgba wrote.

#import lib/view.wgsl

#if EXTERNAL
@group(1) @binding(0) var picture: texture_external;
#else
@group(1) @binding(0) var picture: texture_2d<f32>;
#endif
@group(1) @binding(1) var picture_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4f,
    // 0..1 of the picture.
    @location(0) at: vec2f,
}

@vertex
fn main_vertex(@builtin(vertex_index) vertex: u32) -> Corner {
    let at = vec2f(f32(vertex & 1u), f32(vertex >> 1u));
    return Corner(to_clip(view.picture.xy + at * view.picture.zw), at);
}

@fragment
fn main_fragment(corner: Corner) -> @location(0) vec4f {
#if EXTERNAL
    return vec4f(textureSampleBaseClampToEdge(picture, picture_sampler, corner.at).rgb, 1.0);
#else
    return vec4f(textureSampleLevel(picture, picture_sampler, corner.at, 0.0).rgb, 1.0);
#endif
}
