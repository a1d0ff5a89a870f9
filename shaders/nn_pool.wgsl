// Pooling over windows of the last two dimensions: the largest, or with AVERAGE the mean.
//
// One invocation makes a quad of the target; dispatch PoolParams.items, spread over x and y. It reads
// the rows of its four windows in whole quads.

#import lib/nn_view.wgsl

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

// counted is the number of a window's places from a start that lie in low <= place < high.
fn counted(start: i32, kernel: u32, dilation: u32, low: i32, high: i32) -> i32 {
    let d = i32(dilation);
    let first = max((low - start + d - 1) / d, 0);
    let end = min((high - start + d - 1) / d, i32(kernel));
    return max(end - select(first, 0, low <= start), 0);
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
    let reach = i32((params.kernel.y - 1u) * params.dilation.y);
    let last = min(columns.w + reach, i32(params.source_size.y) - 1);
#if AVERAGE
    var sum = vec4f(0.0);
#else
    var sum = vec4f(-3.4028234e38);
#endif
    for (var k = 0u; k < params.kernel.x; k++) {
        let z = row + i32(k * params.dilation.x);
        if z < 0 || z >= i32(params.source_size.x) {
            continue;
        }
        for (var w = max(columns.x, 0) & -4; w <= last; w += 4) {
            let quad = view_load4(params.source, vec4u(i.xy, u32(z), u32(w)));
            for (var e = 0; e < 4; e++) {
                let distance = vec4i(w + e) - columns;
                let inside = (distance >= vec4i(0)) & (distance <= vec4i(reach))
                    & (distance % vec4i(i32(params.dilation.y)) == vec4i(0)) & vec4<bool>(w + e <= last);
#if AVERAGE
                sum = select(sum, sum + quad[e], inside);
#else
                sum = select(sum, max(sum, vec4f(quad[e])), inside);
#endif
            }
        }
    }
#if AVERAGE
    var low = vec2i(0);
    var high = vec2i(params.source_size);
    if params.include_pad != 0u {
        low = -vec2i(params.pad);
        high = vec2i(params.padded_end);
    }
    let rows = counted(row, params.kernel.x, params.dilation.x, low.x, high.x);
    var counts = vec4f(0.0);
    for (var e = 0; e < 4; e++) {
        counts[e] = f32(rows * counted(columns[e], params.kernel.y, params.dilation.y, low.y, high.y));
    }
    sum /= max(counts, vec4f(1.0));
#endif
    view_store4(params.target_, i, sum);
}
