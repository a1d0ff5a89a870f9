// Activations, as epilogues and on their own. Needs nothing.

const ACTIVATION_NONE = 0u;
const ACTIVATION_RELU = 1u;
const ACTIVATION_LEAKY_RELU = 2u;
const ACTIVATION_CLIP = 3u;
const ACTIVATION_SIGMOID = 4u;
const ACTIVATION_SILU = 5u;
const ACTIVATION_HARD_SIGMOID = 6u;
const ACTIVATION_HARD_SWISH = 7u;
const ACTIVATION_TANH = 8u;

// Activation is what shaders.Activation.append writes (16 bytes): a kind with its numbers, the slope of
// LEAKY_RELU (a), the bounds of CLIP (a, b), slope and offset of HARD_SIGMOID (a, b).
struct Activation {
    kind: u32,
    a: f32,
    b: f32,
    reserved: u32,
}

// nn_sigmoid is 1 / (1 + exp(-x)), without overflow.
fn nn_sigmoid(v: vec4f) -> vec4f {
    return 1.0 / (1.0 + exp(-clamp(v, vec4f(-80.0), vec4f(80.0))));
}

// nn_activate applies an activation.
fn nn_activate(v: vec4f, f: Activation) -> vec4f {
    switch f.kind {
        case ACTIVATION_RELU: {
            return max(v, vec4f(0.0));
        }
        case ACTIVATION_LEAKY_RELU: {
            return select(f.a * v, v, v >= vec4f(0.0));
        }
        case ACTIVATION_CLIP: {
            return min(max(v, vec4f(f.a)), vec4f(f.b));
        }
        case ACTIVATION_SIGMOID: {
            return nn_sigmoid(v);
        }
        case ACTIVATION_SILU: {
            return v * nn_sigmoid(v);
        }
        case ACTIVATION_HARD_SIGMOID: {
            return clamp(f.a * v + f.b, vec4f(0.0), vec4f(1.0));
        }
        case ACTIVATION_HARD_SWISH: {
            return v * clamp(v / 6.0 + 0.5, vec4f(0.0), vec4f(1.0));
        }
        case ACTIVATION_TANH: {
            return tanh(clamp(v, vec4f(-20.0), vec4f(20.0)));
        }
        default: {
            return v;
        }
    }
}
