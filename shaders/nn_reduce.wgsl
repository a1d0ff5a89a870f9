// Reduction over any dimensions: the mean, or with MAX the largest value.
//
// One invocation makes a quad of the target; dispatch ReduceParams.items, spread over x and y. With PLANE
// one workgroup makes one result, the only one of its row, of the last two dimensions. Constant:
// SOURCE_FORM.

#import lib/nn_form.wgsl

// ReduceParams is what shaders.Reduce.Append writes (128 bytes).
struct ReduceParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    // What the sum is multiplied with.
    factor: f32,
    reserved: vec2u,
    // The dimensions that are reduced: how many elements, and how far apart in the source.
    count: vec4u,
    stride: vec4u,
    target_: TensorView,
    // The source by the target's indices: with PLANE quads of the arena begin its rows.
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: ReduceParams;

#if MAX
const NEUTRAL = -3.4028234e38;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return larger(a, b);
}
#else
const NEUTRAL = 0.0;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return a + b;
}
#endif

#if PLANE
var<workgroup> shared_values: array<vec4f, WORKGROUP_X>;
#else
// load reads the values of a quad's results at a distance from their first ones.
fn load(first: u32, distance: u32) -> vec4f {
    let at = first + distance;
    if SOURCE_FORM == FORM_QUADS {
        return nn_load4(at >> 2u);
    }
    let step = params.source.stride.w;
    return vec4f(form_load(SOURCE_FORM, params.source, at), form_load(SOURCE_FORM, params.source, at + step),
        form_load(SOURCE_FORM, params.source, at + 2u * step), form_load(SOURCE_FORM, params.source, at + 3u * step));
}
#endif

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    var v = vec4f(NEUTRAL);
#if PLANE
    let item = workgroup.y * across.x + workgroup.x;
    let valid = item < params.items;
    let i = view_index(select(0u, item, valid), params.size);
    let first = form_place(SOURCE_FORM, params.source, i);
    let row_quads = (params.count.w + 3u) / 4u;
    for (var k = lane; k < params.count.z * row_quads; k += WORKGROUP_X) {
        let w = 4u * (k % row_quads);
        let quad = nn_load4((first + k / row_quads * params.stride.z + w) >> 2u);
        v = combine(v, select(vec4f(NEUTRAL), quad, vec4u(w) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.count.w)));
    }
    shared_values[lane] = v;
    workgroupBarrier();
    if !valid || lane > 0u {
        return;
    }
    // So few that more rounds would take longer.
    for (var k = 1u; k < WORKGROUP_X; k++) {
        v = combine(v, shared_values[k]);
    }
    v = combine(combine(v.xxxx, v.yyyy), combine(v.zzzz, v.wwww));
#else
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    let first = form_place(SOURCE_FORM, params.source, i);
    let count = params.count;
    for (var x = 0u; x < count.x; x++) {
        for (var y = 0u; y < count.y; y++) {
            for (var z = 0u; z < count.z; z++) {
                let row = dot(vec3u(x, y, z), params.stride.xyz);
                for (var w = 0u; w < count.w; w++) {
                    v = combine(v, load(first, row + w * params.stride.w));
                }
            }
        }
    }
#endif
#if MAX
#else
    v *= params.factor;
#endif
    view_store4(params.target_, i, v);
}
