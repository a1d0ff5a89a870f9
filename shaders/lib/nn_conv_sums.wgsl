// The sums of a quad of pixels for eight neighbouring output channels, as two matrices of a column for
// each channel. Needs lib/nn_conv.wgsl.

#import lib/nn_conv.wgsl

struct Sums {
    a: mat4x4f,
    b: mat4x4f,
}

// outer has the products of four weights, by column, and a quad.
fn outer(w: vec4f, x: vec4f) -> mat4x4f {
    return mat4x4f(w.x * x, w.y * x, w.z * x, w.w * x);
}

// repeated has a channel's number in all places of its column.
fn repeated(v: vec4f) -> mat4x4f {
    return mat4x4f(vec4f(v.x), vec4f(v.y), vec4f(v.z), vec4f(v.w));
}

// sums_begin is the biases of a block of eight channels, the first of which is given.
fn sums_begin(problem: u32, channel: u32) -> Sums {
    return Sums(repeated(conv_bias(problem, channel)), repeated(conv_bias(problem, channel + 4u)));
}

// sums_finish writes the sums of a block's channels; count is how many of the eight are there. It loops,
// because shaders that hold what follows a sum once compile in a fraction of the time.
fn sums_finish(f: Finish, channel: u32, count: u32, quad: u32, s: Sums) {
    var list = array(s.a, s.b);
    for (var i = 0u; i < min(count, 8u); i++) {
        conv_finish(f, channel + i, quad, list[i / 4u][i % 4u]);
    }
}
