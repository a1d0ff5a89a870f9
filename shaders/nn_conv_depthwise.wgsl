// Depthwise convolution: one filter for each channel, by a kernel of 3 by 3, or of 5 by 5 with WIDE;
// stride 1, or 2 with STRIDE2; half the kernel's width of padding at the left, no dilation.
//
// One invocation makes a quad of pixels of ROWS neighbouring rows of a channel. Dispatch: quads of a row
// times ceil(rows / ROWS) times channels (ConvProblem.items). Weights lie as [channel][row][4], and with
// WIDE [channel][row][8].
//
// Constants: WORKGROUP_X.

#import lib/nn_conv.wgsl

#if WIDE
const KERNEL = 5u;
const REACH = 2u;
#else
const KERNEL = 3u;
const REACH = 1u;
#endif
#if STRIDE2
const STRIDE = 2u;
const ROWS = 2u;
#else
const STRIDE = 1u;
const ROWS = 4u;
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

// taps reads a row; quad is that of the source where the target's first pixel lies, column the number
// of its first element.
fn taps(quad: u32, column: u32, width: u32) -> Taps {
    var l = vec4f(0.0);
    if column > 0u {
#if WIDE
        l = nn_load4(quad - 1u);
#else
        l.w = nn_load(4u * quad - 1u);
#endif
    }
    let m = select(vec4f(0.0), nn_load4(quad), vec4u(0u, 1u, 2u, 3u) + column < vec4u(width));
    var n = vec4f(0.0);
    if column + 4u < width {
#if STRIDE2
        n = select(vec4f(0.0), nn_load4(quad + 1u), vec4u(4u, 5u, 6u, 7u) + column < vec4u(width));
#else
#if WIDE
        n = select(vec4f(0.0), nn_load4(quad + 1u), vec4u(4u, 5u, 6u, 7u) + column < vec4u(width));
#else
        n.x = nn_load(4u * quad + 4u);
#endif
#endif
    }
#if STRIDE2
#if WIDE
    var r = 0.0;
    if column + 8u < width {
        r = nn_load(4u * quad + 8u);
    }
    return Taps(vec4f(l.z, m.x, m.z, n.x), vec4f(l.w, m.y, m.w, n.y), vec4f(m.x, m.z, n.x, n.z), vec4f(m.y, m.w, n.y, n.w), vec4f(m.z, n.x, n.z, r));
#else
    return Taps(vec4f(l.w, m.y, m.w, n.y), vec4f(m.x, m.z, n.x, n.z), vec4f(m.y, m.w, n.y, n.w));
#endif
#else
#if WIDE
    return Taps(vec4f(l.zw, m.xy), vec4f(l.w, m.xyz), m, vec4f(m.yzw, n.x), vec4f(m.zw, n.xy));
#else
    return Taps(vec4f(l.w, m.xyz), m, vec4f(m.yzw, n.x));
#endif
#endif
}

// weigh is what one row of the kernel makes of a row's taps.
fn weigh(t: Taps, weights: u32, ky: u32) -> vec4f {
#if WIDE
    let w = nn_weight4(weights + 2u * ky);
    return w.x * t.t0 + w.y * t.t1 + w.z * t.t2 + w.w * t.t3 + nn_weight4(weights + 2u * ky + 1u).x * t.t4;
#else
    let w = nn_weight4(weights + ky);
    return w.x * t.t0 + w.y * t.t1 + w.z * t.t2;
#endif
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let number = workgroup.y * across.x + workgroup.x;
    let problem = conv_problem(number);
    let p = &params.list[problem];
    let item = (number - (*p).first) * WORKGROUP_X + lane;
    if item >= (*p).items {
        return;
    }
    let tile = item % (*p).tiles;
    let channel = item / (*p).tiles;
    let column = tile % (*p).target_pitch;
    let row = ROWS * (tile / (*p).target_pitch);
    let bias = vec4f(conv_bias(problem, channel)[channel & 3u]);
    var s0 = bias;
    var s1 = bias;
#if STRIDE2
#else
    var s2 = bias;
    var s3 = bias;
#endif
    let height = (*p).source_height;
    let width = (*p).source_width;
    let pitch = (*p).source_pitch;
    let weights = (*p).weights + channel * KERNEL * (1u + REACH / 2u);
    let first = i32(row * STRIDE) - i32(conv_high((*p).pad));
    let plane = conv_source(problem, channel) + STRIDE * column;
    for (var i = 0u; i < (ROWS - 1u) * STRIDE + KERNEL; i++) {
        let y = first + i32(i);
        if y < 0 || y >= i32(height) {
            continue;
        }
        let t = taps(plane + u32(y) * pitch, 4u * STRIDE * column, width);
        if i < KERNEL {
            s0 += weigh(t, weights, i);
        }
        if i >= STRIDE && i < STRIDE + KERNEL {
            s1 += weigh(t, weights, i - STRIDE);
        }
#if STRIDE2
#else
        if i >= 2u && i < 2u + KERNEL {
            s2 += weigh(t, weights, i - 2u);
        }
        if i >= 3u {
            s3 += weigh(t, weights, i - 3u);
        }
#endif
    }
#if STRIDE2
    var list = array(s0, s1);
#else
    var list = array(s0, s1, s2, s3);
#endif
    for (var i = 0u; i < min((*p).target_height - row, ROWS); i++) {
        conv_finish(problem, channel, (row + i) * (*p).target_pitch + column, list[i]);
    }
}
