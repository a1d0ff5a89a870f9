// Resize of the last two dimensions. Which rows and columns of the source an element is made of, and in
// what shares, stands in tables, so that every mode and rule of rounding is one to this kernel.
//
// One invocation makes a quad of the target; dispatch ResizeParams.items, spread over x and y. Constants: TAPS is 1 where
// one row and one column count, whole, else 0; SOURCE_FORM.

#import lib/nn_form.wgsl

// ResizeParams is what shaders.Resize.Append writes (112 bytes).
struct ResizeParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    // What lies outside of the source.
    outside: f32,
    // First word of the table of rows and of columns (shaders.ResizeTable), and the words of an entry.
    rows: u32,
    columns: u32,
    row_taps: u32,
    column_taps: u32,
    reserved_0: u32,
    reserved_1: u32,
    target_: TensorView,
    source: TensorView,
}

@group(0) @binding(0) var<uniform> params: ResizeParams;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    let row = params.rows + 2u * params.row_taps * i.z;
    var v = vec4f(params.outside);
    if nn_word(row) != NN_NONE {
        for (var e = 0u; e < min(4u, params.size.w - i.w); e++) {
            let column = params.columns + 2u * params.column_taps * (i.w + e);
            if nn_word(column) == NN_NONE {
                continue;
            }
            if TAPS == 1u {
                v[e] = form_element(SOURCE_FORM, params.source, vec4u(i.xy, nn_word(row), nn_word(column)));
                continue;
            }
            var sum = 0.0;
            for (var r = 0u; r < params.row_taps; r++) {
                let z = nn_word(row + 2u * r);
                let share = nn_constant(row + 2u * r + 1u);
                for (var c = 0u; c < params.column_taps; c++) {
                    let tap = form_element(SOURCE_FORM, params.source, vec4u(i.xy, z, nn_word(column + 2u * c)));
                    sum += share * nn_constant(column + 2u * c + 1u) * tap;
                }
            }
            v[e] = sum;
        }
    }
    view_store4(params.target_, i, v);
}
