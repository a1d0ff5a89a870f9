// Samples the luma of a picture on the grid of the light kernels.
//
// One invocation makes four neighbouring samples. Dispatch: LUMA_WORDS by ROWS * CELL invocations.
//
// Constants: COLUMNS, ROWS (cells), WORKGROUP_X, WORKGROUP_Y.

#import lib/analysis.wgsl
#import lib/light.wgsl

@group(1) @binding(1) var<storage, read_write> luma: array<u32>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= LUMA_WORDS || id.y >= SAMPLES.y {
        return;
    }
    var word = 0u;
    for (var i = 0u; i < 4u; i++) {
        let value = analysis_luma(analysis_rgb(vec2u(4u * id.x + i, id.y), SAMPLES));
        word |= (value >> 8u) << (8u * i);
    }
    luma[id.y * LUMA_WORDS + id.x] = word;
}
