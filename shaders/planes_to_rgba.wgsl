// Turns one 4:2:0 frame (NV12 or I420) into an upright RGBA picture, and with TENSOR also into a
// detector's input, in one pass.
//
// One invocation makes four neighbouring pixels of a row of the picture and, with TENSOR, four of a
// row of the tensor. Dispatch: the larger of both grids, each ceil(width / 4) by height invocations
// (Shader.Dispatch); an invocation outside one of them makes only the other.
//
// Layout: the planes are bytes in one buffer, at any offset and stride. A chroma sample covers two by
// two luma samples and is repeated, not interpolated, as browsers do for software frames.
//
// Conditions: NV12 (else I420), TENSOR. Constants: WORKGROUP_X, WORKGROUP_Y.

// FrameParams is what shaders.FrameParams.Append writes (112 bytes).
struct FrameParams {
    // R, G and B as dot products with (Y, Cb, Cr, 1), all samples 0..1.
    to_r: vec4f,
    to_g: vec4f,
    to_b: vec4f,
    // Width and height of the upright picture in pixels.
    size: vec2u,
    // The luma sample under the picture's pixel (0, 0).
    origin: vec2i,
    // How the luma sample moves for one pixel to the right, and for one pixel down.
    step_x: vec2i,
    step_y: vec2i,
    // First byte of the planes Y, Cb (NV12: Cb and Cr), Cr.
    offset: vec4u,
    // Bytes from row to row of the planes.
    stride: vec4u,
}

@group(0) @binding(0) var<uniform> frame: FrameParams;
// The frame's bytes, the first in the lowest bits of the first word.
@group(1) @binding(0) var<storage, read> planes: array<u32>;
// The upright picture, exactly frame.size large.
@group(1) @binding(1) var picture: texture_storage_2d<rgba8unorm, write>;
#if TENSOR
#import lib/tensor.wgsl
#endif

// load_1 reads the byte at an address as 0..1.
fn load_1(address: u32) -> f32 {
    return f32(extractBits(planes[address >> 2u], (address & 3u) * 8u, 8u)) * (1.0 / 255.0);
}

// load_4 reads four bytes from any address as 0..1.
fn load_4(address: u32) -> vec4f {
    let word = address >> 2u;
    let shift = (address & 3u) * 8u;
    // In two steps, because a shift by 32 (shift = 0) would be taken modulo 32.
    let high = (planes[word + 1u] << (31u - shift)) << 1u;
    return unpack4x8unorm((planes[word] >> shift) | high);
}

// to_rgb converts one sample, clamped to 0..1.
fn to_rgb(y: f32, cb: f32, cr: f32) -> vec3f {
    let s = vec4f(y, cb, cr, 1.0);
    return saturate(vec3f(dot(frame.to_r, s), dot(frame.to_g, s), dot(frame.to_b, s)));
}

fn picture_size() -> vec2u {
    return frame.size;
}

// picture_rgb reads one pixel of the upright picture from the planes.
fn picture_rgb(at: vec2u) -> vec3f {
    let p = vec2i(at);
    let luma = vec2u(frame.origin + p.x * frame.step_x + p.y * frame.step_y);
    let chroma = luma >> vec2u(1u);
    let y = load_1(frame.offset.x + luma.y * frame.stride.x + luma.x);
#if NV12
    let address = frame.offset.y + chroma.y * frame.stride.y + 2u * chroma.x;
    return to_rgb(y, load_1(address), load_1(address + 1u));
#else
    let cb = load_1(frame.offset.y + chroma.y * frame.stride.y + chroma.x);
    let cr = load_1(frame.offset.z + chroma.y * frame.stride.z + chroma.x);
    return to_rgb(y, cb, cr);
#endif
}

// write_row makes four pixels whose samples lie in a row, from few wide loads.
fn write_row(first: vec2u) {
    let p = vec2i(first);
    let luma = vec2u(frame.origin + vec2i(p.x, 0) + p.y * frame.step_y);
    let chroma = luma >> vec2u(1u);
    let y = load_4(frame.offset.x + luma.y * frame.stride.x + luma.x);
    // Chroma of four pixels is 0 0 1 1 from an even luma sample on, 0 1 1 2 from an odd one.
    let odd = (luma.x & 1u) != 0u;
#if NV12
    let address = frame.offset.y + chroma.y * frame.stride.y + 2u * chroma.x;
    let c = load_4(address);
    var cb = c.xxzz;
    var cr = c.yyww;
    if odd {
        let third = load_4(address + 4u);
        cb = vec4f(c.xzz, third.x);
        cr = vec4f(c.yww, third.y);
    }
#else
    let b = load_4(frame.offset.y + chroma.y * frame.stride.y + chroma.x);
    let r = load_4(frame.offset.z + chroma.y * frame.stride.z + chroma.x);
    let cb = select(b.xxyy, b.xyyz, odd);
    let cr = select(r.xxyy, r.xyyz, odd);
#endif
    // Unrolled: indexing a vector by a variable is slow. Stores beyond the texture have no effect.
    textureStore(picture, first, vec4f(to_rgb(y.x, cb.x, cr.x), 1.0));
    textureStore(picture, first + vec2u(1u, 0u), vec4f(to_rgb(y.y, cb.y, cr.y), 1.0));
    textureStore(picture, first + vec2u(2u, 0u), vec4f(to_rgb(y.z, cb.z, cr.z), 1.0));
    textureStore(picture, first + vec2u(3u, 0u), vec4f(to_rgb(y.w, cb.w, cr.w), 1.0));
}

// write_turned makes four pixels whose samples lie in a column or from right to left.
fn write_turned(first: vec2u) {
    let count = min(frame.size.x - first.x, 4u);
    for (var i = 0u; i < count; i++) {
        let at = first + vec2u(i, 0u);
        textureStore(picture, at, vec4f(picture_rgb(at), 1.0));
    }
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let first = vec2u(id.x * 4u, id.y);
    if all(first < frame.size) {
        if all(frame.step_x == vec2i(1, 0)) {
            write_row(first);
        } else {
            write_turned(first);
        }
    }
#if TENSOR
    write_tensor(id.xy);
#endif
}
