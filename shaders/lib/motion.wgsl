// Parameters of the motion kernels, and the runs of a mask. Provides group 0 binding 0.
//
// A mask holds one bit for each pixel of the analysed picture, 32 pixels of a row in a word, the left
// one lowest. A run is a row of set bits within one word; a word holds at most 16, so word * 16 + n
// numbers the runs of a picture.

// MotionParams is what shaders.MotionParams.Append writes (64 bytes).
struct MotionParams {
    // Width and height of the analysed picture in pixels.
    size: vec2u,
    // Words in a row of a mask: ceil(size.x / 32).
    words: u32,
    // What one frame counts for, of 65536: in a mode's weight, and at least in its mean and variance.
    weight_rate: u32,
    mean_rate: u32,
    // The variance of a new mode and its bounds, in squared grey levels times 256.
    variance_start: u32,
    variance_least: u32,
    variance_most: u32,
    // A value belongs to a mode within this many variances (squared distance over variance).
    reach: u32,
    // The heaviest modes that together hold this share of the weight, of 65536, are background.
    background: u32,
    // Shadow keeps at least this share of the background's luma, of 256, and its colour within so
    // many 1/256 levels.
    shadow_luma: u32,
    shadow_chroma: u32,
    // Regions of fewer pixels give no box.
    least_area: u32,
    reserved_0: u32,
    reserved_1: u32,
    reserved_2: u32,
}

@group(0) @binding(0) var<uniform> params: MotionParams;

const RUNS_IN_WORD = 16u;

// next_run is the first run of a word that is not empty: x its lowest bit, y its length.
fn next_run(bits: u32) -> vec2u {
    let start = countTrailingZeros(bits);
    return vec2u(start, countTrailingZeros(~(bits >> start)));
}

// run_bits has the bits of a run set.
fn run_bits(run: vec2u) -> u32 {
    return select((1u << run.y) - 1u, 0xffffffffu, run.y == 32u) << run.x;
}
