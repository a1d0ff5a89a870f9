// Views: how a kernel that works on any tensor reads and writes it. Needs nothing but lib/nn.wgsl.
//
// A view has four dimensions; the engine merges or splits a tensor's own into them. Element i of a view
// lies at offset + dot(stride, i); with a table, its second dimension picks a channel whose first
// element the table names, instead of offset + stride.y * i.y. A stride of zero repeats (broadcasting);
// any other order of strides transposes. So slicing, transposing, splitting, concatenating along the
// second dimension and broadcasting cost nothing.

#import lib/nn.wgsl

// TensorView is what shaders.TensorView.append writes (32 bytes).
struct TensorView {
    // First element.
    offset: u32,
    // First word of the channels' table in the constants, or NN_NONE.
    table: u32,
    // 1: the view is of constants, else of the arena.
    constant: u32,
    reserved: u32,
    // Elements from one index to the next, by dimension.
    stride: vec4u,
}

// view_at is the place of an element.
fn view_at(v: TensorView, i: vec4u) -> u32 {
    var at = v.offset + v.stride.x * i.x + v.stride.z * i.z + v.stride.w * i.w;
    if v.table != NN_NONE {
        at += nn_word(v.table + i.y);
    } else {
        at += v.stride.y * i.y;
    }
    return at;
}

// view_load reads the element at a place.
fn view_load(v: TensorView, at: u32) -> f32 {
    if v.constant != 0u {
        return nn_constant(at);
    }
    return nn_load(at);
}

// view_load4 reads four elements of the last dimension from index i on.
fn view_load4(v: TensorView, i: vec4u) -> vec4f {
    let at = view_at(v, i);
    if v.stride.w == 1u && (at & 3u) == 0u {
        if v.constant != 0u {
            return nn_constant4(at >> 2u);
        }
        return nn_load4(at >> 2u);
    }
    return vec4f(view_load(v, at), view_load(v, at + v.stride.w), view_load(v, at + 2u * v.stride.w), view_load(v, at + 3u * v.stride.w));
}

// view_store4 writes a quad from index i on; the view is one of the arena whose rows begin at multiples
// of four, with a last stride of 1, and i.w is a multiple of four.
fn view_store4(v: TensorView, i: vec4u, value: vec4f) {
    nn_store4(view_at(v, i) >> 2u, value);
}

// view_index takes the number of a quad to the index of its first element, for a tensor of a size.
fn view_index(number: u32, size: vec4u) -> vec4u {
    let row = (size.w + 3u) / 4u;
    let z = number / row;
    let y = z / size.z;
    return vec4u(y / size.y, y % size.y, z % size.z, 4u * (number % row));
}
