// Sums up what the light of each cell of a picture is like, and how it fits what the cell was like
// before.
//
// One workgroup makes one cell, one invocation one of its samples. Dispatch: COLUMNS by ROWS
// workgroups. All arithmetic is in whole numbers: the Go twin gives the same bits.
//
// Layout of cells, six words for each, row by row:
//   0  sum of luma (low half), sum of the reference (high half)
//   1  sum of luma squared
//   2  sum of the reference squared
//   3  sum of luma times reference
//   4  sum of gradients (low half): of each sample against those right of and below it; sum of changes
//      since the picture before (high half)
//   5  saturated samples, then the luma that a tenth of the samples exceeds, then the greatest and the
//      least luma, a byte each from the lowest
// Luma and reference are 0..255.
//
// Constants: COLUMNS, ROWS (cells), WORKGROUP_X (64, the samples of a cell).

#import lib/light.wgsl

// LightParams is what shaders.LightParams.Append writes (16 bytes).
struct LightParams {
    // What this picture counts for in the reference, of 65536; samples without one take it whole.
    reference_rate: u32,
    // The least luma that is saturated.
    saturated: u32,
    reserved_0: u32,
    reserved_1: u32,
}

@group(0) @binding(0) var<uniform> params: LightParams;
@group(1) @binding(0) var<storage, read> luma: array<u32>;
// For each sample its reference (low half, in 1/256 levels), the luma of the picture before, and 1 in
// the highest bit once both are there.
@group(1) @binding(1) var<storage, read_write> memory: array<u32>;
@group(1) @binding(2) var<storage, read_write> cells: array<u32>;

// BIN is the width in levels of a bin of the histogram, of which there are BINS.
const BIN = 8u;
const BINS = 32u;
// BRIGHT is how many samples of a cell exceed its high percentile.
const BRIGHT = 6u;
const WORDS = 6u;

var<workgroup> sums: array<atomic<u32>, WORDS>;
var<workgroup> histogram: array<atomic<u32>, BINS>;
var<workgroup> least_inverted: atomic<u32>;
var<workgroup> greatest: atomic<u32>;
var<workgroup> saturated: atomic<u32>;

fn load_luma(at: vec2u) -> u32 {
    let p = min(at, SAMPLES - 1u);
    return extractBits(luma[p.y * LUMA_WORDS + p.x / 4u], 8u * (p.x & 3u), 8u);
}

fn difference(a: u32, b: u32) -> u32 {
    return max(a, b) - min(a, b);
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) cell: vec3u) {
    let at = cell.xy * CELL + vec2u(lane % CELL, lane / CELL);
    let sample = at.y * SAMPLES.x + at.x;
    let value = load_luma(at);
    let gradient = difference(value, load_luma(at + vec2u(1u, 0u))) + difference(value, load_luma(at + vec2u(0u, 1u)));

    let known = memory[sample];
    var reference = value << 8u;
    var last = value;
    if (known >> 31u) != 0u {
        reference = known & 0xffffu;
        last = (known >> 16u) & 0xffu;
    }
    let expected = reference >> 8u;
    // In steps of whole parts of 65536, towards the value from either side.
    let step = (difference(value << 8u, reference) * (params.reference_rate >> 1u)) >> 15u;
    reference = select(reference - step, reference + step, (value << 8u) > reference);
    memory[sample] = reference | (value << 16u) | 0x80000000u;

    atomicAdd(&sums[0], value | (expected << 16u));
    atomicAdd(&sums[1], value * value);
    atomicAdd(&sums[2], expected * expected);
    atomicAdd(&sums[3], value * expected);
    atomicAdd(&sums[4], gradient | (difference(value, last) << 16u));
    atomicAdd(&histogram[value / BIN], 1u);
    atomicMax(&least_inverted, 255u - value);
    atomicMax(&greatest, value);
    if value >= params.saturated {
        atomicAdd(&saturated, 1u);
    }
    workgroupBarrier();

    if lane == 0u {
        var bright = 0u;
        var percentile = 0u;
        for (var bin = BINS; bin > 0u; bin--) {
            bright += atomicLoad(&histogram[bin - 1u]);
            if bright > BRIGHT {
                percentile = bin * BIN - 1u;
                break;
            }
        }
        let to = (cell.y * COLUMNS + cell.x) * WORDS;
        for (var n = 0u; n < 5u; n++) {
            cells[to + n] = atomicLoad(&sums[n]);
        }
        cells[to + 5u] = atomicLoad(&saturated) | (percentile << 8u)
            | (atomicLoad(&greatest) << 16u) | ((255u - atomicLoad(&least_inverted)) << 24u);
    }
}
