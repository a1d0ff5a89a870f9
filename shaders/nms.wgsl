// Non-maximum suppression: of the candidates, best first, those that overlap no better one of their
// class by more than params.iou; vision/detect's suppress is its twin.
//
// One workgroup does it all; dispatch 1 by 1. Candidates go by score, and of equal ones the lower anchor
// first; the order of the list decides nothing. A few candidates are sorted, and each notes which better
// ones suppress it. Of many, each round takes the best one that is left and removes those that it
// suppresses; where there are more than params.most, the others are left out first.

#import lib/detections.wgsl

// NMSParams is what shaders.NMSParams.Append writes (16 bytes).
struct NMSParams {
    // How much two boxes of one class may overlap, as intersection over union.
    iou: f32,
    // The most boxes that are kept, and the most candidates that are looked at.
    limit: u32,
    most: u32,
    reserved: u32,
}

@group(0) @binding(0) var<uniform> params: NMSParams;

var<workgroup> total: u32;
var<workgroup> histogram: array<atomic<u32>, 256>;
// The key of the last candidate to be looked at, as far as it is known, and how many of those with the
// same beginning are.
var<workgroup> last_key: vec2u;
var<workgroup> wanted: u32;
var<workgroup> best_score: atomic<u32>;
// By turns, so that one may be cleared while the other is read.
var<workgroup> best_anchor: array<atomic<u32>, 2>;
var<workgroup> best: Candidate;
var<workgroup> more: u32;

// What is done with up to FEW candidates: their keys, the candidates in order, and for each a bit for every
// better one that would suppress it.
const FEW = 128u;
var<workgroup> keys: array<vec2u, FEW>;
var<workgroup> ordered: array<Candidate, FEW>;
var<workgroup> suppressors: array<vec4u, FEW>;

// key orders candidates, better ones higher. Scores are above 0, so their bits order them.
fn key(at: u32) -> vec2u {
    return vec2u(bitcast<u32>(detections.list[at].score), ~detections.list[at].anchor);
}

// overlap_exceeds tells whether two boxes overlap by more than the allowed share of their union.
fn overlap_exceeds(a: vec4f, b: vec4f, share: f32) -> bool {
    let shared_size = min(a.zw, b.zw) - max(a.xy, b.xy);
    if !all(shared_size > vec2f(0.0)) {
        return false;
    }
    let intersection = shared_size.x * shared_size.y;
    let a_size = a.zw - a.xy;
    let b_size = b.zw - b.xy;
    return intersection > share * (a_size.x * a_size.y + b_size.x * b_size.y - intersection);
}

// find_last sets last_key to the key of the params.most-th candidate, byte by byte from the top.
fn find_last(local: u32, count: u32) {
    if local == 0u {
        last_key = vec2u(0u);
        wanted = params.most;
    }
    for (var digit = 0u; digit < 8u; digit++) {
        for (var i = local; i < 256u; i += WORKGROUP_X) {
            atomicStore(&histogram[i], 0u);
        }
        workgroupBarrier();
        let word = digit / 4u;
        let shift = 24u - 8u * (digit % 4u);
        // The bits above this digit.
        let above = vec2u(select(~(0xffffffffu >> (8u * digit)), 0xffffffffu, word > 0u),
            select(0u, ~(0xffffffffu >> (8u * (digit % 4u))), word > 0u));
        for (var i = local; i < count; i += WORKGROUP_X) {
            let k = key(i);
            if all((k & above) == (last_key & above)) {
                atomicAdd(&histogram[(k[word] >> shift) & 0xffu], 1u);
            }
        }
        workgroupBarrier();
        if local == 0u {
            var bin = 255u;
            var n = atomicLoad(&histogram[bin]);
            while bin > 0u && n < wanted {
                wanted -= n;
                bin--;
                n = atomicLoad(&histogram[bin]);
            }
            last_key[word] |= bin << shift;
        }
        workgroupBarrier();
    }
}

// keep writes a box that is kept.
fn keep(number: u32, c: Candidate) {
    detections.boxes[number] = Box(c.corners.x, c.corners.y, c.corners.z, c.corners.w, c.score, c.class_id);
}

// suppress_few does it for up to FEW candidates; the number of boxes kept is known to the first invocation.
fn suppress_few(local: u32, count: u32, limit: u32) -> u32 {
    for (var i = local; i < count; i += WORKGROUP_X) {
        keys[i] = key(i);
    }
    workgroupBarrier();
    for (var i = local; i < count; i += WORKGROUP_X) {
        let own = keys[i];
        var better = 0u;
        for (var j = 0u; j < count; j++) {
            let other = keys[j];
            better += select(0u, 1u, other.x > own.x || (other.x == own.x && other.y > own.y));
        }
        ordered[better] = detections.list[i];
    }
    workgroupBarrier();
    for (var i = local; i < count; i += WORKGROUP_X) {
        let corners = ordered[i].corners;
        let class_id = ordered[i].class_id;
        var bits = vec4u(0u);
        for (var j = 0u; j < i; j++) {
            if ordered[j].class_id == class_id && overlap_exceeds(corners, ordered[j].corners, params.iou) {
                bits[j / 32u] |= 1u << (j % 32u);
            }
        }
        suppressors[i] = bits;
    }
    workgroupBarrier();
    var kept = 0u;
    if local == 0u {
        var bits = vec4u(0u);
        for (var i = 0u; i < count && kept < limit; i++) {
            if all((suppressors[i] & bits) == vec4u(0u)) {
                bits[i / 32u] |= 1u << (i % 32u);
                keep(kept, ordered[i]);
                kept++;
            }
        }
    }
    return kept;
}

// suppress_many does it for any number.
fn suppress_many(local: u32, count: u32, limit: u32) -> u32 {
    if count > params.most {
        find_last(local, count);
        for (var i = local; i < count; i += WORKGROUP_X) {
            let k = key(i);
            if k.x < last_key.x || (k.x == last_key.x && k.y < last_key.y) {
                detections.list[i].score = 0.0;
            }
        }
    }
    var kept = 0u;
    while kept < limit {
        // The best of this invocation's share, after the last one kept has suppressed its neighbours.
        var mine = vec2u(0u, 0xffffffffu);
        var mine_at = 0u;
        for (var i = local; i < count; i += WORKGROUP_X) {
            let score = bitcast<u32>(detections.list[i].score);
            if score == 0u {
                continue;
            }
            if kept > 0u && detections.list[i].class_id == best.class_id
                && overlap_exceeds(detections.list[i].corners, best.corners, params.iou) {
                detections.list[i].score = 0.0;
                continue;
            }
            let anchor = detections.list[i].anchor;
            if score > mine.x || (score == mine.x && anchor < mine.y) {
                mine = vec2u(score, anchor);
                mine_at = i;
            }
        }
        atomicMax(&best_score, mine.x);
        workgroupBarrier();
        let top = atomicLoad(&best_score);
        if mine.x == top {
            atomicMin(&best_anchor[kept % 2u], mine.y);
        }
        workgroupBarrier();
        if top > 0u && mine.x == top && mine.y == atomicLoad(&best_anchor[kept % 2u]) {
            best = detections.list[mine_at];
            detections.list[mine_at].score = 0.0;
            keep(kept, best);
        }
        if local == 0u {
            more = top;
            atomicStore(&best_score, 0u);
            atomicStore(&best_anchor[(kept + 1u) % 2u], 0xffffffffu);
        }
        if workgroupUniformLoad(&more) == 0u {
            break;
        }
        kept++;
    }
    return kept;
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(local_invocation_index) local: u32) {
    if local == 0u {
        total = min(atomicLoad(&detections.count), arrayLength(&detections.list));
        atomicStore(&best_score, 0u);
        atomicStore(&best_anchor[0], 0xffffffffu);
        atomicStore(&best_anchor[1], 0xffffffffu);
    }
    let count = workgroupUniformLoad(&total);
    let limit = min(params.limit, MAX_BOXES);
    var kept = 0u;
    if count <= min(FEW, params.most) {
        kept = suppress_few(local, count, limit);
    } else {
        kept = suppress_many(local, count, limit);
    }
    if local == 0u {
        detections.kept = kept;
        detections.found = atomicLoad(&detections.count);
        detections.considered = min(count, params.most);
        atomicStore(&detections.count, 0u);
    }
}
