// The inner loops of package letterbox, in lanes of four floats: one for each
// plane of the tensor, and one that is not used.
#pragma once

#include <stdint.h>

// A column of the result: luma and chroma columns of two source pixels, as
// offsets into their rows, and the weight of the right one.
typedef struct {
  int32_t left, right, chroma_left, chroma_right;
  float weight;
} letterbox_column;

// A row of the result: two source rows, and the weight of the lower one.
typedef struct {
  int32_t upper, lower;
  float weight;
} letterbox_row;

// What each sample adds to a colour; the sum is 0..1, or beyond and to be cut.
typedef struct {
  float luma[256][4], cb[256][4], cr[256][4];
} letterbox_tables;

// Where things are. Offsets and strides of the source's luma, Cb and Cr are in
// bytes, those of the tensor in values; scale and bias are for 0..1.
typedef struct {
  int32_t columns, rows;
  int32_t offset[3], stride[3];
  int32_t plane, width, left, top;
  float scale[3], bias[3];
} letterbox_plan;

// letterbox_fill writes the picture's part of a tensor. cache holds 6 values
// for each column.
void letterbox_fill(const letterbox_plan *plan, const letterbox_tables *tables,
                    const letterbox_column *columns, const letterbox_row *rows,
                    const uint8_t *planes, float *cache, float *tensor);
