// The boxes of a frame before overlapping ones are suppressed. Buffers of it begin as zeros; the
// suppression leaves count at zero for the next frame.

// Candidate is one box (32 bytes).
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

struct CandidateList {
    // May count more than the list holds.
    count: atomic<u32>,
    reserved_0: u32,
    reserved_1: u32,
    reserved_2: u32,
    list: array<Candidate>,
}
