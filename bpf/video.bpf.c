//go:build ignore

/* Counts the frames that video devices (V4L2 through videobuf2: USB cameras,
 * capture cards) hand over damaged or not at all. It runs once a frame.
 */
#include "compat.bpf.h"

enum { FRAME_ERROR = 0, FRAME_MISSING = 1 };

struct device {
  u32 stream;
  u32 started;
  u32 sequence; /* of the last frame */
  u32 unused;
};

/* Watched devices, by minor number. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, u32);
  __type(value, struct device);
} devices SEC(".maps");

struct frame_cause {
  u32 stream;
  u32 cause;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct frame_cause);
  __type(value, u64); /* frames */
} frames SEC(".maps");

static __always_inline void add(u32 stream, u32 cause, u32 n) {
  struct frame_cause key = {.stream = stream, .cause = cause};
  u64 zero = 0, *t = bpf_map_lookup_elem(&frames, &key);

  if (!t) {
    bpf_map_update_elem(&frames, &key, &zero, BPF_NOEXIST);
    t = bpf_map_lookup_elem(&frames, &key);
  }
  if (t)
    *t += n;
}

/* A driver gives each frame its number, so that a gap is frames for which it
 * had no buffer. Numbers begin anew with each start of the stream.
 */
static __always_inline int buffer_done(const u64 *ctx) {
  const struct vb2_queue *q = (const struct vb2_queue *)ctx[0];
  const struct vb2_buffer *vb = (const struct vb2_buffer *)ctx[1];
  const struct vb2_v4l2_buffer *buffer = (const struct vb2_v4l2_buffer *)vb; /* its first member */
  const struct v4l2_fh *fh = BPF_CORE_READ(q, owner);
  u32 minor = BPF_CORE_READ(fh, vdev, minor);
  u32 sequence = BPF_CORE_READ(buffer, sequence);
  struct device *d = bpf_map_lookup_elem(&devices, &minor);
  u32 gap;

  if (!d)
    return 0;
  if (BPF_CORE_READ(vb, state) == vb2_state_error())
    add(d->stream, FRAME_ERROR, 1);
  gap = sequence - d->sequence - 1;
  if (d->started && sequence > d->sequence && gap)
    add(d->stream, FRAME_MISSING, gap);
  d->sequence = sequence;
  d->started = 1;
  return 0;
}

SEC("raw_tp/vb2_buf_done")
int vb2_buf_done(u64 *ctx) { return buffer_done(ctx); }

char __license[] SEC("license") = "Dual BSD/GPL";
