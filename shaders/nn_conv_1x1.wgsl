// Convolution by a kernel of 1 by 1, stride 1, in registers.
//
// One invocation makes a quad of pixels for eight output channels. Dispatch: quads of a plane times
// blocks of eight channels (ConvProblem.items). One group.
//
// Constants: WORKGROUP_X.

#import lib/nn_conv_sums.wgsl

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
    var s = sums_begin(problem, 8u * block);
    var s0 = s.s0;
    var s1 = s.s1;
    var s2 = s.s2;
    var s3 = s.s3;
    var s4 = s.s4;
    var s5 = s.s5;
    var s6 = s.s6;
    var s7 = s.s7;
    let channels = (*p).channels;
    var weight = (*p).weights + 2u * block * channels;
#if TABLE
    var entry = (*p).source_table;
    // Channels of half the width and height, repeated over two columns and two rows, are marked by the
    // table's highest bit.
    let pitch = (*p).source_pitch;
    let half_quad = quad / pitch / 2u * ((pitch + 1u) / 2u) + quad % pitch / 2u;
    let half_right = ((quad % pitch) & 1u) != 0u;
    for (var c = 0u; c < channels; c++) {
        let plane = nn_word(entry);
        entry++;
        var x: vec4f;
        if (plane & 0x80000000u) != 0u {
            let pair = nn_load4((plane & 0x7fffffffu) + half_quad);
            x = select(pair.xxyy, pair.zzww, half_right);
        } else {
            x = nn_load4(plane + quad);
        }
#else
    var at = (*p).source + quad;
    let plane = (*p).source_plane;
    for (var c = 0u; c < channels; c++) {
        let x = nn_load4(at);
        at += plane;
#endif
        let a = nn_weight4(weight);
        let b = nn_weight4(weight + 1u);
        weight += 2u;
        s0 += a.x * x;
        s1 += a.y * x;
        s2 += a.z * x;
        s3 += a.w * x;
        s4 += b.x * x;
        s5 += b.y * x;
        s6 += b.z * x;
        s7 += b.w * x;
    }
    sums_finish(problem, 8u * block, (*p).target_channels - 8u * block, quad, Sums(s0, s1, s2, s3, s4, s5, s6, s7));
}
