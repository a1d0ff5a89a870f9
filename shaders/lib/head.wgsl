// What the detector heads share: their parameters, where a level's values lie, and the list of
// candidates that nms.wgsl selects from. Provides group 0 binding 0.
//
// One invocation reads one anchor; an anchor that scores at least params.least becomes a candidate. The
// list has a place for every anchor, so that the order of appending decides nothing.

#import lib/nn.wgsl
#import lib/detections.wgsl

// HeadView is where the values of a level lie in the arena, by anchor of the cell, channel, row and
// column, as in a TensorView.
struct HeadView {
    offset: u32,
    // First word of the channels' table in the constants, or NN_NONE.
    table: u32,
    anchor: u32,
    channel: u32,
    row: u32,
    column: u32,
}

// HeadLevel is one feature map, or an output over all anchors.
struct HeadLevel {
    // Class scores; the four values of the box, or its distributions; and objectness (fastestdet).
    scores: HeadView,
    boxes: HeadView,
    object: HeadView,
    // Number of the level's first anchor.
    first: u32,
    columns: u32,
    // Anchors of one cell, and the channels from one to the next where they share a map.
    anchors: u32,
    scores_fold: u32,
    boxes_fold: u32,
    // Distance of the cells in tensor pixels.
    stride: f32,
    // Sides of a cell's priors in tensor pixels (ssd).
    sizes: array<vec4f, 4>,
}

// HeadParams is what shaders.HeadParams.Append writes (1008 bytes).
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
    level: array<HeadLevel, 6>,
}

@group(0) @binding(0) var<uniform> params: HeadParams;
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

// Channels is where the channels of an anchor lie.
struct Channels {
    // Place of the first channel, or with a table what is added to those in it.
    first: u32,
    step: u32,
    // First word of the table, or NN_NONE.
    table: u32,
}

fn head_channels(v: HeadView, a: Anchor, fold: u32) -> Channels {
    let at = v.offset + v.anchor * a.part + v.row * a.cell.y + v.column * a.cell.x;
    if v.table != NN_NONE {
        return Channels(at, 0u, v.table + a.part * fold);
    }
    return Channels(at + v.channel * a.part * fold, v.channel, NN_NONE);
}

// head_scores are the class scores, the background's first.
fn head_scores(a: Anchor) -> Channels {
    return head_channels(params.level[a.level].scores, a, params.level[a.level].scores_fold);
}

// head_boxes are the box's values.
fn head_boxes(a: Anchor) -> Channels {
    return head_channels(params.level[a.level].boxes, a, params.level[a.level].boxes_fold);
}

// head_load reads one channel.
fn head_load(c: Channels, channel: u32) -> f32 {
    if c.table != NN_NONE {
        return nn_load(c.first + nn_word(c.table + channel));
    }
    return nn_load(c.first + c.step * channel);
}

// head_object is the objectness.
fn head_object(a: Anchor) -> f32 {
    return head_load(head_channels(params.level[a.level].object, a, 0u), 0u);
}

// Best is the class with the highest value, the first of equal ones.
struct Best {
    class_id: u32,
    value: f32,
}

fn head_best(scores: Channels) -> Best {
    let first = params.background;
    let classes = params.classes;
    var best = Best(0u, head_load(scores, first));
    for (var k = 1u; k < classes; k++) {
        let v = head_load(scores, first + k);
        if v > best.value {
            best = Best(k, v);
        }
    }
    return best;
}

// head_share is a value's share of the softmax over all classes, background included.
fn head_share(scores: Channels, value: f32) -> f32 {
    var largest = value;
    for (var k = 0u; k < params.background; k++) {
        largest = max(largest, head_load(scores, k));
    }
    var sum = 0.0;
    for (var k = 0u; k < params.background + params.classes; k++) {
        sum += exp(head_load(scores, k) - largest);
    }
    return exp(value - largest) / sum;
}

fn head_sigmoid(v: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(v, -80.0, 80.0)));
}

// head_append adds a candidate; corners are left, top, right, bottom.
fn head_append(id: u32, best: Best, corners: vec4f) {
    let at = atomicAdd(&detections.count, 1u);
    if at < arrayLength(&detections.list) {
        detections.list[at] = Candidate(corners, best.value, best.class_id, id, 0u);
    }
}
