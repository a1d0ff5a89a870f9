// Memory of the neural kernels. Provides group 0 binding 1 (constants) and group 1 binding 0 (arena);
// the kernel declares its parameters at group 0 binding 0, a uniform bound with a dynamic offset.
//
// All tensors of a network lie in one arena. A tensor is planar (NCHW); each row of its last dimension
// begins at a multiple of four elements: the pitch of a row is its length rounded up to four, and what
// lies behind the row's end is undefined. A quad is four neighbouring elements of a row that begin at a
// multiple of four: all stores are of quads. Constants (weights, biases, tables) lie in one read-only
// buffer, f32, or 32-bit words.
//
// With F16 the arena holds two half-precision values in a word, and so do weights. Arithmetic is f32.

// NN_NONE stands for a table or tensor that is not there.
const NN_NONE = 0xffffffffu;

#if F16
@group(0) @binding(1) var<storage, read> constants: array<vec2u>;
@group(1) @binding(0) var<storage, read_write> arena: array<vec2u>;

// nn_load4 reads a quad of the arena, by its number (element / 4).
fn nn_load4(quad: u32) -> vec4f {
    let halves = arena[quad];
    return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

// nn_load reads one element of the arena.
fn nn_load(at: u32) -> f32 {
    return unpack2x16float(arena[at >> 2u][(at >> 1u) & 1u])[at & 1u];
}

// nn_store4 writes a quad of the arena; values beyond half precision become its largest.
fn nn_store4(quad: u32, v: vec4f) {
    let bounded = clamp(v, vec4f(-65504.0), vec4f(65504.0));
    arena[quad] = vec2u(pack2x16float(bounded.xy), pack2x16float(bounded.zw));
}

// nn_constant4 reads four f32 constants, by the number of the first / 4.
fn nn_constant4(quad: u32) -> vec4f {
    return bitcast<vec4f>(vec4u(constants[2u * quad], constants[2u * quad + 1u]));
}

// nn_word reads a constant as a 32-bit word.
fn nn_word(at: u32) -> u32 {
    return constants[at >> 1u][at & 1u];
}

// nn_weight4 reads four weights, by the number of the first / 4.
fn nn_weight4(quad: u32) -> vec4f {
    let halves = constants[quad];
    return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
#else
@group(0) @binding(1) var<storage, read> constants: array<vec4f>;
@group(1) @binding(0) var<storage, read_write> arena: array<vec4f>;

// nn_load4 reads a quad of the arena, by its number (element / 4).
fn nn_load4(quad: u32) -> vec4f {
    return arena[quad];
}

// nn_load reads one element of the arena.
fn nn_load(at: u32) -> f32 {
    return arena[at >> 2u][at & 3u];
}

// nn_store4 writes a quad of the arena.
fn nn_store4(quad: u32, v: vec4f) {
    arena[quad] = v;
}

// nn_constant4 reads four f32 constants, by the number of the first / 4.
fn nn_constant4(quad: u32) -> vec4f {
    return constants[quad];
}

// nn_word reads a constant as a 32-bit word.
fn nn_word(at: u32) -> u32 {
    return bitcast<u32>(constants[at >> 2u][at & 3u]);
}

// nn_weight4 reads four weights, by the number of the first / 4.
fn nn_weight4(quad: u32) -> vec4f {
    return constants[quad];
}
#endif

// nn_constant reads one f32 constant.
fn nn_constant(at: u32) -> f32 {
    return bitcast<f32>(nn_word(at));
}
