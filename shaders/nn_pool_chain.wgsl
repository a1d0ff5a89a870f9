// Three poolings of the largest value one after the other, each over a square window of 2 * radius + 1
// with a stride of 1 and a padding of radius, as in SPPF blocks: each target holds what one of them gives.
//
// One invocation makes a quad of all three targets; dispatch PoolChainParams.items, spread over x and y.
// Windows of windows are larger windows, so that the source alone is read.

#import lib/nn_view.wgsl

// PoolChainParams is what shaders.PoolChain.Append writes (160 bytes).
struct PoolChainParams {
    // Of the source and of each target; and the number of quads.
    size: vec4u,
    items: u32,
    radius: u32,
    reserved: vec2u,
    source: TensorView,
    targets: array<TensorView, 3>,
}

@group(0) @binding(0) var<uniform> params: PoolChainParams;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    let radius = i32(params.radius);
    let reach = 3 * radius;
    let columns = vec4i(i32(i.w)) + vec4i(0, 1, 2, 3);
    let last = min(columns.w + reach, i32(params.size.w) - 1);
    var best_1 = vec4f(-3.4028234e38);
    var best_2 = best_1;
    var best_3 = best_1;
    let row = i32(i.z);
    for (var z = max(row - reach, 0); z <= min(row + reach, i32(params.size.z) - 1); z++) {
        for (var w = max(columns.x - reach, 0) & -4; w <= last; w += 4) {
            let quad = view_load4(params.source, vec4u(i.xy, u32(z), u32(w)));
            for (var e = 0; e < 4; e++) {
                // The distance of the farther of row and column, and beyond all where the row has ended.
                let distance = select(vec4i(0x7fffffff), max(abs(vec4i(w + e) - columns), vec4i(abs(z - row))), vec4<bool>(w + e <= last));
                let v = vec4f(quad[e]);
                best_1 = select(best_1, max(best_1, v), distance <= vec4i(radius));
                best_2 = select(best_2, max(best_2, v), distance <= vec4i(2 * radius));
                best_3 = select(best_3, max(best_3, v), distance <= vec4i(reach));
            }
        }
    }
    view_store4(params.targets[0], i, best_1);
    view_store4(params.targets[1], i, best_2);
    view_store4(params.targets[2], i, best_3);
}
