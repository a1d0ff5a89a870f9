// Convolution by a kernel of 1 by 1, stride 1, in registers. One group.
//
// One invocation makes QUADS neighbouring quads of pixels for eight output channels: one, with TWO two,
// with TWO and FOUR four. Dispatch: ceil(quads of a plane / QUADS) times blocks of eight channels
// (ConvProblem.items). With TABLE the input's channels lie anywhere; with TABLE and HALVES some of them
// have half the width and height, and one quad is made.
//
// Constants: WORKGROUP_X.

#import lib/nn_conv_sums.wgsl

#if FOUR
const QUADS = 4u;
#else
#if TWO
const QUADS = 2u;
#else
const QUADS = 1u;
#endif
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
    let quad = QUADS * (item % (*p).tiles);
    let block = item / (*p).tiles;
    var s0 = sums_begin(problem, 8u * block);
#if TWO
    var s1 = s0;
#endif
#if FOUR
    var s2 = s0;
    var s3 = s0;
#endif
    let channels = (*p).channels;
    var weight = (*p).weights + 2u * block * channels;
#if TABLE
    let entry = (*p).source_table;
#if HALVES
    // Channels of half the width and height, repeated over two columns and two rows, are marked by the
    // table's highest bit.
    let pitch = (*p).source_pitch;
    let half_quad = quad / pitch / 2u * ((pitch + 1u) / 2u) + quad % pitch / 2u;
    let half_right = ((quad % pitch) & 1u) != 0u;
#endif
    for (var c = 0u; c < channels; c++) {
#if HALVES
        let plane = nn_word(entry + c);
        let half = (plane & 0x80000000u) != 0u;
        let at = (plane & 0x7fffffffu) + select(quad, half_quad, half);
        var x = nn_load4(at);
        x = select(x, select(x.xxyy, x.zzww, half_right), half);
#else
        let at = nn_word(entry + c) + quad;
        let x = nn_load4(at);
#endif
#else
    var at = (*p).source + quad;
    let plane = (*p).source_plane;
    for (var c = 0u; c < channels; c++) {
        let x = nn_load4(at);
#endif
        let a = nn_weight4(weight);
        let b = nn_weight4(weight + 1u);
        weight += 2u;
        s0.a += outer(a, x);
        s0.b += outer(b, x);
#if TWO
        let x1 = nn_load4(at + 1u);
        s1.a += outer(a, x1);
        s1.b += outer(b, x1);
#endif
#if FOUR
        let x2 = nn_load4(at + 2u);
        s2.a += outer(a, x2);
        s2.b += outer(b, x2);
        let x3 = nn_load4(at + 3u);
        s3.a += outer(a, x3);
        s3.b += outer(b, x3);
#endif
#if TABLE
#else
        at += plane;
#endif
    }
    let f = conv_finish_of(problem);
    let count = min((*p).target_channels - 8u * block, 8u);
#if FOUR
    var list = array(s0.a, s0.b, s1.a, s1.b, s2.a, s2.b, s3.a, s3.b);
#else
#if TWO
    var list = array(s0.a, s0.b, s1.a, s1.b);
#else
    var list = array(s0.a, s0.b);
#endif
#endif
    let here = min((*p).target_plane - quad, QUADS);
    for (var q = 0u; q < here; q++) {
        for (var i = 0u; i < count; i++) {
            conv_finish(f, 8u * block + i, quad + q, list[2u * q + i / 4u][i % 4u]);
        }
    }
}
