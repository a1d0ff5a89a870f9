// Shrinks (ERODE) or grows the regions of a mask by RADIUS pixels in all eight directions. Eroding,
// growing and eroding again removes specks and fills gaps (opening, then closing). Beyond the border
// all is set for shrinking and nothing for growing, so that the border does not change a region.
//
// One invocation makes one word, 32 pixels. Dispatch: words by size.y invocations.
//
// Conditions: ERODE. Constants: RADIUS (1 to 31), WORKGROUP_X, WORKGROUP_Y.

#import lib/motion.wgsl

@group(1) @binding(0) var<storage, read> before: array<u32>;
@group(1) @binding(1) var<storage, read_write> after: array<u32>;

#if ERODE
const OUTSIDE = 0xffffffffu;
#else
const OUTSIDE = 0u;
#endif

// load reads a word; what lies beyond the border is OUTSIDE.
fn load(x: i32, y: i32) -> u32 {
    if x < 0 || y < 0 || u32(x) >= params.words || u32(y) >= params.size.y {
        return OUTSIDE;
    }
    var bits = before[u32(y) * params.words + u32(x)];
#if ERODE
    bits |= ~inside(u32(x));
#endif
    return bits;
}

// inside has the bits set that lie in the picture.
fn inside(x: u32) -> u32 {
    return run_bits(vec2u(0u, min(params.size.x - 32u * x, 32u)));
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.words || id.y >= params.size.y {
        return;
    }
    var made = OUTSIDE;
    for (var dy = -RADIUS; dy <= RADIUS; dy++) {
        let x = i32(id.x);
        let y = i32(id.y) + dy;
        let left = load(x - 1, y);
        let here = load(x, y);
        let right = load(x + 1, y);
        var row = here;
        for (var d = 1u; d <= u32(RADIUS); d++) {
            let from_left = (here << d) | (left >> (32u - d));
            let from_right = (here >> d) | (right << (32u - d));
#if ERODE
            row &= from_left & from_right;
#else
            row |= from_left | from_right;
#endif
        }
#if ERODE
        made &= row;
#else
        made |= row;
#endif
    }
    after[id.y * params.words + id.x] = made & inside(id.x);
}
