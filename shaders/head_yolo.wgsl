// The head of YOLOv8 and YOLO11: box and class probabilities for each anchor (vision/detect/yolo.go is
// its twin).
//
// One invocation reads one anchor; dispatch params.total, spread over x and y. DISTRIBUTIONS: the
// channels of the box are the distributions of its four sides over bins cells (Li et al., Generalized
// Focal Loss, section 3.2) and the class scores still want their sigmoid; else centre and size in tensor
// pixels, and probabilities.

#import lib/head.wgsl

#if DISTRIBUTIONS
// side is the mean of one side's distribution, in cells.
fn side(boxes: Channels, number: u32) -> f32 {
    let first = number * params.bins;
    var largest = head_load(boxes, first);
    for (var k = 1u; k < params.bins; k++) {
        largest = max(largest, head_load(boxes, first + k));
    }
    var sum = 0.0;
    var mean = 0.0;
    for (var k = 0u; k < params.bins; k++) {
        let e = exp(head_load(boxes, first + k) - largest);
        sum += e;
        mean += e * f32(k);
    }
    return mean / sum;
}
#endif

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let id = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if id >= params.total {
        return;
    }
    let a = head_anchor(id);
    let scores = head_scores(a);
    var best = head_best(scores);
#if DISTRIBUTIONS
    best.value = head_sigmoid(best.value);
#endif
    if !(best.value >= params.least) {
        return;
    }
    let boxes = head_boxes(a);
#if DISTRIBUTIONS
    let center = vec2f(a.cell) + 0.5;
    let corners = vec4f(center - vec2f(side(boxes, 0u), side(boxes, 1u)), center + vec2f(side(boxes, 2u), side(boxes, 3u))) * params.level[a.level].stride;
#else
    let center = vec2f(head_load(boxes, 0u), head_load(boxes, 1u));
    let half = vec2f(head_load(boxes, 2u), head_load(boxes, 3u)) / 2.0;
    let corners = vec4f(center - half, center + half);
#endif
    head_append(id, best, corners);
}
