// What the detector heads share: their parameters, where a level's values lie, and the list of
// candidates that nms.wgsl selects from. Provides group 0 binding 0 and group 1 binding 1.
//
// One invocation reads one anchor; an anchor that scores at least params.least becomes a candidate. The
// list has a place for every anchor, so that the order of appending decides nothing.

#import lib/nn_view.wgsl
#import lib/candidates.wgsl

// HeadLevel is one feature map, or an output over all anchors. Its views are indexed by anchor of the
// cell, channel, row and column; anchors of a cell begin fold channels apart where they share a map.
struct HeadLevel {
    // Class scores; the four values of the box, or its distributions; and objectness (fastestdet).
    scores: TensorView,
    boxes: TensorView,
    object: TensorView,
    // Number of the level's first anchor.
    first: u32,
    columns: u32,
    rows: u32,
    // Anchors of one cell.
    anchors: u32,
    scores_fold: u32,
    boxes_fold: u32,
    // Distance of the cells in tensor pixels.
    stride: f32,
    reserved: u32,
    // Sides of a cell's priors in tensor pixels (ssd).
    sizes: array<vec4f, 4>,
}

// HeadParams is what shaders.HeadParams.Append writes (1584 bytes).
struct HeadParams {
    // Width and height of the tensor in pixels.
    size: vec2f,
    // The least score of a candidate, and the least objectness that may reach it (fastestdet).
    least: f32,
    least_object: f32,
    // Factors of centres and of sizes (ssd).
    variance: vec2f,
    // Classes that count, and the channel of the first one: 1 behind a background.
    classes: u32,
    background: u32,
    // Anchors of all levels together, and the number of levels.
    total: u32,
    levels: u32,
    // Channels of one side's distribution (yolo).
    bins: u32,
    reserved: u32,
    level: array<HeadLevel, 8>,
}

@group(0) @binding(0) var<uniform> params: HeadParams;
@group(1) @binding(1) var<storage, read_write> candidates: CandidateList;

// Anchor is where one invocation reads.
struct Anchor {
    level: u32,
    // Number among the cell's anchors.
    part: u32,
    // Column and row of the cell.
    cell: vec2u,
}

fn head_anchor(id: u32) -> Anchor {
    var level = 0u;
    while level + 1u < params.levels && id >= params.level[level + 1u].first {
        level++;
    }
    let at = id - params.level[level].first;
    let anchors = params.level[level].anchors;
    let columns = params.level[level].columns;
    let cell = at / anchors;
    return Anchor(level, at % anchors, vec2u(cell % columns, cell / columns));
}

// head_score is one of the channels of the class scores, counted with the background.
fn head_score(a: Anchor, channel: u32) -> f32 {
    let v = params.level[a.level].scores;
    let y = a.part * params.level[a.level].scores_fold + channel;
    return view_load(v, view_at(v, vec4u(a.part, y, a.cell.y, a.cell.x)));
}

// head_box is one of the box's channels.
fn head_box(a: Anchor, channel: u32) -> f32 {
    let v = params.level[a.level].boxes;
    let y = a.part * params.level[a.level].boxes_fold + channel;
    return view_load(v, view_at(v, vec4u(a.part, y, a.cell.y, a.cell.x)));
}

// head_object is the objectness.
fn head_object(a: Anchor) -> f32 {
    let v = params.level[a.level].object;
    return view_load(v, view_at(v, vec4u(a.part, 0u, a.cell.y, a.cell.x)));
}

// Best is the class with the highest value, the first of equal ones.
struct Best {
    class_id: u32,
    value: f32,
}

fn head_best(a: Anchor) -> Best {
    var best = Best(0u, head_score(a, params.background));
    for (var k = 1u; k < params.classes; k++) {
        let v = head_score(a, params.background + k);
        if v > best.value {
            best = Best(k, v);
        }
    }
    return best;
}

// head_share is a value's share of the softmax over all classes, background included.
fn head_share(a: Anchor, value: f32) -> f32 {
    var largest = value;
    for (var k = 0u; k < params.background; k++) {
        largest = max(largest, head_score(a, k));
    }
    var sum = 0.0;
    for (var k = 0u; k < params.background + params.classes; k++) {
        sum += exp(head_score(a, k) - largest);
    }
    return exp(value - largest) / sum;
}

fn head_sigmoid(v: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(v, -80.0, 80.0)));
}

// head_append adds a candidate; corners are left, top, right, bottom.
fn head_append(id: u32, best: Best, corners: vec4f) {
    let at = atomicAdd(&candidates.count, 1u);
    if at < arrayLength(&candidates.list) {
        candidates.list[at] = Candidate(corners, best.value, best.class_id, id, 0u);
    }
}
