// The frame counter in the demo's pictures.

/** Runs in the page: reads the counter row of a copy, as relay/source/demo describes it. */
export function installCounterReader() {
  globalThis.readCounter = (copy) => {
    const data = new Uint8Array(copy.pixels);
    const cellWidth = copy.width / 80;
    const cellHeight = copy.height / 45;
    const top = copy.height - 2 * cellHeight;
    const span = (start, size) => [
      Math.round(start + size / 4),
      Math.round(start + (size * 3) / 4),
    ];
    const [y0, y1] = span(top, cellHeight);
    const mean = (cell) => {
      const [x0, x1] = span(cellWidth * (1 + cell), cellWidth);
      let sum = 0;
      // Green stands for brightness: the cells are grey.
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) sum += data[y * copy.stride + 4 * x + 1];
      }
      return sum / ((x1 - x0) * (y1 - y0));
    };
    const cells = Array.from({ length: 44 }, (_, i) => mean(i));
    const white = (cells[0] + cells[43]) / 2;
    const black = (cells[1] + cells[42]) / 2;
    if (white - black < 60) return null;
    const bits = cells.slice(2, 42).map((v) => (v > (white + black) / 2 ? 1 : 0));
    const number = (list) => list.reduce((n, bit) => n * 2 + bit, 0);
    const counter = number(bits.slice(0, 32));
    let check = 0xa5;
    for (let i = 0; i < 32; i += 8) check ^= number(bits.slice(i, i + 8));
    return check === number(bits.slice(32)) ? counter : null;
  };
}
