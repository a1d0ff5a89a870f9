// The head of FastestDet: objectness, four values of the box and class probabilities for each cell of
// one feature map (vision/detect/fastestdet.go is its twin).
//
// One invocation reads one cell; dispatch params.total, spread over x and y. LOGITS: sigmoid of the
// objectness and softmax of the classes are still to be done.

#import lib/head.wgsl

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let id = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if id >= params.total {
        return;
    }
    let a = head_anchor(id);
    var object = head_object(a);
#if LOGITS
    object = head_sigmoid(object);
#endif
    if !(object >= params.least_object) {
        return;
    }
    let scores = head_scores(a);
    var best = head_best(scores);
#if LOGITS
    best.value = head_share(scores, best.value);
#endif
    best.value = pow(object, 0.6) * pow(max(best.value, 0.0), 0.4);
    if !(best.value >= params.least) {
        return;
    }
    let boxes = head_boxes(a);
    // tanh of large values overflows in some implementations.
    let offset = tanh(clamp(vec2f(head_load(boxes, 0u), head_load(boxes, 1u)), vec2f(-20.0), vec2f(20.0)));
    let map = vec2f(f32(params.level[a.level].columns), f32(params.total / params.level[a.level].columns));
    let center = (vec2f(a.cell) + offset) / map * params.size;
    let half = vec2f(head_sigmoid(head_load(boxes, 2u)), head_sigmoid(head_load(boxes, 3u))) * params.size / 2.0;
    head_append(id, best, vec4f(center - half, center + half));
}
