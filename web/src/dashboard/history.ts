// The last seconds of a number, and the line that draws them.

/** Keeps one value for each of the last seconds. */
export class History {
  #values: (number | null)[] = [];
  #second: number | null = null;

  constructor(private readonly size: number) {}

  /** The values, oldest first; null where there was none. */
  get values(): readonly (number | null)[] {
    return this.#values;
  }

  /**
   * Adds the value of a second, and null for seconds left out. The first value
   * of a second stays; returns whether anything was added.
   */
  add(second: number, value: number | null): boolean {
    const gap = this.#second === null ? 1 : second - this.#second;
    if (gap <= 0) return false;
    const missing = Math.min(gap - 1, this.size);
    this.#values.push(...new Array<null>(missing).fill(null), value);
    this.#values = this.#values.slice(-this.size);
    this.#second = second;
    return true;
  }
}

/**
 * The points of a polyline through the values in a box of width x height, the
 * newest at the right edge, zero at the bottom. Gaps are drawn over.
 */
export function points(
  values: readonly (number | null)[],
  size: number,
  width: number,
  height: number,
): string {
  const top = Math.max(0, ...values.map((v) => v ?? 0)) * 1.15;
  if (top <= 0 || size < 2) return "";
  return values
    .flatMap((v, i) => {
      if (v === null) return [];
      const x = width - ((values.length - 1 - i) * width) / (size - 1);
      const y = height - (Math.max(0, v) / top) * height;
      return [`${x.toFixed(1)},${y.toFixed(1)}`];
    })
    .join(" ");
}
