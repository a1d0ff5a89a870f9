// What a row of a depthwise convolution's kernel sees of a row of a channel, for a quad of pixels: 3 by 3,
// or 5 by 5 with WIDE; stride 1, or 2 with STRIDE2; half the kernel's width of padding at the left.
// Weights lie as [channel][row][4], and with WIDE [channel][row][8]. Needs lib/nn.wgsl.

#import lib/nn.wgsl

#if WIDE
const KERNEL = 5u;
const REACH = 2u;
#else
const KERNEL = 3u;
const REACH = 1u;
#endif
#if STRIDE2
const STRIDE = 2u;
#else
const STRIDE = 1u;
#endif

// Taps are what the columns of the kernel see of one row, for a quad of pixels.
struct Taps {
    t0: vec4f,
    t1: vec4f,
    t2: vec4f,
#if WIDE
    t3: vec4f,
    t4: vec4f,
#endif
}

// taps reads a row, or zeros where it is not there; quad is that of the source where the target's first
// pixel lies, column the number of its first element.
fn taps(quad: u32, column: u32, width: u32, there: bool) -> Taps {
    let m = select(vec4f(0.0), nn_load4(quad), (vec4u(0u, 1u, 2u, 3u) + column < vec4u(width)) & vec4<bool>(there));
    let left = there && column > 0u;
#if STRIDE2
    let n = select(vec4f(0.0), nn_load4(quad + 1u), (vec4u(4u, 5u, 6u, 7u) + column < vec4u(width)) & vec4<bool>(there));
#if WIDE
    let l = select(vec4f(0.0), nn_load4(quad - 1u), left);
    let r = select(0.0, nn_load(4u * quad + 8u), there && column + 8u < width);
    return Taps(vec4f(l.z, m.x, m.z, n.x), vec4f(l.w, m.y, m.w, n.y), vec4f(m.xz, n.xz), vec4f(m.yw, n.yw), vec4f(m.z, n.x, n.z, r));
#else
    let l = select(0.0, nn_load(4u * quad - 1u), left);
    return Taps(vec4f(l, m.y, m.w, n.y), vec4f(m.xz, n.xz), vec4f(m.yw, n.yw));
#endif
#else
#if WIDE
    let l = select(vec4f(0.0), nn_load4(quad - 1u), left);
    let n = select(vec4f(0.0), nn_load4(quad + 1u), (vec4u(4u, 5u, 6u, 7u) + column < vec4u(width)) & vec4<bool>(there));
    return Taps(vec4f(l.zw, m.xy), vec4f(l.w, m.xyz), m, vec4f(m.yzw, n.x), vec4f(m.zw, n.xy));
#else
    let l = select(0.0, nn_load(4u * quad - 1u), left);
    let r = select(0.0, nn_load(4u * quad + 4u), there && column + 4u < width);
    return Taps(vec4f(l, m.xyz), m, vec4f(m.yzw, r));
#endif
#endif
}

// Row is a row of the kernel.
struct Row {
    a: vec4f,
#if WIDE
    b: f32,
#endif
}

fn kernel_row(at: u32) -> Row {
#if WIDE
    return Row(nn_weight4(at), nn_weight4(at + 1u).x);
#else
    return Row(nn_weight4(at));
#endif
}

// weigh is what a row of the kernel makes of a row's taps.
fn weigh(w: Row, t: Taps) -> vec4f {
#if WIDE
    return w.a.x * t.t0 + w.a.y * t.t1 + w.a.z * t.t2 + w.a.w * t.t3 + w.b * t.t4;
#else
    return w.a.x * t.t0 + w.a.y * t.t1 + w.a.z * t.t2;
#endif
}

// Place is where a quad of the target lies in the source.
struct Place {
    quad: u32,
    column: u32,
    width: u32,
    height: u32,
    pitch: u32,
    pad: u32,
}

// row_taps reads row number r of those that the kernel sees from a row on.
fn row_taps(p: Place, row: u32, r: u32) -> Taps {
    let y = i32(row + r) - i32(p.pad);
    let there = y >= 0 && y < i32(p.height);
    return taps(p.quad + u32(clamp(y, 0, i32(p.height) - 1)) * p.pitch, p.column, p.width, there);
}
