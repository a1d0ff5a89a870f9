import assert from "node:assert/strict";
import { test } from "node:test";
import { History, points } from "./history.ts";
import { widths } from "./latency.ts";

test("a stage that is not known has no part of the bar", () => {
  const got = widths({
    camera: null,
    network: 2,
    jitterBuffer: 0,
    decode: -1,
    gpu: 4,
    total: 6,
  });
  assert.deepEqual(
    [...got],
    [
      ["network", 2],
      ["gpu", 4],
    ],
  );
  assert.equal(widths(null).size, 0);
});

test("one value is kept for each of the last seconds", () => {
  const history = new History(4);
  assert.ok(history.add(100, 1));
  assert.ok(!history.add(100, 9), "the first of a second stays");
  assert.ok(!history.add(99, 9), "a clock set back adds nothing");
  history.add(102, 3);
  assert.deepEqual(history.values, [1, null, 3]);
  history.add(1_000_000, 7);
  assert.deepEqual(history.values, [null, null, null, 7]);
});

test("the newest value is at the right edge", () => {
  assert.equal(points([], 60, 100, 24), "");
  assert.equal(points([null, 0], 60, 100, 24), "");
  assert.equal(points([10, null, 20], 5, 100, 23), "50.0,13.0 100.0,3.0");
});
