// The head of SSD with priors: class probabilities and offsets from the prior for each anchor
// (vision/detect/ssd.go is its twin, and says where the formulas come from).
//
// One invocation reads one prior; dispatch params.total, spread over x and y. LOGITS: the softmax of
// the classes is still to be done.

#import lib/head.wgsl

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let id = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if id >= params.total {
        return;
    }
    let a = head_anchor(id);
    let scores = head_scores(a);
    var best = head_best(scores);
#if LOGITS
    best.value = head_share(scores, best.value);
#endif
    if !(best.value >= params.least) {
        return;
    }
    let boxes = head_boxes(a);
    let scale = params.size / params.level[a.level].stride;
    let side = params.level[a.level].sizes[a.part / 4u][a.part % 4u];
    let prior = saturate((vec2f(a.cell) + 0.5) / scale);
    let prior_size = saturate(side / params.size);
    let center = prior + vec2f(head_load(boxes, 0u), head_load(boxes, 1u)) * params.variance.x * prior_size;
    let size = prior_size * exp(vec2f(head_load(boxes, 2u), head_load(boxes, 3u)) * params.variance.y);
    head_append(id, best, vec4f(center - size / 2.0, center + size / 2.0) * params.size.xyxy);
}
