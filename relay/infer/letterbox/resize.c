#include "resize.h"

#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// GCC's and Clang's vectors: SSE on x86-64, NEON on arm64.
typedef float lanes __attribute__((vector_size(16)));

static inline lanes load(const float *from) {
  lanes v;
  memcpy(&v, from, sizeof v); // Go aligns floats to 4 bytes only
  return v;
}

// clamp cuts each lane to 0..1.
static inline lanes clamp(lanes v) {
  const lanes none = {0, 0, 0, 0}, full = {1, 1, 1, 1};
#if defined(__SSE__)
  return _mm_min_ps(_mm_max_ps(v, none), full);
#elif defined(__ARM_NEON)
  return vminq_f32(vmaxq_f32(v, none), full);
#else
  for (int i = 0; i < 4; i++) {
    v[i] = v[i] > none[i] ? v[i] : none[i];
    v[i] = v[i] < full[i] ? v[i] : full[i];
  }
  return v;
#endif
}

// widen resizes one source row in width: the values of the three planes, one
// after the other.
static void widen(float *restrict into, const letterbox_column *restrict columns, int n,
                  const letterbox_tables *restrict tables, const uint8_t *luma, const uint8_t *cb,
                  const uint8_t *cr) {
  for (int x = 0; x < n; x++) {
    letterbox_column c = columns[x];
    lanes left = load(tables->luma[luma[c.left]]) +
                 (load(tables->cb[cb[c.chroma_left]]) + load(tables->cr[cr[c.chroma_left]]));
    lanes right = load(tables->luma[luma[c.right]]) +
                  (load(tables->cb[cb[c.chroma_right]]) + load(tables->cr[cr[c.chroma_right]]));
    left = clamp(left);
    right = clamp(right);
    lanes v = left + (right - left) * c.weight;
    into[x] = v[0];
    into[n + x] = v[1];
    into[2 * n + x] = v[2];
  }
}

// blend makes one row of one plane of the tensor of two resized rows.
static void blend(float *restrict out, const float *restrict upper, const float *restrict lower,
                  int n, float of_upper, float of_lower, float bias) {
  for (int x = 0; x < n; x++) {
    out[x] = upper[x] * of_upper + lower[x] * of_lower + bias;
  }
}

void letterbox_fill(const letterbox_plan *plan, const letterbox_tables *tables,
                    const letterbox_column *columns, const letterbox_row *rows,
                    const uint8_t *planes, float *cache, float *tensor) {
  int n = plan->columns;
  // Neighbouring rows of the result share most of the source's. The two that
  // are needed at once are neighbours, or the same.
  int32_t held[2] = {-1, -1};
  for (int y = 0; y < plan->rows; y++) {
    letterbox_row r = rows[y];
    int32_t need[2] = {r.upper, r.lower};
    for (int i = 0; i < 2; i++) {
      int32_t row = need[i];
      if (held[row & 1] == row) {
        continue;
      }
      held[row & 1] = row;
      widen(cache + (row & 1) * 3 * n, columns, n, tables,
            planes + plan->offset[0] + (int64_t)row * plan->stride[0],
            planes + plan->offset[1] + (int64_t)(row / 2) * plan->stride[1],
            planes + plan->offset[2] + (int64_t)(row / 2) * plan->stride[2]);
    }
    const float *upper = cache + (r.upper & 1) * 3 * n, *lower = cache + (r.lower & 1) * 3 * n;
    float *out = tensor + (int64_t)(plan->top + y) * plan->width + plan->left;
    for (int p = 0; p < 3; p++) {
      blend(out + (int64_t)p * plan->plane, upper + p * n, lower + p * n, n,
            (1 - r.weight) * plan->scale[p], r.weight * plan->scale[p], plan->bias[p]);
    }
  }
}
