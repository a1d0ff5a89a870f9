// Products of matrices, batched over the first two dimensions: alpha * a * b + beta * c, then an
// activation. Views broadcast and transpose.
//
// One invocation makes four rows of a quad of the target; dispatch MatMulParams.items, spread over x and y.
// Constants: ACTIVATION, the views' forms A_FORM, B_FORM and C_FORM, and WITH_C, 0 where there is no c.

#import lib/nn_form.wgsl
#import lib/nn_activation.wgsl

// MatMulParams is what shaders.MatMul.Append writes (192 bytes).
struct MatMulParams {
    // The target's, and the number of its quads, those of four rows counted once.
    size: vec4u,
    items: u32,
    // Columns of a, which are the rows of b.
    inner: u32,
    alpha: f32,
    beta: f32,
    activation: Activation,
    target_: TensorView,
    a: TensorView,
    b: TensorView,
    c: TensorView,
}

@group(0) @binding(0) var<uniform> params: MatMulParams;

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let rows = params.size.z;
    var i = view_index(item, vec4u(params.size.xy, (rows + 3u) / 4u, params.size.w));
    i.z *= 4u;
    var sum: array<vec4f, 4>;
    for (var k = 0u; k < params.inner; k += 4u) {
        var b: array<vec4f, 4>;
        for (var j = 0u; j < 4u; j++) {
            b[j] = form_load4(B_FORM, params.b, vec4u(i.xy, min(k + j, params.inner - 1u), i.w));
        }
        for (var r = 0u; r < 4u; r++) {
            let a = form_load4(A_FORM, params.a, vec4u(i.xy, min(i.z + r, rows - 1u), k));
            // Behind the end stands anything.
            let known = select(vec4f(0.0), a, vec4u(k) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.inner));
            sum[r] += known.x * b[0] + known.y * b[1] + known.z * b[2] + known.w * b[3];
        }
    }
    for (var r = 0u; r < min(4u, rows - i.z); r++) {
        let at = vec4u(i.xy, i.z + r, i.w);
        var v = params.alpha * sum[r];
        if WITH_C != 0u {
            v += params.beta * form_load4(C_FORM, params.c, at);
        }
        view_store4(params.target_, at, nn_activate(v, Activation(ACTIVATION, params.activation.a, params.activation.b, 0u)));
    }
}
