import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type EventInfo,
  eventNames,
  eventTitle,
  parseDetectors,
  parseEvents,
} from "./event-messages.ts";

const event = {
  id: "01JABC",
  stream: "gate",
  kind: "object",
  label: "person",
  origin: "both",
  state: "ended",
  began: "2026-01-02T15:04:05Z",
  ended: "2026-01-02T15:04:09.5Z",
  epoch: 7,
  rtp: 42,
  boxes: [],
  snapshot: "/api/v1/events/01JABC/snapshot.jpg",
};

test("events are read", () => {
  const page = parseEvents({ events: [event], next: "x.y" });
  assert.equal(page.next, "x.y");
  const [e] = page.events;
  assert.equal((e?.ended ?? 0) - (e?.began ?? 0), 4500);
  assert.equal(e?.snapshot, event.snapshot);
  assert.deepEqual(parseEvents({ events: [] }), { events: [], next: "" });
});

test("what does not fit is refused by name", () => {
  assert.throws(
    () => parseEvents({ events: [{ ...event, state: "paused" }] }),
    /events\[0\]\.state/,
  );
  assert.throws(() => parseEvents({ events: [{ ...event, began: "yesterday" }] }), /began/);
  assert.throws(() => parseEvents([]), /object/);
  assert.equal(
    parseEvents({ events: [{ ...event, snapshot: "https://elsewhere/x.jpg" }] }).events[0]
      ?.snapshot,
    "",
  );
});

test("titles", () => {
  const title = (change: Partial<EventInfo>) =>
    eventTitle({ ...(parseEvents({ events: [event] }).events[0] as EventInfo), ...change });
  assert.equal(title({}), "person left");
  assert.equal(title({ state: "began" }), "person entered");
  assert.equal(title({ kind: "lens-covered" }), "Lens covered");
  assert.equal(title({ kind: "new-kind" }), "New kind");
});

test("every kind that detectors report has words", () => {
  // Tests run in the repository's root.
  const kinds = readFileSync("vision/annot/testdata/kinds.txt", "utf8").trim().split("\n");
  assert.ok(kinds.includes("motion"));
  assert.deepEqual(Object.keys(eventNames).sort(), kinds.filter((k) => k !== "object").sort());
});

test("detectors are read", () => {
  const d = parseDetectors({
    provider: "cpu",
    detectors: [
      {
        stream: "gate",
        model: "fastestdet",
        fps: 5,
        rate: 4.9,
        latency_p50_s: 0.05,
        latency_p95_s: 0.1,
      },
    ],
  });
  assert.equal(d.detectors[0]?.latency95, 100);
  assert.throws(() => parseDetectors({ detectors: [{}] }), /stream/);
});
