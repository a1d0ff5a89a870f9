// Measures by how much the light of a picture differs from that of the background, as the camera's
// exposure changes it: the median over the picture of luma to the luma of each pixel's heaviest mode.
//
// One workgroup makes the whole picture from every fourth pixel of every fourth row. Dispatch: 1 by 1.
//
// Constants: WORKGROUP_X.

#import lib/analysis.wgsl
#import lib/motion.wgsl

@group(1) @binding(1) var<storage, read> state: array<u32>;
// Word 5: the gain, of 256; see motion_mixture.wgsl.
@group(1) @binding(2) var<storage, read_write> result: array<atomic<u32>>;

const EVERY = 4u;
// BINS of the histogram, of which UNITY stands for a gain of 1.
const BINS = 256u;
const UNITY = 128u;
// Luma from DARKEST to BRIGHTEST says something about gain: 12 and 248 levels.
const DARKEST = 3072u;
const BRIGHTEST = 63488u;
// ENOUGH is how many pixels must say so.
const ENOUGH = 64u;

var<workgroup> histogram: array<atomic<u32>, BINS>;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(local_invocation_index) lane: u32) {
    let grid = (params.size + EVERY - 1u) / EVERY;
    for (var i = lane; i < grid.x * grid.y; i += WORKGROUP_X) {
        let at = vec2u(i % grid.x, i / grid.x) * EVERY;
        let expected = state[at.y * params.size.x + at.x] & 0xffffu;
        let luma = analysis_luma(analysis_rgb(at, params.size));
        if expected >= DARKEST && expected <= BRIGHTEST && luma <= BRIGHTEST {
            atomicAdd(&histogram[min((luma * UNITY + expected / 2u) / expected, BINS - 1u)], 1u);
        }
    }
    workgroupBarrier();
    if lane == 0u {
        var total = 0u;
        for (var bin = 0u; bin < BINS; bin++) {
            total += atomicLoad(&histogram[bin]);
        }
        var gain = UNITY;
        var sum = 0u;
        for (var bin = 0u; bin < BINS && total >= ENOUGH; bin++) {
            sum += atomicLoad(&histogram[bin]);
            if 2u * sum >= total {
                gain = max(bin, UNITY / 2u);
                break;
            }
        }
        atomicStore(&result[5], gain * 256u / UNITY);
    }
}
