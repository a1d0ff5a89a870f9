// Where the picture lies on the canvas. Provides group 0 binding 0.

// View is what shaders.View.Append writes (32 bytes).
struct View {
    // Width and height of the canvas in device pixels.
    canvas: vec2f,
    // Device pixels for each CSS pixel.
    scale: f32,
    reserved: f32,
    // The picture's rectangle on the canvas: x, y, width, height in device pixels.
    picture: vec4f,
}

@group(0) @binding(0) var<uniform> view: View;

// to_clip turns device pixels (origin top left) into clip space.
fn to_clip(at: vec2f) -> vec4f {
    let p = at / view.canvas * 2.0 - 1.0;
    return vec4f(p.x, -p.y, 0.0, 1.0);
}
