// Convolution by any kernel, stride, dilation, padding and number of groups; with TRANSPOSED the
// transposed one (ConvTranspose), read from the target's side.
//
// One invocation makes a quad of pixels for eight output channels of a group, or, with NARROW, for one:
// where groups are small; with NARROW and DYNAMIC the weights are a tensor of the arena, whose distance of
// output channels is in residual_table, of input channels in residual_plane, of rows in bias, and there is
// neither bias nor residual. Dispatch: quads of a plane times blocks of channels (ConvProblem.items).
//
// Constants: WORKGROUP_X.

#if NARROW
#import lib/nn_conv.wgsl
#else
#import lib/nn_conv_sums.wgsl
#endif

// source_index takes an index of the target, with the padding added, and one of the kernel to the
// source's, or to -1 where there is none.
fn source_index(target_: u32, k: u32, stride: u32, dilation: u32, pad: u32, size: u32) -> i32 {
#if TRANSPOSED
    let spread = i32(target_ + pad) - i32(k * dilation);
    let i = spread / i32(stride);
    return select(-1, i, spread >= 0 && i * i32(stride) == spread && i < i32(size));
#else
    let i = i32(target_ * stride + k * dilation) - i32(pad);
    return select(-1, i, i < i32(size));
#endif
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let number = workgroup.y * across.x + workgroup.x;
    let problem = conv_problem(number);
    let p = &params.list[problem];
    let item = (number - (*p).first) * WORKGROUP_X + lane;
    if item >= (*p).items {
        return;
    }
    let quad = item % (*p).tiles;
    let block = item / (*p).tiles;
    let column = 4u * (quad % (*p).target_pitch);
    let row = quad / (*p).target_pitch;
    let channels = (*p).channels;
#if NARROW
    let group = block / (*p).target_channels;
    let channel = block;
#if DYNAMIC
    var sum = vec4f(0.0);
#if TRANSPOSED
    let first_weight = 4u * ((*p).weights + group * channels * (*p).residual_plane + block % (*p).target_channels * (*p).residual_table);
#else
    let first_weight = 4u * ((*p).weights + block * (*p).residual_table);
#endif
#else
    var sum = vec4f(conv_bias(problem, channel)[channel & 3u]);
#endif
    var weight = 4u * (*p).weights + block * channels * conv_low((*p).kernel) * conv_high((*p).kernel);
#else
    let blocks = ((*p).target_channels + 7u) / 8u;
    let group = block / blocks;
    let within = 8u * (block % blocks);
    let channel = group * (*p).target_channels + within;
    var s = sums_begin(problem, 8u * block);
    var weight = (*p).weights + 2u * block * channels * conv_low((*p).kernel) * conv_high((*p).kernel);
#endif
    for (var c = 0u; c < channels; c++) {
        let plane = conv_source(problem, group * channels + c);
        for (var ky = 0u; ky < conv_high((*p).kernel); ky++) {
            let y = source_index(row, ky, conv_high((*p).stride), conv_high((*p).dilation), conv_high((*p).pad), (*p).source_height);
            for (var kx = 0u; kx < conv_low((*p).kernel); kx++) {
                var x = vec4f(0.0);
                if y >= 0 {
                    let at = 4u * (plane + u32(y) * (*p).source_pitch);
                    for (var i = 0u; i < 4u; i++) {
                        let there = source_index(column + i, kx, conv_low((*p).stride), conv_low((*p).dilation), conv_low((*p).pad), (*p).source_width);
                        if there >= 0 {
                            x[i] = nn_load(at + u32(there));
                        }
                    }
                }
#if NARROW
#if DYNAMIC
                sum += nn_load(first_weight + 4u * (c * (*p).residual_plane + ky * (*p).bias) + kx) * x;
#else
                sum += nn_weight4(weight / 4u)[weight & 3u] * x;
#endif
                weight++;
#else
                let a = nn_weight4(weight);
                let b = nn_weight4(weight + 1u);
                weight += 2u;
                s.a += outer(a, x);
                s.b += outer(b, x);
#endif
            }
        }
    }
#if NARROW
    conv_finish(conv_finish_of(problem), channel, quad, sum);
#else
    sums_finish(conv_finish_of(problem), channel, (*p).target_channels - within, quad, s);
#endif
}
