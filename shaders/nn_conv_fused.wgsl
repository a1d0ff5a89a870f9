// Depthwise convolution (as nn_conv_depthwise) and the convolution by 1 by 1 of its result, in one: what
// lies between stays in the workgroup's memory.
//
// A workgroup makes some neighbouring quads (tiles of the second problem) of all output channels.
// Problems come in pairs: the convolution by 1 by 1, which says where the target is, and the depthwise
// one, which says where the source is. Dispatch: ceil(quads of a plane / tiles) workgroups. Channels times
// tiles are at most SHARED.
//
// Constants: WORKGROUP_X.

#import lib/nn_conv_sums.wgsl
#import lib/nn_conv_depthwise.wgsl

const SHARED = 1024u;
var<workgroup> between: array<vec4f, SHARED>;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let number = workgroup.y * across.x + workgroup.x;
    var problem = 0u;
    for (var i = 2u; i < params.list[0].problems; i += 2u) {
        if number >= params.list[i].first {
            problem = i;
        }
    }
    let p = &params.list[problem];
    let d = &params.list[problem + 1u];
    let tiles = (*d).tiles;
    let first = (number - (*p).first) * tiles;
    let quads = (*p).target_plane;
    let channels = (*p).channels;
    let target_pitch = (*p).target_pitch;
    let numbers = vec3f((*d).before_x, (*d).before_y, (*d).before_z);
    for (var i = lane; i < channels * tiles; i += WORKGROUP_X) {
        let channel = i / tiles;
        let quad = min(first + i % tiles, quads - 1u);
        let column = quad % target_pitch;
        let row = quad / target_pitch;
        let place = Place(conv_source(problem + 1u, channel) + STRIDE * column, 4u * STRIDE * column, (*d).source_width,
            (*d).source_height, (*d).source_pitch, conv_high((*d).pad));
        let weights = (*d).weights + channel * KERNEL * (1u + REACH / 2u);
        var sum = vec4f(conv_bias(problem + 1u, channel)[channel & 3u]);
        for (var k = 0u; k < KERNEL; k++) {
            sum += weigh(kernel_row(weights + k * (1u + REACH / 2u)), row_taps(place, row * STRIDE, k));
        }
        between[i] = conv_linear(sum, numbers);
    }
    workgroupBarrier();
    let blocks = ((*p).target_channels + 7u) / 8u;
    let f = conv_finish_of(problem);
    for (var i = lane; i < blocks * tiles; i += WORKGROUP_X) {
        let block = i / tiles;
        let tile = i % tiles;
        var s = sums_begin(problem, 8u * block);
        var weight = (*p).weights + 2u * block * channels;
        for (var c = 0u; c < channels; c++) {
            let x = between[c * tiles + tile];
            s.a += outer(nn_weight4(weight), x);
            s.b += outer(nn_weight4(weight + 1u), x);
            weight += 2u;
        }
        if first + tile < quads {
            sums_finish(f, 8u * block, (*p).target_channels - 8u * block, first + tile, s);
        }
    }
}
