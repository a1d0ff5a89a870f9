// Convolution by a kernel of 3 by 3, one column of padding at the left, no dilation, one group; stride 1,
// or 2 with STRIDE2.
//
// One invocation makes a quad of pixels for eight output channels. Dispatch: quads of a plane times
// blocks of eight channels (ConvProblem.items).
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
    let column = quad % (*p).target_pitch;
    let row = i32(quad / (*p).target_pitch);
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
    let pitch = (*p).source_pitch;
    let width = (*p).source_width;
#if STRIDE2
    let x = 2u * column;
    let y = 2 * row - i32(conv_high((*p).pad));
    let has_left = column > 0u;
    // Which of eight neighbouring columns are there.
    let there_0 = vec4u(0u, 1u, 2u, 3u) + 8u * column < vec4u(width);
    let there_1 = vec4u(4u, 5u, 6u, 7u) + 8u * column < vec4u(width);
#else
    let x = column;
    let y = row - i32(conv_high((*p).pad));
    let has_left = column > 0u;
    let there = vec4u(0u, 1u, 2u, 3u) + 4u * column < vec4u(width);
    let has_right = 4u * column + 4u < width;
#endif
    let top = u32(max(0, -y));
    let bottom = u32(clamp(i32((*p).source_height) - y, 0, 3));
    var block_weight = (*p).weights + 18u * block * channels;
    for (var c = 0u; c < channels; c++) {
        let plane = conv_source(problem, c) + x;
        for (var ky = top; ky < bottom; ky++) {
            let at = plane + u32(y + i32(ky)) * pitch;
            var left = 0.0;
            if has_left {
                left = nn_load(4u * at - 1u);
            }
#if STRIDE2
            let m = select(vec4f(0.0), nn_load4(at), there_0);
            var n = vec4f(0.0);
            if there_1.x {
                n = select(vec4f(0.0), nn_load4(at + 1u), there_1);
            }
            let t0 = vec4f(left, m.y, m.w, n.y);
            let t1 = vec4f(m.x, m.z, n.x, n.z);
            let t2 = vec4f(m.y, m.w, n.y, n.w);
#else
            let t1 = select(vec4f(0.0), nn_load4(at), there);
            var right = 0.0;
            if has_right {
                right = nn_load(4u * at + 4u);
            }
            let t0 = vec4f(left, t1.xyz);
            let t2 = vec4f(t1.yzw, right);
#endif
            let weight = block_weight + 6u * ky;
            var a = nn_weight4(weight);
            var b = nn_weight4(weight + 1u);
            s0 += a.x * t0;
            s1 += a.y * t0;
            s2 += a.z * t0;
            s3 += a.w * t0;
            s4 += b.x * t0;
            s5 += b.y * t0;
            s6 += b.z * t0;
            s7 += b.w * t0;
            a = nn_weight4(weight + 2u);
            b = nn_weight4(weight + 3u);
            s0 += a.x * t1;
            s1 += a.y * t1;
            s2 += a.z * t1;
            s3 += a.w * t1;
            s4 += b.x * t1;
            s5 += b.y * t1;
            s6 += b.z * t1;
            s7 += b.w * t1;
            a = nn_weight4(weight + 4u);
            b = nn_weight4(weight + 5u);
            s0 += a.x * t2;
            s1 += a.y * t2;
            s2 += a.z * t2;
            s3 += a.w * t2;
            s4 += b.x * t2;
            s5 += b.y * t2;
            s6 += b.z * t2;
            s7 += b.w * t2;
        }
        block_weight += 18u;
    }
    sums_finish(problem, 8u * block, (*p).target_channels - 8u * block, quad, Sums(s0, s1, s2, s3, s4, s5, s6, s7));
}
