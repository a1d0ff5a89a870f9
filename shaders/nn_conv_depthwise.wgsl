// Depthwise convolution: one filter for each channel, by a kernel of 3 by 3, or of 5 by 5 with WIDE;
// stride 1, or 2 with STRIDE2; half the kernel's width of padding at the left, no dilation.
//
// One invocation makes a quad of pixels of ROWS neighbouring rows of a channel. Dispatch: quads of a row
// times ceil(rows / ROWS) times channels (ConvProblem.items). Weights lie as [channel][row][4], and with
// WIDE [channel][row][8].
//
// Constants: WORKGROUP_X.

#import lib/nn_conv.wgsl
#import lib/nn_conv_depthwise.wgsl

#if STRIDE2
const ROWS = 2u;
#else
const ROWS = 4u;
#endif

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let number = workgroup.y * across.x + workgroup.x;
    let problem = conv_problem(number);
    let p = &params.list[problem];
    let item = (number - (*p).first) * WORKGROUP_X + lane;
    if item >= (*p).items {
        return;
    }
    let tile = item % (*p).tiles;
    let channel = item / (*p).tiles;
    let column = tile % (*p).target_pitch;
    let row = ROWS * (tile / (*p).target_pitch);
    let bias = vec4f(conv_bias(problem, channel)[channel & 3u]);
    var s0 = bias;
    var s1 = bias;
#if STRIDE2
#else
    var s2 = bias;
    var s3 = bias;
#endif
    let place = Place(conv_source(problem, channel) + STRIDE * column, 4u * STRIDE * column, (*p).source_width,
        (*p).source_height, (*p).source_pitch, conv_high((*p).pad));
    let weights = (*p).weights + channel * KERNEL * (1u + REACH / 2u);
    // Written out: a branch for each row of the kernel would cost more than the row.
#if WIDE
    let w0 = kernel_row(weights);
    let w1 = kernel_row(weights + 2u);
    let w2 = kernel_row(weights + 4u);
    let w3 = kernel_row(weights + 6u);
    let w4 = kernel_row(weights + 8u);
#if STRIDE2
    let t0 = row_taps(place, row * STRIDE, 0u);
    s0 += weigh(w0, t0);
    let t1 = row_taps(place, row * STRIDE, 1u);
    s0 += weigh(w1, t1);
    let t2 = row_taps(place, row * STRIDE, 2u);
    s0 += weigh(w2, t2);
    s1 += weigh(w0, t2);
    let t3 = row_taps(place, row * STRIDE, 3u);
    s0 += weigh(w3, t3);
    s1 += weigh(w1, t3);
    let t4 = row_taps(place, row * STRIDE, 4u);
    s0 += weigh(w4, t4);
    s1 += weigh(w2, t4);
    let t5 = row_taps(place, row * STRIDE, 5u);
    s1 += weigh(w3, t5);
    let t6 = row_taps(place, row * STRIDE, 6u);
    s1 += weigh(w4, t6);
#else
    let t0 = row_taps(place, row * STRIDE, 0u);
    s0 += weigh(w0, t0);
    let t1 = row_taps(place, row * STRIDE, 1u);
    s0 += weigh(w1, t1);
    s1 += weigh(w0, t1);
    let t2 = row_taps(place, row * STRIDE, 2u);
    s0 += weigh(w2, t2);
    s1 += weigh(w1, t2);
    s2 += weigh(w0, t2);
    let t3 = row_taps(place, row * STRIDE, 3u);
    s0 += weigh(w3, t3);
    s1 += weigh(w2, t3);
    s2 += weigh(w1, t3);
    s3 += weigh(w0, t3);
    let t4 = row_taps(place, row * STRIDE, 4u);
    s0 += weigh(w4, t4);
    s1 += weigh(w3, t4);
    s2 += weigh(w2, t4);
    s3 += weigh(w1, t4);
    let t5 = row_taps(place, row * STRIDE, 5u);
    s1 += weigh(w4, t5);
    s2 += weigh(w3, t5);
    s3 += weigh(w2, t5);
    let t6 = row_taps(place, row * STRIDE, 6u);
    s2 += weigh(w4, t6);
    s3 += weigh(w3, t6);
    let t7 = row_taps(place, row * STRIDE, 7u);
    s3 += weigh(w4, t7);
#endif
#else
    let w0 = kernel_row(weights);
    let w1 = kernel_row(weights + 1u);
    let w2 = kernel_row(weights + 2u);
#if STRIDE2
    let t0 = row_taps(place, row * STRIDE, 0u);
    s0 += weigh(w0, t0);
    let t1 = row_taps(place, row * STRIDE, 1u);
    s0 += weigh(w1, t1);
    let t2 = row_taps(place, row * STRIDE, 2u);
    s0 += weigh(w2, t2);
    s1 += weigh(w0, t2);
    let t3 = row_taps(place, row * STRIDE, 3u);
    s1 += weigh(w1, t3);
    let t4 = row_taps(place, row * STRIDE, 4u);
    s1 += weigh(w2, t4);
#else
    let t0 = row_taps(place, row * STRIDE, 0u);
    s0 += weigh(w0, t0);
    let t1 = row_taps(place, row * STRIDE, 1u);
    s0 += weigh(w1, t1);
    s1 += weigh(w0, t1);
    let t2 = row_taps(place, row * STRIDE, 2u);
    s0 += weigh(w2, t2);
    s1 += weigh(w1, t2);
    s2 += weigh(w0, t2);
    let t3 = row_taps(place, row * STRIDE, 3u);
    s1 += weigh(w2, t3);
    s2 += weigh(w1, t3);
    s3 += weigh(w0, t3);
    let t4 = row_taps(place, row * STRIDE, 4u);
    s2 += weigh(w2, t4);
    s3 += weigh(w1, t4);
    let t5 = row_taps(place, row * STRIDE, 5u);
    s3 += weigh(w2, t5);
#endif
#endif
#if STRIDE2
    var list = array(s0, s1);
#else
    var list = array(s0, s1, s2, s3);
#endif
    let f = conv_finish_of(problem);
    for (var i = 0u; i < min((*p).target_height - row, ROWS); i++) {
        conv_finish(f, channel, (row + i) * (*p).target_pitch + column, list[i]);
    }
}
