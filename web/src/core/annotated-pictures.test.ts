import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnotatedPictures } from "./annotated-pictures.ts";

const analysing = (rtp: number, epoch = 7) =>
  JSON.stringify({ v: 1, type: "analysing", stream: "gate", epoch, rtp });

const detections = (rtp: number, objects: readonly object[], more: object = {}) =>
  JSON.stringify({
    ...{ v: 1, type: "detections", stream: "gate", epoch: 7, rtp, ts: "2026-01-02T15:04:05Z" },
    ...{ origin: "relay", model: "fastestdet", objects, ...more },
  });

const person = { id: 1, label: "person", score: 0.9, box: [0.5, 0.5, 0.25, 0.25] };
const walking = { ...person, velocity: [0.5, 0, 0, 0] };

test("a picture has its own boxes, those after it predicted ones for half a second", () => {
  const p = new AnnotatedPictures();
  p.take(analysing(9000), 0);
  p.take(detections(9000, [walking]), 5);
  const own = p.draw(9000, 10);
  assert.deepEqual(own, [
    {
      ...{ x: 0.5, y: 0.5, width: 0.25, height: 0.25, label: "person" },
      ...{ color: 0xff20b0ff, predicted: false },
    },
  ]);
  const [next] = p.draw(9000 + 18000, 210);
  assert.ok(next?.predicted && Math.abs(next.x - 0.6) < 1e-9, JSON.stringify(next));
  // At the picture's border what is left of the box stays within.
  const [last] = p.draw(9000 + 45000, 510);
  assert.ok(last !== undefined && last.x + last.width <= 1 && last.width < 0.26);
  assert.deepEqual(p.draw(9000 + 45001, 511), []);
  assert.deepEqual(p.draw(8000, 512), []);
  const { announced, arrived, late, shown, predicted, missed, sources } = p.counts;
  assert.deepEqual([announced, arrived, late, shown, predicted, missed], [1, 1, 0, 1, 2, 0]);
  assert.deepEqual(sources, ["relay fastestdet"]);
});

test("boxes without velocity are not predicted, results ahead wait for their picture", () => {
  const p = new AnnotatedPictures();
  p.take(detections(0, [walking]), 0);
  p.take(detections(18000, [{ ...person, label: "dog" }]), 0);
  assert.deepEqual(
    p.draw(9000, 0).map((b) => [b.label, b.predicted]),
    [["person", true]],
  );
  assert.deepEqual(
    p.draw(18000, 0).map((b) => [b.label, b.predicted]),
    [["dog", false]],
  );
  assert.deepEqual(p.draw(19000, 0), []);
});

test("timestamps wrap, announced pictures are missed, another epoch begins anew", () => {
  const p = new AnnotatedPictures();
  const last = 2 ** 32 - 4500;
  p.take(detections(last, [walking]), 0);
  assert.equal(p.draw(4500, 0)[0]?.predicted, true);
  p.take(detections(last + 3000, [person]), 0);
  p.take(analysing(9000), 0);
  p.draw(9000, 0);
  assert.deepEqual([p.counts.late, p.counts.missed], [1, 1]);
  p.take(analysing(9000, 8), 0);
  assert.deepEqual([p.draw(9000, 0), p.counts.sources], [[], []]);
});

test("two sources are drawn side by side", () => {
  const p = new AnnotatedPictures();
  p.take(detections(0, [person]), 0);
  p.take(detections(0, [{ ...person, label: "motion" }], { origin: "client", model: "motion" }), 0);
  assert.deepEqual(
    p.draw(0, 0).map((b) => [b.label, b.color]),
    [
      ["person", 0xff20b0ff],
      ["motion", 0xfff2d32e],
    ],
  );
});

test("without a timestamp the newest boxes are marked as approximate, for half a second", () => {
  const p = new AnnotatedPictures();
  p.take(detections(0, [person]), 1000);
  assert.deepEqual(
    p.draw(null, 1400).map((b) => [b.label, b.predicted]),
    [["≈ person", true]],
  );
  assert.deepEqual(p.draw(null, 1501), []);
});

test("what is kept is bounded", () => {
  const p = new AnnotatedPictures();
  for (let i = 0; i < 1000; i++) p.take(detections(9000 * i, [walking]), i);
  assert.deepEqual(p.draw(9000 * 100, 0), []);
  assert.equal(p.draw(9000 * 999, 0).length, 1);
});
