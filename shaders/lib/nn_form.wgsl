// Views whose form is known when a shader is composed, so that reading costs no more than it has to.
// A form is one of the constants here, which the shader gives as a constant of its own.

#import lib/nn_view.wgsl

// Anything; quads of the arena; elements of the arena; the same behind a table; one element of the arena
// for each row; one constant for each row; constants.
const FORM_ANY = 0u;
const FORM_QUADS = 1u;
const FORM_ELEMENTS = 2u;
const FORM_TABLE = 3u;
const FORM_SAME = 4u;
const FORM_CONSTANT_SAME = 5u;
const FORM_CONSTANT = 6u;

// form_place is the place of an element.
fn form_place(form: u32, v: TensorView, i: vec4u) -> u32 {
    if form == FORM_ANY {
        return view_at(v, i);
    }
    if form == FORM_TABLE {
        return v.offset + v.stride.x * i.x + nn_word(v.table + i.y) + v.stride.z * i.z + v.stride.w * i.w;
    }
    return v.offset + v.stride.x * i.x + v.stride.y * i.y + v.stride.z * i.z + v.stride.w * i.w;
}

// form_load reads the element at a place.
fn form_load(form: u32, v: TensorView, at: u32) -> f32 {
    if form == FORM_ANY {
        return view_load(v, at);
    }
    if form == FORM_CONSTANT || form == FORM_CONSTANT_SAME {
        return nn_constant(at);
    }
    return nn_load(at);
}

// form_element reads an element.
fn form_element(form: u32, v: TensorView, i: vec4u) -> f32 {
    return form_load(form, v, form_place(form, v, i));
}

// form_load4 reads four elements of the last dimension from index i on; i.w is a multiple of four.
fn form_load4(form: u32, v: TensorView, i: vec4u) -> vec4f {
    if form == FORM_ANY {
        return view_load4(v, i);
    }
    let at = form_place(form, v, i);
    if form == FORM_QUADS {
        return nn_load4(at >> 2u);
    }
    if form == FORM_SAME || form == FORM_CONSTANT_SAME {
        return vec4f(form_load(form, v, at));
    }
    let step = v.stride.w;
    return vec4f(form_load(form, v, at), form_load(form, v, at + step), form_load(form, v, at + 2u * step), form_load(form, v, at + 3u * step));
}

// larger is max, in a form that costs a software adapter a third as much.
fn larger(a: vec4f, b: vec4f) -> vec4f {
    return select(b, a, a > b);
}
