// Gathers along any dimension by a table of indices, where a view with a table cannot do it: along the
// last one.
//
// One invocation makes a quad of the target; dispatch GatherParams.items, spread over x and y. Constant: SOURCE_FORM.

#import lib/nn_form.wgsl

// GatherParams is what shaders.Gather.Append writes (96 bytes).
struct GatherParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    axis: u32,
    // First word of the table: for each index of the axis the source's.
    table: u32,
    reserved: u32,
    target_: TensorView,
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: GatherParams;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    var v = vec4f(0.0);
    for (var e = 0u; e < min(4u, params.size.w - i.w); e++) {
        var at = vec4u(i.xyz, i.w + e);
        at[params.axis] = nn_word(params.table + at[params.axis]);
        v[e] = form_element(SOURCE_FORM, params.source, at);
    }
    view_store4(params.target_, i, v);
}
