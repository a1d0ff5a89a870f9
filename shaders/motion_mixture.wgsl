// Tells moving pixels from background with a mixture of Gaussians for each pixel (Stauffer and Grimson
// 1999; Zivkovic 2004 for the order of modes), with a shadow test, and learns the background.
//
// The picture's light is first brought to that of the background by the gain of motion_gain.wgsl, so
// that the camera's exposure moves nothing. What is learned keeps a small part of the gain: the
// background follows a light that stays.
//
// One invocation makes one pixel of the analysed picture and updates its mixture; a row of a workgroup
// makes one word of the mask. Dispatch: words by size.y / WORKGROUP_Y workgroups.
//
// All arithmetic is in whole numbers: the Go twin gives the same bits, and so does every GPU.
//
// Layout: state holds three words for each mode and pixel, at (mode * 3 + n) * pixels + pixel: luma and
// blue difference (low and high half, in 1/256 levels), red difference and variance (in 1/256 squared
// levels), weight (of 65536). Modes are in the order of falling weight; weight 0 is no mode.
//
// Constants: MODES, WORKGROUP_X (32, the bits of a word), WORKGROUP_Y.

#import lib/analysis.wgsl
#import lib/motion.wgsl

@group(1) @binding(1) var<storage, read_write> state: array<u32>;
// Moving pixels, as a mask.
@group(1) @binding(2) var<storage, read_write> foreground: array<u32>;
// Counts of pixels, from 0: moving, in shadow, brighter and darker than the heaviest mode; word 5 is the
// picture's gain, of 256.
@group(1) @binding(3) var<storage, read_write> result: array<atomic<u32>>;

// BRIGHTNESS_STEP is how much luma must differ to count as brighter or darker: 6 levels.
const BRIGHTNESS_STEP = 1536;

var<workgroup> row_bits: array<atomic<u32>, WORKGROUP_Y>;
var<workgroup> counts: array<atomic<u32>, 4>;

// colour is luma and the halved blue and red differences around 128, each in 1/256 levels.
fn colour(sum: vec3u) -> vec3i {
    let luma = i32(analysis_luma(sum));
    let blue = (i32(sum.b << 6u) - luma) >> 1u;
    let red = (i32(sum.r << 6u) - luma) >> 1u;
    return vec3i(luma, blue + 32768, red + 32768);
}

// CLIPPED is where a channel of a sum may have been cut off.
const CLIPPED = 1000u;

// at_gain divides the light of a sum by a gain.
fn at_gain(sum: vec3u, gain: u32) -> vec3u {
    return min(sum * 256u / gain, vec3u(1020u));
}

// difference is how a value differs from a mode's mean. How bright a clipped value is, is not known
// once the gain is taken from it.
fn difference(value: vec3i, mean: vec3i, clipped: bool) -> vec3i {
    let d = value - mean;
    return select(d, vec3i(max(d.x, 0), 0, 0), clipped);
}

// classify updates the mixture of a pixel with what is to be learned and returns 1 for moving, 2 for shadow, 4 for brighter and
// 8 for darker than the heaviest mode, added up.
fn classify(pixel: u32, value: vec3i, learn: vec3i, clipped: bool) -> u32 {
    let pixels = params.size.x * params.size.y;
    var mean: array<vec3i, MODES>;
    var variance: array<u32, MODES>;
    var weight: array<u32, MODES>;
    var total = 0u;
    for (var k = 0u; k < MODES; k++) {
        let a = state[(k * 3u) * pixels + pixel];
        let b = state[(k * 3u + 1u) * pixels + pixel];
        weight[k] = state[(k * 3u + 2u) * pixels + pixel];
        mean[k] = vec3i(i32(a & 0xffffu), i32(a >> 16u), i32(b & 0xffffu));
        variance[k] = b >> 16u;
        total += weight[k];
    }

    var label = 0u;
    if weight[0] > 0u {
        let brighter = difference(value, mean[0], clipped).x;
        label = select(0u, 4u, brighter > BRIGHTNESS_STEP) | select(0u, 8u, brighter < -BRIGHTNESS_STEP);
    }

    // The first mode that the value belongs to, and whether that one, or a shadow on one, is background.
    let background = (min(total, 65535u) * params.background) >> 16u;
    var before = 0u;
    var found = MODES;
    var squared = 0u;
    var moving = true;
    var shadow = false;
    for (var k = 0u; k < MODES; k++) {
        if weight[k] == 0u {
            break;
        }
        let d = difference(value, mean[k], clipped) >> vec3u(4u);
        let distance = u32(d.x * d.x + d.y * d.y + d.z * d.z);
        let is_background = before <= background;
        if found == MODES && distance <= params.reach * variance[k] {
            found = k;
            squared = distance;
            moving = !is_background;
        }
        let darker = value.x < mean[k].x && u32(value.x) * 256u >= u32(mean[k].x) * params.shadow_luma;
        let tint = max(abs(value.y - mean[k].y), abs(value.z - mean[k].z));
        shadow = shadow || (is_background && darker && u32(tint) <= params.shadow_chroma);
        before += weight[k];
    }
    if moving {
        label |= select(1u, 2u, shadow);
    }

    // Every weight fades; the mode found gains what the others lose.
    for (var k = 0u; k < MODES; k++) {
        weight[k] -= (weight[k] * params.weight_rate + 65535u) >> 16u;
    }
    if found == MODES {
        // The lightest mode makes room.
        found = MODES - 1u;
        weight[found] = 0u;
        mean[found] = learn;
        variance[found] = params.variance_start;
    } else {
        // A young mode learns as fast as a plain average does.
        let learned = (params.weight_rate << 16u) / (weight[found] + params.weight_rate);
        let rate = i32(min(max(learned, params.mean_rate), 65535u) >> 2u);
        mean[found] += ((learn - mean[found]) * rate + 8192) >> vec3u(14u);
        let spread = i32(variance[found]) + (((i32(squared) - i32(variance[found])) * (rate >> 3u) + 1024) >> 11u);
        variance[found] = clamp(u32(max(spread, 0)), params.variance_least, params.variance_most);
    }
    weight[found] = min(weight[found] + params.weight_rate, 65535u);
    for (var k = found; k > 0u && weight[k] > weight[k - 1u]; k--) {
        let m = mean[k];
        let v = variance[k];
        let w = weight[k];
        mean[k] = mean[k - 1u];
        variance[k] = variance[k - 1u];
        weight[k] = weight[k - 1u];
        mean[k - 1u] = m;
        variance[k - 1u] = v;
        weight[k - 1u] = w;
    }

    for (var k = 0u; k < MODES; k++) {
        let m = vec3u(mean[k]);
        state[(k * 3u) * pixels + pixel] = m.x | (m.y << 16u);
        state[(k * 3u + 1u) * pixels + pixel] = m.z | (variance[k] << 16u);
        state[(k * 3u + 2u) * pixels + pixel] = weight[k];
    }
    return label;
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
    if all(id.xy < params.size) {
        let sum = analysis_rgb(id.xy, params.size);
        let gain = atomicLoad(&result[5]);
        let clipped = gain > 256u && max(sum.r, max(sum.g, sum.b)) >= CLIPPED;
        let value = colour(at_gain(sum, gain));
        // A thirty-second of the gain's difference from 1 is learned.
        let learn = colour(at_gain(sum, (gain * 31u + 256u) / 32u));
        let label = classify(id.y * params.size.x + id.x, value, learn, clipped);
        if (label & 1u) != 0u {
            atomicOr(&row_bits[local.y], 1u << local.x);
        }
        for (var n = 0u; n < 4u; n++) {
            if ((label >> n) & 1u) != 0u {
                atomicAdd(&counts[n], 1u);
            }
        }
    }
    workgroupBarrier();
    if local.x == 0u && id.y < params.size.y {
        foreground[id.y * params.words + group.x] = atomicLoad(&row_bits[local.y]);
    }
    if local.y == 0u && local.x < 4u {
        let count = atomicLoad(&counts[local.x]);
        if count > 0u {
            atomicAdd(&result[local.x], count);
        }
    }
}
