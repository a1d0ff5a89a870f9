// Three poolings of the largest value one after the other, each over a window of five by five with a
// stride of 1 and a padding of 2, as in SPPF blocks: each target holds what one of them gives.
//
// One invocation makes a quad of all three targets; dispatch PoolChainParams.items, spread over x and y.
// Windows of windows are larger windows, of nine and of thirteen, so that the source alone is read, and
// no invocation waits for another. Constant: SOURCE_FORM.

#import lib/nn_form.wgsl

// PoolChainParams is what shaders.PoolChain.Append writes (160 bytes).
struct PoolChainParams {
    // Of the source and of each target; and the number of quads.
    size: vec4u,
    items: u32,
    reserved_0: u32,
    reserved_1: u32,
    reserved_2: u32,
    source: TensorView,
    targets: array<TensorView, 3>,
}

@group(0) @binding(0) var<uniform> params: PoolChainParams;

const LEAST = -3.4028234e38;

// quad reads four columns of a row; those outside count for nothing.
fn quad(i: vec4u, z: u32, w: i32) -> vec4f {
    let v = form_load4(SOURCE_FORM, params.source, vec4u(i.xy, z, u32(max(w, 0))));
    // Columns below zero become large ones.
    return select(vec4f(LEAST), v, vec4u(vec4i(w) + vec4i(0, 1, 2, 3)) < vec4u(params.size.w));
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    let row = i32(i.z);
    let w = i32(i.w);
    var five = vec4f(LEAST);
    var nine = five;
    var thirteen = five;
    for (var z = max(row - 6, 0); z <= min(row + 6, i32(params.size.z) - 1); z++) {
        // The row from eight columns before the quad's first to eleven behind it.
        let a = quad(i, u32(z), w - 8);
        let b = quad(i, u32(z), w - 4);
        let c = quad(i, u32(z), w);
        let d = quad(i, u32(z), w + 4);
        let e = quad(i, u32(z), w + 8);
        // The largest of five, of nine and of thirteen columns around each of the quad's.
        let near = larger(larger(vec4f(b.zw, c.xy), vec4f(b.w, c.xyz)), larger(larger(c, vec4f(c.yzw, d.x)), vec4f(c.zw, d.xy)));
        let middle = larger(larger(near, larger(b, vec4f(b.yzw, c.x))), larger(vec4f(c.w, d.xyz), d));
        let far = larger(larger(middle, larger(vec4f(a.zw, b.xy), vec4f(a.w, b.xyz))), larger(vec4f(d.yzw, e.x), vec4f(d.zw, e.xy)));
        let distance = abs(z - row);
        thirteen = larger(thirteen, far);
        nine = select(nine, larger(nine, middle), distance <= 4);
        five = select(five, larger(five, near), distance <= 2);
    }
    view_store4(params.targets[0], i, five);
    view_store4(params.targets[1], i, nine);
    view_store4(params.targets[2], i, thirteen);
}
