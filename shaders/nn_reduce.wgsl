// Reduction over any dimensions: the mean, or with MAX the largest value.
//
// A quad of the target is made by one invocation or, with SHARED, by one workgroup, for few results of
// many values; dispatch ReduceParams.items invocations or workgroups, spread over x and y.

#import lib/nn_view.wgsl

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
    // The source by the target's indices.
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: ReduceParams;

#if MAX
const NEUTRAL = -3.4028234e38;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return max(a, b);
}
#else
const NEUTRAL = 0.0;

fn combine(a: vec4f, b: vec4f) -> vec4f {
    return a + b;
}
#endif

// load reads the values of a quad's results at a distance from their first ones.
fn load(first: u32, distance: u32, results: u32) -> vec4f {
    let step = params.source.stride.w;
    let at = first + distance;
    if results == 4u && step == 1u && (at & 3u) == 0u && params.source.constant == 0u {
        return nn_load4(at >> 2u);
    }
    var v = vec4f(NEUTRAL);
    for (var e = 0u; e < results; e++) {
        v[e] = view_load(params.source, at + e * step);
    }
    return v;
}

#if SHARED
var<workgroup> shared_values: array<vec4f, WORKGROUP_X>;
#endif

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
#if SHARED
    let item = workgroup.y * across.x + workgroup.x;
#else
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
#endif
    let valid = item < params.items;
    let i = view_index(select(0u, item, valid), params.size);
    let first = view_at(params.source, i);
    let results = min(4u, params.size.w - i.w);
    let count = params.count;
    var v = vec4f(NEUTRAL);
#if SHARED
    for (var k = lane; k < count.x * count.y * count.z * count.w; k += WORKGROUP_X) {
        let r = vec4u(k / count.w / count.z / count.y, k / count.w / count.z % count.y, k / count.w % count.z, k % count.w);
        v = combine(v, load(first, dot(r, params.stride), results));
    }
    shared_values[lane] = v;
    for (var step = WORKGROUP_X / 2u; step > 0u; step /= 2u) {
        workgroupBarrier();
        if lane < step {
            shared_values[lane] = combine(shared_values[lane], shared_values[lane + step]);
        }
    }
    if !valid || lane > 0u {
        return;
    }
    v = shared_values[0];
#else
    if !valid {
        return;
    }
    for (var x = 0u; x < count.x; x++) {
        for (var y = 0u; y < count.y; y++) {
            for (var z = 0u; z < count.z; z++) {
                let row = dot(vec3u(x, y, z), params.stride.xyz);
                for (var w = 0u; w < count.w; w++) {
                    v = combine(v, load(first, row + w * params.stride.w, results));
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
