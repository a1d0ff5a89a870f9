// The grid of the light kernels: COLUMNS by ROWS cells of CELL by CELL samples, whatever the picture's
// size and shape; a word of the luma plane holds four samples of a row, the left one lowest.

const CELL = 8u;
const SAMPLES = vec2u(COLUMNS * CELL, ROWS * CELL);
const LUMA_WORDS = COLUMNS * CELL / 4u;
