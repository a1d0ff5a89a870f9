import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition, Phase, PlayerSnapshot } from "../core/snapshot.ts";
import type { StreamInfo, StreamState } from "./messages.ts";
import { mergeConditions, status } from "./status.ts";

function condition(code: string, severity: Condition["severity"] = "error"): Condition {
  return { code, severity, title: code, text: "", fix: "" };
}

function stream(state: StreamState, conditions: readonly Condition[] = []): StreamInfo {
  return {
    name: "gate",
    state,
    since: null,
    retryAt: null,
    source: "",
    onDemand: true,
    viewers: 0,
    restarts: 0,
    video: null,
    lost: 0,
    lossSummary: "",
    framesDropped: 0,
    conditions,
  };
}

function player(phase: Phase, frames = 0, conditions: readonly Condition[] = []): PlayerSnapshot {
  return {
    stream: "gate",
    phase,
    conditions,
    rung: null,
    rungReason: "",
    fps: 0,
    width: 0,
    height: 0,
    codec: "",
    bitsPerSecond: 0,
    packetsLost: 0,
    framesDropped: 0,
    latency: {
      camera: null,
      network: null,
      jitterBuffer: null,
      decode: null,
      gpu: null,
      total: null,
    },
    adapter: "",
    path: "",
    keySource: "none",
    rtp: null,
    frames,
    candidates: [],
    annotations: null,
    detectors: [],
  };
}

test("the badge says what relay and player know together", () => {
  const rows: readonly (readonly [StreamState | null, Phase | null, string])[] = [
    [null, null, "Connecting"],
    ["idle", null, "Idle"],
    ["live", null, "Live"],
    ["idle", "connecting", "Connecting"],
    ["live", "waiting", "Connecting"],
    ["live", "playing", "Live"],
    [null, "playing", "Live"],
    ["live", "stalled", "Stalled"],
    ["stalled", "playing", "Stalled"],
    ["backoff", "stalled", "Retrying"],
    ["failed", "waiting", "Failed"],
    ["live", "failed", "No connection"],
    ["ended", "waiting", "Ended"],
    [null, "stopped", "Stopped"],
  ];
  for (const [state, phase, want] of rows) {
    const got = status(state && stream(state), phase && player(phase)).badge.label;
    assert.equal(got, want, `${state} ${phase}`);
  }
});

test("a picture that no longer moves is told from one that does", () => {
  const rows: readonly (readonly [Phase, number, boolean, boolean])[] = [
    ["connecting", 0, false, false],
    ["waiting", 0, false, false],
    ["playing", 10, true, false],
    ["stalled", 10, true, true],
    ["waiting", 10, true, true],
    ["stalled", 0, false, false],
    ["failed", 10, false, false],
  ];
  for (const [phase, frames, picture, frozen] of rows) {
    const got = status(stream("live"), player(phase, frames));
    assert.deepEqual([got.picture, got.frozen], [picture, frozen], `${phase} ${frames}`);
  }
});

test("each condition is told once, the worst first, in the relay's words", () => {
  const fromRelay = { ...condition("source-silent"), text: "relay" };
  const fromPlayer = { ...condition("source-silent"), text: "player" };
  const got = status(
    stream("stalled", [condition("source-loss", "warning"), fromRelay]),
    player("stalled", 3, [fromPlayer, condition("gpu-lost", "info")]),
  );
  assert.deepEqual(
    got.conditions.map((c) => [c.code, c.text]),
    [
      ["source-silent", "relay"],
      ["source-loss", ""],
      ["gpu-lost", ""],
    ],
  );
  assert.deepEqual(mergeConditions([], []), []);
});

test("a silent relay is told by the page, not by each player", () => {
  const got = status(null, player("connecting", 0, [condition("relay-unreachable")]));
  assert.deepEqual(got.conditions, []);
  assert.equal(got.hint, "Waiting for the relay…");
});
