// Concatenation of up to JOIN_PARTS tensors along any dimension, where none of them can be written in
// its place at once.
//
// One invocation makes a quad of the target; dispatch JoinParams.items, spread over x and y. Constants: AXIS, and
// SOURCE_FORM, that of all parts.

#import lib/nn_form.wgsl

const JOIN_PARTS = 8u;

// JoinPart is one of the tensors.
struct JoinPart {
    view: TensorView,
    // Its first index along the axis, and the one behind its last.
    first: u32,
    end: u32,
    reserved: vec2u,
}

// JoinParams is what shaders.Join.Append writes (448 bytes).
struct JoinParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    axis: u32,
    parts: u32,
    reserved: u32,
    target_: TensorView,
    part: array<JoinPart, JOIN_PARTS>,
}

@group(0) @binding(0) var<uniform> params: JoinParams;

// part_of is the part that holds an index of the axis.
fn part_of(at: u32) -> u32 {
    var n = 0u;
    while n + 1u < params.parts && at >= params.part[n].end {
        n++;
    }
    return n;
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    var v = vec4f(0.0);
    if AXIS < 3u {
        let n = part_of(i[AXIS]);
        var place = i;
        place[AXIS] -= params.part[n].first;
        v = form_load4(SOURCE_FORM, params.part[n].view, place);
    } else {
        for (var e = 0u; e < min(4u, params.size.w - i.w); e++) {
            let k = part_of(i.w + e);
            v[e] = form_element(SOURCE_FORM, params.part[k].view, vec4u(i.xyz, i.w + e - params.part[k].first));
        }
    }
    view_store4(params.target_, i, v);
}
