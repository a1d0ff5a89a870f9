// The sums of a quad of pixels for eight neighbouring output channels. Needs lib/nn_conv.wgsl.

#import lib/nn_conv.wgsl

struct Sums {
    s0: vec4f,
    s1: vec4f,
    s2: vec4f,
    s3: vec4f,
    s4: vec4f,
    s5: vec4f,
    s6: vec4f,
    s7: vec4f,
}

// sums_begin is the biases of a block of eight channels, the first of which is given.
fn sums_begin(problem: u32, channel: u32) -> Sums {
    let a = conv_bias(problem, channel);
    let b = conv_bias(problem, channel + 4u);
    return Sums(vec4f(a.x), vec4f(a.y), vec4f(a.z), vec4f(a.w), vec4f(b.x), vec4f(b.y), vec4f(b.z), vec4f(b.w));
}

// sums_finish writes the sums of a block's channels; count is how many of the eight are there.
fn sums_finish(problem: u32, channel: u32, count: u32, quad: u32, s: Sums) {
    // In a loop: what follows a sum is long, and shaders that hold it once compile in a fraction of the time.
    var list = array(s.s0, s.s1, s.s2, s.s3, s.s4, s.s5, s.s6, s.s7);
    for (var i = 0u; i < min(count, 8u); i++) {
        conv_finish(problem, channel + i, quad, list[i]);
    }
}
