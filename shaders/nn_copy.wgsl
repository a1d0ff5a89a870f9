// Copies a tensor of any form into rows: what makes a tensor that was transposed, sliced, shuffled or
// repeated into one of its own, and what puts the parts of a concatenation beside each other.
//
// Element i of the copy, in row-major order, is element i of the source: of its plane i / inner (by the
// table, or all the same), found by up to six nested loops. One invocation makes a quad. Dispatch: rows
// times the quads that a row touches (CopyParams.items).
//
// Constants: WORKGROUP_X.

#import lib/nn.wgsl

// CopyParams is what shaders.CopyParams.Append writes (128 bytes).
struct CopyParams {
    items: u32,
    // Elements of a row of the source, and quads that a row of the copy touches.
    width: u32,
    row: u32,
    // Where the first element goes within the first row's first quad: what lies before it there, and
    // behind the last, is kept with KEEP set.
    begin: u32,
    keep: u32,
    // The copy, in quads: first row; distance of rows within a group of rows; how many rows are a group
    // and the distance of groups.
    target_: u32,
    pitch: u32,
    rows: u32,
    group: u32,
    // The source, in elements: the first one or, with a table, planes of inner elements in the table,
    // which holds quads of a plane's first element times four plus the element within, halves marked.
    source: u32,
    table: u32,
    constant: u32,
    inner: u32,
    // Elements from row to row of planes of half the size, and the width of what they stand for.
    half_pitch: u32,
    half_width: u32,
    reserved: u32,
    // Sizes and strides of the loops, the innermost last.
    size_high: vec4u,
    size_low: vec4u,
    stride_high: vec4u,
    stride_low: vec4u,
}

@group(0) @binding(0) var<uniform> params: CopyParams;

const HALF = 0x80000000u;

// element reads one element of the source.
fn element(number: u32) -> f32 {
    var at = params.source;
    var rest = number;
    var half = false;
    if params.table != NN_NONE {
        let plane = nn_word(params.table + number / params.inner);
        half = (plane & HALF) != 0u;
        at = plane & 0x7fffffffu;
        rest = number % params.inner;
    }
    if half {
        return nn_load(at + rest / params.half_width / 2u * params.half_pitch + rest % params.half_width / 2u);
    }
    let w = rest % params.size_low.w;
    rest /= params.size_low.w;
    let z = rest % params.size_low.z;
    rest /= params.size_low.z;
    let y = rest % params.size_low.y;
    rest /= params.size_low.y;
    let x = rest % params.size_low.x;
    rest /= params.size_low.x;
    at += dot(vec4u(x, y, z, w), params.stride_low);
    at += rest % params.size_high.w * params.stride_high.w + rest / params.size_high.w * params.stride_high.z;
    if params.constant != 0u {
        return nn_constant(at);
    }
    return nn_load(at);
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let row = item / params.row;
    let quad = params.target_ + row / params.rows * params.group + row % params.rows * params.pitch + item % params.row;
    var v = vec4f(0.0);
    if params.keep != 0u {
        v = nn_load4(quad);
    }
    for (var i = 0u; i < 4u; i++) {
        let column = 4u * (item % params.row) + i;
        if column >= params.begin && column - params.begin < params.width {
            v[i] = element(row * params.width + column - params.begin);
        }
    }
    nn_store4(quad, v);
}
