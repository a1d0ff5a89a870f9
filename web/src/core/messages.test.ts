import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFromWorker } from "./messages.ts";

const pixels = {
  type: "pixels",
  request: 1,
  player: 2,
  left: 0,
  width: 4,
  height: 2,
  stride: 256,
  format: "rgba8unorm",
  path: "planes",
  keySource: "frame-metadata",
  rtp: 0xffff_ffff,
  timestamp: -5.5,
  labels: ["person"],
  predicted: 0,
  pixels: new ArrayBuffer(8),
};
const report = {
  type: "report",
  player: 1,
  frames: 10,
  width: 768,
  height: 432,
  format: "I420",
  path: "planes",
  keySource: "none",
  rtp: null,
  gpu: 1.25,
  annotations: null,
};

const counts = {
  type: "counts",
  request: 1,
  players: 0,
  buffers: 0,
  textures: 0,
  bytes: 0,
  goroutines: 3,
  heap: 500_000,
  memory: 9_000_000,
};

const good: unknown[] = [
  { type: "ready", adapter: "a", format: "bgra8unorm", trackProcessor: false },
  { type: "lost", reason: "unknown", text: "" },
  { type: "unavailable", text: "no adapter" },
  report,
  { type: "ended", player: 1 },
  { type: "failed", player: 1, text: "x" },
  { type: "problem", player: 0, text: "x" },
  { type: "refused", request: 1, text: "x" },
  pixels,
  {
    type: "converted",
    request: 1,
    path: "external",
    width: 1,
    height: 1,
    stride: 256,
    pixels: new ArrayBuffer(4),
  },
  counts,
];

test("good messages pass as they are", () => {
  for (const message of good) assert.equal(parseFromWorker(message), message);
});

const bad: [unknown, RegExp][] = [
  [null, /no object/],
  ["ready", /no object/],
  [{}, /unknown type undefined/],
  [{ type: "toString" }, /unknown type toString/],
  [{ type: "ready", adapter: 1, format: "", trackProcessor: true }, /ready .*adapter is 1/],
  [{ ...report, rtp: 2 ** 32 }, /report .*rtp is 4294967296/],
  [{ ...report, rtp: undefined }, /rtp is undefined/],
  [{ ...report, gpu: Number.NaN }, /gpu is NaN/],
  [{ ...report, frames: -1 }, /frames is -1/],
  [{ ...report, path: "cpu" }, /path is cpu/],
  [{ ...report, keySource: "guess" }, /keySource is guess/],
  [{ ...pixels, pixels: [] }, /pixels/],
  [{ ...counts, players: 0.5 }, /players is 0.5/],
];

test("bad messages are refused with the field's name", () => {
  for (const [message, why] of bad) assert.throws(() => parseFromWorker(message), why);
});
