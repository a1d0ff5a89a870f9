// Video files: making them, decoding them with FFmpeg, and what their pixels mean.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import path from "node:path";
import { cache } from "./places.mjs";
import { runToEnd } from "./process.mjs";

/** Makes a file with FFmpeg once, and keeps it; `args` come between `ffmpeg` and the file's name. */
export async function makeClip(name, args) {
  const file = path.join(cache(), name);
  if (!existsSync(file)) {
    const partial = path.join(cache(), `partial-${process.pid}-${name}`);
    await runToEnd("ffmpeg", ["-v", "error", "-y", ...args, partial]);
    await rename(partial, file);
  }
  return file;
}

/** What FFmpeg knows of a file's video: size and colour space. */
export async function probe(file) {
  const entries = "stream=width,height,color_space,color_range";
  const { stdout } = await runToEnd("ffprobe", [
    ...["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", file],
  ]);
  return JSON.parse(stdout).streams[0];
}

/** Decodes a file; `each` takes the number of each frame and its I420 bytes, in the file's order. */
export async function decode(file, width, height, each) {
  const child = spawn(
    "ffmpeg",
    [
      ...["-v", "error", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough"],
      ...["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  const frame = Buffer.alloc(size);
  let filled = 0;
  let number = 0;
  for await (let chunk of child.stdout) {
    while (chunk.length > 0) {
      const taken = chunk.copy(frame, filled);
      filled += taken;
      chunk = chunk.subarray(taken);
      if (filled === size) {
        each(number, frame);
        number += 1;
        filled = 0;
      }
    }
  }
  const code = await ended;
  if (code !== 0 || filled !== 0)
    throw new Error(`ffmpeg ended with ${code}, ${filled} bytes left`);
  return number;
}

/** Kr and Kb of the matrices, by FFmpeg's names (ITU-T H.273 table 4). */
const coefficients = {
  bt709: [0.2126, 0.0722],
  smpte170m: [0.299, 0.114],
  bt470bg: [0.299, 0.114],
  bt2020nc: [0.2627, 0.0593],
};

/**
 * Reads pixels of I420 frames as R, G, B of 0..255, by the matrix and range that FFmpeg names. A
 * chroma sample holds for two by two pixels, as in browsers; `around` gives the colours of all chroma
 * samples next to a pixel, among which any interpolation lies.
 */
export function pixelReader({ width, height, color_space, color_range }) {
  // What says nothing of its colours is taken for BT.709 by browsers.
  const [kr, kb] = coefficients[color_space === "unknown" ? "bt709" : (color_space ?? "bt709")];
  const full = color_range === "pc";
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const planeB = width * height;
  const planeR = planeB + chromaWidth * chromaHeight;
  const scale = full ? 255 : 224;
  const convert = (luma, cb, cr) => {
    const l = full ? luma / 255 : (luma - 16) / 219;
    const b = l + (2 * (1 - kb) * (cb - 128)) / scale;
    const r = l + (2 * (1 - kr) * (cr - 128)) / scale;
    const g = (l - kr * r - kb * b) / (1 - kr - kb);
    return [r, g, b].map((v) => 255 * Math.min(1, Math.max(0, v)));
  };
  const pixel = (frame, x, y) => {
    const chroma = (y >> 1) * chromaWidth + (x >> 1);
    return convert(frame[y * width + x], frame[planeB + chroma], frame[planeR + chroma]);
  };
  pixel.around = (frame, x, y) => {
    const colours = [];
    for (let cy = (y >> 1) - 1; cy <= (y >> 1) + 1; cy++) {
      for (let cx = (x >> 1) - 1; cx <= (x >> 1) + 1; cx++) {
        if (cx < 0 || cy < 0 || cx >= chromaWidth || cy >= chromaHeight) continue;
        const at = cy * chromaWidth + cx;
        colours.push(convert(frame[y * width + x], frame[planeB + at], frame[planeR + at]));
      }
    }
    return colours;
  };
  return pixel;
}

/** `count` places in a picture, different for each seed; runs in pages too. */
export function places(seed, count, width, height) {
  let state = seed >>> 0;
  const next = (below) => {
    // xorshift32 (Marsaglia), 0 replaced.
    state ||= 0x9e3779b9;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
  return Array.from({ length: count }, () => [next(width), next(height)]);
}
