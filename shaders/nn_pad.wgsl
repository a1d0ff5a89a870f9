// Padding, or cutting, of up to four dimensions.
//
// One invocation makes a quad of the target; dispatch PadParams.items, spread over x and y. Constants: MODE and
// SOURCE_FORM.

#import lib/nn_form.wgsl

const PAD_CONSTANT = 0u;
const PAD_REFLECT = 1u;
const PAD_EDGE = 2u;
const PAD_WRAP = 3u;

// PadParams is what shaders.Pad.Append writes (128 bytes).
struct PadParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    // What PAD_CONSTANT fills with.
    value: f32,
    reserved_0: u32,
    reserved_1: u32,
    // What is put before each dimension, or cut off if below zero.
    before: vec4i,
    source_size: vec4i,
    target_: TensorView,
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: PadParams;

// outside tells whether an index of the source is none.
fn outside(i: vec4i) -> bool {
    return any((i < vec4i(0)) | (i >= params.source_size));
}

// inside takes an index to the one whose value stands there.
fn inside(i: vec4i) -> vec4i {
    let size = params.source_size;
    switch MODE {
        case PAD_REFLECT: {
            let period = max(2 * (size - 1), vec4i(1));
            let at = ((i % period) + period) % period;
            return min(at, period - at);
        }
        case PAD_WRAP: {
            return ((i % size) + size) % size;
        }
        default: {
            return clamp(i, vec4i(0), size - 1);
        }
    }
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    var v = vec4f(params.value);
    for (var e = 0u; e < min(4u, params.size.w - i.w); e++) {
        let at = vec4i(vec4u(i.xyz, i.w + e)) - params.before;
        if MODE != PAD_CONSTANT || !outside(at) {
            v[e] = form_element(SOURCE_FORM, params.source, vec4u(inside(at)));
        }
    }
    view_store4(params.target_, i, v);
}
