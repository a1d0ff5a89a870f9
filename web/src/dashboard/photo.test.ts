import assert from "node:assert/strict";
import { test } from "node:test";
import { photoName, tightRGBA } from "./photo.ts";

test("rows lose their padding and colours their order", () => {
  const pixels = new Uint8Array([1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0]).buffer;
  const one = { width: 1, height: 2, stride: 8, pixels };
  assert.deepEqual([...tightRGBA({ ...one, format: "rgba8unorm" })], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...tightRGBA({ ...one, format: "bgra8unorm" })], [3, 2, 1, 4, 7, 6, 5, 8]);
});

test("a picture's name says stream, time and frame", () => {
  const time = new Date("2026-01-02T15:04:05.123Z");
  assert.equal(photoName("gate", time, 42), "gate-20260102-150405Z-rtp42.png");
  assert.equal(photoName("gate", time, null), "gate-20260102-150405Z.png");
});
