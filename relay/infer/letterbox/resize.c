#include "resize.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Colours are whole numbers of 16 bits on their way, of which vectors hold the
// most, and loops are written so that compilers make vector instructions of
// them. Rows are converted whole, though the result may not need each pixel:
// neighbours in memory are faster than a choice.

// A step of 8 bits is 32: with room for colours that are cut later.
enum { step = 32, most = 255 * step };

#define INLINE static inline __attribute__((always_inline))

// even rounds up, so that pixels come in pairs that share their chroma.
INLINE int64_t even(int32_t n) { return (int64_t)n + (n & 1); }

// row_size is the values of one plane's row: more than the pixels, for the last
// one's neighbour.
INLINE int64_t row_size(const letterbox_plan *p) { return even(p->count) + 2; }

int64_t letterbox_scratch(const letterbox_plan *p) { return 12 * row_size(p); }

INLINE int32_t fixed(float v, float one) {
  v *= one;
  return (int32_t)(v < 0 ? v - 0.5f : v + 0.5f);
}

// chroma makes what a row of chroma samples adds to the colours of the pixels.
INLINE void chroma(const letterbox_plan *p, int32_t apart, const uint8_t *restrict cb,
                   const uint8_t *restrict cr, int16_t *restrict into) {
  enum { bits = 8 };
  int32_t pairs = even(p->count) / 2;
  for (int c = 0; c < 3; c++) {
    int32_t of_cb = fixed(p->cb[c], most << bits), of_cr = fixed(p->cr[c], most << bits);
    // Half a unit for this rounding, and half for that of luma.
    int32_t constant = fixed(p->constant[c], most << bits) + (1 << bits);
    int16_t *restrict to = into + c * row_size(p);
    for (int32_t i = 0; i < pairs; i++) {
      int16_t v = (int16_t)((cb[i * apart] * of_cb + cr[i * apart] * of_cr + constant) >> bits);
      to[2 * i] = v;
      to[2 * i + 1] = v;
    }
  }
}

INLINE int16_t cut(int16_t v) {
  v = v > 0 ? v : 0;
  return v < most ? v : most;
}

// colours converts a row of pixels: the values of three planes.
INLINE void colours(const letterbox_plan *p, const uint8_t *restrict luma,
                    const int16_t *restrict added, int16_t *restrict into) {
  int32_t n = p->count;
  int64_t size = row_size(p);
  int16_t of_luma = (int16_t)fixed(p->luma, most << 9);
  const int16_t *restrict add0 = added, *restrict add1 = added + size,
                          *restrict add2 = added + 2 * size;
  int16_t *restrict to0 = into, *restrict to1 = into + size, *restrict to2 = into + 2 * size;
  for (int32_t x = 0; x < n; x++) {
    int16_t y = (int16_t)(((int32_t)(int16_t)(luma[x] << 7) * of_luma) >> 16);
    to0[x] = cut(y + add0[x]);
    to1[x] = cut(y + add1[x]);
    to2[x] = cut(y + add2[x]);
  }
  to0[n] = to1[n] = to2[n] = 0; // with weight 0
}

// blend makes a row between two.
INLINE void blend(const int16_t *restrict first, const int16_t *restrict second, int64_t n,
                  int16_t weight, int16_t *restrict into) {
  for (int64_t i = 0; i < n; i++) {
    int16_t apart = (int16_t)((second[i] - first[i]) * 4); // * weight / 65536
    into[i] = (int16_t)(first[i] + (((int32_t)apart * weight) >> 16));
  }
}

// across makes a plane's row of the result, of one that is as wide as the
// source.
typedef void across(const int16_t *restrict row, const int32_t *restrict at,
                    const letterbox_weights *restrict weights, int32_t n, float scale, float bias,
                    float *restrict out);

INLINE void across_plain(const int16_t *restrict row, const int32_t *restrict at,
                         const letterbox_weights *restrict weights, int32_t n, float scale,
                         float bias, float *restrict out) {
  for (int32_t x = 0; x < n; x++) {
    const int16_t *pixel = row + at[x];
    int32_t v = pixel[0] * weights[x].first + pixel[1] * weights[x].second;
    out[x] = (float)v * scale + bias;
  }
}

INLINE void fill(const letterbox_plan *p, const int32_t *at, const letterbox_weights *weights,
                 const letterbox_pair *rows, const uint8_t *planes, int16_t *scratch, float *tensor,
                 across *across) {
  int64_t size = row_size(p);
  int16_t *converted[2] = {scratch, scratch + 3 * size};
  int16_t *added = scratch + 6 * size, *blended = scratch + 9 * size;
  // Neighbouring rows of the result share most of the source's. The two that
  // are needed at once are neighbours, or the same.
  int32_t held[2] = {-1, -1}, held_chroma = -1;
  for (int32_t y = 0; y < p->rows; y++) {
    int32_t need[2] = {rows[y].first, rows[y].second};
    for (int i = 0; i < 2; i++) {
      int32_t row = need[i], slot = row & 1;
      if (held[slot] == row) {
        continue;
      }
      held[slot] = row;
      if (held_chroma != row / 2) {
        held_chroma = row / 2;
        int64_t from = (int64_t)p->from / 2 * p->apart;
        const uint8_t *cb = planes + p->offset[1] + (int64_t)held_chroma * p->stride[1] + from;
        const uint8_t *cr = planes + p->offset[2] + (int64_t)held_chroma * p->stride[2] + from;
        if (p->apart == 1) {
          chroma(p, 1, cb, cr, added);
        } else {
          chroma(p, 2, cb, cr, added);
        }
      }
      colours(p, planes + p->offset[0] + (int64_t)row * p->stride[0] + p->from, added,
              converted[slot]);
    }
    blend(converted[need[0] & 1], converted[need[1] & 1], 3 * size, (int16_t)rows[y].weight,
          blended);
    float *out = tensor + (int64_t)(p->top + y) * p->width + p->left;
    for (int c = 0; c < 3; c++) {
      across(blended + c * size, at, weights, p->columns,
             p->scale[c] / ((float)most * LETTERBOX_ONE), p->bias[c], out + (int64_t)c * p->plane);
    }
  }
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))

// neighbours reads two pixels of 16 bits each at once.
AVX2 static inline int32_t neighbours(const int16_t *pixel) {
  int32_t v;
  memcpy(&v, pixel, sizeof v);
  return v;
}

AVX2 static inline void across_avx2(const int16_t *restrict row, const int32_t *restrict at,
                                    const letterbox_weights *restrict weights, int32_t n,
                                    float scale, float bias, float *restrict out) {
  __m256 by = _mm256_set1_ps(scale), plus = _mm256_set1_ps(bias);
  int32_t x = 0;
  for (; x + 8 <= n; x += 8) {
    const int32_t *a = at + x;
    // Measured: a third faster than gather instructions.
    __m256i pixels =
        _mm256_setr_epi32(neighbours(row + a[0]), neighbours(row + a[1]), neighbours(row + a[2]),
                          neighbours(row + a[3]), neighbours(row + a[4]), neighbours(row + a[5]),
                          neighbours(row + a[6]), neighbours(row + a[7]));
    __m256i shares = _mm256_loadu_si256((const __m256i *)(weights + x));
    __m256 v = _mm256_cvtepi32_ps(_mm256_madd_epi16(pixels, shares));
    _mm256_storeu_ps(out + x, _mm256_fmadd_ps(v, by, plus));
  }
  across_plain(row, at + x, weights + x, n - x, scale, bias, out + x);
}

AVX2 static void fill_avx2(const letterbox_plan *plan, const int32_t *at,
                           const letterbox_weights *weights, const letterbox_pair *rows,
                           const uint8_t *planes, int16_t *scratch, float *tensor) {
  fill(plan, at, weights, rows, planes, scratch, tensor, across_avx2);
}
#endif

void letterbox_fill(const letterbox_plan *plan, const int32_t *at, const letterbox_weights *weights,
                    const letterbox_pair *rows, const uint8_t *planes, int16_t *scratch,
                    float *tensor) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    fill_avx2(plan, at, weights, rows, planes, scratch, tensor);
    return;
  }
#endif
  fill(plan, at, weights, rows, planes, scratch, tensor, across_plain);
}
