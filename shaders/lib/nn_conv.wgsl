// What the convolutions share: their parameters, where they read, and what follows the sum. Provides
// group 0 binding 0.
//
// One dispatch computes up to CONV_PROBLEMS independent convolutions by one kernel: those whose inputs
// are there at the same time (the branches of a block, the levels of a detector). Each has its own run of
// workgroups.
//
// Weights lie as [group][block of BLOCK output channels][input channel][row][column][BLOCK], padded with
// zeros; biases as one f32 for each output channel of the blocks.

#import lib/nn.wgsl
#import lib/nn_activation.wgsl

const CONV_PROBLEMS = 8u;

// ConvProblem is what shaders.ConvProblem.Append writes (128 bytes). Places and distances of source,
// target, residual, weights and bias are in quads; tables hold quads too.
struct ConvProblem {
    // First workgroup, and in the first problem how many problems there are.
    first: u32,
    problems: u32,
    // Invocations, and how many of them make one block of channels.
    items: u32,
    tiles: u32,
    // First channel, distance of channels or their table, distance of rows.
    source: u32,
    source_plane: u32,
    source_table: u32,
    source_pitch: u32,
    source_width: u32,
    source_height: u32,
    target_: u32,
    target_plane: u32,
    target_pitch: u32,
    target_height: u32,
    weights: u32,
    // NN_NONE without bias.
    bias: u32,
    // Channels in and out, of one group.
    channels: u32,
    target_channels: u32,
    // Added after the first activation; NN_NONE without.
    residual: u32,
    residual_plane: u32,
    residual_table: u32,
    // Kernel, stride, dilation and padding before the first element: x in the low half, y in the high one.
    kernel: u32,
    stride: u32,
    dilation: u32,
    pad: u32,
    // Kinds of the activations before (low half) and after (high half) the residual, and their numbers.
    activations: u32,
    before_x: f32,
    before_y: f32,
    before_z: f32,
    after_x: f32,
    after_y: f32,
    after_z: f32,
}

struct ConvParams {
    list: array<ConvProblem, CONV_PROBLEMS>,
}

@group(0) @binding(0) var<uniform> params: ConvParams;

// conv_problem is the problem that a workgroup works on.
fn conv_problem(workgroup: u32) -> u32 {
    var n = 0u;
    for (var i = 1u; i < params.list[0].problems; i++) {
        if workgroup >= params.list[i].first {
            n = i;
        }
    }
    return n;
}

// conv_source is the first quad of an input channel.
fn conv_source(problem: u32, channel: u32) -> u32 {
    let p = &params.list[problem];
    if (*p).source_table != NN_NONE {
        return nn_word((*p).source_table + channel);
    }
    return (*p).source + channel * (*p).source_plane;
}

// Finish is what conv_finish needs of a problem, read once.
struct Finish {
    target_: u32,
    target_plane: u32,
#if RESIDUAL
    residual: u32,
    residual_plane: u32,
    residual_table: u32,
    after: vec3f,
#endif
#if ANY
    kinds: u32,
#endif
    before: vec3f,
}

fn conv_finish_of(problem: u32) -> Finish {
    let p = &params.list[problem];
    var f: Finish;
    f.target_ = (*p).target_;
    f.target_plane = (*p).target_plane;
    f.before = vec3f((*p).before_x, (*p).before_y, (*p).before_z);
#if RESIDUAL
    f.residual = (*p).residual;
    f.residual_plane = (*p).residual_plane;
    f.residual_table = (*p).residual_table;
    f.after = vec3f((*p).after_x, (*p).after_y, (*p).after_z);
#endif
#if ANY
    f.kinds = (*p).activations;
#endif
    return f;
}

// conv_linear is all activations of straight lines: x the slope and y the offset of a lower bound, z an
// upper bound.
fn conv_linear(v: vec4f, numbers: vec3f) -> vec4f {
    return min(max(v, numbers.x * v + numbers.y), vec4f(numbers.z));
}

// conv_finish applies activations and residual to a sum, bias included, and writes it. quad is the place
// within the channel's plane. Which activations there are is fixed when the shader is composed, since
// some GPUs take both sides of a branch: SiLU or any (ANY) before the residual, else only those of
// straight lines, which are cheap.
fn conv_finish(f: Finish, channel: u32, quad: u32, sum: vec4f) {
    var v = sum;
#if ANY
    v = nn_activate(v, Activation(f.kinds & 0xffffu, f.before.x, f.before.y, 0u));
#else
#if SILU
    v = v / (1.0 + exp(-max(v, vec4f(-80.0))));
#else
    v = conv_linear(v, f.before);
#endif
#endif
#if RESIDUAL
    if f.residual != NN_NONE {
        var at = f.residual + channel * f.residual_plane;
        if f.residual_table != NN_NONE {
            at = nn_word(f.residual_table + channel);
        }
        v += nn_load4(at + quad);
#if ANY
        v = nn_activate(v, Activation(f.kinds >> 16u, f.after.x, f.after.y, 0u));
#else
        v = conv_linear(v, f.after);
#endif
    }
#endif
    nn_store4(f.target_ + channel * f.target_plane + quad, v);
}

// conv_bias reads the biases of four output channels, counted with the padding of blocks.
fn conv_bias(problem: u32, channel: u32) -> vec4f {
    let bias = params.list[problem].bias;
    if bias == NN_NONE {
        return vec4f(0.0);
    }
    return nn_constant4(bias + channel / 4u);
}

// low and high take a pair of half words apart.
fn conv_low(pair: u32) -> u32 {
    return pair & 0xffffu;
}

fn conv_high(pair: u32) -> u32 {
    return pair >> 16u;
}
