// The inner loops of package letterbox.
#pragma once

#include <stdint.h>

// Where things are, and what makes colours of samples. Offsets and strides of
// the source's luma, Cb and Cr are in bytes, those of the tensor in values.
typedef struct {
  // The source's columns that are read: count from an even column on.
  int32_t from, count;
  // How far apart neighbouring chroma samples are.
  int32_t apart;
  int32_t offset[3], stride[3];
  // Columns and rows of the picture in the tensor, and where they begin.
  int32_t columns, rows, left, top;
  int32_t width, plane;
  // For each plane of the tensor: a colour of 0..1 is luma * y + cb * cb +
  // cr * cr + constant of samples 0..255, and what becomes of it.
  float luma, cb[3], cr[3], constant[3];
  float scale[3], bias[3];
} letterbox_plan;

// A row or column of the result lies between two neighbours of the source;
// weight, out of LETTERBOX_ONE, is the second's.
#define LETTERBOX_ONE 16384

typedef struct {
  int32_t first, second, weight;
} letterbox_pair;

// Weights of two neighbours, which add up to LETTERBOX_ONE.
typedef struct {
  int16_t first, second;
} letterbox_weights;

// letterbox_scratch is how many values letterbox_fill needs for itself.
int64_t letterbox_scratch(const letterbox_plan *plan);

// letterbox_fill writes the picture's part of a tensor. at and weights tell for
// each column of the result the first of its two columns, counted from
// plan->from, and the weights of it and the one after it.
void letterbox_fill(const letterbox_plan *plan, const int32_t *at, const letterbox_weights *weights,
                    const letterbox_pair *rows, const uint8_t *planes, int16_t *scratch,
                    float *tensor);
