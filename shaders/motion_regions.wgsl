// Finds the regions of a mask (pixels that touch in one of eight directions) and their boxes, in four
// dispatches: LABEL makes each run a region of its own, MERGE joins the runs that touch, MEASURE adds
// each run to its region's box, COLLECT writes the boxes of regions that are large enough.
//
// One invocation handles one word. Dispatch of each: words by size.y invocations.
//
// Layout: parent holds for each run the number of another run of its region, or its own: a forest whose
// roots are the regions' least numbers, however the invocations interleave (as union-find with
// atomicMin; Playne and Hawick 2018). extents holds for each root four words and the area: least x,
// least y, greatest x, greatest y, pixels.
//
// Conditions: one of LABEL, MERGE, MEASURE, COLLECT. Constants: BOXES (the most that are written),
// WORKGROUP_X, WORKGROUP_Y.

#import lib/motion.wgsl

@group(1) @binding(0) var<storage, read> mask: array<u32>;
@group(1) @binding(1) var<storage, read_write> parent: array<atomic<u32>>;
#if MERGE
#else
@group(1) @binding(2) var<storage, read_write> extents: array<atomic<u32>>;
#endif
#if COLLECT
// Word 4 counts the boxes, also those beyond BOXES; from word 8 each box takes three words: left and
// top (low and high half), right and bottom (one beyond the last pixel), pixels.
@group(1) @binding(3) var<storage, read_write> result: array<atomic<u32>>;
#endif

// find is the root of a run. A parent's number is less than its child's, so the way is bounded.
fn find(run: u32) -> u32 {
    var at = run;
    for (var n = 0u; n <= run; n++) {
        let up = atomicLoad(&parent[at]);
        if up == at {
            break;
        }
        at = up;
    }
    return at;
}

#if MERGE
// unite joins the regions of two runs: the greater root gets the lesser one as its parent.
fn unite(a: u32, b: u32) {
    var x = find(a);
    var y = find(b);
    while x != y {
        let high = max(x, y);
        let low = min(x, y);
        let old = atomicMin(&parent[high], low);
        if old == high {
            return;
        }
        // Another invocation was first: its parent and ours belong together.
        x = find(old);
        y = find(low);
    }
}

// unite_touching joins a run with those of another word that share a bit with touch.
fn unite_touching(run: u32, word: u32, touch: u32) {
    var rest = mask[word];
    for (var n = 0u; rest != 0u; n++) {
        let bits = run_bits(next_run(rest));
        rest &= ~bits;
        if (bits & touch) != 0u {
            unite(run, word * RUNS_IN_WORD + n);
        }
    }
}
#endif

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.words || id.y >= params.size.y {
        return;
    }
    let word = id.y * params.words + id.x;
    var rest = mask[word];
    for (var n = 0u; rest != 0u; n++) {
        let run = word * RUNS_IN_WORD + n;
        let span = next_run(rest);
        let bits = run_bits(span);
        rest &= ~bits;
#if LABEL
        atomicStore(&parent[run], run);
        let at = run * 5u;
        atomicStore(&extents[at], 0xffffffffu);
        atomicStore(&extents[at + 1u], 0xffffffffu);
        atomicStore(&extents[at + 2u], 0u);
        atomicStore(&extents[at + 3u], 0u);
        atomicStore(&extents[at + 4u], 0u);
#endif
#if MERGE
        if id.x > 0u && (bits & 1u) != 0u {
            unite_touching(run, word - 1u, 0x80000000u);
        }
        if id.y > 0u {
            let above = word - params.words;
            unite_touching(run, above, bits | (bits << 1u) | (bits >> 1u));
            if id.x > 0u && (bits & 1u) != 0u {
                unite_touching(run, above - 1u, 0x80000000u);
            }
            if id.x + 1u < params.words && (bits & 0x80000000u) != 0u {
                unite_touching(run, above + 1u, 1u);
            }
        }
#endif
#if MEASURE
        let at = find(run) * 5u;
        let left = id.x * 32u + span.x;
        atomicMin(&extents[at], left);
        atomicMin(&extents[at + 1u], id.y);
        atomicMax(&extents[at + 2u], left + span.y - 1u);
        atomicMax(&extents[at + 3u], id.y);
        atomicAdd(&extents[at + 4u], span.y);
#endif
#if COLLECT
        let at = run * 5u;
        if atomicLoad(&parent[run]) == run && atomicLoad(&extents[at + 4u]) >= params.least_area {
            let box = atomicAdd(&result[4], 1u);
            if box < BOXES {
                let to = 8u + 3u * box;
                atomicStore(&result[to], atomicLoad(&extents[at]) | (atomicLoad(&extents[at + 1u]) << 16u));
                atomicStore(&result[to + 1u], (atomicLoad(&extents[at + 2u]) + 1u) | ((atomicLoad(&extents[at + 3u]) + 1u) << 16u));
                atomicStore(&result[to + 2u], atomicLoad(&extents[at + 4u]));
            }
        }
#endif
    }
}
