// Element by element: an operation on one tensor or two, then an activation. Views broadcast, transpose,
// slice and gather, so that it copies too.
//
// One invocation makes a quad of the target; dispatch MapParams.items, spread over x and y. Constants:
// OPERATION, one of MAP_, ACTIVATION, and the views' forms A_FORM and B_FORM.

#import lib/nn_form.wgsl
#import lib/nn_activation.wgsl

// Those from MAP_EXP on and MAP_COPY do without b.
const MAP_COPY = 0u;
const MAP_ADD = 1u;
const MAP_SUB = 2u;
const MAP_MUL = 3u;
const MAP_DIV = 4u;
const MAP_POW = 5u;
const MAP_PRELU = 6u;
const MAP_MIN = 7u;
const MAP_MAX = 8u;
const MAP_EXP = 9u;
const MAP_SQRT = 10u;
const MAP_TRUNCATE = 11u;

// MapParams is what shaders.Map.Append writes (144 bytes).
struct MapParams {
    // The target's, and the number of its quads.
    size: vec4u,
    items: u32,
    // 0: for what must not be known when a shader is compiled.
    zero: u32,
    reserved_0: u32,
    reserved_1: u32,
    activation: Activation,
    target_: TensorView,
    a: TensorView,
    b: TensorView,
}

@group(0) @binding(0) var<uniform> params: MapParams;

// power is a to the power of b: WGSL's own leaves out a base below zero, and zero.
fn power(a: vec4f, b: vec4f) -> vec4f {
    let whole = b == floor(b);
    let odd = abs(b - 2.0 * floor(b / 2.0)) == vec4f(1.0);
    let size = pow(max(abs(a), vec4f(1e-38)), b);
    // No number, said in a way that a compiler may not reject.
    let none = bitcast<vec4f>(vec4u(0x7fc00000u + params.zero));
    var v = select(size, select(none, select(size, -size, odd), whole), a < vec4f(0.0));
    v = select(v, select(1.0 / abs(a), vec4f(0.0), b > vec4f(0.0)), a == vec4f(0.0));
    return select(v, vec4f(1.0), b == vec4f(0.0));
}

fn operate(i: vec4u) -> vec4f {
    let a = form_load4(A_FORM, params.a, i);
    switch OPERATION {
        case MAP_COPY: {
            return a;
        }
        case MAP_EXP: {
            return exp(a);
        }
        case MAP_SQRT: {
            return sqrt(a);
        }
        case MAP_TRUNCATE: {
            return trunc(a);
        }
        default: {
        }
    }
    let b = form_load4(B_FORM, params.b, i);
    switch OPERATION {
        case MAP_ADD: {
            return a + b;
        }
        case MAP_SUB: {
            return a - b;
        }
        case MAP_MUL: {
            return a * b;
        }
        case MAP_DIV: {
            return a / b;
        }
        case MAP_POW: {
            return power(a, b);
        }
        case MAP_PRELU: {
            return select(a * b, a, a >= vec4f(0.0));
        }
        case MAP_MIN: {
            return min(a, b);
        }
        default: {
            return max(a, b);
        }
    }
}

@compute @workgroup_size(WORKGROUP_X)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) across: vec3u, @builtin(local_invocation_index) lane: u32) {
    let item = (workgroup.y * across.x + workgroup.x) * WORKGROUP_X + lane;
    if item >= params.items {
        return;
    }
    let i = view_index(item, params.size);
    view_store4(params.target_, i, nn_activate(operate(i), Activation(ACTIVATION, params.activation.a, params.activation.b, 0u)));
}
