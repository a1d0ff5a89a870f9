import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseRelayMessage } from "./annotations.ts";

// Tests run in the repository's root.
const samples = "vision/annot/testdata";

test("every sample of vision/annot is read", () => {
  const types = new Set<string>();
  for (const file of readdirSync(samples).filter((f) => f.endsWith(".json"))) {
    const text = readFileSync(`${samples}/${file}`, "utf8");
    const message = parseRelayMessage(text);
    assert.equal(message?.kind, "annotation", file);
    if (message?.kind !== "annotation") continue;
    types.add(message.annotation.type);
    assert.deepEqual(message.annotation, JSON.parse(text), file);
  }
  assert.deepEqual([...types].sort(), ["analysing", "detections", "drop", "event", "stall"]);
});

test("a message without a needed field, or with one that does not fit, is refused", () => {
  for (const file of readdirSync(samples).filter((f) => f.endsWith(".json"))) {
    const good = JSON.parse(readFileSync(`${samples}/${file}`, "utf8"));
    const optional = ["v", "type", "origin", "objects", "label", "zone", "box"];
    for (const key of Object.keys(good)) {
      if (key === "v" || key === "type") continue;
      const wrong = { ...good, [key]: { no: "such value" } };
      assert.throws(
        () => parseRelayMessage(JSON.stringify(wrong)),
        new RegExp(key),
        `${file} ${key}`,
      );
      if (good.type === "event" && optional.includes(key)) continue;
      const { [key]: _, ...without } = good;
      assert.throws(
        () => parseRelayMessage(JSON.stringify(without)),
        new RegExp(key),
        `${file} ${key}`,
      );
    }
  }
});

test("boxes outside the picture are refused", () => {
  const message = (box: unknown) =>
    JSON.stringify({
      v: 1,
      type: "detections",
      stream: "gate",
      epoch: 1,
      rtp: 2,
      ts: "2026-01-02T15:04:05Z",
      origin: "relay",
      model: "m",
      objects: [{ label: "a", score: 0.5, box }],
    });
  assert.ok(parseRelayMessage(message([0, 0, 1, 1.000001])));
  for (const box of [
    [0, 0, 1],
    [0.5, 0, 0.6, 0.1],
    [-0.1, 0, 0.2, 0.1],
    [0, 0, -0.1, 0.1],
    [0, 0, null, 1],
    "box",
  ]) {
    assert.throws(() => parseRelayMessage(message(box)), /objects/);
  }
});

test("control messages, and what a newer relay may send", () => {
  const welcome = {
    v: 1,
    type: "welcome",
    heartbeat_s: 5,
    streams: [{ stream: "gate", epoch: 7, seq: 3, resumed: "all" }],
  };
  assert.deepEqual(parseRelayMessage(JSON.stringify(welcome)), {
    kind: "control",
    control: welcome,
  });
  assert.ok(parseRelayMessage('{"v":1,"type":"heartbeat"}'));
  assert.ok(parseRelayMessage('{"v":1,"type":"lost","stream":"gate","detections":3,"events":0}'));
  assert.equal(parseRelayMessage('{"v":2,"type":"heartbeat"}'), null);
  assert.equal(parseRelayMessage('{"v":1,"type":"constructor"}'), null);
  assert.throws(() => parseRelayMessage('{"v":1,"type":"lost"}'), /stream/);
  assert.throws(() => parseRelayMessage("[1"), SyntaxError);
  assert.throws(() => parseRelayMessage("null"), /no object/);
});
