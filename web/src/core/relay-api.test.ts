import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionOfResponse, parseConditions, sortConditions } from "./conditions.ts";
import { parseStreamState } from "./relay-api.ts";

const warning = {
  code: "source-loss",
  severity: "warning",
  title: "t",
  text: "x",
  fix: "f",
} as const;
const error = {
  code: "source-silent",
  severity: "error",
  title: "t",
  text: "x",
  fix: "f",
} as const;

test("a stream's state", () => {
  const latest = (received: string, captured?: string) => ({
    latest: { rtp: 1, received, captured },
  });
  const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
  const cases: [unknown, number | null][] = [
    [latest(at(40), at(0)), 40],
    [latest(at(40)), null],
    [latest(at(0), at(40)), null],
    [latest(at(90_000), at(0)), null],
    [latest("yesterday", "today"), null],
    [{ latest: 5 }, null],
    [null, null],
  ];
  for (const [data, delay] of cases) assert.equal(parseStreamState(data).cameraDelay, delay);
  assert.equal(parseStreamState({ state: "live" }).state, "live");
  assert.equal(parseStreamState({ state: 7 }).state, "");
});

test("conditions are read one by one", () => {
  assert.deepEqual(parseConditions([error, null, 5, { severity: "error" }, warning]), [
    error,
    warning,
  ]);
  assert.deepEqual(parseConditions("none"), []);
  const since = "2026-01-02T15:04:05Z";
  assert.deepEqual(parseConditions([{ ...error, since, depends_on: "x" }]), [{ ...error, since }]);
  assert.equal(parseConditions([{ code: "a", severity: "terrible" }])[0]?.severity, "error");
  assert.deepEqual(sortConditions([warning, error]), [error, warning]);
});

test("answers that are no problem+json still give a condition", async () => {
  const html = new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" });
  const found = await conditionOfResponse(html);
  assert.equal(found.code, "relay-answer");
  assert.match(found.text, /502 Bad Gateway/);
  const problem = { code: "viewer-limit", title: "Too many viewers", detail: "50 of 50", fix: "f" };
  assert.deepEqual(await conditionOfResponse(Response.json(problem, { status: 503 })), {
    code: "viewer-limit",
    severity: "error",
    title: "Too many viewers",
    text: "50 of 50",
    fix: "f",
  });
});
