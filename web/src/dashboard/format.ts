// Numbers as an operator reads them: few digits, always with a unit, and a
// dash for what is not known.

/** Stands for a value that is not known. */
export const unknown = "–";

function digits(value: number, count: number): string {
  return value.toFixed(count);
}

/** Milliseconds: "3.2 ms", "148 ms", "1.4 s". */
export function milliseconds(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return unknown;
  const magnitude = Math.abs(ms);
  if (magnitude < 9.95) return `${digits(ms, 1)} ms`;
  if (magnitude < 999.5) return `${digits(ms, 0)} ms`;
  return `${digits(ms / 1000, 1)} s`;
}

/** Bits per second: "820 kbit/s", "3.1 Mbit/s". */
export function bitRate(bitsPerSecond: number): string {
  if (!Number.isFinite(bitsPerSecond) || bitsPerSecond <= 0) return unknown;
  if (bitsPerSecond < 1e3) return `${digits(bitsPerSecond, 0)} bit/s`;
  if (bitsPerSecond < 999.5e3) return `${digits(bitsPerSecond / 1e3, 0)} kbit/s`;
  return `${digits(bitsPerSecond / 1e6, bitsPerSecond < 99.95e6 ? 1 : 0)} Mbit/s`;
}

/** Frames per second: "25 fps", "7.5 fps". */
export function frameRate(fps: number): string {
  if (!Number.isFinite(fps) || fps <= 0) return unknown;
  const tenths = Math.round(fps * 10) / 10;
  return `${fps >= 10 || Number.isInteger(tenths) ? digits(fps, 0) : digits(fps, 1)} fps`;
}

/** Picture size: "1280 × 720". */
export function resolution(width: number, height: number): string {
  return width > 0 && height > 0 ? `${width} × ${height}` : unknown;
}

/** A count with thousands set apart: "12 480". */
export function count(value: number): string {
  if (!Number.isFinite(value)) return unknown;
  return digits(Math.trunc(value), 0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A length of time in its two largest units: "8 s", "3 min 20 s", "2 h 5 min", "4 d 1 h". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return unknown;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units: readonly (readonly [string, number])[] = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n} ${unit}`);
  }
  return parts.join(" ");
}

/** "1 stream", "3 streams". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The codec by the name people know it by. */
export function codec(name: string, profile = ""): string {
  const short = name.replace(/^video\//i, "").toLowerCase();
  const known: Record<string, string> = {
    h264: "H.264",
    avc: "H.264",
    h265: "H.265",
    hevc: "H.265",
    av1: "AV1",
    vp8: "VP8",
    vp9: "VP9",
    mjpeg: "MJPEG",
    jpeg: "MJPEG",
  };
  const shown = known[short] ?? name;
  return [shown, profile].filter((s) => s !== "").join(" ") || unknown;
}
