// Softmax along the second dimension, or with ROWS along the last one.
//
// One invocation makes a quad of columns for all of the dimension or, with ROWS, one row; dispatch
// SoftmaxParams.items, spread over x and y. Constant: SOURCE_FORM.

#import lib/nn_form.wgsl

// SoftmaxParams is what shaders.Softmax.Append writes (96 bytes).
struct SoftmaxParams {
    // Of source and target.
    size: vec4u,
    items: u32,
    reserved_0: u32,
    reserved_1: u32,
    reserved_2: u32,
    target_: TensorView,
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: SoftmaxParams;

const LEAST = -3.4028234e38;

#if ROWS
// load reads a quad of the row; what lies behind its end counts for nothing.
fn load(row: vec3u, w: u32) -> vec4f {
    let v = form_load4(SOURCE_FORM, params.source, vec4u(row, w));
    return select(vec4f(LEAST), v, vec4u(w) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.size.w));
}
#endif

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let size = params.size;
    var largest = vec4f(LEAST);
    var sum = vec4f(0.0);
#if ROWS
    let row = vec3u(item / size.z / size.y, item / size.z % size.y, item % size.z);
    for (var w = 0u; w < size.w; w += 4u) {
        largest = larger(largest, load(row, w));
    }
    largest = vec4f(max(max(largest.x, largest.y), max(largest.z, largest.w)));
    for (var w = 0u; w < size.w; w += 4u) {
        sum += exp(load(row, w) - largest);
    }
    let total = sum.x + sum.y + sum.z + sum.w;
    for (var w = 0u; w < size.w; w += 4u) {
        view_store4(params.target_, vec4u(row, w), exp(load(row, w) - largest) / total);
    }
#else
    let i = view_index(item, vec4u(size.x, 1u, size.zw));
    for (var y = 0u; y < size.y; y++) {
        largest = larger(largest, form_load4(SOURCE_FORM, params.source, vec4u(i.x, y, i.zw)));
    }
    for (var y = 0u; y < size.y; y++) {
        sum += exp(form_load4(SOURCE_FORM, params.source, vec4u(i.x, y, i.zw)) - largest);
    }
    for (var y = 0u; y < size.y; y++) {
        let at = vec4u(i.x, y, i.zw);
        view_store4(params.target_, at, exp(form_load4(SOURCE_FORM, params.source, at) - largest) / sum);
    }
#endif
}
