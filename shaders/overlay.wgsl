// Draws the overlay over the picture: outlines of boxes (solid or dashed), filled rectangles and
// glyphs from an atlas, in the order of the shapes, in one draw.
//
// Draw: one triangle strip, 12 vertices for each shape, 1 instance, no vertex buffer. Blending:
// premultiplied alpha (one, one-minus-src-alpha). An outline is a ring of 8 triangles, so that the
// inside of a box costs nothing; the other kinds are one quad and triangles without area. The first
// and last vertex of a shape come twice, so that nothing is drawn between shapes. An instance for each
// shape (and 12 vertices) draws the same, but adapters handle instances of few vertices one by one.

#import lib/view.wgsl

// Kinds of shape (bits 0 to 7 of Shape.kind).
const FILL = 0u;
const OUTLINE = 1u;
const GLYPH = 2u;
// Vertices of one shape.
const VERTICES = 12u;
// Flag in Shape.kind: box is 0..1 of the canvas, not of the picture.
const ON_CANVAS = 256u;

// Shape is what shaders.Shape.Append writes (64 bytes). Its rectangle is box, scaled to the picture
// or canvas, plus offset: a label hangs on a corner of its box and has its own size.
struct Shape {
    // x, y, width, height, 0..1 of the picture (or canvas).
    box: vec4f,
    // x, y, width, height in CSS pixels, added.
    offset: vec4f,
    // A glyph's rectangle in the atlas: x, y, width, height in texels.
    glyph: vec4f,
    // Bytes R, G, B, A from the lowest, alpha not multiplied in.
    color: u32,
    kind: u32,
    // An outline's width and length of one dash and its gap (0: solid), in CSS pixels.
    thickness: f32,
    dash: f32,
}

@group(0) @binding(1) var<storage, read> shapes: array<Shape>;
// Coverage of the glyphs in the red channel.
@group(1) @binding(0) var atlas: texture_2d<f32>;
@group(1) @binding(1) var atlas_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4f,
    // Device pixels from the rectangle's top left corner.
    @location(0) at: vec2f,
    // The rectangle's size in device pixels.
    @location(1) @interpolate(flat) size: vec2f,
    @location(2) @interpolate(flat) shape: u32,
}

@vertex
fn main_vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    let number = instance + index / VERTICES;
    let vertex = clamp(index % VERTICES, 1u, VERTICES - 2u) - 1u;
    let shape = shapes[number];
    var frame = view.picture;
    if (shape.kind & ON_CANVAS) != 0u {
        frame = vec4f(0.0, 0.0, view.canvas);
    }
    let origin = frame.xy + shape.box.xy * frame.zw;
    // Whole pixels keep lines and text sharp.
    let low = round(origin) + round(shape.offset.xy * view.scale);
    let size = max(round(shape.box.zw * frame.zw + shape.offset.zw * view.scale), vec2f(0.0));

    var at: vec2f;
    if (shape.kind & 0xffu) == OUTLINE {
        // Round the ring: corners clockwise, outer and inner border in turn, the first pair again.
        let corner = (vertex >> 1u) & 3u;
        let right = f32(corner == 1u || corner == 2u);
        let bottom = f32(corner >= 2u);
        let outward = vec2f(right, bottom) * 2.0 - 1.0;
        let half_width = shape.thickness * view.scale * 0.5 + 1.0;
        // The inner border may not cross the middle of a small box.
        let reach = select(vec2f(half_width), -min(vec2f(half_width), size * 0.5), (vertex & 1u) != 0u);
        at = vec2f(right, bottom) * size + outward * reach;
    } else {
        let v = min(vertex, 3u);
        at = vec2f(f32(v & 1u), f32(v >> 1u)) * size;
    }
    return Corner(to_clip(low + at), at, size, number);
}

// outline_coverage is how much of a pixel the outline covers, 0..1.
fn outline_coverage(at: vec2f, size: vec2f, thickness: f32, dash: f32) -> f32 {
    let q = abs(at - size * 0.5) - size * 0.5;
    let border = abs(length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0));
    let line = saturate(thickness * 0.5 - border + 0.5);
    if dash <= 0.0 {
        return line;
    }
    // Way along the border, clockwise from the top left corner, on the side that is nearest.
    var way: f32;
    if q.y > q.x {
        way = select(at.x, 2.0 * size.x + size.y - at.x, at.y > size.y * 0.5);
    } else {
        way = select(2.0 * (size.x + size.y) - at.y, size.x + at.y, at.x > size.x * 0.5);
    }
    // A whole number of dashes fits round the box; one is centred on its top left corner.
    let around = 2.0 * (size.x + size.y);
    let period = around / max(round(around / dash), 1.0);
    let from_middle = abs(fract(way / period) - 0.5) * period;
    return line * saturate(from_middle - period * 0.25 + 0.5);
}

@fragment
fn main_fragment(corner: Corner) -> @location(0) vec4f {
    let shape = shapes[corner.shape];
    let color = unpack4x8unorm(shape.color);
    var coverage = 1.0;
    switch shape.kind & 0xffu {
        case OUTLINE: {
            coverage = outline_coverage(corner.at, corner.size, shape.thickness * view.scale, shape.dash * view.scale);
        }
        case GLYPH: {
            let texel = shape.glyph.xy + corner.at / corner.size * shape.glyph.zw;
            let uv = texel / vec2f(textureDimensions(atlas));
            coverage = textureSampleLevel(atlas, atlas_sampler, uv, 0.0).r;
        }
        default: {}
    }
    let alpha = color.a * coverage;
    return vec4f(color.rgb * alpha, alpha);
}
