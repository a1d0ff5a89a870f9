// What is found in a frame: the boxes that are read back, and behind them the candidates that they are
// chosen from. Provides group 1 binding 1. The buffer begins as zeros; the suppression leaves count at
// zero for the next frame.

const MAX_BOXES = 682u;

// Box is one box that is kept: left, top, right, bottom in tensor pixels, score and class (24 bytes).
struct Box {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    score: f32,
    class_id: u32,
}

// Candidate is one box before suppression (32 bytes).
struct Candidate {
    // Left, top, right, bottom in tensor pixels.
    corners: vec4f,
    // Above 0.
    score: f32,
    class_id: u32,
    // The anchor's number, to break ties.
    anchor: u32,
    reserved: u32,
}

struct Detections {
    // Boxes kept, candidates found, and those of them that were looked at.
    kept: u32,
    found: u32,
    considered: u32,
    // Candidates so far; may count more than the list holds.
    count: atomic<u32>,
    boxes: array<Box, MAX_BOXES>,
    list: array<Candidate>,
}

@group(1) @binding(1) var<storage, read_write> detections: Detections;
