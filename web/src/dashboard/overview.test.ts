import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamInfo, StreamState } from "./messages.ts";
import {
  filtered,
  fitColumns,
  isProblem,
  type Move,
  neighbour,
  sentence,
  sorted,
  totals,
} from "./overview.ts";

function stream(name: string, state: StreamState = "live"): StreamInfo {
  return {
    name,
    state,
    since: null,
    retryAt: null,
    source: `rtsp://${name}.example/`,
    onDemand: true,
    viewers: 0,
    restarts: 0,
    video: null,
    lost: 0,
    lossSummary: "",
    framesDropped: 0,
    conditions: [],
  };
}

const names = (list: readonly StreamInfo[]) => list.map((s) => s.name);

test("streams are in the order of their names, numbers by value", () => {
  assert.deepEqual(names(sorted(["cam-10", "yard", "cam-9", "cam-1"].map((n) => stream(n)))), [
    "cam-1",
    "cam-9",
    "cam-10",
    "yard",
  ]);
});

test("each word of the search must occur", () => {
  const all = [stream("gate-north"), stream("gate-south", "failed"), stream("yard", "stalled")];
  const search = (text: string, problemsOnly = false) =>
    names(filtered(all, { text, problemsOnly }));
  assert.deepEqual(search(""), ["gate-north", "gate-south", "yard"]);
  assert.deepEqual(search("  GATE "), ["gate-north", "gate-south"]);
  assert.deepEqual(search("gate failed"), ["gate-south"]);
  assert.deepEqual(search("gate", true), ["gate-south"]);
  assert.deepEqual(search("", true), ["gate-south", "yard"]);
  assert.deepEqual(search("nothing"), []);
});

test("a stream is a problem by its state or by an error", () => {
  const warning = { code: "c", severity: "warning", title: "t", text: "", fix: "" } as const;
  assert.ok(isProblem(stream("a", "backoff")));
  assert.ok(!isProblem(stream("a", "idle")));
  assert.ok(!isProblem({ ...stream("a"), conditions: [warning] }));
  assert.ok(isProblem({ ...stream("a"), conditions: [{ ...warning, severity: "error" }] }));
  assert.deepEqual(totals([stream("a"), stream("b", "failed"), stream("c", "idle")]), {
    streams: 3,
    live: 1,
    problems: 1,
  });
});

test("keys move in rows and columns and stop at the edges", () => {
  // 0 1 2 / 3 4 5 / 6
  const rows: readonly (readonly [number, Move, number])[] = [
    [0, "ArrowLeft", 0],
    [0, "ArrowRight", 1],
    [2, "ArrowRight", 3],
    [0, "ArrowUp", 0],
    [4, "ArrowUp", 1],
    [1, "ArrowDown", 4],
    [4, "ArrowDown", 6],
    [6, "ArrowDown", 6],
    [6, "ArrowRight", 6],
    [4, "Home", 0],
    [1, "End", 6],
    [-1, "ArrowRight", 0],
    [-1, "ArrowUp", 6],
  ];
  for (const [from, move, to] of rows) {
    assert.equal(neighbour(from, move, 3, 7), to, `${from} ${move}`);
  }
  assert.equal(neighbour(-1, "Home", 3, 0), -1);
});

test("tiles are as large as the room allows", () => {
  const room = { width: 1280, height: 740 };
  assert.deepEqual(fitColumns(1, room, 10, 40, 300), { count: 1, width: 1244 });
  assert.deepEqual(fitColumns(4, room, 10, 40, 300), { count: 2, width: 577 });
  assert.equal(fitColumns(9, room, 10, 40, 300).count, 3);
  // More than fit at 300: as many columns as that allows, and the page scrolls.
  assert.deepEqual(fitColumns(40, room, 10, 40, 300), { count: 4, width: 312 });
  // On a phone one column, as wide as the phone.
  assert.deepEqual(fitColumns(5, { width: 370, height: 700 }, 10, 40, 300), {
    count: 1,
    width: 370,
  });
  assert.deepEqual(fitColumns(0, room, 10, 40, 300).count, 1);
});

test("no room at all still gives a column", () => {
  const { count, width } = fitColumns(3, { width: 200, height: 0 }, 10, 40, 300);
  assert.deepEqual([count, width], [1, 200]);
});

test("changes are read out in one short sentence", () => {
  assert.equal(sentence([]), "");
  assert.equal(
    sentence([
      { name: "gate", label: "Stalled" },
      { name: "gate", label: "Live" },
      { name: "yard", label: "Failed" },
    ]),
    "gate: live, yard: failed",
  );
  const many = ["a", "b", "c", "d"].map((name) => ({ name, label: "Failed" }));
  assert.equal(
    sentence([...many, { name: "e", label: "Live" }]),
    "5 streams changed: 4 failed, 1 live",
  );
});
