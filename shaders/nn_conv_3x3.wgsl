// Convolution by a kernel of 3 by 3, one column of padding at the left, no dilation, one group; stride 1,
// or 2 with STRIDE2. With DILATED a stride of 1, any padding and any dilation, and one row.
//
// One invocation makes a quad of pixels of ROWS neighbouring rows for eight output channels: one row,
// with TWO two, with TWO and FOUR four. Dispatch: quads of a row times ceil(rows / ROWS) times blocks of
// eight channels (ConvProblem.items).
//
// Constants: WORKGROUP_X.

#import lib/nn_conv_sums.wgsl

#if FOUR
const ROWS = 4u;
#else
#if TWO
const ROWS = 2u;
#else
const ROWS = 1u;
#endif
#endif
#if STRIDE2
const STRIDE = 2u;
#else
const STRIDE = 1u;
#endif

// Columns says which columns of the source are there, for one quad of the target.
struct Columns {
    left: bool,
    right: bool,
    middle: vec4<bool>,
    // Those behind the middle quad, with a stride of 2.
    next: vec4<bool>,
}

// Taps are what the three columns of the kernel see of a row.
struct Taps {
    t0: vec4f,
    t1: vec4f,
    t2: vec4f,
}

#if DILATED
// apart reads four elements from a column on, or zeros where they are not there; plane is a row's first
// element.
fn apart(row: u32, column: i32, width: i32, there: bool) -> vec4f {
    let at = vec4i(column) + vec4i(0, 1, 2, 3);
    let inside = (at >= vec4i(0)) & (at < vec4i(width)) & vec4<bool>(there);
    let place = vec4u(row) + vec4u(clamp(at, vec4i(0), vec4i(width - 1)));
    return select(vec4f(0.0), vec4f(nn_load(place.x), nn_load(place.y), nn_load(place.z), nn_load(place.w)), inside);
}
#endif

// taps reads a row, whose middle quad is given, or zeros where it is not there.
fn taps(k: Columns, quad: u32, there: bool) -> Taps {
    let m = select(vec4f(0.0), nn_load4(quad), k.middle & vec4<bool>(there));
    let left = select(0.0, nn_load(4u * quad - 1u), k.left && there);
#if STRIDE2
    let n = select(vec4f(0.0), nn_load4(quad + 1u), k.next & vec4<bool>(there));
    return Taps(vec4f(left, m.y, m.w, n.y), vec4f(m.xz, n.xz), vec4f(m.yw, n.yw));
#else
    let right = select(0.0, nn_load(4u * quad + 4u), k.right && there);
    return Taps(vec4f(left, m.xyz), m, vec4f(m.yzw, right));
#endif
}

// Weights are a row of the kernel for eight output channels.
struct Weights {
    a0: vec4f,
    b0: vec4f,
    a1: vec4f,
    b1: vec4f,
    a2: vec4f,
    b2: vec4f,
}

fn weights(at: u32) -> Weights {
    return Weights(nn_weight4(at), nn_weight4(at + 1u), nn_weight4(at + 2u), nn_weight4(at + 3u), nn_weight4(at + 4u), nn_weight4(at + 5u));
}

// add adds what a row of the kernel makes of a row of the source.
fn add(s: Sums, w: Weights, t: Taps) -> Sums {
    return Sums(s.a + outer(w.a0, t.t0) + outer(w.a1, t.t1) + outer(w.a2, t.t2),
        s.b + outer(w.b0, t.t0) + outer(w.b1, t.t1) + outer(w.b2, t.t2));
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
    let tile = item % (*p).tiles;
    let block = item / (*p).tiles;
    let target_pitch = (*p).target_pitch;
    let column = tile % target_pitch;
    let row = ROWS * (tile / target_pitch);
    let channels = (*p).channels;
    let pitch = (*p).source_pitch;
    let width = (*p).source_width;
    let height = (*p).source_height;
    let middle = STRIDE * column;
    let k = Columns(column > 0u, 4u * middle + 4u < width, vec4u(0u, 1u, 2u, 3u) + 4u * middle < vec4u(width),
        vec4u(4u, 5u, 6u, 7u) + 4u * middle < vec4u(width));
    // Places within a channel, and whether they are there, by row of the source.
    const SOURCE_ROWS = (ROWS - 1u) * STRIDE + 3u;
    var place: array<u32, SOURCE_ROWS>;
    var there: array<bool, SOURCE_ROWS>;
    for (var r = 0u; r < SOURCE_ROWS; r++) {
#if DILATED
        let y = i32(row + r * conv_high((*p).dilation)) - i32(conv_high((*p).pad));
#else
        let y = i32(row * STRIDE + r) - i32(conv_high((*p).pad));
#endif
        there[r] = y >= 0 && y < i32(height);
        place[r] = u32(clamp(y, 0, i32(height) - 1)) * pitch + middle;
    }
    var s0 = sums_begin(problem, 8u * block);
#if TWO
    var s1 = s0;
#endif
#if FOUR
    var s2 = s0;
    var s3 = s0;
#endif
    var weight = (*p).weights + 18u * block * channels;
    // As conv_source says, but read once.
    let source = (*p).source;
    let source_plane = (*p).source_plane;
    let source_table = (*p).source_table;
    for (var c = 0u; c < channels; c++) {
        var plane = source + c * source_plane;
        if source_table != NN_NONE {
            plane = nn_word(source_table + c);
        }
        let w0 = weights(weight);
        let w1 = weights(weight + 6u);
        let w2 = weights(weight + 12u);
        weight += 18u;
#if DILATED
        var t: array<Taps, 3>;
        for (var r = 0u; r < 3u; r++) {
            let from_row = 4u * (plane + place[r] - middle);
            let left = i32(4u * column) - i32(conv_low((*p).pad));
            let step = i32(conv_low((*p).dilation));
            t[r] = Taps(apart(from_row, left, i32(width), there[r]), apart(from_row, left + step, i32(width), there[r]),
                apart(from_row, left + 2 * step, i32(width), there[r]));
        }
        let t0 = t[0];
        let t1 = t[1];
        let t2 = t[2];
#else
        let t0 = taps(k, plane + place[0], there[0]);
        let t1 = taps(k, plane + place[1], there[1]);
        let t2 = taps(k, plane + place[2], there[2]);
#endif
        s0 = add(add(add(s0, w0, t0), w1, t1), w2, t2);
#if TWO
        let t3 = taps(k, plane + place[3], there[3]);
#if STRIDE2
        let t4 = taps(k, plane + place[4], there[4]);
        s1 = add(add(add(s1, w0, t2), w1, t3), w2, t4);
#else
        s1 = add(add(add(s1, w0, t1), w1, t2), w2, t3);
#endif
#endif
#if FOUR
#if STRIDE2
        let t5 = taps(k, plane + place[5], there[5]);
        let t6 = taps(k, plane + place[6], there[6]);
        s2 = add(add(add(s2, w0, t4), w1, t5), w2, t6);
        let t7 = taps(k, plane + place[7], there[7]);
        let t8 = taps(k, plane + place[8], there[8]);
        s3 = add(add(add(s3, w0, t6), w1, t7), w2, t8);
#else
        let t4 = taps(k, plane + place[4], there[4]);
        s2 = add(add(add(s2, w0, t2), w1, t3), w2, t4);
        let t5 = taps(k, plane + place[5], there[5]);
        s3 = add(add(add(s3, w0, t3), w1, t4), w2, t5);
#endif
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
    let here = min((*p).target_height - row, ROWS);
    for (var r = 0u; r < here; r++) {
        for (var i = 0u; i < count; i++) {
            conv_finish(f, 8u * block + i, (row + r) * target_pitch + column, list[2u * r + i / 4u][i % 4u]);
        }
    }
}
