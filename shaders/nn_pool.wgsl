// Pooling over windows of the last two dimensions: the largest, or with AVERAGE the mean.
//
// One invocation makes a quad of the target; dispatch PoolParams.items, spread over x and y. It reads
// the rows of its four windows in whole quads. HALVE: windows of three by three, two apart, with the
// constant PAD (0 or 1) columns of padding before. DILATED: windows with gaps. Constants: SOURCE_FORM, and EDGE,
// 0 where every quad that is read and counts lies within its row.

#import lib/nn_form.wgsl

// PoolParams is what shaders.Pool.Append writes (144 bytes). Pairs are of rows and columns.
struct PoolParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    // 1: the mean counts the padding.
    include_pad: u32,
    source_size: vec2u,
    kernel: vec2u,
    stride: vec2u,
    dilation: vec2u,
    // Padding before the first element, and the end of the padding behind the last one.
    pad: vec2u,
    padded_end: vec2u,
    reserved: vec2u,
    target_: TensorView,
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: PoolParams;

#if AVERAGE
const NEUTRAL = 0.0;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return a + b;
}

// counted is the number of a window's places from a start that lie in low <= place < high.
fn counted(start: vec4i, kernel: u32, dilation: u32, low: i32, high: i32) -> vec4i {
    let k = i32(kernel);
#if DILATED
    let d = i32(dilation);
#else
    let d = 1;
#endif
    let first = max((low - start + d - 1) / d, vec4i(0));
    let end = min((high - start + d - 1) / d, vec4i(k));
    return max(end - first, vec4i(0));
}
#else
const NEUTRAL = -3.4028234e38;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return larger(a, b);
}
#endif

// quad reads four columns of a row that begins at a place; what lies behind the row's end counts for
// nothing.
fn quad(place: u32, w: u32) -> vec4f {
    var v: vec4f;
    if SOURCE_FORM == FORM_QUADS {
        v = nn_load4((place + w) >> 2u);
    } else {
        let step = params.source.stride.w;
        for (var e = 0u; e < 4u; e++) {
            v[e] = form_load(SOURCE_FORM, params.source, place + (w + e) * step);
        }
    }
    if EDGE == 0u {
        return v;
    }
    return select(vec4f(NEUTRAL), v, vec4u(w) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.source_size.y));
}

// window combines a row of the four windows.
fn window(place: u32, w: u32, columns: vec4i) -> vec4f {
#if HALVE
    let base = 2u * w;
    let a = quad(place, base);
    let b = quad(place, base + 4u);
    let even = vec4f(a.x, a.z, b.x, b.z);
    let odd = vec4f(a.y, a.w, b.y, b.w);
    if PAD == 1u {
        let left = select(form_load(SOURCE_FORM, params.source, place + (max(base, 1u) - 1u) * params.source.stride.w), NEUTRAL, base == 0u);
        return combine(combine(vec4f(left, odd.xyz), even), odd);
    }
    return combine(combine(even, odd), vec4f(even.yzw, quad(place, base + 8u).x));
#else
    var v = vec4f(NEUTRAL);
#if DILATED
    let width = vec4i(i32(params.source_size.y));
    for (var k = 0u; k < params.kernel.y; k++) {
        let at = columns + vec4i(i32(k * params.dilation.y));
        let inside = (at >= vec4i(0)) & (at < width);
        let column = vec4u(clamp(at, vec4i(0), width - 1));
        var taps: vec4f;
        for (var e = 0u; e < 4u; e++) {
            taps[e] = form_load(SOURCE_FORM, params.source, place + column[e] * params.source.stride.w);
        }
        v = combine(v, select(vec4f(NEUTRAL), taps, inside));
    }
#else
    let reach = vec4u(params.kernel.y - 1u);
    let last = min(columns.w + i32(params.kernel.y) - 1, i32(params.source_size.y) - 1);
    for (var x = max(columns.x, 0) & -4; x <= last; x += 4) {
        let taps = quad(place, u32(x));
        // Below a window's first column the distance becomes a large number.
        let distance = vec4u(vec4i(x) - columns);
        v = combine(v, select(vec4f(NEUTRAL), taps.xxxx, distance <= reach));
        v = combine(v, select(vec4f(NEUTRAL), taps.yyyy, distance + 1u <= reach));
        v = combine(v, select(vec4f(NEUTRAL), taps.zzzz, distance + 2u <= reach));
        v = combine(v, select(vec4f(NEUTRAL), taps.wwww, distance + 3u <= reach));
    }
#endif
    return v;
#endif
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    let row = i32(i.z * params.stride.x) - i32(params.pad.x);
    // The first column of each of the four windows.
    let columns = vec4i((vec4u(i.w) + vec4u(0u, 1u, 2u, 3u)) * params.stride.y) - vec4i(i32(params.pad.y));
    var v = vec4f(NEUTRAL);
#if HALVE
    let last = i32(params.source_size.x) - 1;
    let place = form_place(SOURCE_FORM, params.source, vec4u(i.xy, 0u, 0u));
    let pitch = params.source.stride.z;
    let first = window(place + pitch * u32(max(row, 0)), i.w, columns);
    let middle = window(place + pitch * u32(min(row + 1, last)), i.w, columns);
    let end = window(place + pitch * u32(min(row + 2, last)), i.w, columns);
#if AVERAGE
    v = select(vec4f(NEUTRAL), first, row >= 0) + select(vec4f(NEUTRAL), middle, row + 1 <= last)
        + select(vec4f(NEUTRAL), end, row + 2 <= last);
#else
    // A row that is there twice changes nothing.
    v = combine(first, combine(middle, end));
#endif
#else
    for (var k = 0u; k < params.kernel.x; k++) {
#if DILATED
        let z = row + i32(k * params.dilation.x);
#else
        let z = row + i32(k);
#endif
        if z >= 0 && z < i32(params.source_size.x) {
            v = combine(v, window(form_place(SOURCE_FORM, params.source, vec4u(i.xy, u32(z), 0u)), i.w, columns));
        }
    }
#endif
#if AVERAGE
    var low = vec2i(0);
    var high = vec2i(params.source_size);
    if params.include_pad != 0u {
        low = -vec2i(params.pad);
        high = vec2i(params.padded_end);
    }
    let rows = counted(vec4i(row), params.kernel.x, params.dilation.x, low.x, high.x);
    v /= vec4f(max(rows * counted(columns, params.kernel.y, params.dilation.y, low.y, high.y), vec4i(1)));
#endif
    view_store4(params.target_, i, v);
}
