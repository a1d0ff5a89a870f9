import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, wait } from "./backoff.ts";
import { type Abilities, chooseRung, type RungWish } from "./rungs.ts";
import type { Rung } from "./snapshot.ts";

const all: Abilities = { webgpu: true, trackProcessor: true, offscreenCanvas: true, secure: true };

const cases: [string, RungWish, string, Partial<Abilities>, Rung, RegExp][] = [
  ["all there", "auto", "", {}, "processor", /are there/],
  ["Safari", "auto", "", { trackProcessor: false }, "worker-track", /worker reads the track/],
  ["no WebGPU", "auto", "", { webgpu: false }, "video", /no WebGPU/],
  ["plain HTTP", "auto", "", { webgpu: false, secure: false }, "video", /HTTPS/],
  ["no OffscreenCanvas", "auto", "", { offscreenCanvas: false }, "video", /OffscreenCanvas/],
  ["GPU given up", "auto", "it crashed", {}, "video", /it crashed/],
  ["asked for video", "video", "", {}, "video", /asks/],
  ["asked for the worker's track", "worker-track", "", {}, "worker-track", /asks/],
  ["asked for what cannot be", "processor", "", { webgpu: false }, "video", /no WebGPU/],
];

for (const [name, wish, noGpu, can, rung, reason] of cases) {
  test(`rung: ${name}`, () => {
    const choice = chooseRung(wish, noGpu, { ...all, ...can });
    assert.equal(choice.rung, rung);
    assert.match(choice.reason, reason);
  });
}

test("backoff doubles up to its most, and begins anew", () => {
  const backoff = new Backoff(100, 400);
  for (const base of [100, 200, 400, 400]) {
    const delay = backoff.next();
    assert.ok(delay >= base && delay <= base * 1.25, `${delay} for ${base}`);
  }
  backoff.reset();
  assert.ok(backoff.next() <= 125);
});

test("a wait ends with its signal", async () => {
  const abort = new AbortController();
  const waiting = wait(1_000_000, abort.signal);
  abort.abort();
  await waiting;
  await wait(1_000_000, abort.signal);
});
