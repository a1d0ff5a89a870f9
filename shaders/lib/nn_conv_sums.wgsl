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
    if count >= 8u {
        conv_finish(problem, channel, quad, s.s0);
        conv_finish(problem, channel + 1u, quad, s.s1);
        conv_finish(problem, channel + 2u, quad, s.s2);
        conv_finish(problem, channel + 3u, quad, s.s3);
        conv_finish(problem, channel + 4u, quad, s.s4);
        conv_finish(problem, channel + 5u, quad, s.s5);
        conv_finish(problem, channel + 6u, quad, s.s6);
        conv_finish(problem, channel + 7u, quad, s.s7);
        return;
    }
    conv_finish(problem, channel, quad, s.s0);
    if count > 1u {
        conv_finish(problem, channel + 1u, quad, s.s1);
    }
    if count > 2u {
        conv_finish(problem, channel + 2u, quad, s.s2);
    }
    if count > 3u {
        conv_finish(problem, channel + 3u, quad, s.s3);
    }
    if count > 4u {
        conv_finish(problem, channel + 4u, quad, s.s4);
    }
    if count > 5u {
        conv_finish(problem, channel + 5u, quad, s.s5);
    }
    if count > 6u {
        conv_finish(problem, channel + 6u, quad, s.s6);
    }
}
